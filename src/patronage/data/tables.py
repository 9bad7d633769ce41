"""The source `tables`: the user's own CSV, Parquet or DuckDB files, their columns mapped onto ours."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from dataclasses import asdict
from glob import glob, has_magic
from pathlib import Path

from patronage.config import CustomersConfig, DataConfig, EventsConfig, TransactionsConfig
from patronage.data.contract import CUSTOMERS, EVENTS, TRANSACTIONS
from patronage.data.keys import CONF, Keys
from patronage.data.left_out import reasons_of
from patronage.data.source import SourceTable
from patronage.engine import Engine
from patronage.errors import ConfigError, DataError

DELIMITERS = (",", ";", "\t", "|")
FORMATS = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet", ".pq": "parquet",
    ".duckdb": "duckdb", ".ddb": "duckdb",
}  # fmt: skip

TableConfig = TransactionsConfig | EventsConfig | CustomersConfig


def read_tables(engine: Engine, config: DataConfig) -> dict[str, SourceTable]:
    """Find the tables that the configuration names; transactions are required."""
    tables = configured(config)
    named = [name for name, table in tables.items() if table.path or table.table or name == TRANSACTIONS.name]
    return {name: source_of(name, files_relation(engine, name, tables[name]), tables[name]) for name in named}


def configured(config: DataConfig) -> dict[str, TableConfig]:
    """The settings of each table, by the name of its contract."""
    return {TRANSACTIONS.name: config.transactions, EVENTS.name: config.events, CUSTOMERS.name: config.customers}


def source_of(name: str, relation: str, table: TableConfig, keys: Keys = CONF) -> SourceTable:
    """A relation with the mapping of its settings."""
    attributes = tuple(table.attributes) if isinstance(table, CustomersConfig) else ()
    where = reasons_of(table.where, keys.option(name, "where"))
    return SourceTable(relation, asdict(table.columns), table.date_format, attributes, where)


def files_relation(engine: Engine, name: str, table: TableConfig, keys: Keys = CONF) -> str:
    """SQL: a relation over the files that a table's settings name, or over a table of the engine's catalog.

    Raises
    ------
    ConfigError
        The settings name no file, or contradict what the files are.
    DataError
        A file does not exist or cannot be read.
    """
    if engine.has_catalog and table.table and not table.path:
        return engine.named(table.table)
    paths = expand(name, table.path, keys)
    kind = table.format or _format(name, paths[0], keys)
    if kind not in FORMATS.values():
        raise ConfigError(f"{keys.option(name, 'format', kind)}; expected csv, parquet or duckdb")
    if kind == "duckdb":
        return _stored(engine, name, paths, table.table, keys)
    if table.table:
        raise ConfigError(f"{keys.option(name, 'table', table.table)}: {paths[0]} is no database; leave it out")
    return engine.parquet(paths) if kind == "parquet" else _csv(engine, paths)


def expand(name: str, path: str | Sequence[str] | None, keys: Keys = CONF) -> list[str]:
    """List the files behind a path, a glob or a list of them; the files of a glob are sorted.

    Raises
    ------
    ConfigError
        No path is given.
    DataError
        A path matches no file, or the file is empty.
    """
    patterns = [path] if isinstance(path, str) else list(path or []) if isinstance(path, Sequence) else []
    if not patterns or not all(isinstance(pattern, str) for pattern in patterns):
        raise ConfigError(f"{keys.option(name, 'path', path or 'null')}: expected a file, a glob or a list of them")
    files: list[str] = []
    for pattern in patterns:
        matches = sorted(glob(pattern, recursive=True)) if has_magic(pattern) else [pattern]
        matches = [match for match in matches if Path(match).is_file()]
        if not matches:
            raise DataError(f"{keys.option(name, 'path', pattern)}: no such file; paths are relative to {Path.cwd()}")
        files += matches
    for file in files:
        if Path(file).stat().st_size == 0:
            raise DataError(f"{file} is empty; expected a header line and rows below it")
    return files


def _stored(engine: Engine, name: str, paths: list[str], table: str | None, keys: Keys) -> str:
    """SQL: a table or view inside a DuckDB file, which is only read."""
    if len(paths) != 1:
        raise ConfigError(f"{keys.option(name, 'path')} names {len(paths)} database files; expected one")
    try:
        schema = engine.attach(paths[0])
    except engine.failure as error:
        raise DataError(f"{paths[0]} cannot be read as a DuckDB file: {str(error).splitlines()[0]}") from error
    stored = engine.tables_of(schema)
    if table not in stored:
        setting = keys.option(name, "table", table or "null")
        raise ConfigError(f"{setting}: {paths[0]} holds {', '.join(stored) or 'no tables'}; name one")
    return f"{schema}.{engine.quote(table)}"


def _csv(engine: Engine, paths: list[str]) -> str:
    """SQL: a relation over CSV files, after a look at their header lines: no type is guessed from the rows."""
    names, delimiter = _header(paths[0])
    for path in paths[1:]:
        other_names, other_delimiter = _header(path)
        if (other_names, other_delimiter) != (names, delimiter):
            raise DataError(
                f"{path} has other columns ({', '.join(other_names)}) than {paths[0]} ({', '.join(names)}); "
                "give files of one form, or make them so"
            )
    return engine.csv(paths, names, delimiter)


def _header(path: str) -> tuple[list[str], str]:
    """Read the column names and the delimiter of a CSV file."""
    opener = gzip.open if path.endswith(".gz") else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
            line = file.readline()
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text; save it as UTF-8") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    delimiter = max(DELIMITERS, key=line.count)
    names = [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise DataError(f"{path}: the header names {', '.join(repeated)} twice; give every column a name of its own")
    if not all(names):
        raise DataError(f"{path}: the header {line.strip()!r} leaves a column without a name; expected a header line")
    return names, delimiter


def _format(name: str, path: str, keys: Keys) -> str:
    """The format that a file's name shows."""
    suffixes = [suffix for suffix in Path(path.lower()).suffixes if suffix in FORMATS]
    if not suffixes:
        setting = keys.option(name, "format", "csv|parquet|duckdb")
        raise ConfigError(f"{path}: neither .csv, .parquet nor .duckdb; say which by {setting}")
    return FORMATS[suffixes[-1]]
