"""What is learned: one record per question, so that all three are answered by the same code.

Every target has a raw score on which members add up: log-odds for a probability, logarithms for an amount. BTYD gives
a raw score too, and so can be what boosting starts from.

Amounts of any scale are learned by the score of a Poisson variable: it estimates a mean consistently wherever the
variance grows in proportion to it (quasi-likelihood: Wedderburn 1974, Biometrika 61), and gives those who order and
spend much the weight that they have in the total.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from patronage import names as c
from patronage.typing import Array, Columns

RATE_FLOOR = 1e-4  # a rate of exactly 0 or 1 would be a claim that no data can support
AMOUNT_FLOOR = 1e-6  # orders, or units of the currency: a logarithm needs more than nothing


@dataclass(frozen=True)
class Target:
    """One question about the horizon.

    Attributes
    ----------
    label
        The column of the labels that answers it.
    expectation
        BTYD's answer: a column, of which a probability's complement is meant.
    objective
        What LightGBM minimises, and how it calls it.
    """

    label: str
    expectation: str
    objective: Mapping[str, Any] = field(hash=False)

    @property
    def is_probability(self) -> bool:
        return self.objective["objective"] == "binary"

    def known(self, labels: pd.DataFrame) -> pd.Series:
        """Whose answer is known."""
        return labels[self.label].notna()

    def truth(self, labels: pd.DataFrame) -> Array:
        """What happened. Refunds that exceed sales count as no spend: no rate is below zero."""
        return labels[self.label].to_numpy(np.float64).clip(min=0)

    def unit(self, labels: pd.DataFrame) -> float:
        """What an amount is counted in when it is learned: an order, or the mean spend on one."""
        orders = labels[c.ORDERS].sum()
        return float(self.truth(labels).sum() / orders) if self.label == c.SPEND and orders else 1.0

    def base(self, truth: Array) -> float:
        """The raw score of everyone's mean."""
        return float(self.raw(truth.mean(keepdims=True))[0])

    def start(self, features: Columns) -> Array:
        """(N,) raw score of BTYD's expectation, which `features` hold."""
        expected = np.asarray(features[self.expectation], np.float64)
        return self.raw(1 - expected if self.is_probability else expected)

    def raw(self, mean: Array) -> Array:
        """(N,) raw score of a probability or an amount."""
        if self.is_probability:
            return logit(np.clip(mean, RATE_FLOOR, 1 - RATE_FLOOR))
        return np.log(np.maximum(mean, AMOUNT_FLOOR))

    def mean(self, raw: Array) -> Array:
        """(N,) probability or amount of a raw score."""
        return expit(raw) if self.is_probability else np.exp(raw)

    def losses(self, truth: Array, raw: Array) -> Array:
        """(N,) what the objective charges each customer, as LightGBM's own metric has it."""
        if self.is_probability:
            return np.logaddexp(0, np.where(truth == 1, -raw, raw))
        return np.exp(raw) - truth * raw


_AMOUNT = {"objective": "poisson", "metric": "poisson"}
CHURN = Target(c.CHURNED, c.P_ORDER, {"objective": "binary", "metric": "binary_logloss"})
ORDERS = Target(c.ORDERS, c.EXPECTED_ORDERS, _AMOUNT)
SPEND = Target(c.SPEND, c.EXPECTED_SPEND, _AMOUNT)
TARGETS = (CHURN, ORDERS, SPEND)
