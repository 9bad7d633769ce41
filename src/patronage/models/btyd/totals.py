"""
What a cohort will order in all. Chance averages out over customers; what they share does not.

They share the fit, and they share the level of the time to come: season, promotions, the economy. The level is what
makes totals miss, and no history of one year foretells it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from patronage.models.btyd.intervals import Calibration, slopes
from patronage.models.btyd.law import OrderLaw
from patronage.models.btyd.optimum import Fit
from patronage.typing import Array

DRIFT = 0.125  # standard deviation of the log of a level; totals of twelve real logs missed by 10 % on average
SURELY = 1e-9  # survival below which counts add nothing


class Total(NamedTuple):
    """Expected orders of a cohort, with the central interval of the level asked for."""

    expected: float
    low: float
    high: float


def total(
    law: OrderLaw,
    fit: Fit,
    calibration: Calibration,
    level: float,
    horizon: float,
    spread: Array,
    x: Array,
    t_x: Array,
    T: Array,
    multiplier: Array,
) -> Total:
    """
    Expected orders of all customers together, with their interval.

    Log-normal, with the variances of chance, of the fit (delta method) and of the level: half what is known of levels
    at large, half, where there is one, that of the earlier origin.
    """
    customer = x, t_x, T, multiplier

    def expected(moved: OrderLaw) -> Array:
        return moved.expected_orders(horizon, *customer).sum(keepdims=True)

    centre = float(expected(law)[0])
    if centre == 0:
        return Total(0.0, 0.0, 0.0)
    by_fit = 0.0
    if fit.covariance is not None:
        slope = slopes(law, expected)[:, 0] / centre
        by_fit = float(slope @ np.asarray(fit.covariance) @ slope)
    by_level = DRIFT**2
    if calibration.level:
        by_level = (DRIFT**2 + np.log(calibration.level) ** 2) / 2
    by_chance = _variance(law, horizon, *customer, spread) / centre**2
    reach = ndtri((1 + level) / 2) * np.sqrt(by_chance + by_fit + by_level)
    return Total(centre, float(centre * np.exp(-reach)), float(centre * np.exp(reach)))


def _variance(law: OrderLaw, horizon: float, x: Array, t_x: Array, T: Array, multiplier: Array, spread: Array) -> float:
    """Of the sum of independent customers: E[X^2] is the sum of (2n - 1) P(X >= n)."""
    customer = np.array([x, t_x, T, multiplier, spread])
    first, second = np.zeros(len(x)), np.zeros(len(x))
    rows, n = np.arange(len(x)), 1
    while rows.size:
        at_least = law.survival(n, horizon, *customer[:, rows])
        first[rows] += at_least
        second[rows] += (2 * n - 1) * at_least
        rows, n = rows[at_least > SURELY], n + 1
    return float((second - first**2).sum())
