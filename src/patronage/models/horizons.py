"""One distribution, asked for any horizon: P(order), orders and spend within so many days, and when the next one comes.

The law was moved until it expects, in the horizon of the training, what is shipped. Within that horizon and beyond it
the same law goes on, at the customer's rate and on the clock of the calendar: so a longer horizon never has a lower
probability, nor fewer orders, and at the horizon of the training both are what is shipped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.models.btyd.calendar import CalendarClock
from patronage.models.btyd.clv import CLVModel
from patronage.models.btyd.summary import Summary
from patronage.models.btyd.unique_rows import per_unique_row
from patronage.typing import Array, Index

NEXT_ORDER_LEVELS = (0.1, 0.5, 0.9)  # the probabilities by whose days the next order is described
SHIPPED = (c.P_ORDER, c.EXPECTED_ORDERS, c.EXPECTED_SPEND)


class LawInputs(NamedTuple):
    """What the law reads of some customers, to expect as many orders as the ensemble does.

    Attributes
    ----------
    features
        With ages on the clock of the calendar, and a later recency for customers whom the law would take for gone.
    multiplier
        (N,) the factor on each order rate.
    alive
        (N,) what takes the place of P(alive), where P(order) is the ensemble's; None where it is the law's.
    """

    features: pd.DataFrame
    multiplier: Array
    alive: Array | None = None


@dataclass(frozen=True, eq=False)
class OrdersAhead:
    """The orders of some customers from the cutoff on.

    Attributes
    ----------
    inputs
        What the law reads to predict what is shipped.
    shipped
        (N,) `p_order`, `expected_orders` and `expected_spend` in the horizon of the training.
    """

    clv: CLVModel
    calendar: CalendarClock
    inputs: LawInputs
    shipped: Mapping[str, Array]

    def columns(self, horizons: Sequence[int]) -> dict[str, Array]:
        """P(order), orders and spend in each horizon, and the days by which the next order comes, by column name."""
        columns: dict[str, Array] = {}
        for days in horizons:
            orders = self.expected_orders(days)
            columns[c.at_horizon(c.P_ORDER, days)] = self.p_order(days)
            columns[c.at_horizon(c.EXPECTED_ORDERS, days)] = orders
            spend = orders * self._spend_per_order
            columns[c.at_horizon(c.EXPECTED_SPEND, days)] = self._bounded(
                spend, np.full(len(spend), days), c.EXPECTED_SPEND
            )
        if horizons:
            columns |= {c.next_order_days(level): self.days_until(level) for level in NEXT_ORDER_LEVELS}
        return columns

    def p_order(self, days: Array | float) -> Array:
        """(N,) P(at least one order within so many days): one number of days for all, or one for each."""
        summary = Summary.of(self.inputs.features)
        within = np.broadcast_to(np.asarray(days, np.float64), summary.x.shape)
        factor, by_law = self._factor(within), np.empty(len(within))
        for rows, clv in self.clv.cells(self.inputs.features):
            part, alive = summary.at(rows), self._alive(clv, summary, rows)
            tail = per_unique_row(clv.law.tail, 1, within[rows], part.x, part.T, factor[rows], self._rate_cv[rows])
            by_law[rows] = np.minimum(alive * tail, 1.0)
        return self._bounded(1 - self.clv.calibration.probability(1 - by_law, summary.x), within, c.P_ORDER)

    def expected_orders(self, days: float) -> Array:
        """(N,) the mean number of orders within so many days."""
        summary = Summary.of(self.inputs.features)
        within = np.full(summary.x.shape, days, np.float64)
        factor, orders = self._factor(within), np.empty(len(within))
        for rows, clv in self.clv.cells(self.inputs.features):
            part, alive = summary.at(rows), self._alive(clv, summary, rows)
            orders[rows] = alive * clv.law.expected_if_alive(within[rows], part.x, part.T, factor[rows])
        return self._bounded(orders, within, c.EXPECTED_ORDERS)

    def days_until(self, probability: float) -> Array:
        """(N,) the first day by which an order has come with a probability; missing where no answered horizon has one.

        The quantiles of the time to the next order: a customer who may never come back has no high ones.
        """
        most = float(self.clv.settings.most_days)
        reached = self.p_order(most) >= probability
        low, high = np.zeros(len(reached)), np.full(len(reached), most)
        while (high - low).max(initial=0) > 1:
            middle = np.ceil((low + high) / 2)
            enough = self.p_order(middle) >= probability
            low, high = np.where(enough, low, middle), np.where(enough, middle, high)
        return np.where(reached, high, np.nan)

    @cached_property
    def _rate_cv(self) -> Array:
        """(N,) how uncertain each order rate is: the same at every horizon, and asked for at some eighty."""
        summary = Summary.of(self.inputs.features)
        rate_cv = np.empty(len(summary.x))
        for rows, clv in self.clv.cells(self.inputs.features):
            rate_cv[rows] = clv.rate_cv(summary.at(rows))
        return rate_cv

    def _alive(self, clv: CLVModel, summary: Summary, rows: Index) -> Array:
        return clv.law.p_alive(*summary.at(rows)) if self.inputs.alive is None else self.inputs.alive[rows]

    def _factor(self, days: Array) -> Array:
        """(N,) the factor on each rate in so many days: the customer's own, at the season of these days."""
        trained = self.calendar.factor(self.inputs.features, self.clv.settings.horizon_days)
        return self.inputs.multiplier / trained * self.calendar.factor(self.inputs.features, days)

    @property
    def _spend_per_order(self) -> Array:
        orders = self.shipped[c.EXPECTED_ORDERS]
        return np.divide(self.shipped[c.EXPECTED_SPEND], orders, out=np.zeros_like(orders), where=orders > 0)

    def _bounded(self, values: Array, days: Array, column: str) -> Array:
        """The shipped value at the horizon of the training; elsewhere no rounding of a search crosses it."""
        shipped, horizon = self.shipped[column], self.clv.settings.horizon_days
        below, above = np.minimum(values, shipped), np.maximum(values, shipped)
        return np.select([days < horizon, days > horizon], [below, above], shipped)
