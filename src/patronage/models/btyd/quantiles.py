"""
Quantiles of the number of orders, of many customers at once.

Given alive, the law knows a customer by x and T: its tail is computed once per kind of customer, and only how likely
each is to be alive is looked at one by one. The first few counts are listed, which is where most quantiles lie; above
them it is doubling, then bisection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from patronage.models.btyd.integrals import TINY
from patronage.typing import Array, Index

if TYPE_CHECKING:
    from patronage.models.btyd.law import OrderLaw

Counts = npt.NDArray[np.int64]
LISTED = 24


def quantiles(
    law: OrderLaw, rests: tuple[Array, ...], alive: Array, kind: Index, kinds: tuple[Array, ...]
) -> tuple[Counts, ...]:
    """
    The smallest n with P(X* > n) <= rest, for each of some rests.

    Parameters
    ----------
    law
        Of orders.
    rests
        1 - level of each customer, above 0.
    alive, kind
        P(alive) of each customer, and its position in `kinds`.
    kinds
        horizon, x, T, multiplier and spread of each kind.
    """
    able = ((kinds[0] > 0) & (kinds[3] > 0))[kind]
    reached = alive / np.min(rests, axis=0)
    most = np.zeros(len(kinds[0]))
    np.maximum.at(most, kind, np.where(able, reached, 0))
    listed = law.tails(LISTED, 1 / np.maximum(most, TINY), *kinds)
    return tuple(_quantile(law, rest, alive, kind, kinds, listed, np.flatnonzero(able)) for rest in rests)


def _quantile(
    law: OrderLaw, rest: Array, alive: Array, kind: Index, kinds: tuple[Array, ...], listed: Array, rows: Index
) -> Counts:
    low = np.zeros(alive.size, dtype=np.int64)
    for n in range(LISTED):
        if not rows.size:
            return low
        rows = rows[alive[rows] * listed[kind[rows], n] > rest[rows]]
        low[rows] = n + 1

    def exceeded(n: Counts, rows: Index) -> npt.NDArray[np.bool_]:
        """P(X* >= n) > rest, the tail once per kind and n."""
        size = len(kinds[0])
        codes, asked = pd.factorize(n * size + kind[rows])
        which = asked % size
        tail = law.tail((asked // size).astype(np.float64), *(column[which] for column in kinds))
        return alive[rows] * tail[codes] > rest[rows]

    high = low + 1
    far = rows
    high[far] = 2 * LISTED
    while (rows := rows[exceeded(high[rows], rows)]).size:
        low[rows] = high[rows]
        high[rows] *= 2
    while (far := far[high[far] - low[far] > 1]).size:
        middle = (low[far] + high[far]) // 2
        more = exceeded(middle, far)
        low[far[more]] = middle[more]
        high[far[~more]] = middle[~more]
    return low
