"""The summary of a log that sets its prior: how often repeat buyers buy, and how long a second purchase takes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from patronage.models.journey.paths import Paths
from patronage.models.journey.stages import ENGAGE, INTENT, PURCHASE
from patronage.typing import Array

FEW_REPEAT_BUYERS = 20
TYPICAL_RATES = np.array([0.03, 0.06, 0.12, 0.25])  # where too few customers buy again to measure them
TYPICAL_PATIENCE = 26.0
LOYAL_QUANTILE = 0.67
PATIENCE_QUANTILE = 0.9
HIGHEST_RATE = 0.95
LEAST_RATIO = 1.5  # classes that start equal stay equal: each starts at least so many times faster than the last
NEVER = 1e-4  # the rate of an event class that the data lack, so that it stays possible


class PathSummary(NamedTuple):
    """What the prior depends on."""

    rates: Array  # (repeat buyers,) share of a customer's periods with a purchase
    patience: float  # periods by which 90 % of the second purchases happened
    engagement_share: float  # share of the periods without a purchase in which a customer engages
    intent_share: float

    def cadences(self, classes: int) -> Array:
        """(classes,) purchase hazard of a regular customer of each class: quantiles of the rates."""
        quantiles = (np.arange(classes) + 0.5) / classes
        hazards = -np.log1p(-np.quantile(self.rates, quantiles).clip(max=HIGHEST_RATE))
        for g in range(1, classes):
            hazards[g] = max(hazards[g], LEAST_RATIO * hazards[g - 1])
        return hazards

    @property
    def loyal_rate(self) -> float:
        """Purchase probability per period from which a buyer is called loyal, whatever the cadence class.

        Relative to the own class, a household with two baskets a week would be regular.
        """
        return float(np.quantile(self.rates, LOYAL_QUANTILE))


def summarise(paths: Paths, weights: NDArray[np.int64]) -> PathSummary:
    """Summarise the paths, each of which stands for `weights` customers."""
    path_of_period = np.repeat(np.arange(len(weights)), paths.lengths)
    bought = paths.codes >= PURCHASE
    periods, buyers = np.flatnonzero(bought), path_of_period[bought]
    _, first, n_bought = np.unique(buyers, return_index=True, return_counts=True)
    first, n_bought = first[n_bought > 1], n_bought[n_bought > 1]
    repeat_buyers = buyers[first]
    customers = weights[repeat_buyers]
    rates = np.repeat(n_bought / paths.lengths[repeat_buyers], customers)
    gaps = np.repeat(periods[first + 1] - periods[first], customers)
    few = len(rates) < FEW_REPEAT_BUYERS
    quiet = np.bincount(paths.codes, np.repeat(weights, paths.lengths), minlength=5)[: INTENT + 1]
    shares = np.maximum(quiet / max(quiet.sum(), 1), NEVER)
    return PathSummary(
        rates=TYPICAL_RATES if few else rates,
        patience=TYPICAL_PATIENCE if few else max(float(np.quantile(gaps, PATIENCE_QUANTILE)), 2.0),
        engagement_share=float(shares[ENGAGE]),
        intent_share=float(shares[INTENT]),
    )
