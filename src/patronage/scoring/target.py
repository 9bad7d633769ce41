"""Where the assignments go."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from patronage.engine import DuckDB
from patronage.errors import ConfigError, OutputError

FILE, FOLDER, TABLE, CATALOGUE = "file", "folder", "table", "catalogue"
DUCKDB, SPARK = "duckdb://", "spark://"
FORMS = "expected FILE.parquet, a folder, duckdb://FILE/TABLE or, with engine=spark, spark://TABLE"
PART = re.compile(r"part-\d{5}\.parquet")


@dataclass(frozen=True)
class Target:
    """A Parquet file, a folder of them, a table of a DuckDB file or one of Spark's catalogue.

    Attributes
    ----------
    path
        Absolute; for a table of the catalogue, where the result grows.
    table
        Of a DuckDB file or the catalogue; empty otherwise.
    """

    kind: str
    path: Path
    table: str = ""

    def __str__(self) -> str:
        names = {TABLE: f"{DUCKDB}{self.path}/{self.table}", CATALOGUE: f"{SPARK}{self.table}"}
        return names.get(self.kind, str(self.path))

    @property
    def work(self) -> Path:
        """The hidden folder in the same file system in which the result grows."""
        return self.path.parent / f".{self.path.name}{f'.{self.table}' if self.table else ''}.scoring"

    @property
    def exists(self) -> bool:
        """Whether something is there that a new result would replace."""
        return self.kind != CATALOGUE and self.path.exists()

    def relation(self, engine: DuckDB) -> str:
        """SQL: what stands there now, behind FROM."""
        if self.kind == TABLE:
            return f"{engine.attach(str(self.path))}.{engine.quote(self.table)}"
        return engine.parquet([str(self.path / "*.parquet") if self.kind == FOLDER else str(self.path)])


def parse(output: str) -> Target:
    """The target of `output=...`.

    Raises
    ------
    ConfigError
        It names no place of a form that is known.
    """
    kind, where, table = FOLDER, output, ""
    if output.startswith(DUCKDB):
        where, _, table = output.removeprefix(DUCKDB).rpartition("/")
        kind = TABLE
        if not where or not re.fullmatch(r"\w+", table):
            raise ConfigError(f"output={output}; expected duckdb://FILE/TABLE, such as duckdb://shop.duckdb/scores")
    elif output.startswith(SPARK) and re.fullmatch(r"\w+(\.\w+){0,2}", output.removeprefix(SPARK)):
        kind, where, table = CATALOGUE, "spark", output.removeprefix(SPARK)
    elif "://" in output:
        raise ConfigError(f"output={output}; {FORMS}")
    elif output.endswith(".parquet"):
        kind = FILE
    return Target(kind, Path(where).expanduser().resolve(), table)


def check_place(target: Target, engine: str) -> None:
    """Refuse a place that something else takes; make the folder around it.

    Raises
    ------
    OutputError
        One line: what is in the way.
    ConfigError
        The engine of this name cannot write there.
    """
    if target.kind == CATALOGUE and engine != "spark":
        raise ConfigError(f"output={target} needs engine=spark; {FORMS}")
    if target.kind == FOLDER and target.path.is_dir():
        foreign = sorted(entry.name for entry in target.path.iterdir() if not PART.fullmatch(entry.name))
        if foreign:
            raise OutputError(
                f"output={target}: the folder holds {foreign[0]}, which is no part of a scoring and would be lost; "
                "give a folder of its own"
            )
    elif target.exists and (target.kind == FOLDER) != target.path.is_dir():
        raise OutputError(f"output={target}: a {'file' if target.kind == FOLDER else 'folder'} is in the way")
    try:
        target.path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"output={target}: its folder cannot be made: {error.strerror}") from error
