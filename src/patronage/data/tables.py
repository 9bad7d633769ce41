"""The source `tables`: the user's own files, databases and queries, their columns mapped onto ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from patronage.config import ContactsConfig, CustomersConfig, DataConfig, EventsConfig, TransactionsConfig
from patronage.data.contract import CONTACTS, CUSTOMERS, EVENTS, TRANSACTIONS
from patronage.data.databases import (
    POSTGRESQL,
    lake_location,
    lake_of,
    postgresql_location,
    query_location,
    remote_location,
    scheme_of,
    stored_location,
)
from patronage.data.files import Location, expand, files_location, form_of
from patronage.data.keys import CONF, Keys
from patronage.data.left_out import reasons_of
from patronage.data.source import SourceTable
from patronage.engine import Engine
from patronage.errors import ConfigError

TableConfig = TransactionsConfig | EventsConfig | CustomersConfig | ContactsConfig


def read_tables(engine: Engine, config: DataConfig) -> dict[str, SourceTable]:
    """Find the tables that the configuration names; transactions are required."""
    tables = configured(config)
    given = {name: table.path or table.table or table.query for name, table in tables.items()}
    named = [name for name in tables if given[name] or name == TRANSACTIONS.name]
    return {name: source_of(name, locate(engine, name, tables[name]), tables[name]) for name in named}


def configured(config: DataConfig) -> dict[str, TableConfig]:
    """The settings of each table, by the name of its contract."""
    return {
        TRANSACTIONS.name: config.transactions,
        EVENTS.name: config.events,
        CUSTOMERS.name: config.customers,
        CONTACTS.name: config.contacts,
    }


def source_of(name: str, location: Location | str, table: TableConfig, keys: Keys = CONF) -> SourceTable:
    """A relation with the mapping of its settings."""
    place = Location(location) if isinstance(location, str) else location
    return SourceTable(
        place.relation,
        asdict(table.columns),
        table.date_format,
        attributes=tuple(table.attributes) if isinstance(table, CustomersConfig) else (),
        where=reasons_of(table.where, keys.option(name, "where")),
        charges=table.charges or None if isinstance(table, TransactionsConfig) else None,
        findings=place.findings,
        files=place.files,
        copied=place.copied,
        own=place.own,
        held=place.held,
    )


def locate(engine: Engine, name: str, table: TableConfig, keys: Keys = CONF) -> Location:
    """Find what a table's settings name: files, a table of a database or of the engine's catalog, or a query.

    Raises
    ------
    ConfigError
        The settings name no place, or contradict what is there.
    DataError
        What they name does not exist or cannot be read.
    """
    if table.table and table.query:
        setting = keys.option(name, "query")
        raise ConfigError(f"{setting} and {keys.option(name, 'table', table.table)}: give one of them")
    if table.query and not table.path:
        return query_location(engine, name, table.query, keys)
    if engine.has_catalog and table.table and not table.path:
        return Location(engine.named(table.table))
    path = table.path
    check_encoding(name, table, keys)
    paths = [path] if isinstance(path, str) else list(path) if isinstance(path, Sequence) else []
    scheme = scheme_of(paths[0]) if paths else None
    if scheme in POSTGRESQL:
        return postgresql_location(engine, name, str(paths[0]), table.table, table.query, keys)
    if scheme:
        remote = remote_location(engine, name, [str(each) for each in paths], table.format, keys)
        return _without_table(remote, str(paths[0]), table, name, keys)
    if len(paths) == 1 and (lake := lake_of(paths[0], table.format)):
        return _without_table(lake_location(engine, paths[0], lake), paths[0], table, name, keys)
    files = expand(name, path, keys)
    encoding = table.encoding
    if not encoding and form_of(name, files[0], table.format, keys).kind == "duckdb":
        return stored_location(engine, name, files, table.table, table.query, keys)
    location = files_location(engine, name, files, table.format, keys, encoding=encoding)
    return _without_table(location, files[0], table, name, keys)


def check_encoding(name: str, table: TableConfig, keys: Keys) -> None:
    """Refuse an encoding of what is no file of this machine."""
    paths = [table.path] if isinstance(table.path, str) else table.path
    if not table.encoding or (isinstance(paths, Sequence) and paths and not scheme_of(str(paths[0]))):
        return
    raise ConfigError(f"{keys.option(name, 'encoding', table.encoding)}: only text files of this machine have one")


def _without_table(location: Location, path: str, table: TableConfig, name: str, keys: Keys) -> Location:
    """Refuse a table or a query over what is no database."""
    for option, value in (("table", table.table), ("query", table.query)):
        if value:
            raise ConfigError(f"{keys.option(name, option, value)}: {path} is no database; leave it out")
    return location
