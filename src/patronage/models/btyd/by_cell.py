"""Predictions of customers whose covariates have different effects: cell by cell, each by a law of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from patronage import names as c
from patronage.models.btyd.summary import SUMMARY_COLUMNS
from patronage.typing import Array, Columns, Index


class LawOfACell(Protocol):
    """The methods of `CLVModel` that are asked cell by cell."""

    def predict(
        self, features: Columns, multiplier: Array | None, alive: Array | None, season: Array | float
    ) -> dict[str, Array]:
        """Columns by name, of the customers of `features`."""

    def survival(
        self, features: Columns, multiplier: Array | None, alive: Array | None
    ) -> Callable[[npt.ArrayLike, Index | slice], Array]:
        """P(X* >= n) of n and the positions of customers."""


Cells = Sequence[tuple[Index, LawOfACell]]  # positions of customers, and their model


def predict_by_cell(
    cells: Cells, features: Columns, multiplier: Array, alive: Array | None, season: Array
) -> dict[str, Array]:
    """What `CLVModel.predict` gives, for all customers."""
    columns: dict[str, Array] = {}
    for rows, model in cells:
        weight = None if alive is None else np.asarray(alive)[rows]
        for name, values in model.predict(_rows(features, rows), multiplier[rows], weight, season[rows]).items():
            columns.setdefault(name, np.empty(len(multiplier)))[rows] = values
    return columns


def survival_by_cell(
    cells: Cells, features: Columns, multiplier: Array, alive: Array | None
) -> Callable[[npt.ArrayLike, Index | slice], Array]:
    """What `CLVModel.survival` gives, for all customers."""
    cell, place = np.empty(len(multiplier), np.intp), np.empty(len(multiplier), np.intp)
    functions = []
    for number, (rows, model) in enumerate(cells):
        cell[rows], place[rows] = number, np.arange(len(rows))
        weight = None if alive is None else alive[rows]
        functions.append(model.survival(_rows(features, rows), multiplier[rows], weight))

    def at_least(n: npt.ArrayLike, rows: Index | slice) -> Array:
        wanted, places = cell[rows], place[rows]
        counts, values = np.broadcast_to(n, wanted.shape), np.empty(wanted.shape)
        for number in np.unique(wanted):
            of_cell = wanted == number
            values[of_cell] = functions[number](counts[of_cell], places[of_cell])
        return values

    return at_least


def _rows(features: Columns, rows: Index) -> Columns:
    """What `CLVModel.predict` reads, of some customers."""
    return {name: np.asarray(features[name], np.float64)[rows] for name in (*SUMMARY_COLUMNS, c.MONETARY_VALUE)}
