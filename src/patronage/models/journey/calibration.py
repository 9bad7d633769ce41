"""A calibration map of P(an order in the horizon), monotone in the log-odds.

    logit p' = centre + level + exp(log_slope) (logit p - centre)

This is the logistic recalibration of Cox (1958), with a Normal prior on both parameters that shrinks them towards no
change. training/journey.py decides whether a map is used.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit

from patronage.statistics import clip_probability
from patronage.typing import Array

LEVEL_SD, SLOPE_SD = 1.0, 0.2  # standard deviations of the prior
NEWTON_STEPS = 30


class JourneyCalibration(NamedTuple):
    """A map of probabilities that keeps their order; the default map changes nothing."""

    centre: float = 0.0  # mean log-odds of the customers of the fit: level and slope are relative to it
    level: float = 0.0
    log_slope: float = 0.0
    verdict: str = "not tried"

    @property
    def is_none(self) -> bool:
        """Whether it changes nothing."""
        return self.level == 0.0 and self.log_slope == 0.0

    def apply(self, probability: Array) -> Array:
        """(N,) probabilities, mapped."""
        if self.is_none:
            return probability
        distance = logit(clip_probability(probability)) - self.centre
        return expit(self.centre + self.level + np.exp(self.log_slope) * distance)


NO_CALIBRATION = JourneyCalibration()


def fit_map(y_true: Array, y_pred: Array) -> JourneyCalibration:
    """The most probable map under its prior, by Newton's method."""
    odds = logit(clip_probability(y_pred))
    centre = float(odds.mean())
    distance = odds - centre
    level = log_slope = 0.0
    precision = np.diag([LEVEL_SD**-2, SLOPE_SD**-2])
    for _ in range(NEWTON_STEPS):
        scaled = np.exp(log_slope) * distance
        fitted = expit(centre + level + scaled)
        design = np.column_stack([np.ones_like(scaled), scaled])
        gradient = design.T @ (y_true - fitted) - precision @ [level, log_slope]
        curvature = (design * (fitted * (1 - fitted))[:, None]).T @ design + precision
        step = np.linalg.solve(curvature, gradient)
        level, log_slope = level + float(step[0]), log_slope + float(np.clip(step[1], -0.5, 0.5))
        if np.abs(step).max() < 1e-10:
            break
    return JourneyCalibration(centre, level, log_slope, "learned")
