"""`patronage.read`: the front door for logs that are in memory, in files or in a DuckDB connection."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from inspect import signature
from typing import Any, Protocol, TypeAlias

import pandas as pd
import pyarrow as pa
from omegaconf import OmegaConf

from patronage.config import DataConfig, typed
from patronage.data.contract import CONTACTS, CONTRACTS, CUSTOMERS, EVENTS, TRANSACTIONS, Contract
from patronage.data.files import Location
from patronage.data.frames import to_arrow
from patronage.data.keys import KEYWORDS
from patronage.data.loading import load_tables
from patronage.data.log import Tables
from patronage.data.source import SourceTable
from patronage.data.tables import TableConfig, check_encoding, configured, locate, source_of
from patronage.engine import DuckDB, Engine
from patronage.errors import ConfigError, DataError

EXPECTED = "expected a DataFrame, an Arrow table, a path, a glob, a list of paths or a relation of DuckDB"


class ArrowStream(Protocol):
    """Data in memory that Arrow can read: a pyarrow Table, a relation of DuckDB, a polars frame."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Give the data as a stream of Arrow batches."""
        ...


Path: TypeAlias = str | os.PathLike[str]
Source: TypeAlias = pd.DataFrame | ArrowStream | Path | Sequence[Path]
PerTable: TypeAlias = str | Mapping[str, str] | None  # of the orders, or by the name of the table


