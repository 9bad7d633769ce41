"""From features to what LightGBM reads: a matrix, with the categories of text frozen at fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
        return Matrices(features, [self]).of(self)

    def only(self, columns: Sequence[str]) -> Encoding:
        """The same for some of the columns."""
        kept = {name: levels for name, levels in self.levels.items() if name in columns}
        return Encoding(tuple(columns), kept)

    def codes(self, column: pd.Series) -> Array:
        """(N,) the places of a text column's categories, missing as nan."""
        codes = {level: float(code) for code, level in enumerate(self.levels[str(column.name)])}
        return np.array([codes.get(value, np.nan) for value in column.to_numpy(dtype=object)])


class Matrices:
    """The matrices of some features by several encodings, each made once: members mostly read the same.

    The numbers are taken out of the frame in one go: a server asks about one customer at a time, for whom taking
    columns one by one, or for each member anew, is most of the work.
    """

    def __init__(self, features: pd.DataFrame, encodings: Iterable[Encoding]) -> None:
        numbers = dict.fromkeys(name for one in encodings for name in one.columns if name not in one.levels)
        self._features = features
        self._numbers = features[list(numbers)].to_numpy(np.float64)
        self._places = {name: place for place, name in enumerate(numbers)}
        self._made: dict[Encoding, Array] = {}

    def of(self, encoding: Encoding) -> Array:
        """(N, columns) what LightGBM reads."""
        if encoding not in self._made:
            x = np.empty((len(self._features), len(encoding.columns)))
            numbers = [name for name in encoding.columns if name not in encoding.levels]
            x[:, [name not in encoding.levels for name in encoding.columns]] = self._numbers[
                :, [self._places[name] for name in numbers]
            ]
            for position in encoding.categorical:
                x[:, position] = encoding.codes(self._features[encoding.columns[position]])
            self._made[encoding] = x
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
