"""Tables that no file of ours holds: of a DuckDB file, PostgreSQL, Delta, Iceberg, an object store."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from patronage.data.files import FORMATS, Location
from patronage.data.keys import Keys
from patronage.engine import Engine, held_by_another, postgresql, text
from patronage.errors import ConfigError, DataError

POSTGRESQL = ("postgresql", "postgres")
REMOTE = {  # scheme to the extensions that read it
    "s3": "httpfs", "s3a": "httpfs", "gs": "httpfs", "gcs": "httpfs", "r2": "httpfs", "http": "httpfs",
    "https": "httpfs", "hf": "httpfs", "az": "azure", "abfss": "azure",
}  # fmt: skip
LAKES = {"delta": "delta_scan", "iceberg": "iceberg_scan"}  # format to DuckDB's function, in the extension of its name


def scheme_of(path: object) -> str | None:
    """The scheme of an address such as s3://bucket/orders.parquet; None for a path."""
    return urlsplit(path).scheme.lower() if isinstance(path, str) and "://" in path else None


def lake_of(path: str, given: str | None) -> str | None:
    """Whether a folder is a Delta or an Iceberg table."""
    if given in LAKES:
        return given
    if (Path(path) / "_delta_log").is_dir():
        return "delta"
    return "iceberg" if any(Path(path).glob("metadata/*.metadata.json")) else None


def lake_location(engine: Engine, path: str, kind: str) -> Location:
    """A Delta or Iceberg table, read by DuckDB's extension where it is installed.

    Raises
    ------
    ConfigError
        It is not; the message says how to install it.
    """
    engine.files.load_extension(kind, f"{path}, {'an' if kind == 'iceberg' else 'a'} {kind.capitalize()} table,")
    _check_files(engine, path)
    return Location(f"{LAKES[kind]}({text(path)})")


def remote_location(engine: Engine, name: str, paths: list[str], given: str | None, keys: Keys) -> Location:
    """Files in an object store or on a web server, read by DuckDB's extension where it is installed.

    Raises
    ------
    ConfigError
        It is not, or neither the address nor the setting says the format.
    """
    address = urlsplit(paths[0])
    if address.scheme.lower() not in REMOTE:
        known = ", ".join(f"{scheme}://" for scheme in (*POSTGRESQL, *REMOTE))
        raise ConfigError(f"{keys.option(name, 'path', paths[0])}: no such kind of address; expected one of {known}")
    suffixes = Path(address.path.lower()).suffixes
    kind = given or next((FORMATS[suffix] for suffix in reversed(suffixes) if suffix in FORMATS), None)
    if kind is None:
        raise ConfigError(f"{paths[0]}: say what it is by {keys.option(name, 'format', 'csv|json|parquet|delta')}")
    engine.files.load_extension(REMOTE[address.scheme.lower()], paths[0])
    _check_files(engine, paths[0])
    if kind in LAKES:
        return lake_location(engine, paths[0], kind)
    if kind == "parquet":
        return Location(engine.parquet(paths))
    listed = "[" + ", ".join(text(path) for path in paths) + "]"
    if kind == "json":
        return Location(engine.json(paths, engine.json_keys(paths)))
    return Location(f"read_csv({listed}, all_varchar = true, header = true, strict_mode = true, null_padding = false)")


def _check_files(engine: Engine, path: str) -> None:
    if engine.files is not engine:
        raise ConfigError(f"{path}: engine=spark reads it as a table of its session; name that, or give engine=duckdb")


def stored_location(
    engine: Engine, name: str, paths: list[str], table: str | None, query: str | None, keys: Keys
) -> Location:
    """A table, a view or a query of a DuckDB file, which is only read.

    Raises
    ------
    ConfigError
        The file holds no such table.
    DataError
        It is no database, or it refuses the query.
    """
    if len(paths) != 1:
        raise ConfigError(f"{keys.option(name, 'path')} names {len(paths)} database files; expected one")
    try:
        schema = engine.attach(paths[0])
    except engine.failure as error:
        if busy := held_by_another(error):
            raise DataError(f"{paths[0]}: {busy}", retry=True) from error
        raise DataError(f"{paths[0]} cannot be read as a DuckDB file: {str(error).splitlines()[0]}") from error
    if query:
        return query_location(engine, name, query, keys, schema)
    stored = engine.tables_of(schema)
    if table not in stored:
        setting = keys.option(name, "table", table or "null")
        raise ConfigError(f"{setting}: {paths[0]} holds {', '.join(stored) or 'no tables'}; name one")
    return Location(f"{schema}.{engine.quote(str(table))}")


def query_location(engine: Engine, name: str, query: str, keys: Keys, schema: str | None = None) -> Location:
    """The result of the user's own SQL, kept in the engine while the door reads it.

    Raises
    ------
    DataError
        The engine refuses it.
    """
    copy = f"source_{name}"
    try:
        engine.keep_query(copy, query.strip().rstrip(";"), schema)
    except engine.failure as error:
        reason = str(error).strip().splitlines()[0][:300]
        raise DataError(f"{keys.option(name, 'query')} fails: {reason}; give one SELECT") from error
    return Location(copy, copied=True)


def postgresql_location(
    engine: Engine, name: str, address: str, table: str | None, query: str | None, keys: Keys
) -> Location:
    """A table, a view or a query of PostgreSQL, copied into the engine as Arrow.

    Raises
    ------
    ConfigError
        Neither a table nor a query is named, or the driver is not installed.
    DataError
        The server cannot be reached, or it refuses the query.
    """
    if not (table or query):
        raise ConfigError(f"{keys.option(name, 'table', 'null')}: name a table or a view of {address}, or a query")
    copy = f"source_{name}"
    sql = query or f"SELECT * FROM {postgresql.quoted(str(table))}"
    with postgresql.connected(address) as connection, postgresql.reader(connection, sql) as batches:
        engine.add_frame(copy, batches)
    return Location(copy, copied=True)