def read(
    source: Source,
    *,
    events: Source | None = None,
    customers: Source | None = None,
    contacts: Source | None = None,
    name: str = "log",
    events_columns: Mapping[str, str] | None = None,
    customers_columns: Mapping[str, str] | None = None,
    contacts_columns: Mapping[str, str] | None = None,
    attributes: Mapping[str, str] | None = None,
    vocabulary: Mapping[str, str] | None = None,
    table: PerTable = None,
    query: PerTable = None,
    format: PerTable = None,
    encoding: PerTable = None,
    date_format: PerTable = None,
    where: Any = None,
    charges: str | None = None,
    entity: str = "customer",
    timezone: str = "UTC",
    naive_moments: str = "clock",
    money_decimals: int = 4,
    left_censored: bool = False,
    on_bad_rows: str = "fail",
    on_duplicate_rows: str = "fail",
    order_id_scope: str | None = None,
    observed_until: str | None = None,
    max_staleness_days: int = 7,
    pseudonymise: bool = False,
    holidays: Any = None,
    engine: Engine | None = None,
    **columns: str,
) -> Tables:
    """Read a log of orders, check it, and return its canonical tables.

    Every argument but `source`, `name` and `engine` is a setting of conf/data/tables.yaml, with the same default.

    Parameters
    ----------
    source
        A row per order or order line: a pandas DataFrame, an Arrow table or stream, a path, a folder, a glob or a list
        of paths (CSV, JSON, Parquet or a DuckDB file), the address of a database
        (`"postgresql://host/shop"`), or a relation of an open DuckDB connection. What is in memory is never changed.
        Columns are read by name; so is a named index.
    events
        A row per interaction (visit, add_to_cart, complaint, ...), in any of these forms.
    customers
        A row per customer, in any of these forms.
    contacts
        A row per contact drawn by lot (`arm`: what was sent, or control), in any of these forms.
    name
        The name of this log in messages and runs.
    events_columns, customers_columns, contacts_columns
        Canonical column to the column of `events`, `customers` or `contacts`.
    attributes
        Further columns of `customers`, with their kind: demographic, geographic, psychographic, technographic or
        firmographic. One that `customers` lacks is taken from a customer's first line in `source`.
    vocabulary
        Your name of an event to ours, such as `{"PageView": "view"}`.
    table, query, format, encoding, date_format
        Of files: the table or view inside a database, or a SELECT of it; csv, json, parquet or duckdb where the file
        does not say it; the encoding of text that is not UTF-8, such as `"cp1252"`; how dates are written, such as
        `"%d/%m/%Y"`, where it is not ISO 8601. A text is for `source`; a mapping names the tables:
        `table={"transactions": "orders", "events": "visits"}`.
    where
        Rows to keep or leave out, counted: SQL over the columns of `source` that holds for the rows to keep, a list of
        it, or a mapping of each reason to SQL that holds for the rows to leave out, such as
        `{"no customer": "client IS NULL"}`. For several tables, `{"transactions": ..., "events": ...}`.
    charges
        SQL that holds for rows of `source` that are no product, such as postage, fees and manual corrections: money
        paid for them is no purchase, money given back is a refund.
    entity
        `"account"`: companies are the customers, and `customers` has the `account_id` of each user.
    timezone
        The clock of the business; moments with an offset are turned to it.
    naive_moments
        What moments without an offset are: `"clock"`, times of that clock, or `"utc"`, instants of UTC.
    money_decimals
        Amounts are rounded to so many decimals and added as integers.
    left_censored
        Whether customers ordered before the log begins.
    on_bad_rows
        `"fail"`, or `"quarantine"` to set bad rows aside and count them.
    on_duplicate_rows
        What to do with rows that are equal in every column: `"fail"`, `"keep"` them as different orders, or `"drop"`
        all but one.
    order_id_scope
        Within what an order number is unique: `"ever"`, `"customer"` or `"day"`. By default a number that another
        customer uses, or that is used again after 30 days, is another order.
    observed_until
        The last day that the log covers, such as `"2024-12-31"`; by default it is found, whatever single rows say.
    max_staleness_days
        How many days the log may have ended before a cutoff.
    pseudonymise
        Whether ids become a keyed hash; the key is in the environment variable PATRONAGE_KEY.
    holidays
        Known holidays of the business, past and to come, whose effect on orders the forecast learns: a mapping of
        names to dates, dates alone, or the path of a YAML file of these. A date is `"2024-12-25"`; several days are
        `"2024-12-24/2024-12-26"`.
    engine
        Where SQL runs, such as `patronage.engine.DuckDB(memory_limit="3GB")`; its tables are replaced. By default an
        embedded DuckDB in memory, which is closed when the log is garbage collected or at the end of a `with` block.
    **columns
        Canonical column to the column of `source`, or to SQL over its columns (`amount="quantity * price"`):
        `customer_id`, `ordered_at` and `amount` are required, others are
        listed in `patronage.config.TransactionColumns`. A column that has the canonical name needs none.

    Returns
    -------
    Tables
        The log.

    Raises
    ------
    ConfigError
        An argument is unknown, out of range, or names a column that does not exist.
    DataError
        The data does not keep its contract: one line says the column, how many rows, an example and the remedy.

    Examples
    --------
    >>> import pandas as pd
    >>> import patronage as pt
    >>> orders = pd.DataFrame(
    ...     {
    ...         "client": ["anna", "anna", "ben"],
    ...         "date": ["2024-01-01", "2024-02-01", "2024-02-10"],
    ...         "total": [10.0, 20.0, 99.9],
    ...     }
    ... )
    >>> with pt.read(orders, name="shop", customer_id="client", ordered_at="date", amount="total") as log:
    ...     print(log.summary())
    shop: 2 customers, 3 transactions, 2024-01-01 to 2024-02-10

    What is wrong with the data is one line:

    >>> pt.read(orders, customer_id="client", ordered_at="date")
    Traceback (most recent call last):
    ...
    patronage.errors.ConfigError: transactions.amount is required and not there; the table has client, date, total; \
name its column by amount="..."
    """
    settings = {
        "name": name, "entity": entity, "timezone": timezone, "naive_moments": naive_moments,
        "money_decimals": money_decimals,
        "left_censored": left_censored, "on_bad_rows": on_bad_rows, "on_duplicate_rows": on_duplicate_rows,
        "order_id_scope": order_id_scope, "observed_until": observed_until,
        "max_staleness_days": max_staleness_days, "pseudonymise": pseudonymise, "holidays": holidays,
    }  # fmt: skip
    mappings = {
        TRANSACTIONS.name: columns,
        EVENTS.name: events_columns,
        CUSTOMERS.name: customers_columns,
        CONTACTS.name: contacts_columns,
    }
    options = {
        "table": table, "query": query, "format": format, "encoding": encoding, "date_format": date_format,
        "where": _where(where),
    }  # fmt: skip
    config = _config(settings, mappings, options, attributes=attributes, vocabulary=vocabulary, charges=charges)
    sources = {
        TRANSACTIONS.name: source, EVENTS.name: events, CUSTOMERS.name: customers, CONTACTS.name: contacts,
    }  # fmt: skip
    given = {key: data for key, data in sources.items() if data is not None or key == TRANSACTIONS.name}
    if engine is not None:
        return _load(engine, given, config)
    own = DuckDB()
    try:
        return _load(own, given, config)
    except BaseException:
        own.close()
        raise


