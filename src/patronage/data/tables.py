"""The user's own tables: CSV, Parquet or DuckDB files, their columns mapped onto ours."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from dataclasses import asdict
from glob import glob, has_magic
from pathlib import Path

from patronage.config import CustomersConfig, DataConfig, EventsConfig, TransactionsConfig
from patronage.data.contract import CUSTOMERS, EVENTS, TRANSACTIONS
from patronage.data.door import SourceTable
from patronage.engine import Engine
from patronage.errors import ConfigError, DataError

DELIMITERS = (",", ";", "\t", "|")
FORMATS = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet", ".pq": "parquet",
    ".duckdb": "duckdb", ".ddb": "duckdb",
}  # fmt: skip


def read_tables(engine: Engine, config: DataConfig) -> dict[str, SourceTable]:
    """The tables that were named; transactions must be."""
    asked: dict[str, TransactionsConfig | EventsConfig | CustomersConfig] = {
        TRANSACTIONS.name: config.transactions,
        EVENTS.name: config.events,
        CUSTOMERS.name: config.customers,
    }
    brought = {}
    for name, table in asked.items():
        if not (table.path or table.table) and name != TRANSACTIONS.name:
            continue
        attributes = tuple(table.attributes) if isinstance(table, CustomersConfig) else ()
        if engine.has_catalog and table.table and not table.path:
            relation = engine.named(table.table)
            brought[name] = SourceTable(relation, asdict(table.columns), table.date_format, attributes)
            continue
        paths = expand(name, table.path)
        kind = table.format or _format(name, paths[0])
        if kind not in FORMATS.values():
            raise ConfigError(f"data.{name}.format={kind}; expected csv, parquet or duckdb")
        if table.table and kind != "duckdb":
            raise ConfigError(f"data.{name}.table={table.table}: {paths[0]} is no database; leave it out")
        if kind == "duckdb":
            relation = _stored(engine, name, paths, table.table)
        else:
            relation = engine.parquet(paths) if kind == "parquet" else _csv(engine, paths)
        brought[name] = SourceTable(relation, asdict(table.columns), table.date_format, attributes)
    return brought


def expand(table: str, path: str | Sequence[str] | None) -> list[str]:
    """The files behind a path, a glob or a list of them, sorted.

    Raises
    ------
    ConfigError
        Nothing was named.
    DataError
        A name matches no file, or the file is empty.
    """
    asked = [path] if isinstance(path, str) else list(path or []) if isinstance(path, Sequence) else []
    if not asked or not all(isinstance(name, str) for name in asked):
        raise ConfigError(f"data.{table}.path={path}: expected a file, a glob or a list of them")
    files: list[str] = []
    for name in asked:
        hits = sorted(glob(name, recursive=True)) if has_magic(name) else [name]
        hits = [hit for hit in hits if Path(hit).is_file()]
        if not hits:
            raise DataError(f"data.{table}.path={name}: no such file; paths are relative to {Path.cwd()}")
        files += hits
    for file in files:
        if Path(file).stat().st_size == 0:
            raise DataError(f"{file} is empty; expected a header line and rows below it")
    return files


def _stored(engine: Engine, name: str, paths: list[str], table: str | None) -> str:
    """A table or view inside a DuckDB file, which is only read."""
    if len(paths) != 1:
        raise ConfigError(f"data.{name}.path names {len(paths)} database files; expected one")
    try:
        schema = engine.attach(paths[0])
    except engine.failure as error:
        raise DataError(f"{paths[0]} cannot be read as a DuckDB file: {str(error).splitlines()[0]}") from error
    there = engine.tables_of(schema)
    if table not in there:
        raise ConfigError(f"data.{name}.table={table}: {paths[0]} holds {', '.join(there) or 'no tables'}; name one")
    return f"{schema}.{engine.quote(table)}"


def _csv(engine: Engine, paths: list[str]) -> str:
    """A relation over CSV files, after a look at their header lines: nothing about them is guessed from the rows."""
    first, delimiter = _header(paths[0])
    for path in paths[1:]:
        names, other = _header(path)
        if (names, other) != (first, delimiter):
            raise DataError(
                f"{path} has other columns ({', '.join(names)}) than {paths[0]} ({', '.join(first)}); "
                "give files of one form, or make them so"
            )
    return engine.csv(paths, first, delimiter)


def _header(path: str) -> tuple[list[str], str]:
    """Column names and delimiter of a CSV file."""
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


def _format(table: str, path: str) -> str:
    suffixes = [suffix for suffix in Path(path.lower()).suffixes if suffix in FORMATS]
    if not suffixes:
        raise ConfigError(
            f"{path}: neither .csv, .parquet nor .duckdb; say which by data.{table}.format=csv|parquet|duckdb"
        )
    return FORMATS[suffixes[-1]]
