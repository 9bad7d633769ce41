"""Where the assignments go."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from patronage.engine import DuckDB
from patronage.errors import ConfigError, OutputError
from patronage.masking import mask, without_user

FILE, FOLDER, TABLE, CATALOG, SERVER = "file", "folder", "table", "catalog", "server"
DUCKDB, SPARK, POSTGRESQL = "duckdb://", "spark://", "postgresql://"
FORMS = (
    "expected FILE.parquet, a folder, duckdb://FILE/TABLE, postgresql://USER@HOST/DATABASE/TABLE or, "
    "with engine=spark, spark://TABLE"
)


@dataclass(frozen=True)
class OutputTarget:
    """A Parquet file, a folder of them, a table of a DuckDB file or one of Spark's catalog.

    Attributes
    ----------
    path
        Absolute; for a table of the catalog, where the result grows.
    table
        Of a DuckDB file, the catalog or a server; empty otherwise.
    address
        Of the database of a server; empty otherwise.
    """

    kind: str
    path: Path
    table: str = ""
    address: str = ""

    def __str__(self) -> str:
        if self.kind == SERVER:
            parts = urlsplit(without_user(self.address))
            return urlunsplit(parts._replace(path=f"{parts.path}/{self.table}", query=""))
        names = {TABLE: f"{DUCKDB}{self.path}/{self.table}", CATALOG: f"{SPARK}{self.table}"}
        return names.get(self.kind, str(self.path))

    @property
    def lock(self) -> Path:
        """The empty file beside the working folder that the job which writes there locks."""
        return self.work.with_suffix(".lock")

    @property
    def work(self) -> Path:
        """The hidden folder in the same file system in which the result grows."""
        return self.path.parent / f".{self.path.name}{f'.{self.table}' if self.table else ''}.scoring"

    @property
    def exists(self) -> bool:
        """Whether something has the path of the target."""
        return self.kind not in (CATALOG, SERVER) and os.path.lexists(self.path)

    def relation(self, engine: DuckDB) -> str:
        """SQL: what stands there now, behind FROM."""
        if self.kind == TABLE:
            return f"{engine.attach(str(self.path))}.{engine.quote(self.table)}"
        return engine.parquet([str(self.path / "*.parquet") if self.kind == FOLDER else str(self.path)])


def parse(output: str) -> OutputTarget:
    """The target of `output=...`.

    Raises
    ------
    ConfigError
        It names no place of a form that is known.
    """
    kind, where, table = FOLDER, output, ""
    if not output.strip():  # as of a variable of a shell that is not set: it would be the current folder
        raise ConfigError(f"output={output} is empty; {FORMS}")
    if output.startswith(DUCKDB):
        where, _, table = output.removeprefix(DUCKDB).rpartition("/")
        kind = TABLE
        if not where or not re.fullmatch(r"\w+", table):
            raise ConfigError(f"output={output}; expected duckdb://FILE/TABLE, such as duckdb://shop.duckdb/scores")
    elif output.startswith(SPARK) and re.fullmatch(r"\w+(\.\w+){0,2}", output.removeprefix(SPARK)):
        kind, where, table = CATALOG, "spark", output.removeprefix(SPARK)
    elif output.startswith(POSTGRESQL):
        return _server(output)
    elif "://" in output:
        raise ConfigError(f"output={output}; {FORMS}")
    elif output.endswith(".parquet"):
        kind = FILE
    return OutputTarget(kind, Path(where).expanduser().resolve(), table)


def _server(output: str) -> OutputTarget:
    """A table of PostgreSQL: the last part of the address's path."""
    parts = urlsplit(output)
    database, _, table = parts.path.rpartition("/")
    if not database.strip("/") or not re.fullmatch(r"\w+(\.\w+)?", table):
        raise ConfigError(f"output={mask(output)}; expected postgresql://USER@HOST/DATABASE/TABLE")
    return OutputTarget(SERVER, Path("postgresql").resolve(), table, urlunsplit(parts._replace(path=database)))


def check_place(target: OutputTarget, engine: str) -> None:
    """Make the folder around a target, if the engine of this name can write there.

    Raises
    ------
    OutputError
        The folder cannot be made.
    ConfigError
        The engine cannot write there.
    """
    if target.kind == CATALOG and engine != "spark":
        raise ConfigError(f"output={target} needs engine=spark; {FORMS}")
    try:
        target.path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"output={target}: its folder cannot be made: {error.strerror}") from error
