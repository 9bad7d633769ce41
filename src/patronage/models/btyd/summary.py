"""The summary of a customer's orders that buy-till-you-die models read."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np

from patronage import names as c
from patronage.typing import Array, Columns, Index

SUMMARY_COLUMNS = (c.FREQUENCY, c.RECENCY, c.T)


class Summary(NamedTuple):
    """
    (x, t_x, T) of each customer, in the notation of Fader, Hardie and Lee (2005).

    Attributes
    ----------
    x
        Frequency: the number of repeat orders.
    t_x
        Recency: the customer's age in days at the last repeat order, 0 where x = 0.
    T
        The customer's age in days, since the first order.
    """

    x: Array
    t_x: Array
    T: Array

    @classmethod
    def of(cls, features: Columns) -> Self:
        """The columns frequency, recency and T of the features."""
        return cls(*(np.asarray(features[name], np.float64) for name in SUMMARY_COLUMNS))

    def at(self, rows: Index) -> Summary:
        """The summaries of the customers at some positions."""
        return Summary(self.x[rows], self.t_x[rows], self.T[rows])
