"""What the archetype asks of the data: how often repeat buyers buy, and how long a second purchase takes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from patronage.models.journey.paths import Paths
from patronage.models.journey.stages import ENGAGE, INTENT, PURCHASE

Floats = NDArray[np.float64]

FEW_REPEAT_BUYERS = 20
TYPICAL_RATES = np.array([0.03, 0.06, 0.12, 0.25])  # where too few customers repeat to ask them
TYPICAL_PATIENCE = 26.0
LOYAL_QUANTILE = 0.67
PATIENCE_QUANTILE = 0.9
HIGHEST_RATE = 0.95
APART = 1.5  # cadence classes that start equal stay equal: each is at least this much faster than the last
NEVER = 1e-4  # the rate of an event class that the data lack, so that it stays possible


class Traits(NamedTuple):
    """The summary of a log from which its archetype is made."""

    rates: Floats  # (repeat buyers,) share of a customer's periods with a purchase
    patience: float  # periods by which 90 % of the second purchases have come
    engages: float  # share of the periods without a purchase in which a customer engages
    intends: float

    def cadences(self, classes: int) -> Floats:
        """(classes,) purchase hazard of a regular customer of each class: quantiles of the rates."""
        quantiles = (np.arange(classes) + 0.5) / classes
        hazards = -np.log1p(-np.quantile(self.rates, quantiles).clip(max=HIGHEST_RATE))
        for g in range(1, classes):
            hazards[g] = max(hazards[g], APART * hazards[g - 1])
        return hazards

    @property
    def loyal_rate(self) -> float:
        """Purchase probability per period from which a buyer is called loyal, whatever the cadence class.

        Relative to the own class, a household with two baskets a week would be regular.
        """
        return float(np.quantile(self.rates, LOYAL_QUANTILE))


def read(paths: Paths, weights: NDArray[np.int64]) -> Traits:
    """Summarise the paths, each of which stands for `weights` customers."""
    owners = np.repeat(np.arange(len(weights)), paths.lengths)
    bought = paths.codes >= PURCHASE
    when, who = np.flatnonzero(bought), owners[bought]
    _, first, n_bought = np.unique(who, return_index=True, return_counts=True)
    first, n_bought = first[n_bought > 1], n_bought[n_bought > 1]
    who, began = who[first], when[first]
    customers = weights[who]
    rates = np.repeat(n_bought / paths.lengths[who], customers)
    gaps = np.repeat(when[first + 1] - began, customers)
    few = len(rates) < FEW_REPEAT_BUYERS
    quiet = np.bincount(paths.codes, np.repeat(weights, paths.lengths), minlength=5)[: INTENT + 1]
    shares = np.maximum(quiet / max(quiet.sum(), 1), NEVER)
    return Traits(
        rates=TYPICAL_RATES if few else rates,
        patience=TYPICAL_PATIENCE if few else max(float(np.quantile(gaps, PATIENCE_QUANTILE)), 2.0),
        engages=float(shares[ENGAGE]),
        intends=float(shares[INTENT]),
    )
