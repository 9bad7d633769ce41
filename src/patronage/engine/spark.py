"""Spark: the engine for logs that have outgrown one machine, in a session that the user hands over.

No setting of the session is changed. Our views are temporary and go with the engine; where the session has a temporary
view of the same name already, a line says so before anything is replaced.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

from patronage.engine.duckdb import DuckDB
from patronage.engine.literals import text
from patronage.errors import ConfigError, DataError

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import DataFrame, SparkSession

# Spark's type of a frame's column by its NumPy kind. By itself Spark takes moments for those of the session's zone, and
# where the clock jumps there it reads them all by the zone of the machine
OF_FRAME = {"M": "timestamp_ntz", "i": "bigint", "f": "double", "b": "boolean"}
# Spark's name of a type to the one that the rest of the package knows
TYPES = {"string": "VARCHAR", "timestamp": "TIMESTAMPTZ", "timestamp_ntz": "TIMESTAMP"}
ELSEWHERE = "engine=spark reads Parquet files and tables of the session; convert it, or give engine=duckdb"

NO_SECRETS = "Spark would show the key in its plans; hash the ids in your tables"


def session_of(master: str | None) -> SparkSession:
    """The session that is active, else one that is started with Spark's own defaults.

    Raises
    ------
    ConfigError
        pyspark is not installed.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise ConfigError("engine=spark needs pyspark and Java 17: pip install 'patronage[spark]'") from error
    active = SparkSession.getActiveSession()
    if active is not None:
        return active
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # else the workers take another Python
    builder = SparkSession.builder.appName("patronage")
    return (builder.master(master) if master else builder).getOrCreate()


