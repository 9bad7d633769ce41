"""A result as a table of PostgreSQL: replaced in one transaction, and only where it is ours."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from patronage.engine import postgresql, text
from patronage.errors import DataError, OutputError
from patronage.scoring import mark

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Connection


def foreign_server_table(address: str, table: str) -> str | None:
    """Why a table of a server is not a result of ours; None where it is one, or is not there.

    Raises
    ------
    OutputError
        The server cannot be reached.
    """
    try:
        with postgresql.connected(address) as connection:
            return _foreign(connection, table)
    except DataError as error:
        raise OutputError(str(error)) from error


def store(address: str, table: str, files: list[Path], refuse: Callable[[str], OutputError], *, force: bool) -> None:
    """Put the rows of Parquet files into a table, with their mark, in one transaction: readers see old or new.

    A table of the same columns keeps its rights and the views over it.

    Raises
    ------
    OutputError
        The table is not ours, or the server refuses.
    """
    import adbc_driver_postgresql.dbapi as driver

    schema, _, name = table.rpartition(".")
    growing, growing_name = f"{table}_growing", f"{name}_growing"
    columns = pq.read_schema(files[0]).names
    rows = sum(pq.read_metadata(file).num_rows for file in files)
    try:
        with postgresql.connected(address) as connection, connection.cursor() as cursor:
            reason = None if force else _foreign(connection, table)
            if reason is not None:
                raise refuse(reason)
            cursor.execute(f"DROP TABLE IF EXISTS {postgresql.quoted(growing)}")
            with closing(_batches(files)) as batches:
                cursor.adbc_ingest(growing_name, batches, mode="create", db_schema_name=schema or None)
            if _columns(connection, table) == columns:
                cursor.execute(f"DELETE FROM {postgresql.quoted(table)}")
                cursor.execute(f"INSERT INTO {postgresql.quoted(table)} SELECT * FROM {postgresql.quoted(growing)}")
                cursor.execute(f"DROP TABLE {postgresql.quoted(growing)}")
            else:
                cursor.execute(f"DROP TABLE IF EXISTS {postgresql.quoted(table)}")
                cursor.execute(f"ALTER TABLE {postgresql.quoted(growing)} RENAME TO {postgresql.quoted(name)}")
            comment = text(mark.comment_of(rows, columns))
            cursor.execute(f"COMMENT ON TABLE {postgresql.quoted(table)} IS {comment}")
            connection.commit()
    except driver.Error as error:
        raise OutputError(f"the table {table} cannot be written: {postgresql.first_line(error)}") from error
    except DataError as error:
        raise OutputError(str(error)) from error


def _batches(files: list[Path]) -> pa.RecordBatchReader:
    """The rows of all files as a stream; codes are written as the words that they stand for."""
    schema = pq.read_schema(files[0])
    plain = pa.schema(
        [
            pa.field(field.name, field.type.value_type if pa.types.is_dictionary(field.type) else field.type)
            for field in schema
        ]
    )
    batches = (
        batch
        for file in files
        for group in pq.ParquetFile(file).iter_batches()
        for batch in pa.Table.from_batches([group]).cast(plain).to_batches()
    )
    return pa.RecordBatchReader.from_batches(plain, batches)


def _columns(connection: Connection, table: str) -> list[str]:
    """The columns of a table in their order; empty where there is none."""
    query = (
        f"SELECT coalesce(string_agg(attname::text, chr(10) ORDER BY attnum), '') FROM pg_attribute "
        f"WHERE attrelid = to_regclass({text(postgresql.quoted(table))}) AND attnum > 0 AND NOT attisdropped"
    )
    names = postgresql.row(connection, query)
    return str(names[0]).split("\n") if names and names[0] else []


def _foreign(connection: Connection, table: str) -> str | None:
    columns = _columns(connection, table)
    if not columns:
        return None
    place = f"to_regclass({text(postgresql.quoted(table))})"
    kind = postgresql.row(connection, f"SELECT relkind::text FROM pg_class WHERE oid = {place}")
    if kind is None or kind[0] not in ("r", "p"):
        return f"{table} is a view"
    comment = postgresql.row(connection, f"SELECT coalesce(obj_description({place}, 'pg_class'), '')")
    rows = postgresql.row(connection, f"SELECT count(*) FROM {postgresql.quoted(table)}")
    expected = mark.comment_of(int(rows[0]) if rows else 0, columns)
    return mark.judge(str(comment and comment[0]), expected, f"the table {table}")
