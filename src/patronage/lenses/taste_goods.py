"""The goods at the ends of an axis of taste: what customers there really buy more of than most.

The place on an axis is a sum over all items, so that who stands at the end of beef need not buy beef. A word such as
"more beef" is therefore held against the goods themselves: the items that customers at the one end buy more of than
those at the other, as few of them as make the word true of most customers there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

ENOUGH = 0.8  # of the customers in the outer third: where so many buy more of the goods than most, no more are needed
SIZES = (1, 2, 4, 8, 16, 32)  # of goods that one word stands for
THIRDS = (1 / 3, 2 / 3)


class EndGoods(NamedTuple):
    """Columns of the items at the one end of an axis, and the share of spend that a usual customer has for them."""

    columns: list[int]
    usual: float


def goods_of_ends(roots: sparse.csr_array, places: np.ndarray, directions: np.ndarray) -> list[EndGoods]:
    """The goods at the high end of an axis and at its low end; no columns where customers buy no more of anything.

    Parameters
    ----------
    roots
        (customers, items) square roots of the shares of spend.
    places
        (customers,) on the axis, 0 in the middle.
    directions
        (items,) how a share moves the place.
    """
    shares = sparse.csc_array(roots.multiply(roots))
    low, high = np.quantile(places, THIRDS)
    ends = [(places >= high, places > 0, 1), (places <= low, places < 0, -1)]
    rates = np.array([_rates(shares, outer) for outer, _, _ in ends])
    goods = []
    for (outer, side, sign), apart in zip(ends, (rates[0] - rates[1], rates[1] - rates[0]), strict=True):
        order = np.argsort(-apart, kind="stable")
        order = order[(apart[order] > 0) & (sign * directions[order] > 0)]
        goods.append(_fewest(shares, order, outer, side))
    return goods


def _rates(shares: sparse.csc_array, outer: np.ndarray) -> np.ndarray:
    """(items,) the share of these customers who spend a greater share on each item than the usual customer."""
    rates = np.empty(shares.shape[1])
    for j in range(shares.shape[1]):
        column = shares[:, [j]].toarray().ravel()
        rates[j] = (column[outer] > np.median(column)).mean()
    return rates


def _fewest(shares: sparse.csc_array, order: np.ndarray, outer: np.ndarray, side: np.ndarray) -> EndGoods:
    """The first items of the order that tell the customers of the outer third from the others."""
    best, clearest = EndGoods([], 0.0), 0.0
    for size in SIZES:
        spent = np.asarray(shares[:, order[:size]].sum(axis=1)).ravel()
        usual = float(np.median(spent))
        true = (spent > usual) & side
        inside, outside = true[outer].mean(), true[~outer].mean()
        if inside - outside > clearest:
            best, clearest = EndGoods([int(j) for j in order[:size]], usual), inside - outside
        if inside >= ENOUGH or size >= len(order):
            break
    return best
