"""
What the laws of repeat orders share: the predictive distribution of a customer's orders in a horizon.

A customer is (x, t_x, T): frequency, recency and age (`summary.py`). Ages, horizons and the scale parameters of a law
are in days, or in any one unit, as long as all are in it. x is a whole number, 0 <= t_x <= T, and t_x = 0 where x = 0.
The laws are in `bg_nbd.py` (BG/NBD and MBG/NBD), `pareto_nbd.py` and `abe.py`; quantiles are in `quantiles.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaincc

from patronage.models.btyd.integrals import discounted
from patronage.models.btyd.unique_rows import per_unique_row
from patronage.typing import Array, Index

Numbers = npt.ArrayLike


class OrderLaw(ABC):
    """
    The distribution of X*, the number of orders in the next `horizon` days, given (x, t_x, T).

    A law defines the likelihood of a history, P(alive), and the distribution of X* given alive, which depends on x and
    T but not on t_x. Everything else follows from these, so that mean, quantiles and P(order) cannot contradict each
    other. Arguments broadcast against each other; what is costly is computed once per unique (x, T, ...).

    `multiplier` (>= 0) is a factor on the customer's order rate from now on, 1 by the history alone. `rate_cv` (>= 0)
    is the coefficient of variation of that factor: 0 takes the law's rate as certain.
    """

    TITLE: ClassVar[str]
    """As the literature writes it."""
    MOVES: ClassVar[tuple[tuple[int, float], tuple[int, float]]]
    """The place of the parameter that a factor on the rate moves, and its power; and those of a factor on leaving."""

    @abstractmethod
    def log_likelihood(self, x: Numbers, t_x: Numbers, T: Numbers) -> Array:
        """Log density of each history; in another unit of time it changes by x log(unit)."""

    @abstractmethod
    def p_alive(self, x: Numbers, t_x: Numbers, T: Numbers) -> Array:
        """Probability that the customer can still order at T."""

    @abstractmethod
    def tail(self, n: Array, horizon: Array, x: Array, T: Array, multiplier: Array, rate_cv: Array) -> Array:
        """P(X* >= n | alive), n >= 1, a value per row; the multiplier and the horizon are positive."""

    @abstractmethod
    def means(self, horizons: Array, x: Array, T: Array, multiplier: Array) -> Array:
        """E[X* | alive], a row per customer and a column per horizon."""

    @abstractmethod
    def moved(self, rate: float, leaving: float) -> OrderLaw:
        """The law of customers who order at `rate` times the rate, and leave with `leaving` times the odds or rate."""

    @abstractmethod
    def time_scale(self, T: Array, multiplier: Array) -> Array:
        """The scale s for which the mean count by a time is smooth in log(1 + time / s)."""

    def tails(
        self, most: int, enough: Array, horizon: Array, x: Array, T: Array, multiplier: Array, rate_cv: Array
    ) -> Array:
        """
        P(X* >= n | alive) for n = 1 to `most`, a column each, to an absolute 1e-14.

        A row is followed until it falls to `enough`: what lies beyond may be given as 0.
        """
        columns = np.array([horizon, x, T, multiplier, rate_cv])
        tails = np.zeros((len(x), most))
        rows = np.flatnonzero(enough < 1)
        for n in range(most):
            tails[rows, n] = per_unique_row(self.tail, n + 1, *columns[:, rows])
            rows = rows[tails[rows, n] > enough[rows]]
        return tails

    def survival(
        self,
        n: Numbers,
        horizon: Numbers,
        x: Numbers,
        t_x: Numbers,
        T: Numbers,
        multiplier: Numbers = 1.0,
        rate_cv: Numbers = 0.0,
        alive: Numbers | None = None,
    ) -> Array:
        """P(X* >= n); `alive` takes the place of P(alive), and may lie above 1 as long as P(X* >= 1) does not."""
        possible = (np.asarray(horizon) > 0) & (np.asarray(multiplier) > 0)
        tail = per_unique_row(self.tail, np.maximum(n, 1), horizon, x, T, multiplier, rate_cv)
        weight = self.p_alive(x, t_x, T) if alive is None else np.asarray(alive, np.float64)
        return np.where(np.asarray(n) < 1, 1.0, np.where(possible, np.minimum(weight * tail, 1.0), 0.0))

    def p_order(self, horizon: Numbers, x: Numbers, t_x: Numbers, T: Numbers, multiplier: Numbers = 1.0) -> Array:
        """P(X* >= 1): at least one order in the horizon."""
        return self.survival(1, horizon, x, t_x, T, multiplier)

    def pmf(
        self, n: Numbers, horizon: Numbers, x: Numbers, t_x: Numbers, T: Numbers, multiplier: Numbers = 1.0
    ) -> Array:
        """P(X* = n), to an absolute 1e-10."""
        at_least_n, more_than_n = (self.survival(k, horizon, x, t_x, T, multiplier) for k in (n, np.asarray(n) + 1))
        return np.maximum(at_least_n - more_than_n, 0)

    def expected_orders(
        self, horizon: Numbers, x: Numbers, t_x: Numbers, T: Numbers, multiplier: Numbers = 1.0
    ) -> Array:
        """E[X*], the conditional expected number of purchases."""
        return self.p_alive(x, t_x, T) * self.expected_if_alive(horizon, x, T, multiplier)

    def expected_if_alive(self, horizon: Numbers, x: Numbers, T: Numbers, multiplier: Numbers = 1.0) -> Array:
        """E[X* | alive], which does not depend on t_x."""

        def mean(horizon: Array, x: Array, T: Array, multiplier: Array) -> Array:
            return self.means(horizon[:, None], x, T, multiplier)[:, 0]

        return per_unique_row(mean, horizon, x, T, multiplier)

    def discounted_orders(
        self, horizon: Numbers, rate: float, x: Numbers, t_x: Numbers, T: Numbers, multiplier: Numbers = 1.0
    ) -> Array:
        """
        Mean of the sum of exp(-rate * time) over the orders in the horizon; `rate` is per day, 0 gives E[X*].

        Each order is discounted from the moment at which it is placed, not by the month.
        """
        return self.p_alive(x, t_x, T) * self.discounted_if_alive(horizon, rate, x, T, multiplier)

    def discounted_if_alive(
        self, horizon: Numbers, rate: float, x: Numbers, T: Numbers, multiplier: Numbers = 1.0
    ) -> Array:
        """`discounted_orders` given alive, which does not depend on t_x."""

        def mean(horizon: Array, x: Array, T: Array, multiplier: Array) -> Array:
            def count(times: Array, rows: Index) -> Array:
                return self.means(times, x[rows], T[rows], multiplier[rows])

            return discounted(count, horizon, self.time_scale(T, multiplier), rate)

        return per_unique_row(mean, horizon, x, T, multiplier)


def poisson_gamma_tail(n: Array | int, shape: Array, exposure: Array) -> Array:
    """P(N >= n) of a Poisson count whose mean is `exposure` times a Gamma(shape, 1): I_z(n, shape), z = e / (1 + e).

    It is exact on either side of exposure = 1.
    """
    near = exposure < 1
    tail = np.empty(np.broadcast(n, shape, exposure).shape)
    betainc(n, shape, exposure / (1 + exposure), out=tail, where=near)
    betaincc(shape, n, 1 / (1 + exposure), out=tail, where=~near)
    return tail


def uncertain_rate(shape: Array, rate_cv: Array) -> tuple[Array, Array]:
    """
    The shape, and the growth of the scale, of a Gamma rate times a factor of mean 1 and coefficient of variation `cv`.

    The product is not a Gamma; this one has its mean and its variance, and is exact where `rate_cv` is 0.
    """
    growth = 1 + rate_cv**2 * (shape + 1)
    return shape / growth, growth


def as_floats(*values: Numbers) -> tuple[Array, ...]:
    """The arguments as arrays of float, broadcast against each other."""
    return np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in values))
