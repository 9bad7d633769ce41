"""
Fits the calendar: the log's weekly repeat orders beside what the law expects of the customers known by then.

The logarithm of actual over expected orders is yearly waves, a drift that is no season, and chance. Growth, cohorts
that fade and the left edge of a log are all drift: it stays in the regression and out of the calendar. The drift is a
line and a random walk; how strong it is, and how strong the waves are, is averaged over by their likelihood. What a
log of little more than a year can't tell from drift is shrunk towards no season by that alone, and its uncertainty is
part of the covariance.

References
----------
Rasmussen, Williams (2006), Gaussian Processes for Machine Learning, ch. 2 and 5: the marginal likelihood.
Hoeting, Madigan, Raftery, Volinsky (1999), Bayesian model averaging. Statistical Science 14(4).
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.linalg import cho_factor, cho_solve

from patronage.errors import FitError
from patronage.models.btyd.calendar import YEAR, CalendarClock, HolidayEffect, year_waves
from patronage.models.btyd.fit import LAWS, FitCache, fit_orders
from patronage.models.btyd.law import OrderLaw
from patronage.models.btyd.optimum import refine
from patronage.models.btyd.summary import Summary
from patronage.models.btyd.unique_rows import count_unique_rows
from patronage.typing import Array

FIRST, REPEATS = "first", "repeats"  # columns of the days
LAW = "mbg_nbd"  # one law is enough to learn the calendar of all: the index is a ratio of totals
PAIRS = 3  # of waves; the k-th may be 1 / k as high as the first
ROUNDS = 2  # of a fit of the law on the clock, and of the clock by the law
WEEK = 7
YOUNG = 8  # weeks after the log begins, whose customers are mostly no beginners
FEWEST = 43  # weeks: a year of log without its first ones
LEAST = 5.0  # repeat orders in a week, below which a logarithm is noise
LONGEST = 260  # weeks; older ones are another business
LEVEL_SD, SLOPE_SD = 1.0, 0.5  # of the drift's line: its height, and its slope a year
WALKS = (0.003, 0.01, 0.02)  # standard deviations of the drift's steps from week to week: up to 14 % a year
HEIGHTS = (0.0, 0.05, 0.1, 0.2, 0.4)  # standard deviations of the first wave's coefficients; 0 is no season
NOISES = (1.0, 2.0, 4.0, 8.0, 16.0)  # variances as multiples of those of Poisson counts


class CalendarFit(NamedTuple):
    """The calendar, and the law on its clock that it was learned with."""

    calendar: CalendarClock
    law: OrderLaw


def fit_calendar(
    days: pd.DataFrame,
    features: pd.DataFrame,
    fits: FitCache | None = None,
    holidays: tuple[HolidayEffect, ...] = (),
) -> CalendarFit:
    """
    Learn the calendar from what was known on the day that the features were made.

    Parameters
    ----------
    days
        By day since 1970-01-01 without gaps, up to the last day before the cutoff: customers with their `first` order
        on it, and `repeats`, the orders of others.
    features
        The BTYD summary of the customers who have bought, in days, with the day on which it was made.
    holidays
        Their effects, which are no season.

    Raises
    ------
    FitError
        The law cannot be fitted, or too few repeat orders came.
    """
    law, fit = fit_orders(LAW, *Summary.of(features), fits)
    calendar = CalendarClock(holidays=holidays)
    for _ in range(ROUNDS):
        calendar = _calendar(days, law, calendar)
        *summary, weights = count_unique_rows(*Summary.of(calendar.operational(features)))

        def log_likelihood(parameters: Array, summary: list[Array] = summary) -> Array:
            return LAWS[LAW](*parameters).log_likelihood(*summary)

        parameters, fit = refine(LAW, list(vars(law).values()), fit, log_likelihood, weights)
        law = LAWS[LAW](*parameters)
    return CalendarFit(calendar, law)


def _calendar(days: pd.DataFrame, law: OrderLaw, clock: CalendarClock) -> CalendarClock:
    """The calendar by what a law on the clock of another one expects."""
    day = days.index.to_numpy(np.float64)
    ends = np.arange(day[-1] + 1, day[0], -WEEK)[::-1]  # moments at which whole weeks end, the last at the cutoff
    starts = ends - WEEK
    whole = starts >= day[0]
    starts, ends = starts[whole], ends[whole]
    repeats = np.concatenate([[0.0], np.cumsum(days[REPEATS].to_numpy(np.float64))])
    actual = np.diff(repeats[np.append(starts[:1], ends).astype(int) - int(day[0])])
    expected = np.diff(_expected_until(np.append(starts[:1], ends), days, law, clock))
    usable = (np.arange(len(ends)) >= YOUNG) & (expected >= LEAST) & (np.arange(len(ends)) >= len(ends) - LONGEST)
    if usable.sum() < FEWEST:
        raise FitError(f"{int(usable.sum())} weeks with enough repeat orders; a calendar needs {FEWEST}")
    actual, expected, middle = actual[usable], expected[usable], (starts + WEEK / 2)[usable]
    log_ratio = np.log((actual + 0.5) / (expected + 0.5)) + np.log(clock.index(middle))
    waves, covariance = _average(log_ratio, 2 / (actual + expected + 1), middle)
    return CalendarClock(tuple(waves.tolist()), tuple(map(tuple, covariance.tolist())), holidays=clock.holidays)


def _expected_until(moments: Array, days: pd.DataFrame, law: OrderLaw, clock: CalendarClock) -> Array:
    """Repeat orders that the law expects, up to each moment, of all customers with a first order before it."""
    first = days[FIRST].to_numpy(np.float64)
    began = days.index.to_numpy(np.float64)[first > 0] + 1  # the end of the day of the first order
    ages = np.linspace(0.0, max(float(clock.elapsed(began[0], moments[-1])), 1.0), 400)
    curve = law.expected_orders(ages, 0.0, 0.0, 0.0)
    reached = clock.elapsed(began[:, None], np.maximum(moments[None, :], began[:, None]))
    return np.asarray(first[first > 0] @ np.interp(reached, ages, curve))


def _average(log_ratio: Array, poisson: Array, middle: Array) -> tuple[Array, Array]:
    """Mean and covariance of the waves' coefficients, over all strengths of waves, drift and noise.

    Parameters
    ----------
    poisson
        (weeks,) the variance of each logarithm if its orders were a Poisson count.
    middle
        (weeks,) the moments in the middle of the weeks.
    """
    waves = year_waves(middle, PAIRS)
    decay = np.repeat(1 / np.arange(1, PAIRS + 1) ** 2, 2)
    age = (middle - middle.mean()) / YEAR
    step = (middle - middle[0]) / WEEK
    line = LEVEL_SD**2 + SLOPE_SD**2 * np.outer(age, age)
    walk, season = np.minimum.outer(step, step), (waves * decay) @ waves.T
    log_likelihoods, means, covariances = [], [], []
    for sd, height, noise in product(WALKS, HEIGHTS, NOISES):
        total = line + sd**2 * walk + height**2 * season + np.diag(noise * poisson)
        factor = cho_factor(total, lower=True)
        solved = cho_solve(factor, log_ratio)
        log_likelihoods.append(-0.5 * log_ratio @ solved - np.log(np.diag(factor[0])).sum())
        prior = height**2 * decay
        means.append(prior * (waves.T @ solved))
        covariances.append(np.diag(prior) - (prior * (waves.T @ cho_solve(factor, waves * prior)).T).T)
    weights = np.exp(np.array(log_likelihoods) - max(log_likelihoods))
    weights /= weights.sum()
    each = np.array(means)
    mean = weights @ each
    spread = each - mean
    covariance = np.einsum("m,mij->ij", weights, np.array(covariances)) + np.einsum(
        "m,mi,mj->ij", weights, spread, spread
    )
    return mean, (covariance + covariance.T) / 2
