"""The claim of a job to its output: what stands there is a result of ours, or is given up by force; no input is."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from patronage.config import DataConfig
from patronage.engine import DuckDB, Spark, held_by_another
from patronage.errors import OutputError
from patronage.scoring import mark
from patronage.scoring.inputs import inputs_of, touched
from patronage.scoring.server_table import foreign_server_table
from patronage.scoring.target import CATALOG, FILE, FOLDER, SERVER, OutputTarget

GIT = ".git"


@dataclass(frozen=True)
class Claim:
    """An output, what is read to make it, and whether `force=true` gives up what stands there.

    Attributes
    ----------
    needed
        Files and folders that patronage itself lives by: the store, its runs, the configuration.
    """

    target: OutputTarget
    data: DataConfig
    force: bool = False
    needed: tuple[Path, ...] = ()

    def check(self, cluster: Spark | None = None) -> str | None:
        """Refuse an output that is not ours or meets an input; gives what force destroys, or None.

        Parameters
        ----------
        cluster
            Whose catalog a table of the catalog belongs to.

        Raises
        ------
        OutputError
            One line: what would be destroyed.
        """
        if source := touched(self.target, inputs_of(self.data), cluster):
            raise OutputError(
                f"output={self.target} meets {source}, which this job reads: it would be replaced, or be read as data "
                "the next time; give an output that lies elsewhere"
            )
        if held := [place for place in self.needed if place.is_relative_to(self.target.path)]:
            raise OutputError(f"output={self.target} holds {held[0]}, which patronage needs; give another output")
        if self.target.kind == CATALOG:
            reason = None if cluster is None else mark.foreign_catalog_table(cluster, self.target.table)
        elif self.target.kind == SERVER:
            reason = foreign_server_table(self.target.address, self.target.table)
        elif not self.target.exists:
            reason = None
        elif self.target.kind in (FILE, FOLDER):
            reason = self.foreign(self.target.path)
        else:
            reason = self._in_database()
        if reason is None:
            return None
        self._permit(reason)
        return describe(self.target, cluster)

    def foreign(self, place: Path) -> str | None:
        """Why a file or folder may not be replaced by this job's; None where it may."""
        return mark.foreign_folder(place) if self.target.kind == FOLDER else mark.foreign_file(place)

    def check_table(self, engine: DuckDB, schema: str) -> None:
        """Refuse a table of a database that is open for writing, so that nobody else can change it any more."""
        if reason := mark.foreign_table(engine, schema, self.target.table):
            self._permit(reason)

    def refuse(self, reason: str) -> OutputError:
        """The error of an output that is not ours."""
        return OutputError(
            f"output={self.target}: {reason}, and would be lost; give another output, or force=true to destroy it"
        )

    def _in_database(self) -> str | None:
        with closing(DuckDB()) as engine:
            try:
                with engine.database(str(self.target.path), read_only=True) as schema:
                    return mark.foreign_table(engine, schema, self.target.table)
            except engine.failure as error:
                if busy := held_by_another(error):
                    raise OutputError(f"output={self.target}: {busy}", retry=True) from error
                first = str(error).strip().splitlines()[0]
                raise OutputError(f"output={self.target}: {first}; give the file of a DuckDB database") from error

    def _permit(self, reason: str) -> None:
        """Let force overrule, but for what it cannot replace or what nobody can mean."""
        if not self.force:
            raise self.refuse(reason)
        if "in the way" in reason or reason.endswith("is a view"):
            raise OutputError(f"output={self.target}: {reason}, which force=true does not remove; give another output")
        if any(place.is_relative_to(self.target.path) for place in (Path.cwd(), Path.home())):
            raise OutputError(f"output={self.target} holds the current or the home folder; give another output")
        if (self.target.path / GIT).exists() or GIT in self.target.path.parts:
            raise OutputError(f"output={self.target} holds a repository of git; give another output")


def describe(target: OutputTarget, cluster: Spark | None = None) -> str:
    """What stands at a place, in a few words, for a line about its destruction."""
    if target.kind in (CATALOG, SERVER):
        return f"the table {target.table}"
    if target.kind == FOLDER:
        names = sorted(path.name for path in target.path.iterdir())
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        return f"the folder {target.path} with {', '.join(names[:3])}{more}"
    if target.kind != FILE:
        return f"the table {target.table} of {target.path}"
    size = f"{target.path.stat().st_size:,} bytes"
    try:
        metadata = pq.read_metadata(target.path)
        return f"the file {target.path} ({size}, Parquet, {metadata.num_rows:,} rows)"
    except (pa.ArrowException, OSError):
        return f"the file {target.path} ({size}, not Parquet)"
