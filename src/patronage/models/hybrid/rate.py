"""From expected orders to a law: what must be true of each customer for the CLV law to expect as many.

A factor on her order rate, first; and where the law takes for gone a customer of whom orders are expected, a later
last order too, so that she is likelier alive. The mean, the interval, P(order) and the value of a customer are then
read off one distribution, and cannot contradict each other.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from patronage import columns as c
from patronage.models.clv.distinct import Index
from patronage.models.clv.law import OrderLaw
from patronage.models.hybrid.roots import End, roots
from patronage.models.hybrid.target import Array

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
    alive = law.p_alive(x, t_x, age)
    if_alive = np.divide(wanted, alive, out=np.full(len(x), np.inf), where=alive > 0)
    ends = [np.full(len(x), sign * np.log(MOST)) for sign in (-1, 1)]
    low, high = (law.expected_if_alive(horizon_days, x, age, np.exp(end)) for end in ends)
    inside = np.flatnonzero((low < if_alive) & (if_alive < high))
    found = np.where(if_alive <= low, ends[0], ends[1])

    def excess(log_factor: Array, rows: Index) -> Array:
        asked = inside[rows]
        return law.expected_if_alive(horizon_days, x[asked], age[asked], np.exp(log_factor)) - if_alive[asked]

    brackets = (End(end[inside], (there - if_alive)[inside]) for end, there in zip(ends, (low, high), strict=True))
    found[inside] = roots(excess, *brackets)
    gone = if_alive > high
    if gone.any():
        moved = t_x.copy()
        moved[gone] = _recency(law, x[gone], t_x[gone], age[gone], wanted[gone] / high[gone])
        features = features.assign(**{c.RECENCY: moved})
    return Reconciled(features, pd.Series(np.exp(found), index=features.index))


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
