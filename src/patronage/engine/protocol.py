"""What the package asks of an engine: to run SQL, to keep tables, and the few tokens in which SQL differs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pandas as pd

    from patronage.engine.duckdb import DuckDB
    from patronage.engine.spark import Spark


class Engine(Protocol):
    """Where SQL runs.

    An engine is not shared: a log that is loaded into it replaces the log before. Methods that return a `str` under
    "The dialect" build SQL and run nothing; their arguments are SQL expressions unless the name says otherwise.
    """

    # What the engine is

    @property
    def failure(self) -> type[Exception]:
        """The exception that the engine raises when it cannot read or run something."""
        ...

    @property
    def cluster(self) -> Spark | None:
        """The cluster that divides one query over machines by itself; None where a query runs in this process."""
        ...

    @property
    def files(self) -> DuckDB:
        """The DuckDB that reads and writes the files of this process: the engine itself, or one beside it."""
        ...

    @property
    def has_catalog(self) -> bool:
        """Whether the engine knows tables by their names alone, without a file."""
        ...

    @property
    def hides_secrets(self) -> bool:
        """Whether a key can be used in SQL without standing in a query, a plan or a log."""
        ...

    def close(self) -> None:
        """Drop our tables and views, and free what they hold; a second call does nothing."""
        ...

    # Running

    def frame(self, sql: str) -> pd.DataFrame:
        """Run a query; its result has a fresh RangeIndex."""
        ...

    def row(self, sql: str) -> tuple[Any, ...]:
        """Run a query that has exactly one row.

        Raises
        ------
        ValueError
            The query has another number of rows.
        """
        ...

    def table(self, name: str, sql: str) -> None:
        """Keep the result of a query under a name, replacing the table of that name; the query may read that table."""
        ...

    def view(self, name: str, sql: str) -> None:
        """Give a query a name, replacing the view of that name; it is run whenever it is read."""
        ...

    def rename(self, table: str, name: str) -> None:
        """Give a table another name."""
        ...

    def number_rows(self, table: str) -> str:
        """Give every row of a table a number of its own, the same in every query.

        Returns
        -------
        str
            The column of the number.
        """
        ...

    def add_frame(self, name: str, data: object) -> None:
        """Copy data in memory (a pandas frame, an Arrow table or a stream of Arrow batches) into a table.

        Raises
        ------
        ConfigError
            The engine does not read the memory of this process.
        """
        ...

    def drop(self, name: str) -> None:
        """Remove a table or view that `table`, `view` or `add_frame` made."""
        ...

    def types(self, relation: str) -> dict[str, str]:
        """Give the columns of a relation (what may stand behind FROM) and their types, by DuckDB's names of types.

        Text is VARCHAR however it is stored: a column of categories is text.
        """
        ...

    # Reading

    def parquet(self, paths: list[str], keys: Sequence[str] = ()) -> str:
        """SQL: a relation over Parquet files of the same columns, which wins over the names of folders.

        Parameters
        ----------
        keys
            Keys in the names of folders (`key=value`) that become columns of text.
        """
        ...

    def own_copies(self, paths: list[str]) -> list[str] | None:
        """Copy files to where the engine keeps its tables, where nobody else writes.

        Returns
        -------
        list of str or None
            The paths of the copies; None where the engine keeps no files, or one cannot be copied.
        """
        ...

    def csv(self, paths: list[str], names: list[str], delimiter: str, packed: str | None = None) -> str:
        """SQL: a relation over CSV files with one header line; every column is text.

        Parameters
        ----------
        packed
            gzip or zstd; None where the files are not packed.

        Raises
        ------
        ConfigError
            The engine reads no CSV.
        """
        ...

    def json_keys(self, paths: list[str], packed: str | None = None) -> list[str]:
        """List the keys of the objects in JSON files, of every row; raises as `csv` does."""
        ...

    def json(self, paths: list[str], names: list[str], packed: str | None = None) -> str:
        """SQL: a relation over JSON files, one object a row, every column text; raises as `csv` does."""
        ...

    def keep_query(self, name: str, sql: str, schema: str | None = None) -> None:
        """Keep the result of a user's query, whose table names are those of a schema that `attach` gave."""
        ...

    def attach(self, path: str) -> str:
        """Open a database file for reading only.

        Returns
        -------
        str
            SQL: the schema in which its tables stand.

        Raises
        ------
        ConfigError
            The engine reads no database files.
        """
        ...

    def tables_of(self, schema: str) -> list[str]:
        """Name the tables and views of a schema."""
        ...

    def named(self, table: str) -> str:
        """SQL: a relation over a table of the catalog.

        Raises
        ------
        ConfigError
            The engine has no catalog (`has_catalog`), or the catalog no such table.
        """
        ...

    # Secrets

    def keep_secret(self, key: str) -> None:
        """Remember the key of `keyed_hash`, outside of any SQL text.

        Raises
        ------
        ConfigError
            The engine would show it (`hides_secrets`).
        """
        ...

    def keyed_hash(self, value: str) -> str:
        """SQL: 32 hexadecimal digits that depend on a text and on the secret key; NULL stays NULL.

        Raises
        ------
        ConfigError
            The engine would show the key (`hides_secrets`).
        """
        ...

    # The dialect

    def quote(self, identifier: str) -> str:
        """SQL: an identifier, safe for any name that a user's column may have."""
        ...

    def null(self, kind: str) -> str:
        """SQL: NULL, of the type that a column of the contract's `kind` has."""
        ...

    def timestamp(self, moment: datetime) -> str:
        """SQL: a zone-less timestamp literal, to the second."""
        ...

    def matches(self, value: str, pattern: str) -> str:
        """SQL: whether a text contains the regular expression, whatever its case."""
        ...

    def finite(self, number: str) -> str:
        """SQL: whether a double is neither NaN nor infinite."""
        ...

    def clock(self, value: str) -> str:
        """SQL: a DATE, zone-less timestamp or ISO 8601 text as a zone-less timestamp; NULL where it is none."""
        ...

    def instant(self, value: str) -> str:
        """SQL: a timestamp or ISO 8601 text with a zone as an instant; NULL where it is none."""
        ...

    def clock_of_format(self, value: str, date_format: str) -> str:
        """SQL: a text of a strptime format as a zone-less timestamp; NULL where it is none.

        Raises
        ------
        ConfigError
            The engine reads no formats.
        """
        ...

    def local_time(self, instant: str, zone: str) -> str:
        """SQL: an instant as the zone-less clock time of a zone, whatever the engine's own zone is."""
        ...

    def days(self, start: str, end: str) -> str:
        """SQL: whole days from one DATE to another."""
        ...

    def weekday(self, moment: str) -> str:
        """SQL: the ISO weekday; Monday is 1, Sunday 7."""
        ...

    def bucket(self, column: str, buckets: int) -> str:
        """SQL: a number from 0 to `buckets` - 1 that depends on the text alone; each engine has its own numbers."""
        ...

    def hexadecimal(self, digits: str) -> str:
        """SQL: the number that a text of at most 15 hexadecimal digits spells."""
        ...

    def utc_to_local(self, moment: str, zone: str) -> str:
        """SQL: a zone-less timestamp of UTC as the zone-less clock time of a zone."""
        ...

    def wide(self, expression: str) -> str:
        """SQL: an integer wide enough for the squares of money, and for sums of hashes."""
        ...

    def join_text(self, piece: str, order: str) -> str:
        """SQL: the texts of a group one after the other, in the order of a unique integer key (`key` or `key DESC`)."""
        ...
