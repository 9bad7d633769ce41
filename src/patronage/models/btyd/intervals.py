"""
How wide the distribution of a customer's orders must be: parameter uncertainty, and calibration by an earlier origin.

A law that is right still has uncertain parameters, and customers change: over time their order rates drift away from
their history. Both make the factor on a customer's order rate uncertain, and so both are one coefficient of variation,
the law's `rate_cv`. What this leaves is corrected by a map of the probability integral transform (PIT), by group of
frequency, fitted at an earlier origin whose label window had ended by the cutoff.

The map is symmetric. It widens as far as the evidence goes and narrows half as far: one window in which customers kept
closer to what was expected is half a reason to promise it of the next. The level at the earlier origin is taken out
first, and from the drift what the level moved by: the season of one window is no evidence about the next. Where the
level or the law moved too far, nothing is fitted. Rates drift as a random walk does: over a horizon longer than the
window that was seen, the drift's variance grows in proportion.

References
----------
Czado, Gneiting, Held (2009), Predictive model assessment for count data. Biometrics 65(4): the PIT of counts.
Dawid (1984), Present position and potential developments: the prequential approach. JRSS A 147(2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from patronage.models.btyd.integrals import TINY
from patronage.models.btyd.law import OrderLaw
from patronage.models.btyd.optimum import STEP, Fit
from patronage.models.btyd.summary import Summary
from patronage.models.btyd.unique_rows import unique_rows
from patronage.typing import Array, Index

KNOTS = np.array([0, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5])  # the lower half of a map
DRIFTS = np.arange(0, 101, 5) / 100  # coefficients of variation that are tried
NARROWING = 0.5  # share of the narrowing seen in one window that is expected of the next
MAX_DRIFT = 1.0
MIN_GAIN = 2.0  # log score in all that a drift must gain to be taken, as by Akaike's criterion
GROUPS = 3  # of the customers with repeat orders
PRIOR_CUSTOMERS = 200.0  # customers of a group whose evidence weighs as much as the prior, the identity map
MIN_REPEATERS = 100  # customers with repeat orders, below which nothing is fitted
MAX_LEVEL_FACTOR = 1.5  # a level that moved by more than this factor is a season, not a drift of rates
MAX_LAW_FACTOR = 1.3  # two fits whose expected orders differ by more than this factor describe two businesses
MAX_PARAMETER_CV = 1.0  # the delta method does not hold for coefficients of variation beyond
CV_STEPS = 100  # coefficients of variation are rounded to hundredths: few are unique, and each is computed once
COARSE = 0.05  # steps of log x and log T for which parameter uncertainty is computed
NO_ORIGIN = "no earlier origin"


@dataclass(frozen=True)
class IntervalCalibration:
    """
    What was fitted at an earlier origin; the defaults hold without one.

    Parameters
    ----------
    refused
        Why nothing was fitted; empty where it was.
    level
        Orders observed at the earlier origin, as a multiple of those expected. None where there was no origin.
    drift
        Coefficient of variation with which order rates drift within the window of the earlier origin.
    window_days
        Length of that window; None where there was no origin.
    borders
        The frequency up to which each group but the last reaches.
    tails
        A row per group: the share of customers whose PIT lay below each of `KNOTS`, mean of the two sides.
    """

    refused: str = NO_ORIGIN
    level: float | None = None
    drift: float = 0.0
    borders: tuple[float, ...] = ()
    tails: tuple[tuple[float, ...], ...] = (tuple(KNOTS.tolist()),)
    window_days: float | None = None

    def drift_over(self, horizon: float) -> float:
        """The coefficient of variation with which order rates drift within a horizon."""
        if self.window_days is None:
            return self.drift
        return float(min(self.drift * np.sqrt(max(horizon / self.window_days, 1.0)), MAX_DRIFT))

    def probability(self, by_law: Array, x: Array) -> Array:
        """The calibrated probability for one by the law, a value per customer."""
        return self._mapped(by_law, x, inverse=False)

    def law_level(self, level: float, x: Array) -> Array:
        """The level of the law's quantile that is the quantile of a calibrated level, a value per customer."""
        return self._mapped(np.full(np.shape(x), level), x, inverse=True)

    def law_probability(self, probability: Array, x: Array) -> Array:
        """The probability by the law for a calibrated one, a value per customer."""
        return self._mapped(probability, x, inverse=True)

    def _mapped(self, values: Array, x: Array, *, inverse: bool) -> Array:
        group = _group(x, self.borders)
        upper = values > 0.5
        lower = np.where(upper, 1 - values, values)
        mapped = lower.copy()
        for number, tails in enumerate(self.tails):
            rows = group == number
            mapped[rows] = np.interp(lower[rows], tails, KNOTS) if inverse else np.interp(lower[rows], KNOTS, tails)
        return np.where(upper, 1 - mapped, mapped)


