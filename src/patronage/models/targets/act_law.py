"""The structural part of a target: the log-odds of doing something again, by how often and how recently it was done.

A logistic regression on few terms: the act's own days, those of the last quarter and the time since, and the same of
orders. It is smooth where trees have steps, and holds where few customers did it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import logit
from sklearn.linear_model import LogisticRegression

from patronage import names as c
from patronage.models.ensemble.target import RATE_FLOOR
from patronage.statistics import clip_probability
from patronage.typing import Array, Columns

FEWEST = 5  # customers who did it, and who did not: fewer teach no differences
RIDGE = 1.0  # of the coefficients, in customers
DONE, LOG = "done", "log"  # of a feature: whether there is any, and its logarithm


def terms_of(act: str) -> tuple[tuple[str, str], ...]:
    """The features of the law, each with how it is read."""
    own = (c.act_days(act), c.act_recent_days(act), c.days_since_act(act))
    orders = (c.N_ORDERS, c.DAYS_SINCE_LAST_ORDER, c.TENURE_DAYS)
    return ((own[0], DONE), (c.N_ORDERS, DONE), *((name, LOG) for name in (*own, *orders)))


@dataclass(frozen=True)
class ActLaw:
    """The fitted regression; every tuple has one entry a term.

    Attributes
    ----------
    middle, spread
        Of each term where the law was fitted.
    weights
        Log-odds for a standard deviation.
    """

    terms: tuple[tuple[str, str], ...]
    middle: tuple[float, ...]
    spread: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float

    def standard(self, features: Columns) -> Array:
        """(N, terms) the terms in standard deviations."""
        return (_values(self.terms, features) - np.array(self.middle)) / np.array(self.spread)

    def raw(self, features: Columns) -> Array:
        """(N,) log-odds."""
        return self.intercept + self.standard(features) @ np.array(self.weights)

    def parts(self, features: Columns) -> dict[str, Array]:
        """(N,) what each feature adds to the log-odds of the average customer."""
        parts: dict[str, Array] = {}
        for (name, _), part in zip(self.terms, (self.standard(features) * np.array(self.weights)).T, strict=True):
            parts[name] = parts[name] + part if name in parts else part
        return parts

    @classmethod
    def fit(cls, terms: tuple[tuple[str, str], ...], features: Columns, y_true: Array) -> Self:
        """Learn from customers who did it and who did not; of too few of either, the rate alone."""
        done, n = float(y_true.sum()), len(y_true)
        values = _values(terms, features)
        middle, spread = values.mean(axis=0), values.std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        weights, intercept = np.zeros(len(terms)), float(logit(clip_probability(np.array(done / n), RATE_FLOOR)))
        if min(done, n - done) >= FEWEST:
            model = LogisticRegression(C=1 / RIDGE, solver="newton-cholesky", tol=1e-8)
            model.fit((values - middle) / spread, y_true)
            weights, intercept = model.coef_[0], float(model.intercept_[0])
        middles, spreads, own = (tuple(map(float, array)) for array in (middle, spread, weights))
        return cls(terms, middles, spreads, own, intercept)


def _values(terms: tuple[tuple[str, str], ...], features: Columns) -> Array:
    """(N, terms); a missing number of days counts as none, and the term of whether there are any tells it apart."""
    columns = []
    for name, how in terms:
        values = np.nan_to_num(np.asarray(features[name], np.float64)).clip(min=0)
        columns.append((values > 0).astype(np.float64) if how == DONE else np.log1p(values))
    return np.column_stack(columns)
