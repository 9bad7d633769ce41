"""The contract of an analysis: a function of what was known, and of its settings, to a result that explains itself.

An analysis sees a `View` and nothing else. It computes over customers in the engine, and raises a `DataError` that says
how much it has and how much it expects where the data is too little; the others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from patronage import lenses
from patronage.config import OccasionConfig
from patronage.lenses import History


@dataclass(frozen=True)
class Population:
    """The customers at one cutoff: features and segments, on the same index."""

    features: pd.DataFrame
    segments: pd.DataFrame


@dataclass(frozen=True)
class View:
    """What an analysis may look at.

    Attributes
    ----------
    history
        Everything before the cutoff.
    now
        The customers at the cutoff.
    before, earlier
        The same `since_days` earlier, and twice as long ago, from what was known then; None where the log does not
        reach back so far. Of a large log, `earlier` is a part of the customers.
    meanings
        Feature to what it is, in words.
    occasion
        What a weekend and the parts of a day are.
    """

    history: History
    now: Population
    before: Population | None
    since_days: int
    seed: int
    meanings: Mapping[str, str] = field(default_factory=dict)
    occasion: OccasionConfig = field(default_factory=OccasionConfig)
    earlier: Population | None = None

    def meaning(self, feature: str) -> str:
        """What a feature measures, in words that a sentence can hold; its name where nobody told."""
        return lenses.short(self.meanings.get(feature) or feature)


@dataclass(frozen=True)
class Drawing:
    """A figure as a value: what `review/analysis_figures.py` draws.

    Attributes
    ----------
    kind
        One of `KINDS` there.
    title
        The finding, in words; empty where the kind finds it in its frame.
    """

    kind: str
    frame: pd.DataFrame
    title: str = ""
    axis: str = ""
    reference: float = 0.0


@dataclass
class Result:
    """What an analysis found.

    Attributes
    ----------
    finding
        One sentence that answers the question.
    tables
        Name to a table that can be looked at.
    drawings
        Name to a figure; one of the name of a table stands above it.
    lists
        Name to a list of customers to act on.
    metrics
        By the names of `names/metrics.py`: they chart over runs.
    notes
        What is missing, or too little, and why.
    """

    finding: str = ""
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    drawings: dict[str, Drawing] = field(default_factory=dict)
    lists: dict[str, pd.DataFrame] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, table: pd.DataFrame, drawing: Drawing | None = None) -> None:
        """Add a table, and the figure above it."""
        self.tables[name] = table
        if drawing is not None:
            self.drawings[name] = drawing


@dataclass(frozen=True)
class Analysis:
    """One analysis.

    Attributes
    ----------
    name
        Also the key of its settings in `conf/analyse.yaml`.
    requires
        Tables, or columns as `table.column`, without which it is left out.
    """

    name: str
    question: str
    run: Callable[[View, Any], Result]
    requires: Sequence[str] = ()

    def lacks(self, history: History) -> list[str]:
        """The tables and columns that the log does not have."""
        return [need for need in self.requires if not history.has(*need.split("."))]
