"""From expected orders to a law: what must be true of each customer for the CLV law to expect as many.

A factor on her order rate, first; and where the law takes for gone a customer of whom orders are expected, a later
last order too, so that she is likelier alive. The mean, the interval, P(order) and the value of a customer are then
read off one distribution, and cannot contradict each other.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.models.btyd.law import OrderLaw
from patronage.models.btyd.roots import End, roots
from patronage.typing import Array, Index

MOST = 10.0  # a factor beyond this, or below its inverse, says that the law is wrong, not that the rate is


class Reconciled(NamedTuple):
    """How the law must read the customers.

    Attributes
    ----------
    features
        With the recency of those moved whom the law takes for gone.
    multiplier
        The factor on each order rate, by the index of the features.
    """

    features: pd.DataFrame
    multiplier: pd.Series


def reconcile(law: OrderLaw, horizon_days: float, features: pd.DataFrame, wanted: Array) -> Reconciled:
    """The factor on each order rate, within [1 / MOST, MOST], and the recency, with which the law expects the orders.

    Parameters
    ----------
    features
        With frequency, recency and T in days.
    wanted
        (N,) expected orders in the horizon. Where no factor within the bounds and no recency up to T gives them, the
        nearest do.
    """
    x, t_x, age = (features[name].to_numpy(np.float64) for name in (c.FREQUENCY, c.RECENCY, c.T))
    last, factor = reading(law, horizon_days, x, t_x, age, wanted)
    read = features if last is t_x else features.assign(**{c.RECENCY: last})
    return Reconciled(read, pd.Series(factor, index=features.index))


def reading(law: OrderLaw, horizon_days: float, x: Array, t_x: Array, age: Array, wanted: Array) -> tuple[Array, Array]:
    """`reconcile` on arrays: the recency, t_x itself where nobody's moves, and the factor on each order rate."""
    alive = law.p_alive(x, t_x, age)
    if_alive = np.divide(wanted, alive, out=np.full(len(x), np.inf), where=alive > 0)
    ends = np.log(MOST) * np.array([[-1.0], [1.0]])
    low, high = law.expected_if_alive(horizon_days, x, age, np.exp(ends))
    inside = np.flatnonzero((low < if_alive) & (if_alive < high))
    found = np.where(if_alive <= low, *ends)

    def excess(log_factor: Array, rows: Index) -> Array:
        asked = inside[rows]
        return law.expected_if_alive(horizon_days, x[asked], age[asked], np.exp(log_factor)) - if_alive[asked]

    brackets = (
        End(np.full(len(inside), end), (there - if_alive)[inside])
        for (end,), there in zip(ends, (low, high), strict=True)
    )
    found[inside] = roots(excess, *brackets)
    gone = if_alive > high
    if gone.any():
        moved = _recency(law, x[gone], t_x[gone], age[gone], wanted[gone] / high[gone])
        t_x = t_x.copy()
        t_x[gone] = moved
    return t_x, np.exp(found)


def _recency(law: OrderLaw, x: Array, t_x: Array, age: Array, alive: Array) -> Array:
    """When the last order would have been if one were `alive` by the law: it hangs on nothing but the silence since."""
    found = age.copy()
    ends = [law.p_alive(x, last, age) - alive for last in (t_x, age)]
    inside = np.flatnonzero(ends[1] > 0)

    def excess(last: Array, rows: Index) -> Array:
        asked = inside[rows]
        return law.p_alive(x[asked], last, age[asked]) - alive[asked]

    brackets = (End(last[inside], end[inside]) for last, end in zip((t_x, age), ends, strict=True))
    found[inside] = roots(excess, *brackets)
    return found
