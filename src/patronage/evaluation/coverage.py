"""
Coverage: whether the events that a CLV model calls likely happen as often as it predicts.

A count of orders is discrete: the share of customers inside an interval is above its level even for a perfect law. So
coverage is of the randomised PIT, uniform between P(X* < n) and P(X* <= n) of the actual count n. Its mean over the
randomisation is exact, so that no seed is needed.

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
from patronage.models.btyd.spend_distribution import count_bins
from patronage.names import Metric
from patronage.statistics import TINY
from patronage.typing import Array, Index

LEVELS = (0.5, 0.8, 0.95)
TOTAL_LEVEL = 0.8
NEGLIGIBLE = 1e-6  # a survival whose square adds nothing to a CRPS


def evaluate_intervals(
    clv: CLVModel,
    features: pd.DataFrame,
    orders: pd.Series,
    multiplier: Array | None = None,
    alive: Array | None = None,
    spend: pd.DataFrame | None = None,
) -> dict[str, float]:
    """
    Score the distribution of each customer's orders and spend in the horizon, and the total of all.

    Parameters
    ----------
    clv
        Fitted on what was known at the cutoff.
    features
        Of the customers who have bought, at the cutoff.
    orders
        The actual orders of each in the horizon, by the index of `features`.
    multiplier, alive
        The same that `CLVModel.predict` had.
    spend
        By the same index: the actual `spend`, and the `expected_spend` and `expected_orders` that are shipped. Without
        it the distribution of spend is not scored.

    Returns
    -------
    dict
        - clv/coverage_50, _80, _95: share of the PIT within the central interval of that level, and with `_repeat`
          for the customers with repeat orders (missing where there are none); clv/spend_coverage_50 and so on likewise;
        - clv/crps, in orders, and clv/log_score (minus the log of the probability of the actual count): less is
          better;
        - clv/total_ratio: actual orders, as a multiple of the expected ones; clv/total_covered_80: 1 if the total
          lay in its 80 % interval, else 0, and clv/total_width_80: that interval's width over the expected total.
    """
    counts = orders.loc[features.index].to_numpy(dtype=np.float64)
    survival, all_rows = clv.survival(features, multiplier, alive), np.arange(len(features))
    low, high = (1 - survival(n, all_rows) for n in (counts, counts + 1))
    repeat = features[c.FREQUENCY].to_numpy() > 0
    metrics = {Metric.coverage(level): coverage(low, high, level) for level in LEVELS}
    metrics |= {Metric.coverage(level, "_repeat"): coverage(low[repeat], high[repeat], level) for level in LEVELS}
    if spend is not None:
        below, reached = spend_pit(clv, survival, features, spend.loc[features.index])
        metrics |= {Metric.spend_coverage(level): coverage(below, reached, level) for level in LEVELS}
        metrics |= {
            Metric.spend_coverage(level, "_repeat"): coverage(below[repeat], reached[repeat], level) for level in LEVELS
        }
    metrics[Metric.CRPS] = float(crps(survival, counts).mean())
    metrics[Metric.LOG_SCORE] = float(-np.log(np.maximum(high - low, TINY)).mean())
    total = clv.total(features, multiplier, alive, level=TOTAL_LEVEL)
    metrics[Metric.TOTAL_RATIO] = float(counts.sum() / total.expected) if total.expected else float("nan")
    metrics[Metric.TOTAL_COVERED_80] = float(total.low <= counts.sum() <= total.high)
    metrics[Metric.TOTAL_WIDTH_80] = (total.high - total.low) / total.expected if total.expected else float("nan")
    return metrics


def spend_pit(
    clv: CLVModel, survival: Callable[[int, Index], Array], features: pd.DataFrame, spend: pd.DataFrame
) -> tuple[Array, Array]:
    """
    P(spend < s) and P(spend <= s) of the actual spend s of each customer; refunds that exceed sales count as none.

    Parameters
    ----------
    survival
        P(X* >= n) of the customers at some positions, as `CLVModel.survival` gives it.
    spend
        As of `evaluate_intervals`.
    """
    actual, expected, orders = (
        spend[name].to_numpy(np.float64) for name in (c.SPEND, c.EXPECTED_SPEND, c.EXPECTED_ORDERS)
    )
    actual = np.maximum(actual, 0)
    order_value = expected / np.maximum(orders, TINY)
    ratio = np.divide(actual, order_value, out=np.zeros_like(actual), where=order_value > 0)
    counts = count_bins(survival, len(actual))
    reached = clv.spend_distribution.probability(counts, ratio, features[c.FREQUENCY].to_numpy(np.float64))
    return np.where(actual > 0, reached, 0.0), np.where(actual > 0, reached, counts.none)


def coverage(low: Array, high: Array, level: float) -> float:
    """
    Mean share of the randomised PIT within the central interval of a level.

    Parameters
    ----------
    low, high
        P(X* < n) and P(X* <= n) of the actual count n, a value per customer.
    """
    if not len(low):
        return float("nan")
    below, above = (1 - level) / 2, (1 + level) / 2
    inside = np.clip(high, below, above) - np.clip(low, below, above)
    width = high - low
    point = (below <= low) & (low <= above)  # a count of probability zero has a PIT without width
    return float(np.where(width > TINY, inside / np.maximum(width, TINY), point).mean())


def crps(survival: Callable[[int, Index], Array], orders: Array) -> Array:
    """
    Continuous ranked probability score of each customer: the sum over k of (P(X* <= k) - [n <= k])^2, in orders.

    Parameters
    ----------
    survival
        P(X* >= n) of the customers at some positions, as `CLVModel.survival` gives it.
    orders
        The actual count n of each customer.
    """
    scores = np.zeros(len(orders))
    rows, k = np.arange(len(orders)), 0
    while rows.size:
        more = survival(k + 1, rows)
        reached = orders[rows] <= k
        scores[rows] += np.where(reached, more, 1 - more) ** 2
        rows, k = rows[~reached | (more > NEGLIGIBLE)], k + 1
    return scores
