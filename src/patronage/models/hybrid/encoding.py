"""From features to what LightGBM reads: a matrix, with the categories of text frozen at fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from patronage.models.hybrid.target import Array

MOST_LEVELS = 60  # the most frequent ones; the others are as good as missing


@dataclass(frozen=True)
class Encoding:
    """How columns become numbers.

    Attributes
    ----------
    columns
        In the order of the matrix.
    levels
        Of each text column, its categories in the order of their codes; any other text is missing.
    """

    columns: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]] = field(hash=False)

    @property
    def categorical(self) -> list[int]:
        """Positions of the columns that hold codes."""
        return [position for position, name in enumerate(self.columns) if name in self.levels]

    def matrix(self, features: pd.DataFrame) -> Array:
        """(N, columns), missing as nan."""
        numbers = [name for name in self.columns if name not in self.levels]
        x = np.empty((len(features), len(self.columns)))
        # in one go: a server asks about one customer at a time, for whom taking columns one by one is most of the work
        x[:, [name not in self.levels for name in self.columns]] = features[numbers].to_numpy(np.float64)
        for position in self.categorical:
            x[:, position] = self._codes(features[self.columns[position]])
        return x

    def only(self, columns: Sequence[str]) -> Encoding:
        """The same for some of the columns."""
        kept = {name: levels for name, levels in self.levels.items() if name in columns}
        return Encoding(tuple(columns), kept)

    def _codes(self, column: pd.Series) -> Array:
        codes = {level: float(code) for code, level in enumerate(self.levels[str(column.name)])}
        return np.array([codes.get(value, np.nan) for value in column.to_numpy(dtype=object)])


class Matrices:
    """The matrices of some features, each made once: members mostly read the same."""

    def __init__(self, features: pd.DataFrame) -> None:
        self._features = features
        self._made: dict[Encoding, Array] = {}

    def of(self, encoding: Encoding) -> Array:
        """(N, columns) what LightGBM reads."""
        if encoding not in self._made:
            self._made[encoding] = encoding.matrix(self._features)
        return self._made[encoding]


def learn_encoding(features: pd.DataFrame, columns: Sequence[str]) -> Encoding:
    """The categories of every text column; no text at all is missing, not a category."""
    levels = {}
    for name in columns:
        if pd.api.types.is_numeric_dtype(features[name]):
            continue
        counts = features.loc[features[name].notna() & (features[name] != ""), name].value_counts()
        # by frequency, and by name where that ties: the codes must not hang on the order of rows
        ordered = counts.rename_axis("level").reset_index(name="n").sort_values(["n", "level"], ascending=[False, True])
        levels[name] = tuple(ordered["level"].head(MOST_LEVELS).astype(str))
    return Encoding(tuple(columns), levels)
