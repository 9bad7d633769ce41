"""The reference of a bundle: its training customers, counted in bins, to compare later customers with.

A number is counted in its deciles, a text by its values; missing values are counted too. Counts are additive, so that
customers can be counted in parts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.data.daily_lines import DailyLines

DECILES = np.arange(10) / 10
MOST_LABELS = 200  # a text with more values is no category

MEANS = (c.EXPECTED_ORDERS, c.EXPECTED_SPEND, c.CLV)  # by which a later result is held against training

Counts = dict[str, np.ndarray]


@dataclass(frozen=True)
class Bins:
    """The bins of a column, and the training customers in each; the last bin holds the missing values.

    Attributes
    ----------
    borders
        Upper borders of all bins of a number but the last; empty for a text.
    labels
        Of a text; after them comes a bin for other values.
    """

    borders: tuple[float, ...]
    labels: tuple[str, ...]
    counts: tuple[int, ...]

    def count(self, values: pd.Series) -> np.ndarray:
        """Customers in each bin."""
        missing = values.isna().to_numpy()
        if self.labels:
            code = pd.Index(self.labels).get_indexer(pd.Index(values[~missing].astype(str)))
            code = np.where(code < 0, len(self.labels), code)
        else:
            code = np.searchsorted(self.borders, values[~missing].to_numpy(float))
        present = np.bincount(code, minlength=len(self.counts) - 1)
        return np.append(present, missing.sum())


@dataclass(frozen=True)
class Reference:
    """The training customers, counted.

    Attributes
    ----------
    columns
        Feature or output to its bins.
    tables
        Table to its columns.
    events
        Their names.
    means
        Of the predictions of `MEANS`, over the customers who have one.
    days
        The purchases before the cutoff, day by day; bundles of earlier versions lack them.
    """

    columns: Mapping[str, Bins]
    tables: Mapping[str, tuple[str, ...]]
    events: tuple[str, ...]
    means: Mapping[str, float] = field(default_factory=dict)
    days: DailyLines | None = None

    @property
    def customers(self) -> int:
        """The number of training customers."""
        return max((sum(bins.counts) for bins in self.columns.values()), default=0)

    def count(self, frame: pd.DataFrame) -> Counts:
        """Customers in each bin of every column of the frame that has bins."""
        return {name: bins.count(frame[name]) for name, bins in self.columns.items() if name in frame}

    def save(self, path: Path) -> None:
        """Write JSON."""
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, path: Path) -> Reference:
        """Read what `save` wrote."""
        state = json.loads(path.read_text())
        columns = {
            name: Bins(*(tuple(bins[key]) for key in ("borders", "labels", "counts")))
            for name, bins in state["columns"].items()
        }
        tables = {name: tuple(columns_of) for name, columns_of in state["tables"].items()}
        days = None if state.get("days") is None else DailyLines.of(state["days"])
        return cls(columns, tables, tuple(state["events"]), state.get("means", {}), days)


def build_reference(
    frame: pd.DataFrame,
    tables: Mapping[str, frozenset[str]],
    events: Mapping[str, int],
    days: DailyLines | None = None,
) -> Reference:
    """The reference of features and predictions together; a text with too many values is left out."""
    compared = [name for name in frame if name != c.OBSERVED_DAY]  # it moves with every cutoff
    columns = {name: bins for name in compared if (bins := _bins(frame[name])) is not None}
    present = {name: tuple(sorted(names)) for name, names in tables.items()}
    means = {name: float(frame[name].mean()) for name in MEANS if name in frame and frame[name].notna().any()}
    return Reference(columns, present, tuple(sorted(events)), means, days)


def _bins(values: pd.Series) -> Bins | None:
    present = values.dropna()
    borders: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()
    if pd.api.types.is_numeric_dtype(values):
        borders = (
            tuple(float(x) for x in np.unique(np.quantile(present.to_numpy(float), DECILES))) if len(present) else ()
        )
        bins = len(borders) + 2
    else:
        labels = tuple(sorted(present.astype(str).unique()))
        bins = len(labels) + 2
        if len(labels) > min(MOST_LABELS, max(20, len(present) / 5)):
            return None
    empty = Bins(borders, labels, (0,) * bins)
    return Bins(borders, labels, tuple(int(n) for n in empty.count(values)))
