"""
How the value of a customer's orders varies: the distribution of spend, given the distribution of orders.

Given the number n of orders and the customer's mean order value, spend is a Gamma variable of shape n times that of one
order; the customer's mean order value is uncertain itself, an inverse Gamma around what is expected of it, and narrower
the more orders it is known from. So spend given n is a beta prime variable, and spend is its mixture over n. Quantiles
are in multiples of the expected order value: customers with equally many orders share one table.

Gamma-Gamma's own parameters are fitted to means of several orders, once per customer. Order values of later orders vary
more or less around what is expected: the three parameters are fitted to the spend that came after an earlier origin.

References
----------
Fader, Hardie (2013), The Gamma-Gamma model of monetary value, brucehardie.com/notes/025.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import betainc, betaincinv, betaln

from patronage.models.btyd.integrals import TINY
from patronage.models.btyd.intervals import UNCALIBRATED, IntervalCalibration
from patronage.models.btyd.spend import GammaGamma, SpendLaw
from patronage.typing import Array, Index

LEAST_KNOWN = 0.1  # a posterior shape of at least 1.1, as GammaGamma.expected_spend has it
FEWEST = 100  # customers who ordered at the earlier origin, below which the law's own parameters stay
PRIOR_SD = 1.0  # of the logarithm of each parameter around the law's own, as if one customer had shown it
SEARCHED = 5_000  # customers at most whose spend is searched on: three numbers need no more
LISTED, GROWTH = 8, 1.15  # numbers of orders that are told apart; above, steps of 15 %
NEGLIGIBLE = 1e-4  # P(more orders) that is added to the last number
GRID = 160  # points of a table
ENDS = 1e-4  # probabilities between which a table runs
LEAST_ODDS = 1e-9  # that a table begins at
CHUNK = 20_000  # customers at a time, so that memory is bounded
STEP = 0.05  # of log(1 + x): customers this near share a table


@dataclass(frozen=True)
class OrderValues:
    """
    The variation of order values around their expectation.

    Parameters
    ----------
    shape
        The Gamma shape of one order's value: 1 / shape is its squared coefficient of variation, given the customer.
    certainty, per_order
        After x orders the customer's mean order value is known as from a posterior of shape
        1 + certainty + per_order * x.
    """

    shape: float
    certainty: float
    per_order: float

    @classmethod
    def of(cls, law: SpendLaw) -> OrderValues:
        """That of the law itself."""
        if isinstance(law, GammaGamma):
            return cls(law.p, max(law.q - 1, LEAST_KNOWN), law.p)
        shape = 1 / law.order_cv**2
        return cls(shape, max(law.weight * shape, LEAST_KNOWN), shape)

    def posterior(self, x: Array) -> Array:
        """The posterior shape of the mean order value after x orders, above 1."""
        return 1 + self.certainty + self.per_order * x

    def probability(self, ratio: Array, orders: Array, x: Array) -> Array:
        """P(spend <= ratio times the expected order value), given so many orders."""
        posterior = self.posterior(x)
        odds = ratio * self.shape / (posterior - 1)
        return betainc(self.shape * orders, posterior, odds / (1 + odds))


def fit_order_values(law: SpendLaw, ratio: Array, orders: Array, x: Array) -> OrderValues:
    """
    Fit the variation to what was spent in a window, penalised towards the law's own.

    Parameters
    ----------
    law
        Of order values, as of the moment before the window.
    ratio
        (N,) the spend of each customer in the window, over the expected value of one order.
    orders, x
        (N,) the orders in the window, and the repeat orders before it. Customers without spend teach nothing.
    """
    start = OrderValues.of(law)
    rows = np.flatnonzero((ratio > 0) & (orders > 0))
    if len(rows) < FEWEST:
        return start
    rows = rows[:: 1 + (len(rows) - 1) // SEARCHED]
    ratio, orders, x = ratio[rows], orders[rows], x[rows]
    own = np.log([start.shape, start.certainty, start.per_order])

    def loss(parameters: Array) -> float:
        *logs, level = parameters  # the level of order values is profiled out: it moves for all together
        values = OrderValues(*np.exp(logs).tolist())
        posterior, shape = values.posterior(x), values.shape * orders
        odds = ratio * np.exp(-level) * values.shape / (posterior - 1)
        log_density = shape * np.log(odds) - (shape + posterior) * np.log1p(odds) - betaln(shape, posterior)
        return float(np.square(parameters[:3] - own).sum() / (2 * PRIOR_SD**2) - log_density.sum())

    bounds = [(each - 3, each + 3) for each in own] + [(-3.0, 3.0)]
    optimum = minimize(loss, [*own, 0.0], method="L-BFGS-B", bounds=bounds)
    return OrderValues(*np.exp(optimum.x[:3]).tolist()) if np.isfinite(optimum.fun) else start


@dataclass(frozen=True)
class SpendDistribution:
    """
    How spend varies, given the distribution of orders and the expected order value.

    Parameters
    ----------
    values
        The variation of order values.
    calibration
        Maps the probabilities of the spend of a customer who orders. P(no order) stays that of the orders.
    """

    values: OrderValues
    calibration: IntervalCalibration = UNCALIBRATED

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> SpendDistribution:
        """The distribution of which `dataclasses.asdict` gave these values, with tuples for lists."""
        return cls(OrderValues(**state["values"]), IntervalCalibration(**state["calibration"]))

    def probability(self, counts: OrderCounts, ratio: Array, x: Array) -> Array:
        """(N,) P(spend <= ratio times the expected order value) of each customer."""
        by_law = spend_probability(self.values, counts, ratio, x)
        given = np.clip((by_law - counts.none) / np.maximum(1 - counts.none, TINY), 0, 1)
        return counts.none + (1 - counts.none) * self.calibration.probability(given, x)

    def quantiles(self, counts: OrderCounts, levels: tuple[float, ...], x: Array) -> list[Array]:
        """(N,) the quantile of spend at each of some levels, in multiples of the expected order value."""
        wanted = []
        for level in levels:
            given = np.clip((level - counts.none) / np.maximum(1 - counts.none, TINY), 0, 1)
            by_law = self.calibration.law_probability(given, x)
            wanted.append(counts.none + (1 - counts.none) * by_law)
        return spend_quantiles(self.values, counts, tuple(wanted), x)


@dataclass(frozen=True)
class OrderCounts:
    """
    The distribution of the orders of some customers, in bins.

    Parameters
    ----------
    none
        (N,) P(no order).
    orders
        (K,) the number of orders that stands for each bin.
    mass
        (N, K) the probability of each bin.
    """

    none: Array
    orders: Array
    mass: Array


def count_bins(survival: Callable[[int, Index], Array], customers: int) -> OrderCounts:
    """The bins of a distribution that is given as P(X* >= n) of the customers at some positions."""
    rows = np.arange(customers)
    low, reached = 1, survival(1, rows)
    none, orders, masses = 1 - reached, [], []
    while rows.size:
        high = low if low < LISTED else int(np.ceil(low * GROWTH))
        beyond = survival(high + 1, rows)
        over = beyond <= NEGLIGIBLE
        mass = np.zeros(customers)
        mass[rows] = np.maximum(reached - np.where(over, 0.0, beyond), 0.0)
        orders.append((low + high) / 2)
        masses.append(mass)
        low, rows, reached = high + 1, rows[~over], beyond[~over]
    mass = np.column_stack(masses) if masses else np.zeros((customers, 0))
    return OrderCounts(none, np.array(orders, np.float64), mass)


def spend_probability(values: OrderValues, counts: OrderCounts, ratio: Array, x: Array) -> Array:
    """(N,) P(spend <= ratio times the expected order value) of each customer."""
    total = counts.none.copy()
    for number, orders in enumerate(counts.orders):
        rows = np.flatnonzero(counts.mass[:, number] > 0)
        total[rows] += counts.mass[rows, number] * values.probability(ratio[rows], orders, x[rows])
    return np.minimum(total, 1.0)


def spend_quantiles(values: OrderValues, counts: OrderCounts, levels: tuple[Array, ...], x: Array) -> list[Array]:
    """(N,) the quantile of spend at each of some levels, in multiples of the expected order value."""
    quantiles = [np.zeros(len(x)) for _ in levels]
    near = np.expm1(np.round(np.log1p(x) / STEP) * STEP)
    used = counts.mass > 0
    ordering = np.flatnonzero(used.any(axis=1))
    bins = np.where(used, np.arange(1, len(counts.orders) + 1), 0).max(axis=1, initial=0)
    for (each, most), rows in pd.Series(ordering).groupby([near[ordering], bins[ordering]]):
        ratios, table = _table(values, counts.orders[:most], float(each))
        for part in np.array_split(rows.to_numpy(), 1 + len(rows) // CHUNK):
            cdf = np.repeat(counts.none[part, None], len(ratios), axis=1)
            for number in range(most):  # a row's sum must not depend on the other rows, as that of a product may
                cdf += counts.mass[part, number, None] * table[number]
            for level, quantile in zip(levels, quantiles, strict=True):
                quantile[part] = _inverted(cdf, level[part], counts.none[part], ratios)
    return quantiles


def _table(values: OrderValues, orders: Array, x: float) -> tuple[Array, Array]:
    """Ratios of spend to the expected order value, and P(spend <= each) given each number of orders (rows)."""
    posterior = float(values.posterior(np.array(x)))
    ends = np.array(
        [betaincinv(values.shape * n, posterior, p) for n, p in ((orders[0], ENDS), (orders[-1], 1 - ENDS))]
    )
    low, high = np.log(np.maximum(ends, TINY) / np.maximum(1 - ends, TINY))
    odds = np.exp(np.linspace(float(low), float(high), GRID))
    table = betainc(values.shape * orders[:, None], posterior, odds / (1 + odds))
    return odds * (posterior - 1) / values.shape, table


def _inverted(cdf: Array, level: Array, none: Array, ratios: Array) -> Array:
    """Where each row of a table reaches its level, between two points in the logarithm; 0 where no order does."""
    upper = np.clip((cdf < level[:, None]).sum(axis=1), 1, len(ratios) - 1)
    rows = np.arange(len(level))
    below, above = cdf[rows, upper - 1], cdf[rows, upper]
    share = np.clip((level - below) / np.maximum(above - below, 1e-12), 0, 1)
    logs = np.log(ratios)
    return np.where(level <= none, 0.0, np.exp(logs[upper - 1] + share * (logs[upper] - logs[upper - 1])))
