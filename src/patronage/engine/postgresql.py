"""PostgreSQL by ADBC: rows come and go as Arrow batches; the only importer of its driver.

A password is best left to libpq: PGPASSWORD, or ~/.pgpass.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from patronage.errors import ConfigError, DataError
from patronage.masking import mask

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Connection

AWAY = (  # how libpq tells that the same connection may succeed later
    "Connection refused",
    "timeout expired",
    "timed out",
    "starting up",
    "shutting down",
    "too many",
    "closed the connection",
    "Temporary failure in name resolution",
    "No route to host",
)


def quoted(table: str) -> str:
    """SQL: the name of a table, or of one in a schema, exactly as it is spelt."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in table.split("."))


@contextmanager
def connected(address: str) -> Iterator[Connection]:
    """A connection in a transaction that is rolled back unless it is committed.

    Raises
    ------
    ConfigError
        The driver is not installed.
    DataError
        The server cannot be reached.
    """
    try:
        import adbc_driver_postgresql.dbapi as driver
    except ImportError as error:
        raise ConfigError(
            "postgresql:// needs the package adbc-driver-postgresql; install patronage[postgresql]"
        ) from error
    try:
        connection = driver.connect(address)
    except driver.Error as error:
        reason = first_line(error)
        away = any(sign in reason for sign in AWAY)
        remedy = "; start it, or try again later" if away else ""
        raise DataError(f"{mask(address)} cannot be reached: {reason}{remedy}", retry=away) from error
    try:
        yield connection
    finally:
        connection.rollback()
        connection.close()


@contextmanager
def reader(connection: Connection, sql: str) -> Iterator[pa.RecordBatchReader]:
    """The rows of a query, as a stream that is read once.

    Numbers of arbitrary precision arrive as text, which the door reads as numbers.

    Raises
    ------
    DataError
        The server refuses the query.
    """
    import adbc_driver_postgresql.dbapi as driver

    with connection.cursor() as cursor:
        try:
            cursor.execute(sql)
            batches = cursor.fetch_record_batch()
        except driver.Error as error:
            raise DataError(f"PostgreSQL refuses the query: {first_line(error)}") from error
        schema = pa.schema([pa.field(field.name, _plain(field.type)) for field in batches.schema])
        yield pa.RecordBatchReader.from_batches(schema, (_recast(batch, schema) for batch in batches))


def row(connection: Connection, sql: str) -> tuple[Any, ...] | None:
    """The first row of a query."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()


def first_line(error: Exception) -> str:
    """The server's own words, without the driver's."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    chosen = next((line for line in lines if "ERROR:" in line or "FATAL:" in line), lines[0] if lines else "")
    return mask(chosen.strip())[:300]


def _plain(kind: pa.DataType) -> pa.DataType:
    """The storage of a type that only the driver knows, such as its numbers of arbitrary precision."""
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def _recast(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    columns = [column.storage if isinstance(column, pa.ExtensionArray) else column for column in batch.columns]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
