"""Where SQL runs, and the few tokens in which engines differ.

Every feature, label and check of the package is SQL text. The text is the same on every engine but for the
methods of `DuckDB` that return a `str`: they are the whole dialect. Rules that keep engines equal: money is
summed as integers, dates are subtracted only as DATEs, every ordering ends with a unique key, and a mean is
a quotient of two exact sums.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from patronage.config import EngineConfig
from patronage.errors import ConfigError

if TYPE_CHECKING:
    import duckdb
    import pandas as pd


def connect(config: EngineConfig) -> DuckDB:
    """The engine of the configuration."""
    if config.name != "duckdb":
        raise ConfigError(f"engine.name={config.name}; expected duckdb")
    return DuckDB(config.threads, config.memory_limit)


def text(value: str) -> str:
    """`value` as a SQL string literal."""
    return "'" + value.replace("'", "''") + "'"


def texts(values: Iterable[str]) -> str:
    """The values as what stands within `IN (...)`; nothing is in an empty list."""
    return ", ".join(map(text, values)) or "NULL"


def number(value: float) -> str:
    """`value` as a SQL literal of a double, to the last bit; a bare 1.0 would be a DECIMAL."""
    return f"{value:.16e}"


class DuckDB:
    """An embedded engine: one connection, in memory unless a database file is given.

    Parameters
    ----------
    threads
        Worker threads; None leaves the choice to DuckDB.
    memory_limit
        For example "3GB"; beyond it DuckDB spills to disk.
    """

    def __init__(self, threads: int | None = None, memory_limit: str | None = None) -> None:
        import duckdb

        self._connection: duckdb.DuckDBPyConnection = duckdb.connect()
        # Insertion order costs memory and means nothing here: whatever is ordered says so.
        self.run("SET preserve_insertion_order = false")
        self.run("SET enable_progress_bar = false")
        if threads is not None:
            self.run(f"SET threads = {int(threads)}")
        if memory_limit is not None:
            try:
                self.run(f"SET memory_limit = {text(memory_limit)}")
            except duckdb.Error as error:
                raise ConfigError(
                    f"engine.memory_limit={memory_limit}: not a size; expected one such as 3GB"
                ) from error

    @property
    def failure(self) -> type[Exception]:
        """What the engine raises when it cannot read or run something."""
        import duckdb

        return duckdb.Error

    # Running

    def run(self, sql: str) -> None:
        """Execute a statement that returns nothing."""
        self._connection.cursor().execute(sql)

    def frame(self, sql: str) -> pd.DataFrame:
        """The result of a query as a frame with a fresh RangeIndex."""
        return self._connection.cursor().execute(sql).df()

    def row(self, sql: str) -> tuple:  # type: ignore[type-arg]
        """The only row of a query."""
        rows = self._connection.cursor().execute(sql).fetchall()
        (only,) = rows
        return only

    def table(self, name: str, sql: str) -> None:
        """Keep the result of a query under a name, replacing what had it."""
        self.run(f"CREATE OR REPLACE TABLE {self.quote(name)} AS {sql}")

    def view(self, name: str, sql: str) -> None:
        """Give a query a name, replacing what had it."""
        self.run(f"CREATE OR REPLACE VIEW {self.quote(name)} AS {sql}")

    def types(self, relation: str) -> dict[str, str]:
        """Column name to type of whatever may stand behind FROM."""
        described = self._connection.cursor().execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
        return {row[0]: row[1] for row in described}

    def add_frame(self, name: str, frame: pd.DataFrame) -> None:
        """Copy a frame into a table."""
        cursor = self._connection.cursor()
        cursor.register("_incoming", frame)
        cursor.execute(f"CREATE OR REPLACE TABLE {self.quote(name)} AS SELECT * FROM _incoming")
        cursor.unregister("_incoming")

    def attach(self, path: str) -> str:
        """The schema under which the tables of a database file can be read, and only read."""
        known = self._connection.cursor().execute("SELECT database_name, path FROM duckdb_databases()").fetchall()
        for name, where in known:
            if where == path:
                return f"{self.quote(name)}.main"
        name = f"file_{len(known)}"
        self.run(f"ATTACH {text(path)} AS {name} (READ_ONLY)")
        return f"{self.quote(name)}.main"

    def tables_of(self, schema: str) -> list[str]:
        """The tables and views of an attached file."""
        database = schema.removesuffix(".main").strip('"')
        found = self._connection.cursor().execute(
            "SELECT table_name FROM information_schema.tables WHERE table_catalog = ? AND table_schema = 'main' "
            "ORDER BY table_name",
            [database],
        )
        return [name for (name,) in found.fetchall()]

    def parquet(self, paths: list[str]) -> str:
        """A relation over Parquet files of the same columns."""
        return f"read_parquet({self._list(paths)})"

    def csv(self, paths: list[str], names: list[str], delimiter: str) -> str:
        """A relation over CSV files with one header line; everything is text, so that the door can say what is not."""
        columns = ", ".join(f"{text(name)}: 'VARCHAR'" for name in names)
        return (
            f"read_csv({self._list(paths)}, auto_detect = false, header = true, columns = {{{columns}}}, "
            f"delim = {text(delimiter)}, quote = '\"', escape = '\"', strict_mode = true, null_padding = false)"
        )

    def _list(self, paths: list[str]) -> str:
        return "[" + ", ".join(text(path) for path in paths) + "]"

    # The dialect

    def quote(self, identifier: str) -> str:
        """An identifier, safe for any name a user's column may have."""
        return '"' + identifier.replace('"', '""') + '"'

    def null(self, kind: str) -> str:
        """NULL, of the type that a column of the contract's `kind` has."""
        types = {"money": "BIGINT", "number": "DOUBLE", "time": "TIMESTAMP"}
        return f"CAST(NULL AS {types.get(kind, 'VARCHAR')})"

    def timestamp(self, moment: datetime) -> str:
        """A zone-less timestamp literal."""
        return f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S}'"

    def days(self, start: str, end: str) -> str:
        """Whole days from one DATE expression to another."""
        return f"date_diff('day', {start}, {end})"

    def weekday(self, moment: str) -> str:
        """ISO weekday: Monday is 1, Sunday 7."""
        return f"isodow({moment})"

    def local_time(self, instant: str, zone: str) -> str:
        """An instant with a zone as the zone-less clock time of `zone`."""
        return f"timezone({text(zone)}, {instant})"

    def wide(self, expression: str) -> str:
        """An integer wide enough for the squares of money."""
        return f"CAST({expression} AS HUGEINT)"

    def join_text(self, piece: str, order: str) -> str:
        """The texts of a group one after the other, in the order of a unique key, as an aggregate."""
        return f"string_agg({piece}, '' ORDER BY {order})"
