"""Calibration: what earlier moments say of P(an order in the horizon), where they agree.

A journey fitted on what was known at an earlier origin forecasts the horizon after it, and the labels of that
horizon judge it. From this a map on the log-odds is learned,

    logit p' = centre + level + exp(log_slope) (logit p - centre),

monotone, with two parameters shrunk towards none. What moves from one origin to the next (a season, a cohort that
cools) must not be taken for an error of the model: so the maps of two origins must each help at the other, and of
their level only that is kept which exceeds what levels drift by.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit, logit

Floats = NDArray[np.float64]

FEW = 200  # customers without whom nothing is learned
LEVEL_SD, SLOPE_SD = 1.0, 0.2  # what the map is believed to be before any data
# The log-odds of all customers differ between origins for no lasting reason: by .17 (standard deviation) between
# eight four-week windows on CDNOW.
DRIFT = 0.15
NEWTON_STEPS = 30
TINY = 1e-12


class Calibration(NamedTuple):
    """A map of probabilities that keeps their order; by default none, which changes nothing at all."""

    centre: float = 0.0  # mean log-odds where it was learned: level and slope are read from there
    level: float = 0.0
    log_slope: float = 0.0
    verdict: str = "not asked"

    @property
    def is_none(self) -> bool:
        """Whether it changes nothing."""
        return self.level == 0.0 and self.log_slope == 0.0

    def apply(self, probability: Floats) -> Floats:
        """(N,) probabilities, mapped."""
        if self.is_none:
            return probability
        distance = logit(probability.clip(TINY, 1 - TINY)) - self.centre
        return expit(self.centre + self.level + np.exp(self.log_slope) * distance)


NONE = Calibration()


class Trial(NamedTuple):
    """What a journey said at an earlier origin, and what happened in the horizon after it."""

    name: str
    said: Floats
    happened: Floats


def learn_map(said: Floats, happened: Floats) -> Calibration:
    """The most probable map under its prior, by Newton's method."""
    odds = logit(said.clip(TINY, 1 - TINY))
    centre = float(odds.mean())
    distance = odds - centre
    level = log_slope = 0.0
    precision = np.diag([LEVEL_SD**-2, SLOPE_SD**-2])
    for _ in range(NEWTON_STEPS):
        turned = np.exp(log_slope) * distance
        chance = expit(centre + level + turned)
        design = np.column_stack([np.ones_like(turned), turned])
        gradient = design.T @ (happened - chance) - precision @ [level, log_slope]
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design + precision
        step = np.linalg.solve(curvature, gradient)
        level, log_slope = level + float(step[0]), log_slope + float(np.clip(step[1], -0.5, 0.5))
        if np.abs(step).max() < 1e-10:
            break
    return Calibration(centre, level, log_slope, "learned")


def agree(trials: Sequence[Trial]) -> Calibration:
    """The map on which two origins agree; none, with the reason, where they do not.

    Parameters
    ----------
    trials
        Of the latest origin and, to hold against it, of an earlier one.
    """
    if len(trials) < 2:
        return Calibration(verdict="refused: no two origins whose labels do not overlap")
    if few := [trial.name for trial in trials if len(trial.said) < FEW]:
        return Calibration(verdict=f"refused: fewer than {FEW} customers at {few[0]}")
    maps = [learn_map(trial.said, trial.happened) for trial in trials]
    for trial, other, its_map in zip(trials, trials[::-1], maps[::-1], strict=True):
        gain = losses(trial.said, trial.happened) - losses(its_map.apply(trial.said), trial.happened)
        if gain.mean() <= gain.std() / np.sqrt(len(gain)):  # within a standard error is chance
            return Calibration(verdict=f"refused: what {other.name} teaches does not help at {trial.name}")
    centre, level, log_slope = np.mean([one[:3] for one in maps], axis=0)
    unstable = DRIFT**2 + np.var([one.level for one in maps])
    level *= max(0.0, 1 - unstable / max(level**2, TINY))  # James and Stein (1961), positive part
    names = " and ".join(trial.name for trial in trials)
    return Calibration(float(centre), float(level), float(log_slope), f"learned at {names}")


def losses(said: Floats, happened: Floats) -> Floats:
    """(N,) log-loss of each customer, in nats."""
    odds = logit(said.clip(TINY, 1 - TINY))
    return -np.where(happened == 1, log_expit(odds), log_expit(-odds))
