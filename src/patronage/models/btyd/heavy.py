"""
Customers who outweigh the others: no common parameter is fitted to them.

One customer with as many orders as the rest together, or a wholesaler among households, would set what a law, a mean
and a tree expect of everyone. Such a customer's own history says all about that customer and nothing about the others:
so all that is shared is fitted without, and the customer's forecast is that of the law for such a history.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from patronage import names as c
from patronage.typing import Array, Columns, Mask

QUANTILE = 0.99  # of the positive values; of a hundred or fewer, the second largest
TIMES = 3.0  # that quantile ...
SHARE = 0.01  # ... and this share of what all the others have together: both must be exceeded


@dataclass(frozen=True)
class Ordinary:
    """
    Up to where a customer is one of many.

    Parameters
    ----------
    frequency, monetary_value
        Repeat orders, and the mean value of one, above which a customer outweighs the others.
    revenue
        Value of all repeat orders, above which a customer leads: predicted like the others, but named, as the
        totals depend on that one.
    """

    frequency: float = np.inf
    monetary_value: float = np.inf
    revenue: float = np.inf

    def outweighing(self, features: Columns) -> Mask:
        """(N,) the customers who outweigh the others."""
        x, value = (np.asarray(features[name], np.float64) for name in (c.FREQUENCY, c.MONETARY_VALUE))
        return (x > self.frequency) | (value > self.monetary_value)

    def leading(self, features: Columns) -> Mask:
        """(N,) the customers who bring far more than the others and outweigh them by neither orders nor their value."""
        return (_revenue(features) > self.revenue) & ~self.outweighing(features)


def among_ordinary(features: Columns, also: Sequence[str] = ()) -> Columns:
    """The summaries of the customers who do not outweigh the others, and what `also` names."""
    keep = ~ordinary(features).outweighing(features)
    if keep.all():
        return features
    return {name: np.asarray(features[name])[keep] for name in (c.FREQUENCY, c.RECENCY, c.T, c.MONETARY_VALUE, *also)}


def ordinary_customers(features: pd.DataFrame) -> pd.DataFrame:
    """The rows of the customers who do not outweigh the others; all where the features do not tell their orders."""
    if not {c.FREQUENCY, c.MONETARY_VALUE} <= set(features):
        return features
    return features[~ordinary(features).outweighing(features)]


def ordinary(features: Columns) -> Ordinary:
    """The limits in a population of customers who have bought."""
    return Ordinary(limit(features[c.FREQUENCY]), limit(features[c.MONETARY_VALUE]), limit(_revenue(features)))


def _revenue(features: Columns) -> Array:
    """(N,) value of all repeat orders."""
    x, value = (np.asarray(features[name], np.float64) for name in (c.FREQUENCY, c.MONETARY_VALUE))
    return x * value


def limit(values: npt.ArrayLike) -> float:
    """The amount above which one of many outweighs the others: far from them, and no small part of their sum."""
    amounts: Array = np.asarray(values, np.float64)
    amounts = amounts[amounts > 0]
    if len(amounts) < 2:
        return float("inf")
    far = TIMES * float(np.quantile(amounts, QUANTILE, method="lower"))
    return max(far, SHARE * float(amounts[amounts <= far].sum()))
