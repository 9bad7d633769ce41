"""From expected orders to a law: the order rate, and P(alive) or the recency, for which the law expects as many.

First a factor on the customer's order rate; and where the law takes a customer for gone who is expected to order, a
later last order too, so that P(alive) is higher. The mean, the interval, P(order) and the value of the customer then
follow from one distribution, and cannot contradict each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import elementwise

from patronage.models.btyd.integrals import TINY
from patronage.models.btyd.law import OrderLaw
from patronage.models.btyd.summary import Summary
from patronage.models.btyd.unique_rows import per_unique_row
from patronage.typing import Array

WIDEST = 1e6  # of the rate factor where P(order) is met too: it sets how many orders follow the first
LEAST_MORE = 1e-6  # by which the orders of a customer who orders exceed one, where no more are expected
MAX_FACTOR = 10.0  # a factor beyond this, or below its inverse, means that the law is wrong, not the rate
TOLERANCES = {"xatol": 1e-7, "fatol": 0.0}


class Reconciled(NamedTuple):
    """What the law must read for each customer.

    Attributes
    ----------
    recency
        That of the customers; later for those whom the law takes for gone.
    multiplier
        The factor on each order rate, within [1 / MAX_FACTOR, MAX_FACTOR].
    """

    recency: Array
    multiplier: Array


def reconcile(law: OrderLaw, horizon_days: float, summary: Summary, wanted: Array) -> Reconciled:
    """Find the factor on each order rate, and the recency, with which the law expects the wanted orders.

    Parameters
    ----------
    wanted
        (N,) expected orders in the horizon. Where no factor within the bounds and no recency up to T gives them, the
        nearest do.
    """
    x, _, T = summary
    alive = law.p_alive(*summary)
    if_alive = np.divide(wanted, alive, out=np.full(len(x), np.inf), where=alive > 0)
    bounds = np.log(MAX_FACTOR) * np.array([[-1.0], [1.0]])
    least, most = law.expected_if_alive(horizon_days, x, T, np.exp(bounds))
    log_factor = np.where(if_alive <= least, *bounds)
    inside = np.flatnonzero((least < if_alive) & (if_alive < most))

    def excess_orders(log_factor: Array, x: Array, T: Array, if_alive: Array) -> Array:
        return law.expected_if_alive(horizon_days, x, T, np.exp(log_factor)) - if_alive

    low, high = np.broadcast_to(bounds, (2, len(inside)))
    log_factor[inside] = _root(excess_orders, low, high, x[inside], T[inside], if_alive[inside])
    recency, gone = summary.t_x.copy(), np.flatnonzero(if_alive > most)
    recency[gone] = _recency(law, summary.at(gone), wanted[gone] / most[gone])
    return Reconciled(recency, np.exp(log_factor))


class ReconciledBoth(NamedTuple):
    """What takes the place of P(alive), and the factor on each order rate."""

    alive: Array
    multiplier: Array


def reconcile_both(
    law: OrderLaw, horizon_days: float, summary: Summary, wanted: Array, p_order: Array, rate_cv: Array
) -> ReconciledBoth:
    """Find the factor on each order rate, and the weight in place of P(alive), that give the orders and P(order).

    Parameters
    ----------
    wanted
        (N,) expected orders in the horizon; fewer than P(order) count as so many.
    p_order
        (N,) the probability of at least one.
    rate_cv
        (N,) how uncertain the law takes each rate to be.
    """
    x, T = summary.x, summary.T
    per_buyer = np.log(np.maximum(wanted / np.maximum(p_order, TINY), 1 + LEAST_MORE))

    def excess(log_factor: Array, x: Array, T: Array, cv: Array, wanted: Array) -> Array:
        factor = np.exp(log_factor)
        mean = law.expected_if_alive(horizon_days, x, T, factor)
        return np.log(mean) - np.log(_p_order_if_alive(law, horizon_days, x, T, factor, cv)) - wanted

    bounds = np.log(WIDEST) * np.array([[-1.0], [1.0]])
    at_least, at_most = (excess(np.full(len(x), float(bound)), x, T, rate_cv, per_buyer) for bound in bounds[:, 0])
    log_factor = np.where(at_least >= 0, *bounds)
    inside = np.flatnonzero((at_least < 0) & (at_most > 0))
    low, high = np.broadcast_to(bounds, (2, len(inside)))
    log_factor[inside] = _root(excess, low, high, x[inside], T[inside], rate_cv[inside], per_buyer[inside])
    factor = np.exp(log_factor)
    return ReconciledBoth(p_order / _p_order_if_alive(law, horizon_days, x, T, factor, rate_cv), factor)


def _p_order_if_alive(law: OrderLaw, horizon_days: float, x: Array, T: Array, factor: Array, cv: Array) -> Array:
    return np.maximum(per_unique_row(law.tail, 1, horizon_days, x, T, factor, cv), TINY)


def _recency(law: OrderLaw, summary: Summary, alive: Array) -> Array:
    """The recency with which P(alive) is `alive`, or T where it is less even then."""
    x, t_x, T = summary
    recency = T.copy()
    inside = np.flatnonzero(law.p_alive(x, T, T) > alive)

    def excess_p_alive(recency: Array, x: Array, T: Array, alive: Array) -> Array:
        return law.p_alive(x, recency, T) - alive

    recency[inside] = _root(excess_p_alive, t_x[inside], T[inside], x[inside], T[inside], alive[inside])
    return recency


def _root(excess: Callable[..., Array], low: Array, high: Array, *given: Array) -> Array:
    """(N,) where each row's excess is zero, by Chandrupatla's method; the excess has either sign at the two ends."""
    if not len(low):
        return low
    return elementwise.find_root(excess, (low, high), args=given, tolerances=TOLERANCES).x
