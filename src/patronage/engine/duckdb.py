"""DuckDB: the engine inside the process."""

from __future__ import annotations

import contextlib
import re
import shutil
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from patronage.engine.literals import text
from patronage.errors import ConfigError
from patronage.temporary import TemporaryFolder

if TYPE_CHECKING:
    import duckdb
    import pandas as pd


REPLACING = "patronage_replacing"  # a table on its way into the place of a view


class DuckDB:
    """An embedded engine: one connection; its tables lie in memory, or on disk where memory is limited.

    Parameters
    ----------
    threads
        Worker threads; None leaves the choice to DuckDB.
    memory_limit
        For example "3GB". With it, tables are kept in a file that goes with the engine, and what a query cannot hold
        is spilled beside it; Python's own memory comes on top.
    folder
        Where that file lies; by default the system's temporary folder.
    """

    def __init__(self, threads: int | None = None, memory_limit: str | None = None, folder: Path | None = None) -> None:
        import duckdb

        self._secret: str | None = None
        place = None if memory_limit is None else TemporaryFolder(folder)
        self._folder = place.path if place else None
        self._views: set[str] = set()
        self._copies: list[Path] = []
        database = place.path / "engine.duckdb" if place else ":memory:"
        with contextlib.ExitStack() as undo:  # whatever fails here leaves no folder
            if place is not None:
                undo.callback(place.close)
            self._connection: duckdb.DuckDBPyConnection = duckdb.connect(database)
            self._release = weakref.finalize(self, _release, self._connection, place)
            undo.callback(self._release)
            # Insertion order costs memory and has no meaning here: a query that needs an order has an ORDER BY.
            self.run("SET preserve_insertion_order = false")
            self.run("SET enable_progress_bar = false")
            if threads is not None:
                self.run(f"SET threads = {int(threads)}")
            if memory_limit is not None:
                no_size = ConfigError(f"engine.memory_limit={memory_limit}: not a size; expected one such as 3GB")
                if str(memory_limit).lstrip().startswith("-"):  # which DuckDB takes for no limit at all
                    raise no_size
                try:
                    self.run(f"SET memory_limit = {text(memory_limit)}")
                except duckdb.Error as error:
                    raise no_size from error
            undo.pop_all()

    @property
    def failure(self) -> type[Exception]:
        """What the engine raises when it cannot read or run something."""
        import duckdb

        return duckdb.Error

    @property
    def cluster(self) -> None:
        """None: a query runs in this process."""
        return

    @property
    def files(self) -> DuckDB:
        """The engine itself."""
        return self

    @property
    def has_catalog(self) -> bool:
        """False: a table is in a file."""
        return False

    @property
    def hides_secrets(self) -> bool:
        """True: a key is a variable of the connection."""
        return True

    def close(self) -> None:
        """Drop the tables, and the file that they lie in; this also happens when the engine is garbage collected."""
        self._release()

    # Running

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        if not self._release.alive:
            raise ConfigError("the log was closed; read it again")
        cursor = self._connection.cursor()
        if self._secret is not None:  # a variable is the cursor's own
            cursor.execute("SET VARIABLE patronage_key = ?", [self._secret])
        return cursor

    def run(self, sql: str) -> None:
        """Execute a statement that returns nothing."""
        self._cursor().execute(sql)

    def frame(self, sql: str) -> pd.DataFrame:
        """The result of a query as a frame with a fresh RangeIndex."""
        return self._cursor().execute(sql).df()

    def row(self, sql: str) -> tuple[Any, ...]:
        """The only row of a query."""
        rows = self._cursor().execute(sql).fetchall()
        (only,) = rows
        return only

    def table(self, name: str, sql: str) -> None:
        """Keep the result of a query under a name, replacing what had it."""
        if name not in self._views:
            self.run(f"CREATE OR REPLACE TABLE {self.quote(name)} AS {sql}")
            return
        self.run(f"CREATE TABLE {self.quote(REPLACING)} AS {sql}")  # the query may read the view
        self.drop(name)
        self.rename(REPLACING, name)

    def view(self, name: str, sql: str) -> None:
        """Give a query a name, replacing what had it."""
        self.run(f"CREATE OR REPLACE VIEW {self.quote(name)} AS {sql}")
        self._views.add(name)

    def rename(self, table: str, name: str) -> None:
        """Give a table or view another name."""
        kind = "VIEW" if table in self._views else "TABLE"
        self.run(f"ALTER {kind} {self.quote(table)} RENAME TO {self.quote(name)}")
        if table in self._views:
            self._views.remove(table)
            self._views.add(name)

    def drop(self, name: str) -> None:
        """Remove a table or view."""
        self.run(f"DROP {'VIEW' if name in self._views else 'TABLE'} {self.quote(name)}")
        self._views.discard(name)

    def types(self, relation: str) -> dict[str, str]:
        """Column name to type of what may stand behind FROM; categories are text."""
        described = self._cursor().execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
        return {row[0]: "VARCHAR" if row[1].startswith("ENUM(") else row[1] for row in described}

    def number_rows(self, table: str) -> str:
        """The number that a table's rows have anyway."""
        return "rowid"

    def add_frame(self, name: str, data: object) -> None:
        """Copy a pandas frame, an Arrow table or a reader of Arrow batches into a table."""
        cursor = self._cursor()
        cursor.register("_incoming", data)
        cursor.execute(f"CREATE OR REPLACE TABLE {self.quote(name)} AS SELECT * FROM _incoming")
        cursor.unregister("_incoming")

    # Reading

    def attach(self, path: str) -> str:
        """The schema under which the tables of a database file can be read, and only read."""
        for name, attached in self._attached():
            if attached == path:
                return f"{self.quote(name)}.main"
        name = f"file_{len(self._attached())}"
        self.run(f"ATTACH {text(path)} AS {name} (READ_ONLY)")
        return f"{self.quote(name)}.main"

    def _attached(self) -> list[tuple[str, str]]:
        return self._cursor().execute("SELECT database_name, path FROM duckdb_databases()").fetchall()

    def tables_of(self, schema: str) -> list[str]:
        """The tables and views of an attached file."""
        database = schema.removesuffix(".main").strip('"')
        tables = self._cursor().execute(
            "SELECT table_name FROM information_schema.tables WHERE table_catalog = ? AND table_schema = 'main' "
            "ORDER BY table_name",
            [database],
        )
        return [name for (name,) in tables.fetchall()]

    def named(self, table: str) -> str:
        """Refuse: a table is in a file."""
        raise ConfigError(f"{table}: engine=duckdb reads tables from files; give the path of the database file")

    @contextmanager
    def database(self, path: str, *, read_only: bool = False) -> Iterator[str]:
        """The schema of a DuckDB file that is opened here alone: while one may write it, no other process opens it."""
        for name, attached in self._attached():
            if attached and Path(attached).exists() and Path(path).exists() and Path(attached).samefile(path):
                self.run(f"DETACH {self.quote(name)}")
        # a new file is one that the DuckDB before this, 1.5, reads as well
        form = ", READ_ONLY" if read_only else "" if Path(path).exists() else ", STORAGE_VERSION 'v1.5.0'"
        self.run(f"ATTACH {text(path)} AS result (TYPE duckdb{form})")
        try:
            yield "result.main"
        finally:
            self.run("DETACH result")

    def parquet(self, paths: list[str], keys: Sequence[str] = ()) -> str:
        """A relation over Parquet files of the same columns, and a text column for each key of their folders."""
        files = f"{self._list(paths)}, hive_partitioning = false"
        if not keys:
            return f"read_parquet({files})"
        path = "patronage_path"
        patterns = {key: text(f"/{re.escape(key)}=([^/]*)/") for key in keys}
        values = ", ".join(
            f"url_decode(regexp_extract({path}, {pattern}, 1)) AS {self.quote(key)}"
            for key, pattern in patterns.items()
        )
        return f"(SELECT * EXCLUDE ({path}), {values} FROM read_parquet({files}, filename = '{path}'))"

    def own_copies(self, paths: list[str]) -> list[str] | None:
        """Copies of files beside the tables; None where the tables lie in memory, or a file cannot be copied."""
        if self._folder is None:
            return None
        copies = [self._folder / f"copy_{len(self._copies) + number}" for number in range(len(paths))]
        try:
            for path, copy in zip(paths, copies, strict=True):
                shutil.copyfile(path, copy)
        except OSError:  # the disk is full, or the file unreadable: who reads the file itself will say so
            for copy in copies:
                copy.unlink(missing_ok=True)
            return None
        self._copies += copies
        return [str(copy) for copy in copies]

    def csv(self, paths: list[str], names: list[str], delimiter: str, packed: str | None = None) -> str:
        """A relation over CSV files with one header line; every column is text, which the door checks and types."""
        columns = ", ".join(f"{text(name)}: 'VARCHAR'" for name in names)
        return (
            f"read_csv({self._list(paths)}, auto_detect = false, header = true, columns = {{{columns}}}, "
            f"delim = {text(delimiter)}, quote = '\"', escape = '\"', strict_mode = true, null_padding = false, "
            f"hive_partitioning = false, compression = {text(packed or 'none')})"
        )

    def json_keys(self, paths: list[str], packed: str | None = None) -> list[str]:
        """The keys of the objects in JSON files, of every row."""
        objects = f"read_json_objects({self._list(paths)}, compression = {text(packed or 'uncompressed')})"
        query = f"SELECT DISTINCT unnest(json_keys(json)) AS key FROM {objects} WHERE json_type(json) = 'OBJECT'"
        return sorted(key for (key,) in self._cursor().execute(query).fetchall())

    def json(self, paths: list[str], names: list[str], packed: str | None = None) -> str:
        """A relation over JSON files, one object a row; every column is text, which the door checks and types."""
        columns = ", ".join(f"{text(name)}: 'VARCHAR'" for name in names)
        return (
            f"read_json({self._list(paths)}, columns = {{{columns}}}, hive_partitioning = false, "
            f"compression = {text(packed or 'uncompressed')})"
        )

    def load_extension(self, name: str, purpose: str) -> None:
        """Load an extension of DuckDB that is installed.

        Raises
        ------
        ConfigError
            It is not; the message says how to install it.
        """
        try:
            self.run(f"LOAD {name}")
        except self.failure as error:
            raise ConfigError(
                f"{purpose} needs DuckDB's extension {name}, which is not installed; install it once, where there is "
                f"a network: python -c \"import duckdb; duckdb.sql('INSTALL {name}')\""
            ) from error

    def keep_query(self, name: str, sql: str, schema: str | None = None) -> None:
        """Keep the result of a user's query, whose table names are those of a schema that `attach` gave."""
        cursor = self._cursor()
        (home,) = cursor.execute("SELECT current_database()").fetchall()[0]
        if schema is not None:
            cursor.execute(f"USE {schema}")
        cursor.execute(f"CREATE OR REPLACE TABLE {self.quote(home)}.main.{self.quote(name)} AS {sql}")

    def _list(self, paths: list[str]) -> str:
        return "[" + ", ".join(text(path) for path in paths) + "]"

    # Secrets

    def keep_secret(self, key: str) -> None:
        """Remember the key of `keyed_hash`, outside of any SQL text."""
        self._secret = key

    def keyed_hash(self, value: str) -> str:
        """The first half of SHA-256 of the key and of SHA-256 of the key and the text, in hexadecimal."""
        key = "getvariable('patronage_key')"
        return f"left(sha256({key} || sha256({key} || {value})), 32)"

    # The dialect

    def matches(self, value: str, pattern: str) -> str:
        """Whether a text holds the pattern, whatever its case."""
        return f"regexp_matches({value}, {text(pattern)}, 'i')"

    def finite(self, number: str) -> str:
        """Whether a double is neither NaN nor infinite."""
        return f"isfinite({number})"

    def clock(self, value: str) -> str:
        """A DATE, zone-less timestamp or ISO 8601 text as a zone-less timestamp; NULL where it is none."""
        return f"TRY_CAST({value} AS TIMESTAMP)"

    def instant(self, value: str) -> str:
        """A timestamp or ISO 8601 text with a zone as an instant; NULL where it is none."""
        return f"TRY_CAST({value} AS TIMESTAMPTZ)"

    def clock_of_format(self, value: str, date_format: str) -> str:
        """A text of a strptime format as a zone-less timestamp; NULL where it is none."""
        return f"TRY_STRPTIME({value}, {text(date_format)})"

    def hexadecimal(self, digits: str) -> str:
        """The number that hexadecimal digits spell."""
        return f"CAST('0x' || {digits} AS BIGINT)"

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

    def bucket(self, column: str, buckets: int) -> str:
        """A number from 0 to `buckets` - 1 that depends on the text alone; the same as long as DuckDB is."""
        return f"(hash({column}) % {buckets})"

    def weekday(self, moment: str) -> str:
        """ISO weekday: Monday is 1, Sunday 7."""
        return f"isodow({moment})"

    def local_time(self, instant: str, zone: str) -> str:
        """An instant with a zone as the zone-less clock time of `zone`."""
        return f"timezone({text(zone)}, {instant})"

    def utc_to_local(self, moment: str, zone: str) -> str:
        """A zone-less timestamp of UTC as the zone-less clock time of `zone`."""
        return f"timezone({text(zone)}, timezone('UTC', {moment}))"

    def wide(self, expression: str) -> str:
        """An integer wide enough for the squares of money, and for sums of hashes."""
        return f"CAST({expression} AS HUGEINT)"

    def join_text(self, piece: str, order: str) -> str:
        """The texts of a group one after the other, in the order of a unique key, as an aggregate."""
        return f"string_agg({piece}, '' ORDER BY {order})"


def _release(connection: duckdb.DuckDBPyConnection, place: TemporaryFolder | None) -> None:
    """Close an engine's connection, and remove the folder of its tables."""
    connection.close()
    if place is not None:
        place.close()
