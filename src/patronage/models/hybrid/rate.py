"""From expected orders to a law: the factor on each customer's order rate with which the CLV law expects as many.

So the mean, the interval, P(order) and the value of a customer are read off one distribution, and cannot contradict
each other.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import elementwise

from patronage import columns as c
from patronage.models.clv.law import OrderLaw
from patronage.models.hybrid.target import Array

MOST = 10.0  # a factor beyond this, or below its inverse, says that the law is wrong, not that the rate is
TOLERANCE = 1e-7  # of the logarithm of a factor


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
    inside = (low < if_alive) & (if_alive < high)
    found = np.where(if_alive <= low, ends[0], ends[1])
    if inside.any():

        def excess(log_factor: Array, x: Array, age: Array, target: Array) -> Array:
            return law.expected_if_alive(horizon_days, x, age, np.exp(log_factor)) - target

        solved = elementwise.find_root(
            excess,
            (ends[0][inside], ends[1][inside]),
            args=(x[inside], age[inside], if_alive[inside]),
            tolerances={"xatol": TOLERANCE, "fatol": 0.0},
        )
        found[inside] = solved.x
    return pd.Series(np.exp(found), index=features.index)
