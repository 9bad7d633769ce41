"""A table as a source has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from patronage.data.finding import DataFinding
from patronage.engine import Engine
from patronage.temporary import TemporaryFolder


@dataclass(frozen=True)
class SourceTable:
    """A table before the door.

    Attributes
    ----------
    relation
        SQL: what may stand behind FROM.
    mapping
        Canonical column to the relation's column, or to SQL over its columns; None, or no entry, means the same name,
        if the relation has it.
    date_format
        How text is read as a moment (strptime); None means ISO 8601.
    attributes
        Further columns to keep as labels, by their own names.
    where
        A reason to leave rows out to the SQL that holds for such a row.
    charges
        SQL that holds for a row that is no product: postage, fees, manual corrections; None: no row is.
    findings
        What the files disagree in.
    files
        The name of each file and a relation over it alone, where there are several.
    copied
        Whether the relation is a copy in the engine, to be dropped when the table is behind the door.
    own
        Whether the relation reads files that the engine has copied for itself: they stay as they are.
    held
        The folder of copies that the relation reads: they go with it.
    """

    relation: str
    mapping: Mapping[str, str | None]
    date_format: str | None = None
    attributes: tuple[str, ...] = ()
    where: Mapping[str, str] = field(default_factory=dict)
    charges: str | None = None
    findings: tuple[DataFinding, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    copied: bool = False
    own: bool = False
    held: TemporaryFolder | None = None

    def written(self, engine: Engine, column: str) -> str:
        """What stands for a canonical column in SQL over the source: `total`, `"Order Date"`, `(price * units)`."""
        name = self.mapping.get(column) or column
        if name not in engine.types(self.relation):
            return f"({name})"
        return name if name.isidentifier() else engine.quote(name)
