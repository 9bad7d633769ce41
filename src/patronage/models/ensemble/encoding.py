"""From features to what LightGBM reads: a matrix, with the categories of text frozen at fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from patronage.typing import Array, Columns

MOST_LEVELS = 60  # the most frequent ones; any other is taken as missing


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
        levels = {name: values for name, values in self.levels.items() if name in columns}
        return Encoding(tuple(columns), levels)

    def codes(self, name: str, texts: npt.ArrayLike) -> list[float]:
        """The codes of a text column, missing as nan."""
        codes = {level: float(code) for code, level in enumerate(self.levels[name])}
        return [codes.get(value, np.nan) for value in np.asarray(texts, object)]


def columns_of(features: pd.DataFrame) -> dict[str, np.ndarray]:
    """The columns as arrays, taken in one go."""
    numbers = features.select_dtypes("number")
    columns = dict(zip(numbers, numbers.to_numpy(np.float64).T, strict=True))
    return columns | {name: features[name].to_numpy(object) for name in features if name not in columns}


class Matrices:
    """The matrices of some features by several encodings, each made once, since most members read the same.

    Attributes
    ----------
    rows
        How many customers.
    """

    def __init__(self, features: Columns, encodings: Iterable[Encoding]) -> None:
        columns = columns_of(features) if isinstance(features, pd.DataFrame) else features
        self.rows = len(np.asarray(next(iter(columns.values()))))
        self._matrices: dict[Encoding, Array] = {}
        for encoding in dict.fromkeys(encodings):
            x = self._matrices[encoding] = np.empty((self.rows, len(encoding.columns)))
            for position, name in enumerate(encoding.columns):
                x[:, position] = encoding.codes(name, columns[name]) if name in encoding.levels else columns[name]

    def of(self, encoding: Encoding) -> Array:
        """(N, columns) what LightGBM reads."""
        return self._matrices[encoding]


def learn_encoding(features: pd.DataFrame, columns: Sequence[str]) -> Encoding:
    """The categories of every text column; an empty text is missing, not a category."""
    levels = {}
    for name in columns:
        if pd.api.types.is_numeric_dtype(features[name]):
            continue
        counts = features.loc[features[name].notna() & (features[name] != ""), name].value_counts()
        # by frequency, and by name where that ties: the codes must not depend on the order of rows
        ordered = counts.rename_axis("level").reset_index(name="n").sort_values(["n", "level"], ascending=[False, True])
        levels[name] = tuple(ordered["level"].head(MOST_LEVELS).astype(str))
    return Encoding(tuple(columns), levels)