class Spark:
    """SQL in a Spark session (3.5 or 4).

    Parameters
    ----------
    session
        The user's session.
    can_lose_executors
        Whether an executor may be lost with the tables on it. Then Spark must be able to compute a table once more:
        it is cached with its plan. By default only a `local` master loses none.
    """

    def __init__(self, session: SparkSession, can_lose_executors: bool | None = None) -> None:
        self.session = session
        self._theirs = {row["tableName"] for row in session.sql("SHOW TABLES").collect() if row["isTemporary"]}
        self._ours: set[str] = set()
        self._files: DuckDB | None = None
        if can_lose_executors is None:
            can_lose_executors = not (session.conf.get("spark.master", "") or "").startswith("local")
        self._can_lose = can_lose_executors

    @property
    def failure(self) -> type[Exception]:
        """What the engine raises when it cannot read or run something."""
        from pyspark.errors import PySparkException

        return PySparkException

    @property
    def cluster(self) -> Spark:
        """The engine itself."""
        return self

    @property
    def files(self) -> DuckDB:
        """A DuckDB beside the session, opened on first use and closed with this engine."""
        if self._files is None:
            self._files = DuckDB()
        return self._files

    @property
    def has_catalog(self) -> bool:
        """True: the session knows tables by name."""
        return True

    @property
    def hides_secrets(self) -> bool:
        """False: a plan shows every literal."""
        return False

    def close(self) -> None:
        """Take our views out of the session, and what they cached out of its memory."""
        if self._files is not None:
            self._files.close()
            self._files = None
        for name in tuple(self._ours):
            self.drop(name)

    # Running

    def query(self, sql: str) -> DataFrame:
        """The lazy result of a query."""
        return self.session.sql(sql)

    def frame(self, sql: str) -> pd.DataFrame:
        """The result of a query as a frame with a fresh RangeIndex."""
        result: Any = self.query(sql)
        with warnings.catch_warnings():  # of pyspark, about pandas 3
            warnings.simplefilter("ignore")
            return result.toArrow().to_pandas() if hasattr(result, "toArrow") else result.toPandas()

    def row(self, sql: str) -> tuple[Any, ...]:
        """The only row of a query."""
        (only,) = self.query(sql).collect()
        return tuple(only)

    def table(self, name: str, sql: str) -> None:
        """Keep the result of a query under a name, replacing what had it.

        Where no executor can be lost, the table forgets its plan: else every query would plan all that led to its
        tables again, and a cached table is computed without adaptive execution, in 200 pieces however few its rows.
        Spark frees such a table (memory, then disk) once no view names it. A cached table is dropped, with all tables
        that were computed from it, as soon as another query takes its name.
        """
        result = self.query(sql)
        self._name(name, result if self._can_lose else result.localCheckpoint())
        if self._can_lose:
            self.session.catalog.cacheTable(name)

    def view(self, name: str, sql: str) -> None:
        """Give a query a name, replacing what had it."""
        self._name(name, self.query(sql))

    def rename(self, table: str, name: str) -> None:
        """Give a table another name; it keeps the old one until another takes that."""
        self.view(name, f"SELECT * FROM {table}")

    def _name(self, name: str, frame: DataFrame) -> None:
        if name in self._theirs:
            raise ConfigError(
                f"the Spark session has a temporary view {name}, which would be replaced; "
                "drop it, or hand over a session of its own (spark.newSession())"
            )
        frame.createOrReplaceTempView(name)
        self._ours.add(name)

    def number_rows(self, table: str) -> str:
        """A new column."""
        number = "row_number_of_line"
        self.table(table, f"SELECT *, monotonically_increasing_id() AS {number} FROM {table}")
        return number

    def add_frame(self, name: str, data: object) -> None:
        """Copy a pandas frame into a table; refuse what else is in memory: it is small enough for DuckDB."""
        if hasattr(data, "iloc"):
            frame: Any = data
            schema = ", ".join(f"`{column}` {OF_FRAME.get(frame[column].dtype.kind, 'string')}" for column in frame)
            self._name(name, self.session.createDataFrame(frame, schema).localCheckpoint())
            return
        raise ConfigError(f"a {type(data).__name__}: {ELSEWHERE}")

    def drop(self, name: str) -> None:
        """Take a view out of the session."""
        if self.session.catalog.isCached(name):
            self.session.catalog.uncacheTable(name)
        self.session.catalog.dropTempView(name)
        self._ours.discard(name)

    def types(self, relation: str) -> dict[str, str]:
        """Column name to type of what may stand behind FROM, by DuckDB's names."""
        fields = {field.name: field.dataType.simpleString() for field in self.query(f"SELECT * FROM {relation}").schema}
        return {name: TYPES.get(spark_type, spark_type.upper()) for name, spark_type in fields.items()}

    # Reading

    def parquet(self, paths: list[str], keys: Sequence[str] = ()) -> str:
        """A relation over Parquet files of the same columns; keys of their folders are DuckDB's to read."""
        if keys:
            raise ConfigError(f"{paths[0]}: the folder keys {', '.join(keys)} would be lost: {ELSEWHERE}")
        name = f"parquet_{len(self._ours)}"
        try:
            self._name(name, self.session.read.parquet(*paths))
        except self.failure as error:
            raise DataError(f"{paths[0]} cannot be read by Spark: {str(error).splitlines()[0][:300]}") from error
        return name

    def named(self, table: str) -> str:
        """A relation: a table or view that the session knows.

        Raises
        ------
        ConfigError
            It knows none of this name.
        """
        if not self.session.catalog.tableExists(table):
            raise ConfigError(f"the Spark session knows no table {table}; name one as catalog.database.table")
        return ".".join(self.quote(part) for part in table.split("."))

    def save(self, table: str, paths: list[str], properties: Mapping[str, str]) -> None:
        """Make or replace a table of the catalog; how atomic that is is up to the table's format.

        A kill between the table and its properties leaves it without them.
        """
        mode = "overwrite" if self.session.catalog.tableExists(table) else "error"
        self.session.read.parquet(*paths).write.mode(mode).saveAsTable(table)
        listed = ", ".join(f"{text(key)} = {text(value)}" for key, value in properties.items())
        self.query(f"ALTER TABLE {self.named(table)} SET TBLPROPERTIES ({listed})")

    def is_view(self, table: str) -> bool:
        """Whether a name of the catalog or the session is a view."""
        exists = self.session.catalog.tableExists(table)
        return exists and self.session.catalog.getTable(table).tableType in ("VIEW", "TEMPORARY")

    def properties(self, table: str) -> dict[str, str] | None:
        """The properties of a table; None where there is no such table."""
        if not self.session.catalog.tableExists(table):
            return None
        rows = self.query(f"SHOW TBLPROPERTIES {self.named(table)}").collect()
        return {row["key"]: row["value"] for row in rows}

    def location(self, table: str) -> Path | None:
        """The folder of a table on this machine; None where it has none here."""
        if not self.session.catalog.tableExists(table) or self.is_view(table):
            return None
        rows = self.query(f"DESCRIBE TABLE EXTENDED {self.named(table)}").collect()
        places = [row["data_type"] for row in rows if row["col_name"] == "Location"]
        if not places or not places[0].startswith(("file:", "/")):
            return None
        return Path(unquote(urlparse(places[0]).path)).resolve()

    def qualified(self, table: str) -> str:
        """The full name of a table: catalog, database, table."""
        parts = table.lower().split(".")
        full = [self.session.catalog.currentCatalog(), self.session.catalog.currentDatabase()]
        return ".".join([*full[: 3 - len(parts)], *parts]).lower()

    def own_copies(self, paths: list[str]) -> list[str] | None:
        """None: the files are the cluster's."""
        return None

    def csv(self, paths: list[str], names: list[str], delimiter: str, packed: str | None = None) -> str:
        """Refuse: only DuckDB reads text files with the care that the door needs."""
        raise ConfigError(f"{paths[0]}: {ELSEWHERE}")

    def json_keys(self, paths: list[str], packed: str | None = None) -> list[str]:
        """Refuse: only DuckDB reads text files with the care that the door needs."""
        raise ConfigError(f"{paths[0]}: {ELSEWHERE}")

    def json(self, paths: list[str], names: list[str], packed: str | None = None) -> str:
        """Refuse: only DuckDB reads text files with the care that the door needs."""
        raise ConfigError(f"{paths[0]}: {ELSEWHERE}")

    def keep_query(self, name: str, sql: str, schema: str | None = None) -> None:
        """Keep the result of a user's query."""
        self.table(name, sql)

    def attach(self, path: str) -> str:
        """Refuse: only DuckDB reads its files."""
        raise ConfigError(f"{path}: {ELSEWHERE}")

    def tables_of(self, schema: str) -> list[str]:
        """The tables of a schema of the catalog."""
        return [row["tableName"] for row in self.query(f"SHOW TABLES IN {schema}").collect()]

    # Secrets

    def keep_secret(self, key: str) -> None:
        """Refuse: a plan would show the key."""
        raise ConfigError(NO_SECRETS)

    def keyed_hash(self, value: str) -> str:
        """Refuse: a plan would show the key."""
        raise ConfigError(NO_SECRETS)

    # The dialect

    def matches(self, value: str, pattern: str) -> str:
        """Whether a text holds the pattern, whatever its case."""
        return f"regexp_like({value}, r'(?i){pattern}')"

    def finite(self, number: str) -> str:
        """Whether a double is neither NaN nor infinite."""
        return f"(NOT isnan({number}) AND abs({number}) < double('infinity'))"

    def clock(self, value: str) -> str:
        """A DATE, zone-less timestamp or ISO 8601 text as a zone-less timestamp; NULL where it is none."""
        return f"TRY_CAST({value} AS TIMESTAMP_NTZ)"

    def instant(self, value: str) -> str:
        """A timestamp or ISO 8601 text with a zone as an instant; NULL where it is none."""
        return f"TRY_CAST({value} AS TIMESTAMP)"

    def clock_of_format(self, value: str, date_format: str) -> str:
        """Refuse: Spark spells formats in another way."""
        raise ConfigError(f"date_format={date_format}: engine=spark reads dates, timestamps and ISO 8601; convert it")

    def hexadecimal(self, digits: str) -> str:
        """The number that hexadecimal digits spell."""
        return f"CAST(conv({digits}, 16, 10) AS BIGINT)"

    def quote(self, identifier: str) -> str:
        """An identifier, safe for any name a user's column may have."""
        return "`" + identifier.replace("`", "``") + "`"

    def null(self, kind: str) -> str:
        """NULL, of the type that a column of the contract's `kind` has."""
        types = {"money": "BIGINT", "number": "DOUBLE", "time": "TIMESTAMP_NTZ"}
        return f"CAST(NULL AS {types.get(kind, 'STRING')})"

    def timestamp(self, moment: datetime) -> str:
        """A zone-less timestamp literal."""
        return f"TIMESTAMP_NTZ '{moment:%Y-%m-%d %H:%M:%S}'"

    def days(self, start: str, end: str) -> str:
        """Whole days from one DATE expression to another."""
        return f"datediff({end}, {start})"

    def bucket(self, column: str, buckets: int) -> str:
        """A number from 0 to `buckets` - 1 that depends on the text alone."""
        return f"pmod(xxhash64({column}), {buckets})"

    def weekday(self, moment: str) -> str:
        """ISO weekday: Monday is 1, Sunday 7."""
        return f"(weekday({moment}) + 1)"

    def local_time(self, instant: str, zone: str) -> str:
        """An instant with a zone as the zone-less clock time of `zone`, whatever the session's own zone is."""
        seconds = f"CAST(CAST(unix_micros({instant}) AS DECIMAL(20, 0)) / 1000000 AS DECIMAL(18, 6))"
        universal = f"TIMESTAMP_NTZ '1970-01-01 00:00:00' + make_dt_interval(0, 0, 0, {seconds})"
        return f"convert_timezone('UTC', {text(zone)}, {universal})"

    def utc_to_local(self, moment: str, zone: str) -> str:
        """A zone-less timestamp of UTC as the zone-less clock time of `zone`."""
        return f"convert_timezone('UTC', {text(zone)}, {moment})"

    def wide(self, expression: str) -> str:
        """An integer wide enough for the squares of money, and for sums of hashes."""
        return f"CAST({expression} AS DECIMAL(38, 0))"

    def join_text(self, piece: str, order: str) -> str:
        """The texts of a group one after the other, in the order of a unique integer key, as an aggregate."""
        key, _, direction = order.partition(" ")
        sign = "-" if direction == "DESC" else ""
        return f"array_join(transform(array_sort(collect_list(struct({sign}{key} AS k, {piece} AS p))), x -> x.p), '')"
