"""What is learned: a record for each of the three quantities, so that one code fits them all.

Every target has a raw score on which members add up: log-odds for a probability, logarithms for an amount. BTYD has
a raw score too, which boosting can start from.

Amounts of any scale are learned by the score of a Poisson variable: it estimates a mean consistently wherever the
variance grows in proportion to it (quasi-likelihood: Wedderburn 1974, Biometrika 61), and gives customers who order and
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
from patronage.statistics import clip_probability
from patronage.typing import Array, Columns

RATE_FLOOR = 1e-4  # a rate of exactly 0 or 1 would be a claim that no data can support
AMOUNT_FLOOR = 1e-6  # orders, or units of the currency: a logarithm needs more than nothing


@dataclass(frozen=True)
class Target:
    """A quantity of a customer in the horizon.

    Attributes
    ----------
    label
        The column of the labels.
    expectation
        The column of BTYD's prediction; of a probability, its complement is predicted.
    objective
        What LightGBM minimises, by LightGBM's names.
    """

    label: str
    expectation: str
    objective: Mapping[str, Any] = field(hash=False)

    @property
    def is_probability(self) -> bool:
        return self.objective["objective"] == "binary"

    def is_known(self, labels: pd.DataFrame) -> pd.Series:
        """The rows whose label is known."""
        return labels[self.label].notna()

    def y_true(self, labels: pd.DataFrame) -> Array:
        """(N,) labels. Refunds that exceed sales count as no spend: no rate is below zero."""
        return labels[self.label].to_numpy(np.float64).clip(min=0)

    def unit(self, labels: pd.DataFrame) -> float:
        """What an amount is counted in when it is learned: an order, or the mean spend on one."""
        if self.label != c.SPEND:
            return 1.0
        orders = labels[c.ORDERS].sum()
        return float(self.y_true(labels).sum() / orders) if orders else 1.0

    def base(self, y_true: Array) -> float:
        """The raw score of the mean of all labels."""
        return float(self.raw(y_true.mean(keepdims=True))[0])

    def start(self, features: Columns) -> Array:
        """(N,) raw score of BTYD's prediction, a column of `features`."""
        expected = np.asarray(features[self.expectation], np.float64)
        return self.raw(1 - expected if self.is_probability else expected)

    def raw(self, mean: Array) -> Array:
        """(N,) raw score of a probability or an amount."""
        if self.is_probability:
            return logit(clip_probability(mean, RATE_FLOOR))
        return np.log(np.maximum(mean, AMOUNT_FLOOR))

    def mean(self, raw: Array) -> Array:
        """(N,) probability or amount of a raw score."""
        return expit(raw) if self.is_probability else np.exp(raw)

    def losses(self, y_true: Array, raw: Array) -> Array:
        """(N,) loss of each customer, as LightGBM's own metric has it."""
        if self.is_probability:
            return np.logaddexp(0, np.where(y_true == 1, -raw, raw))
        return np.exp(raw) - y_true * raw


_AMOUNT = {"objective": "poisson", "metric": "poisson"}
CHURN = Target(c.CHURNED, c.P_ORDER, {"objective": "binary", "metric": "binary_logloss"})
ORDERS = Target(c.ORDERS, c.EXPECTED_ORDERS, _AMOUNT)
SPEND = Target(c.SPEND, c.EXPECTED_SPEND, _AMOUNT)
TARGETS = (CHURN, ORDERS, SPEND)
