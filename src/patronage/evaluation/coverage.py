"""
Whether what a CLV model calls likely happens as often as it says.

A count of orders is discrete: the share of customers inside an interval is above its level even for a perfect law. So
coverage is of the randomised PIT, uniform between P(X* < n) and P(X* <= n) of the n that came; its randomisation is
averaged out exactly, so that no seed is needed and nothing is left to luck.

References
----------
Czado, Gneiting, Held (2009), Predictive model assessment for count data. Biometrics 65(4): PIT, CRPS and log score.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.models.btyd.clv import CLVModel
from patronage.typing import Array, Index

LEVELS = (0.5, 0.8, 0.95)
TINY = 1e-12
NEGLIGIBLE = 1e-6  # a survival whose square adds nothing to a CRPS


def judge_intervals(
    clv: CLVModel, features: pd.DataFrame, orders: pd.Series, multiplier: Array | None = None
) -> dict[str, float]:
    """
    Score the distribution of each customer's orders in the horizon, and the total of all.

    Parameters
    ----------
    clv
        Fitted on what was known at the cutoff.
    features
        The customers who ever bought, at the cutoff.
    orders
        How many each placed in the horizon after it, by the index of `features`.
    multiplier
        As `CLVModel.predict` had it.

    Returns
    -------
    dict
        - clv/coverage_50, _80, _95: share of the PIT within the central interval of that level, and with `_repeat`
          for the customers with repeat orders (missing where there are none);
        - clv/crps, in orders, and clv/log_score (minus the log of the probability of what came): less is better;
        - clv/total_ratio: orders that came, as a multiple of those expected; clv/total_covered_80: 1 if the total
          lay in its 80 % interval, else 0, and clv/total_width_80: that interval's width over the expected total.
    """
    counts = orders.loc[features.index].to_numpy(dtype=np.float64)
    survival, everyone = clv.survival(features, multiplier), np.arange(len(features))
    low, high = (1 - survival(n, everyone) for n in (counts, counts + 1))
    repeat = features[c.FREQUENCY].to_numpy() > 0
    found = {f"clv/coverage_{100 * level:.0f}": coverage(low, high, level) for level in LEVELS}
    found |= {f"clv/coverage_{100 * level:.0f}_repeat": coverage(low[repeat], high[repeat], level) for level in LEVELS}
    found["clv/crps"] = float(crps(survival, counts).mean())
    found["clv/log_score"] = float(-np.log(np.maximum(high - low, TINY)).mean())
    whole = clv.total(features, multiplier, level=0.8)
    found["clv/total_ratio"] = float(counts.sum() / whole.expected) if whole.expected else float("nan")
    found["clv/total_covered_80"] = float(whole.low <= counts.sum() <= whole.high)
    found["clv/total_width_80"] = (whole.high - whole.low) / whole.expected if whole.expected else float("nan")
    return found


def coverage(low: Array, high: Array, level: float) -> float:
    """
    Mean share of the randomised PIT within the central interval of a level.

    Parameters
    ----------
    low, high
        P(X* < n) and P(X* <= n) of what came, a value a customer.
    """
    if not len(low):
        return float("nan")
    below, above = (1 - level) / 2, (1 + level) / 2
    inside = np.clip(high, below, above) - np.clip(low, below, above)
    width = high - low
    point = (below <= low) & (low <= above)  # what was called impossible has a PIT without width
    return float(np.where(width > TINY, inside / np.maximum(width, TINY), point).mean())


def crps(survival: Callable[[int, Index], Array], orders: Array) -> Array:
    """
    Continuous ranked probability score of each customer: the sum over k of (P(X* <= k) - [n <= k])^2, in orders.

    Parameters
    ----------
    survival
        P(X* >= n) of the customers at some positions, as `CLVModel.survival` gives it.
    """
    scores = np.zeros(len(orders))
    rows, k = np.arange(len(orders)), 0
    while rows.size:
        more = survival(k + 1, rows)
        came = orders[rows] <= k
        scores[rows] += np.where(came, more, 1 - more) ** 2
        rows, k = rows[~came | (more > NEGLIGIBLE)], k + 1
    return scores