def _config(
    settings: Mapping[str, Any],
    mappings: Mapping[str, Mapping[str, str] | None],
    options: Mapping[str, Any],
    *,
    attributes: Mapping[str, str] | None,
    vocabulary: Mapping[str, str] | None,
    charges: str | None,
) -> DataConfig:
    """The arguments as the configuration that they stand for, checked."""
    tables: dict[str, dict[str, Any]] = {}
    for contract in CONTRACTS:
        mapping = mappings[contract.name] or {}
        _check_columns(contract, mapping)
        of_table = {option: _of_table(option, value, contract.name) for option, value in options.items()}
        named = {column: str(name) for column, name in mapping.items() if name is not None}
        tables[contract.name] = {"columns": named, **of_table}
    tables[TRANSACTIONS.name]["charges"] = charges
    tables[EVENTS.name]["vocabulary"] = dict(vocabulary or {})
    tables[CUSTOMERS.name]["attributes"] = dict(attributes or {})
    try:
        return typed(DataConfig, OmegaConf.create({**settings, **tables}))
    except ConfigError as error:
        message = str(error).removeprefix("data.").removeprefix(f"{CUSTOMERS.name}.")
        raise ConfigError(f"read: {message}") from None


def _check_columns(contract: Contract, mapping: Mapping[str, str]) -> None:
    """Refuse a name that is no canonical column."""
    for column in mapping:
        if column in contract.kinds:
            continue
        close = get_close_matches(column, [*contract.kinds, *signature(read).parameters], n=1, cutoff=0.7)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise ConfigError(
            f"read: {column} is neither a setting nor a column of {contract.name}{hint} "
            f"(expected {', '.join(contract.kinds)})"
        )


def _where(where: Any) -> Any:
    """The rows to leave out, by table: what names no table is for the orders."""
    names = {contract.name for contract in CONTRACTS}
    return where if isinstance(where, Mapping) and names & set(where) else {TRANSACTIONS.name: where}


def _of_table(option: str, value: Any, table: str) -> Any:
    """An option of one table; a text is for the orders."""
    if value is None or isinstance(value, str):
        return value if table == TRANSACTIONS.name else None
    names = [contract.name for contract in CONTRACTS]
    if unknown := sorted(set(value) - set(names)):
        raise ConfigError(f"read: {option} has no table {', '.join(unknown)}; expected {', '.join(names)}")
    return value.get(table)


def _load(engine: Engine, sources: Mapping[str, Source | None], config: DataConfig) -> Tables:
    """Take the sources through the door; a copy that was needed on the way is dropped."""
    settings = configured(config)
    relations: dict[str, SourceTable] = {}
    copies: list[str] = []
    for name, source in sources.items():
        paths = _paths(source)
        if paths is not None:
            if not all(path.strip() for path in paths):
                raise ConfigError(f"{KEYWORDS.option(name, 'path')} is an empty path; {EXPECTED}")
            location = locate(engine, name, replace(settings[name], path=paths), KEYWORDS)
        else:
            check_encoding(name, settings[name], KEYWORDS)
            location = Location(f"source_{name}", copied=True)
            _copy(engine, location.relation, name, source, settings[name])
        copies += [location.relation] if location.copied else []
        relations[name] = source_of(name, location, settings[name], KEYWORDS)
    tables = load_tables(engine, relations, config, KEYWORDS)
    for copy in copies:
        engine.drop(copy)
    return tables


def _paths(source: Source | None) -> list[str] | None:
    """The paths of a source; None where it is no path and no list of them."""
    paths = source if isinstance(source, list | tuple) else [source]
    names = [os.path.expanduser(os.fspath(path)) for path in paths if isinstance(path, str | os.PathLike)]
    return names if names and len(names) == len(paths) else None


def _copy(engine: Engine, relation: str, name: str, source: Source | None, table: TableConfig) -> None:
    """Copy what is in memory, or in another connection, into a table of the engine."""
    argument = KEYWORDS.option(name, "path")
    try:
        engine.add_frame(relation, _arrow(argument, name, source, table))
    except (engine.failure, pa.ArrowException) as error:
        raise DataError(f"{argument} cannot be read: {str(error).strip().splitlines()[0][:300]}") from error


def _arrow(argument: str, name: str, source: Source | None, table: TableConfig) -> pa.Table | pa.RecordBatchReader:
    """What is in memory as Arrow: a table, or a stream that is read once."""
    if isinstance(source, pd.DataFrame):
        mapping = source_of(name, "", table, KEYWORDS)
        contract = next(contract for contract in CONTRACTS if contract.name == name)
        wanted = {*contract.kinds, *filter(None, mapping.mapping.values()), *mapping.attributes}
        try:
            return to_arrow(source, wanted)
        except DataError as error:
            raise DataError(f"{argument}: {error}") from None
    if isinstance(source, pa.Table):
        return source
    if hasattr(source, "__arrow_c_stream__") and not isinstance(source, pd.Series):
        return pa.RecordBatchReader.from_stream(source)
    raise ConfigError(f"{argument} is a {type(source).__name__}; {EXPECTED}")
