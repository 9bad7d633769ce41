"""
Quantiles of the number of orders, of many customers at once.

Given alive, the distribution depends on x and T alone: its tail is computed once per unique combination, and each
customer adds only P(alive). The first few counts are listed, which is where most quantiles lie; above them the search
is by doubling, then by bisection.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from patronage.models.btyd.integrals import TINY
from patronage.models.btyd.law import Numbers, OrderLaw
from patronage.models.btyd.unique_rows import unique_rows
from patronage.typing import Array, Index, Mask

Counts = npt.NDArray[np.int64]
LISTED = 24


class GivenAlive(NamedTuple):
    """What the distribution of orders depends on, given alive; a value per unique row."""

    horizon: Array
    x: Array
    T: Array
    multiplier: Array
    rate_cv: Array


def quantile(
    law: OrderLaw,
    level: Numbers,
    horizon: Numbers,
    x: Numbers,
    t_x: Numbers,
    T: Numbers,
    multiplier: Numbers = 1.0,
    rate_cv: Numbers = 0.0,
) -> Counts:
    """The smallest n with P(X* <= n) >= level, 0 < level < 1; the arguments broadcast against each other."""
    columns = np.broadcast_arrays(1 - np.asarray(level), law.p_alive(x, t_x, T), horizon, x, T, multiplier, rate_cv)
    exceedance, alive, *given = (np.asarray(column, dtype=np.float64).ravel() for column in columns)
    first, inverse = unique_rows(*given)
    (counts,) = quantiles(law, (exceedance,), alive, inverse, GivenAlive(*(column[first] for column in given)))
    return counts.reshape(columns[0].shape)


def quantiles(
    law: OrderLaw, exceedances: tuple[Array, ...], alive: Array, inverse: Index, given: GivenAlive
) -> tuple[Counts, ...]:
    """
    The smallest n with P(X* > n) <= exceedance, for each of some exceedances.

    Parameters
    ----------
    exceedances
        1 - level of each customer, above 0.
    alive, inverse
        P(alive) of each customer, and its row in `given`.
    """
    can_order = ((given.horizon > 0) & (given.multiplier > 0))[inverse]
    most_alive = np.zeros(len(given.x))
    np.maximum.at(most_alive, inverse, np.where(can_order, alive / np.min(exceedances, axis=0), 0))
    listed = law.tails(LISTED, 1 / np.maximum(most_alive, TINY), *given)
    rows = np.flatnonzero(can_order)
    return tuple(_quantile(law, exceedance, alive, inverse, given, listed, rows) for exceedance in exceedances)


def _quantile(
    law: OrderLaw, exceedance: Array, alive: Array, inverse: Index, given: GivenAlive, listed: Array, rows: Index
) -> Counts:
    low = np.zeros(alive.size, dtype=np.int64)
    for n in range(LISTED):
        if not rows.size:
            return low
        rows = rows[alive[rows] * listed[inverse[rows], n] > exceedance[rows]]
        low[rows] = n + 1

    def exceeded(n: Counts, rows: Index) -> Mask:
        """P(X* >= n) > exceedance, the tail once per unique row and n."""
        size = len(given.x)
        codes, combinations = pd.factorize(n * size + inverse[rows])
        which = combinations % size
        tail = law.tail((combinations // size).astype(np.float64), *(column[which] for column in given))
        return alive[rows] * tail[codes] > exceedance[rows]

    high = low + 1
    beyond_list = rows
    high[beyond_list] = 2 * LISTED
    while (rows := rows[exceeded(high[rows], rows)]).size:
        low[rows] = high[rows]
        high[rows] *= 2
    while (rows := beyond_list[high[beyond_list] - low[beyond_list] > 1]).size:
        middle = (low[rows] + high[rows]) // 2
        above = exceeded(middle, rows)
        low[rows[above]] = middle[above]
        high[rows[~above]] = middle[~above]
    return low