UNCALIBRATED = IntervalCalibration()


def parameter_uncertainty(law: OrderLaw, fit: Fit, horizons: tuple[float, ...], x: Array, T: Array) -> Array:
    """
    Coefficient of variation of E[X* | alive] due to the uncertain parameters; a row per horizon, a column per customer.

    By the delta method, from the covariance of the log-parameters; 0 where the fit has none. The uncertainty of
    P(alive) does not enter: a mixture of probabilities to be alive is a probability to be alive. The result changes
    slowly with x and T, so they are rounded to steps of 5 % here, and the result to hundredths in `combined_cv`.
    """
    if fit.covariance is None:
        return np.zeros((len(horizons), len(x)))
    x, T = (np.expm1(np.round(np.log1p(column) / COARSE) * COARSE) for column in (x, T))
    first, inverse = unique_rows(x, T)
    x, T = x[first], T[first]
    horizon = np.array(horizons, np.float64)[:, None]
    moved_by = slopes(law, lambda moved: np.log(np.maximum(moved.expected_if_alive(horizon, x, T), TINY)))
    variance = np.einsum("ihn,ij,jhn->hn", moved_by, np.asarray(fit.covariance), moved_by)
    return np.minimum(np.sqrt(np.maximum(variance, 0)), MAX_PARAMETER_CV)[:, inverse]


def combined_cv(parameters: Array, drift: Array | float) -> Array:
    """The coefficient of variation of parameter uncertainty and drift together, in steps of .01."""
    return np.round(np.hypot(parameters, drift) * CV_STEPS) / CV_STEPS


def slopes(law: OrderLaw, value: Callable[[OrderLaw], Array]) -> Array:
    """The derivative of a value by each log-parameter of the law, by central differences; a row per parameter."""
    parameters = np.log(np.array(list(vars(law).values())))
    steps = STEP * np.eye(len(parameters))
    up, down = (np.array([value(type(law)(*moved)) for moved in np.exp(parameters + sign * steps)]) for sign in (1, -1))
    return (up - down) / (2 * STEP)


class AskedLaw(Protocol):
    """What a calibration asks of a law, about all customers at once."""

    def expected_orders(self, horizon: float, x: Array, t_x: Array, T: Array) -> Array: ...

    def survival(
        self, n: Array, horizon: float, x: Array, t_x: Array, T: Array, multiplier: float, rate_cv: Array
    ) -> Array: ...


