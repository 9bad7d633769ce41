"""
Fits the effects of known holidays: their orders beside those of the same days of the week around them.

What a day of the week brings, the season and the growth of a log are in the four weeks before and after, without other
holidays. Each effect is shrunk towards none: one day of few orders tells little, and a holiday that comes again is not
quite what it was.

References
----------
Wedderburn (1974), Quasi-likelihood functions, generalized linear models, and the Gauss-Newton method. Biometrika 61.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from patronage.config.holidays import Holiday
from patronage.models.btyd.calendar import HolidayEffect
from patronage.typing import Array, Mask

WEEKS = 4  # before and after, whose same day of the week tells what would have come
FEWEST = 2  # of these days
PRIOR_SD = 0.7  # of the logarithm of an effect: twice or half as many orders is nothing unusual
AGAIN_SD = 0.15  # by which it differs from one time to the next
FURTHEST = 8.0  # of the logarithm


class _Usual(NamedTuple):
    """By day of the log, the mean orders of the same days of the week around it, and how many those are."""

    orders: Array
    days: Array


def fit_holidays(orders: pd.Series, holidays: Sequence[Holiday]) -> tuple[HolidayEffect, ...]:
    """
    Learn the effect of each holiday from the times that it came.

    Parameters
    ----------
    orders
        The number of orders by day since 1970-01-01, without gaps.
    """
    if not holidays:
        return ()
    actual, first = orders.to_numpy(np.float64), int(orders.index[0])
    apart = np.zeros(len(actual), dtype=np.bool_)
    inside = {holiday.name: [_inside(span, first, len(actual)) for span in holiday.spans] for holiday in holidays}
    for times in inside.values():
        for days in times:
            apart[days] = True
    usual = _usual(actual, apart)
    noise = _noise(actual, usual, ~apart)
    return tuple(_effect(holiday, inside[holiday.name], actual, usual, noise) for holiday in holidays)


def _inside(span: tuple[int, int], first: int, days: int) -> np.ndarray:
    """The positions of the days of a span that the log has."""
    return np.arange(max(span[0] - first, 0), max(min(span[1] + 1 - first, days), 0))


def _usual(actual: Array, apart: Mask) -> _Usual:
    totals, known = np.zeros_like(actual), np.zeros_like(actual)
    weeks = [week for week in range(-WEEKS, WEEKS + 1) if week]
    for week in weeks:
        day = np.arange(len(actual)) + 7 * week
        usable = (day >= 0) & (day < len(actual))
        usable[usable] = ~apart[day[usable]]
        totals[usable] += actual[day[usable]]
        known[usable] += 1
    return _Usual(np.divide(totals, known, out=np.zeros_like(totals), where=known > 0), known)


def _noise(actual: Array, usual: _Usual, ordinary: Mask) -> float:
    """By how much more than a Poisson count an ordinary day varies around its like."""
    rows = ordinary & (usual.days >= FEWEST) & (usual.orders > 0)
    if not rows.any():
        return 1.0
    expected = usual.orders[rows] * (1 + 1 / usual.days[rows])
    return max(float(np.mean((actual[rows] - usual.orders[rows]) ** 2 / expected)), 1.0)


def _effect(holiday: Holiday, times: Sequence[np.ndarray], actual: Array, usual: _Usual, noise: float) -> HolidayEffect:
    """The mode of the effect, with what its curvature and the next time leave open."""
    ordered, would, spread = [], [], []
    for days in times:
        compared = days[usual.days[days] >= FEWEST]
        expected = float(usual.orders[compared].sum())
        if expected > 0:
            ordered.append(float(actual[compared].sum()))
            would.append(expected)
            spread.append(noise * (1 + float((usual.orders[compared] / usual.days[compared]).sum()) / expected))
    orders, base, variance = np.array(ordered), np.array(would), np.array(spread)

    def slope(log_factor: float) -> float:
        mean = base * np.exp(log_factor)
        return float(((orders - mean) / (variance + AGAIN_SD**2 * mean)).sum()) - log_factor / PRIOR_SD**2

    log_factor = float(brentq(slope, -FURTHEST, FURTHEST)) if len(base) else 0.0
    mean = base * np.exp(log_factor)
    precision = float((mean / (variance + AGAIN_SD**2 * mean)).sum()) + 1 / PRIOR_SD**2
    return HolidayEffect(holiday.name, holiday.spans, log_factor, float(np.hypot(precision**-0.5, AGAIN_SD)), len(base))
