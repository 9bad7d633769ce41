"""
The orders of a cohort in all. Chance averages out over customers; what they share does not.

They share the fitted parameters, and they share the level of the horizon: season, promotions, the economy. The level
is the main error of a total, and no history of one year predicts it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from patronage.models.btyd.intervals import slopes
from patronage.models.btyd.law import OrderLaw
from patronage.models.btyd.optimum import Fit
from patronage.models.btyd.summary import Summary
from patronage.typing import Array

LEVEL_SD = 0.125  # standard deviation of the log of a level; totals of twelve real logs missed by 10 % on average
NEGLIGIBLE = 1e-9  # survival below which counts add nothing


class Total(NamedTuple):
    """Expected orders of a cohort, with a central interval."""

    expected: float
    low: float
    high: float


def interval(expected: float, log_variance: float, level: float) -> Total:
    """The central interval of a level, log-normal around the expected total."""
    if expected == 0:
        return Total(0.0, 0.0, 0.0)
    reach = ndtri((1 + level) / 2) * np.sqrt(log_variance)
    return Total(expected, float(expected * np.exp(-reach)), float(expected * np.exp(reach)))


def chance_variance(
    law: OrderLaw, horizon: float, summary: Summary, multiplier: Array, rate_cv: Array, alive: Array
) -> float:
    """Variance of the sum of independent customers: E[X^2] is the sum over n of (2n - 1) P(X >= n)."""
    columns = np.array([*summary, multiplier, rate_cv, alive])
    first_moment, second_moment = np.zeros(len(summary.x)), np.zeros(len(summary.x))
    rows, n = np.arange(len(summary.x)), 1
    while rows.size:
        survival = law.survival(n, horizon, *columns[:, rows])
        first_moment[rows] += survival
        second_moment[rows] += (2 * n - 1) * survival
        rows, n = rows[survival > NEGLIGIBLE], n + 1
    return float((second_moment - first_moment**2).sum())


def parameter_log_variance(law: OrderLaw, fit: Fit, horizon: float, summary: Summary, multiplier: Array) -> float:
    """Variance of the log of the total due to the uncertain parameters, by the delta method."""
    if fit.covariance is None:
        return 0.0

    def total(law: OrderLaw) -> Array:
        return law.expected_orders(horizon, *summary, multiplier).sum(keepdims=True)

    slope = slopes(law, total)[:, 0] / float(total(law)[0])
    return float(slope @ np.asarray(fit.covariance) @ slope)


def level_log_variance(earlier_level: float | None) -> float:
    """Variance of the log of the level: half that of levels in general, half, if there is one, an earlier origin's."""
    if not earlier_level:
        return LEVEL_SD**2
    return (LEVEL_SD**2 + np.log(earlier_level) ** 2) / 2