def calibrate(
    law: AskedLaw, earlier: AskedLaw, parameters: Array, horizon: float, summary: Summary, orders: Array
) -> IntervalCalibration:
    """
    Fit the calibration of intervals at an earlier origin.

    Parameters
    ----------
    law
        Fitted at the cutoff.
    earlier, parameters
        Fitted on the data before the earlier origin, and its `parameter_uncertainty` over the horizon.
    horizon
        Days of the label window after the earlier origin; it ends at or before the cutoff.
    summary
        The customers at the earlier origin.
    orders
        The number of orders of each in that window.
    """
    expected, expected_now = (float(each.expected_orders(horizon, *summary).sum()) for each in (earlier, law))
    level = float(orders.sum() / expected) if expected > 0 else 0.0
    law_factor = float(expected_now / expected) if expected > 0 else 0.0
    if refused := _refusal(summary.x, level, law_factor):
        return IntervalCalibration(refused, level)

    def pit(drift: float) -> tuple[Array, Array]:
        """P(X* < n) and P(X* <= n) of the observed n, by the law at the observed level."""
        cv = combined_cv(parameters, drift)
        low, high = (1 - earlier.survival(n, horizon, *summary, level, cv) for n in (orders, orders + 1))
        return low, high

    pits = [pit(drift) for drift in DRIFTS]
    scores = [np.log(np.maximum(high - low, 1e-12)).sum() for low, high in pits]
    best = int(np.argmax(scores)) if max(scores) > scores[0] + MIN_GAIN else 0
    borders = _borders(summary.x)
    tails = _tails(*pits[best], _group(summary.x, borders), len(borders) + 1)
    drift = np.sqrt(max(DRIFTS[best] ** 2 - np.log(level) ** 2, 0.0))
    return IntervalCalibration("", level, float(drift), borders, tails, horizon)


def calibrate_spend(probability: Array, x: Array, refused: str) -> IntervalCalibration:
    """
    Fit a map of the probabilities of the spend of customers who ordered.

    Parameters
    ----------
    probability
        (N,) P(spend below what was spent), given that the customer ordered, at the earlier origin's level.
    x
        (N,) their repeat orders before it.
    refused
        Why the counts were not calibrated: then neither is their spend.
    """
    if refused or int((x > 0).sum()) < MIN_REPEATERS:
        return IntervalCalibration(refused or f"fewer than {MIN_REPEATERS} customers with repeat orders ordered")
    borders = _borders(x)
    return IntervalCalibration(
        "", None, 0.0, borders, _tails(probability, probability, _group(x, borders), len(borders) + 1)
    )


def _borders(x: Array) -> tuple[float, ...]:
    """The repeat orders up to which each group but the last reaches."""
    return 0.0, *np.unique(np.quantile(x[x > 0], np.arange(1, GROUPS) / GROUPS)).tolist()


def _refusal(x: Array, level: float, law_factor: float) -> str:
    """Why an earlier origin is no evidence for this cutoff; empty where it is."""
    repeaters = int((x > 0).sum())
    if repeaters < MIN_REPEATERS:
        return f"{repeaters} customers with repeat orders at the earlier origin; {MIN_REPEATERS} are needed"
    if not 1 / MAX_LEVEL_FACTOR <= level <= MAX_LEVEL_FACTOR:
        return f"the level moved: orders were {level:.2f} times those expected at the earlier origin"
    if not 1 / MAX_LAW_FACTOR <= law_factor <= MAX_LAW_FACTOR:
        return f"the law changed: today's expects {law_factor:.2f} times the orders of the earlier one"
    return ""


def _tails(low: Array, high: Array, group: Index, groups: int) -> tuple[tuple[float, ...], ...]:
    """The share of PITs below each knot, the mean of both sides: shrunk, and less than the knot by half as much."""
    width = np.maximum(high - low, 1e-12)
    below = [np.clip((knot - low) / width, 0, 1) + np.clip((high - 1 + knot) / width, 0, 1) for knot in KNOTS]
    sides = np.array(below) / 2  # a row per knot
    overall = _shrunk(sides, KNOTS)
    shares = (_shrunk(sides[:, group == number], overall) for number in range(groups))
    return tuple(tuple(np.maximum(share, KNOTS + NARROWING * (share - KNOTS)).tolist()) for share in shares)


def _shrunk(sides: Array, towards: Array) -> Array:
    return (sides.sum(axis=1) + PRIOR_CUSTOMERS * towards) / (sides.shape[1] + PRIOR_CUSTOMERS)


def _group(x: Array, borders: tuple[float, ...]) -> Index:
    return np.searchsorted(borders, x, side="left")
