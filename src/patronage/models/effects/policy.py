"""What a policy is worth, by doubly robust scores: the mean outcome less costs of giving each customer its arm.

References
----------
Athey and Wager (2021), Policy learning with observational data. Econometrica 89(1).
Chernozhukov, Demirer, Duflo, Fernandez-Val (2018), Generic machine learning inference: the calibrating regression.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.stats import norm, t

from patronage.typing import Array, Index, Mask

LEVEL = 0.95
CURVE_POINTS = 20  # of a curve of effects
STEEPEST = 1.25  # of the calibrating slope: noise must not stretch predictions


class MeanInterval(NamedTuple):
    """A mean per customer with its interval."""

    mean: float
    low: float
    high: float
    p: float  # two-sided, of a mean of 0

    @property
    def positive(self) -> bool:
        """Whether the whole interval lies above 0."""
        return self.low > 0


def mean_interval(values: Array, level: float = LEVEL) -> MeanInterval:
    """The mean of a value per customer with its normal interval; missing with fewer than two."""
    if len(values) < 2:
        return MeanInterval(np.nan, np.nan, np.nan, np.nan)
    mean, error = float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))
    half = error * float(norm.ppf((1 + level) / 2))
    p = float(2 * norm.sf(abs(mean) / error)) if error else float(mean == 0)
    return MeanInterval(mean, mean - half, mean + half, p)


def profits(scores: Array, costs: Array) -> Array:
    """(N, A + 1) profit of each arm beside control: the first column is 0.

    Parameters
    ----------
    scores
        (N, A + 1) doubly robust scores of the outcome.
    costs
        (A + 1,) of each arm, control first.
    """
    return scores - scores[:, [0]] - (costs - costs[0])


def gains(profit: Array, policy: Index) -> Array:
    """(N,) what a policy earns of each customer beside sending nothing."""
    return profit[np.arange(len(profit)), policy]


class EffectCurve(NamedTuple):
    """What contacting a growing share of the customers changes, per customer of all, the highest effect first.

    Attributes
    ----------
    share
        Of the customers contacted.
    promised
        By the effects that were predicted of unseen customers; costs are not taken off.
    realised, half_width
        By what came of them, and of its 95 % interval.
    customers
        How many there were; 0 where that was not kept.
    """

    share: tuple[float, ...]
    promised: tuple[float, ...]
    realised: tuple[float, ...]
    half_width: tuple[float, ...]
    customers: int = 0


def effect_curve(effect: Array, score: Array) -> EffectCurve:
    """Promised and realised effects by the share contacted.

    Parameters
    ----------
    effect
        Predicted of customers that the model did not see.
    score
        Their doubly robust effects.
    """
    order, n = np.argsort(-effect, kind="stable"), max(len(effect), 1)
    places = np.unique(np.linspace(0, len(effect), CURVE_POINTS + 1).round().astype(int))
    totals = [np.concatenate([[0.0], np.cumsum(values[order])])[places] for values in (effect, score, score**2)]
    promised, realised, squares = (total / n for total in totals)
    half = norm.ppf((1 + LEVEL) / 2) * np.sqrt(np.maximum(squares - realised**2, 0.0) / n)
    share, promised, realised, half = (
        tuple(float(value) for value in curve) for curve in (places / n, promised, realised, half)
    )
    return EffectCurve(share, promised, realised, half, len(effect))


class Slope(NamedTuple):
    """The calibration of one arm: mean + slope * (effect - centre); and the standard errors of mean and slope."""

    mean: float
    slope: float
    centre: float
    mean_error: float
    slope_error: float

    def apply(self, effect: Array) -> Array:
        """Calibrated effects."""
        return self.mean + self.slope * (effect - self.centre)

    def half_width(self, effect: Array, spread: Array | float = 0.0, degrees: int = 1) -> Array:
        """Of the 95 % interval of calibrated effects.

        A slope below 1 draws predictions to the mean, since they are noisy; the customer's own effect may still be as
        far from it as the prediction was, so the spread is not drawn in with them.

        Parameters
        ----------
        effect
            As predicted, not calibrated.
        spread
            The standard error of the prediction itself.
        degrees
            Of freedom of that standard error.
        """
        level = (1 + LEVEL) / 2
        calibration = self.mean_error**2 + (self.slope_error * (effect - self.centre)) ** 2
        own = (t.ppf(level, degrees) * max(self.slope, 1.0) * spread) ** 2
        return np.asarray(np.sqrt(norm.ppf(level) ** 2 * calibration + own), np.float64)


def fit_slope(effect: Array, score: Array) -> Slope:
    """Regress doubly robust effects on effects that were predicted of unseen customers.

    A slope of 1 is calibrated; of 0 or less, the predictions tell customers apart no better than chance and everybody
    gets the mean.
    """
    centred = effect - effect.mean()
    variance = float(centred @ centred)
    slope = float(centred @ score) / variance if variance > 0 else 0.0
    rest = score - score.mean() - slope * centred
    slope_error = float(np.sqrt((centred * rest) @ (centred * rest))) / variance if variance > 0 else 0.0
    mean_error = float(score.std(ddof=1) / np.sqrt(len(score))) if len(score) > 1 else 0.0
    return Slope(
        float(score.mean()), float(np.clip(slope, 0.0, STEEPEST)), float(effect.mean()), mean_error, slope_error
    )


def best_arm(effects: Array, costs: Array, allowed: Mask | None = None) -> Index:
    """(N,) the arm with the highest effect less cost; 0, control, where none is above 0."""
    profit = np.column_stack([np.zeros(len(effects)), effects - (costs[1:] - costs[0])])
    if allowed is not None:
        profit[:, 1:] = np.where(allowed, profit[:, 1:], -np.inf)
    return np.argmax(profit, axis=1)
