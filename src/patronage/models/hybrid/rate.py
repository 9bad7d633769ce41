"""From expected orders to a law: the factor on each customer's order rate with which the CLV law expects as many.

So the mean, the interval, P(order) and the value of a customer are read off one distribution, and cannot contradict
each other.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from patronage import columns as c
from patronage.models.clv.distinct import Index
from patronage.models.clv.law import OrderLaw
from patronage.models.hybrid.target import Array

MOST = 10.0  # a factor beyond this, or below its inverse, says that the law is wrong, not that the rate is
TOLERANCE = 1e-7  # of the logarithm of a factor
ROUNDING = 4 * float(np.finfo(np.float64).eps)


def rate_multiplier(law: OrderLaw, horizon_days: float, features: pd.DataFrame, wanted: Array) -> pd.Series:
    """The factor on each order rate, within [1 / MOST, MOST], with which the law expects the `wanted` orders.

    Parameters
    ----------
    features
        With frequency, recency and T in days.
    wanted
        (N,) expected orders in the horizon. Where no factor within the bounds gives them, the nearest bound does.
    """
    x, t_x, age = (features[name].to_numpy(np.float64) for name in (c.FREQUENCY, c.RECENCY, c.T))
    alive = law.p_alive(x, t_x, age)
    if_alive = np.divide(wanted, alive, out=np.full(len(x), np.inf), where=alive > 0)
    ends = [np.full(len(x), sign * np.log(MOST)) for sign in (-1, 1)]
    low, high = (law.expected_if_alive(horizon_days, x, age, np.exp(end)) for end in ends)
    inside = np.flatnonzero((low < if_alive) & (if_alive < high))
    found = np.where(if_alive <= low, ends[0], ends[1])

    def excess(log_factor: Array, rows: Index) -> Array:
        return law.expected_if_alive(horizon_days, x[rows], age[rows], np.exp(log_factor)) - if_alive[rows]

    found[inside] = roots(excess, inside, (ends[0], low - if_alive), (ends[1], high - if_alive))
    return pd.Series(np.exp(found), index=features.index)


def roots(
    excess: Callable[[Array, Index], Array], rows: Index, low: tuple[Array, Array], high: tuple[Array, Array]
) -> Array:
    """Where the excess of each row is zero, by Chandrupatla's steps: inverse quadratic where that is safe, else halves.

    The same as scipy.optimize.elementwise.find_root to the last bit, which spends most of its time on itself where
    there is one customer.

    Parameters
    ----------
    low, high
        The ends of each row's bracket, and the excess there.

    References
    ----------
    Chandrupatla (1997), Advances in Engineering Software 28(3).
    """
    found = np.empty(len(rows))
    asked = np.arange(len(rows))
    x1, f1, x2, f2 = (end[rows] for end in (*low, *high))
    t: Array | float = 0.5
    while len(asked):
        x = x1 + t * (x2 - x1)
        f = excess(x, rows[asked])
        same = np.sign(f) == np.sign(f1)
        x3, f3 = np.where(same, x1, x2), np.where(same, f1, f2)
        x2, f2 = np.where(same, x2, x1), np.where(same, f2, f1)
        x1, f1 = x, f
        best = np.where(np.abs(f1) < np.abs(f2), x1, x2)
        width, enough = np.abs(x2 - x1), np.abs(best) * ROUNDING + TOLERANCE
        done = (f1 == 0) | (f2 == 0) | (width < enough)
        found[asked[done]] = best[done]
        asked = asked[~done]
        x1, f1, x2, f2, x3, f3, width, enough = (a[~done] for a in (x1, f1, x2, f2, x3, f3, width, enough))
        with np.errstate(divide="ignore", invalid="ignore"):
            way, rise = (x1 - x2) / (x3 - x2), (f1 - f2) / (f3 - f2)
            safe = (1 - np.sqrt(1 - way) < rise) & (rise < np.sqrt(way))
            beyond = (x3 - x1) / (x2 - x1)
            quadratic = f1 / (f1 - f2) * f3 / (f3 - f2) - beyond * f1 / (f3 - f1) * f2 / (f2 - f3)
        t = np.clip(np.where(safe, quadratic, 0.5), 0.5 * enough / width, 1 - 0.5 * enough / width)
    return found
