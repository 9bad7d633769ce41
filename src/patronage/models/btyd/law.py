"""
Three laws of repeat orders, each the whole predictive distribution of a customer's orders to come.

A customer is (x, t_x, T): repeat orders, age at the last one, age now. Ages, horizons, alpha and beta are in days (in
any one unit, as long as all are in it). x is a whole number, 0 <= t_x <= T, and t_x = 0 where x = 0.

References
----------
Fader, Hardie, Lee (2005), "Counting your customers" the easy way. Marketing Science 24(2): BG/NBD.
Batislam, Denizel, Filiztekin (2007), IJRM 24(3), and Wagner, Hoppe (2008), IJRM 25(3): MBG/NBD.
Schmittlein, Morrison, Colombo (1987), Counting your customers. Management Science 33(1): Pareto/NBD.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaincc, expit, exprel

from patronage.models.btyd.integrals import TINY, arrival, discounted, log_gamma_ratio, orders_until_dropout
from patronage.models.btyd.quantiles import quantiles
from patronage.models.btyd.unique_rows import distinct, once
from patronage.typing import Array, Index

Numbers = npt.ArrayLike


class OrderLaw(ABC):
    """
    The number X* of orders in the next `horizon` days, given (x, t_x, T).

    A law says how likely a history is, whether the customer is alive, and, given alive, the distribution of X*, which
    knows x and T but not t_x. All else follows here, so mean, quantiles and P(order) cannot contradict each other.

    `multiplier` (>= 0) is a factor on the customer's order rate from now on; 1 is what the history says. `spread`
    (>= 0) is how unsure that factor is, its coefficient of variation: 0 trusts the law to the letter.
    Arguments broadcast against each other; what is costly is done once per distinct (x, T, ...).
    """

    @abstractmethod
    def log_likelihood(self, x: Numbers, t_x: Numbers, T: Numbers) -> Array:
        """Log density of each history; in another unit of time it moves by x log(unit)."""

    @abstractmethod
    def p_alive(self, x: Numbers, t_x: Numbers, T: Numbers) -> Array:
        """Probability that the customer can still order at T."""

    @abstractmethod
    def tail(self, n: Array, horizon: Array, x: Array, T: Array, multiplier: Array, spread: Array) -> Array:
        """P(X* >= n | alive), n >= 1, a value a row; the multiplier and the horizon are positive."""

    def tails(
        self, most: int, enough: Array, horizon: Array, x: Array, T: Array, multiplier: Array, spread: Array
    ) -> Array:
        """
        P(X* >= n | alive) for n = 1 to `most`, a column each, to an absolute 1e-14.

        A row is followed until it falls to `enough`: what lies beyond may be given as 0.
        """
        columns = np.array([horizon, x, T, multiplier, spread])
        found = np.zeros((len(x), most))
        rows = np.flatnonzero(enough < 1)
        for n in range(most):
            found[rows, n] = once(self.tail, n + 1, *columns[:, rows])
            rows = rows[found[rows, n] > enough[rows]]
        return found

    @abstractmethod
    def means(self, horizons: Array, x: Array, T: Array, multiplier: Array) -> Array:
        """E[X* | alive], a row per customer and a column per horizon; parameters of the law may be a value a row."""

    @abstractmethod
    def _time_scale(self, T: Array, multiplier: Array) -> Array:
        """The time over which the order rate changes, as the mean count is smooth in log(1 + time / scale)."""

    def survival(
        self,
        n: Numbers,
        horizon: Numbers,
        x: Numbers,
        t_x: Numbers,
        T: Numbers,
        multiplier: Numbers = 1.0,
        spread: Numbers = 0.0,
    ) -> Array:
        """P(X* >= n)."""
        possible = (np.asarray(horizon) > 0) & (np.asarray(multiplier) > 0)
        tail = once(self.tail, np.maximum(n, 1), horizon, x, T, multiplier, spread)
        return np.where(np.asarray(n) < 1, 1.0, np.where(possible, self.p_alive(x, t_x, T) * tail, 0.0))

    def p_order(self, horizon: Numbers, x: Numbers, t_x: Numbers, T: Numbers, multiplier: Numbers = 1.0) -> Array:
        """P(X* >= 1): at least one order in the horizon."""
        return self.survival(1, horizon, x, t_x, T, multiplier)

    def pmf(
        self, n: Numbers, horizon: Numbers, x: Numbers, t_x: Numbers, T: Numbers, multiplier: Numbers = 1.0
    ) -> Array:
        """P(X* = n), to an absolute 1e-10."""
        at_least, more = (self.survival(k, horizon, x, t_x, T, multiplier) for k in (n, np.asarray(n) + 1))
        return np.maximum(at_least - more, 0)

    def expected_orders(
        self, horizon: Numbers, x: Numbers, t_x: Numbers, T: Numbers, multiplier: Numbers = 1.0
    ) -> Array:
        """E[X*]."""
        return self.p_alive(x, t_x, T) * self.expected_if_alive(horizon, x, T, multiplier)

    def expected_if_alive(self, horizon: Numbers, x: Numbers, T: Numbers, multiplier: Numbers = 1.0) -> Array:
        """E[X* | alive], which t_x says nothing of."""

        def mean(horizon: Array, x: Array, T: Array, multiplier: Array) -> Array:
            return self.means(horizon[:, None], x, T, multiplier)[:, 0]

        return once(mean, horizon, x, T, multiplier)

    def discounted_orders(
        self,
        horizon: Numbers,
        rate: float,
        x: Numbers,
        t_x: Numbers,
        T: Numbers,
        multiplier: Numbers = 1.0,
    ) -> Array:
        """
        Mean of the sum of exp(-rate * time) over the orders in the horizon; `rate` is per day, 0 gives E[X*].

        Each order is discounted from the moment at which it comes, not by the month.
        """

        return self.p_alive(x, t_x, T) * self.discounted_if_alive(horizon, rate, x, T, multiplier)

    def discounted_if_alive(
        self, horizon: Numbers, rate: float, x: Numbers, T: Numbers, multiplier: Numbers = 1.0
    ) -> Array:
        """`discounted_orders` of one who is alive, which t_x says nothing of."""

        def mean(horizon: Array, x: Array, T: Array, multiplier: Array) -> Array:
            def count(times: Array, rows: Index) -> Array:
                return self.means(times, x[rows], T[rows], multiplier[rows])

            return discounted(count, horizon, self._time_scale(T, multiplier), rate)

        return once(mean, horizon, x, T, multiplier)

    def quantile(
        self,
        level: Numbers,
        horizon: Numbers,
        x: Numbers,
        t_x: Numbers,
        T: Numbers,
        multiplier: Numbers = 1.0,
        spread: Numbers = 0.0,
    ) -> npt.NDArray[np.int64]:
        """The smallest n with P(X* <= n) >= level, 0 < level < 1."""
        columns = np.broadcast_arrays(1 - np.asarray(level), self.p_alive(x, t_x, T), horizon, x, T, multiplier, spread)
        rest, alive, *given = (np.asarray(column, dtype=np.float64).ravel() for column in columns)
        first, kind = distinct(*given)
        (found,) = quantiles(self, (rest,), alive, kind, tuple(column[first] for column in given))
        return found.reshape(columns[0].shape)


@dataclass(frozen=True)
class BgNbd(OrderLaw):
    """
    BG/NBD: order rate ~ Gamma(r, alpha); after each repeat order the customer leaves with p ~ Beta(a, b).

    Given alive, rate ~ Gamma(r + x, alpha + T) and p ~ Beta(a, b + x), independent, so that

        P(X* >= n | alive) = I_z(n, r + x) B(a, b + x + n - 1) / B(a, b + x),   z = h / (alpha + T + h)

    Leaving happens at orders only, so a multiplier of the rate is the same as one of the horizon.
    """

    r: float
    alpha: float
    a: float
    b: float

    def _survived(self, x: Array) -> Array:
        """How often a customer with x repeat orders could have left and did not, if alive."""
        return x

    def log_likelihood(self, x: Numbers, t_x: Numbers, T: Numbers) -> Array:
        x, t_x, T = _floats(x, t_x, T)

        def counted(x: Array) -> Array:
            stayed = log_gamma_ratio(self.b, self.a) - log_gamma_ratio(self.b + self._survived(x), self.a)
            return log_gamma_ratio(self.r, x) + stayed

        timed = -self.r * np.log1p(t_x / self.alpha) - x * np.log(self.alpha + t_x)
        silent = -(self.r + x) * np.log1p((T - t_x) / (self.alpha + t_x))
        return once(counted, x) + timed + np.logaddexp(silent, self._log_odds_of_leaving(x))

    def p_alive(self, x: Numbers, t_x: Numbers, T: Numbers) -> Array:
        x, t_x, T = _floats(x, t_x, T)
        silent = -(self.r + x) * np.log1p((T - t_x) / (self.alpha + t_x))
        return expit(silent - self._log_odds_of_leaving(x))

    def _log_odds_of_leaving(self, x: Array) -> Array:
        """Log of the odds to have left at the last order, for one who had stayed until then."""
        chances = self._survived(x)
        return np.where(chances > 0, np.log(self.a) - np.log(self.b + np.maximum(chances - 1, 0)), -np.inf)

    def tail(self, n: Array, horizon: Array, x: Array, T: Array, multiplier: Array, spread: Array) -> Array:
        shape, wider = _unsure(self.r + x, spread)
        b = self.b + self._survived(x)
        stayed = np.exp(log_gamma_ratio(b, self.a) - log_gamma_ratio(b + (n - 1), self.a))
        return _arrived(n, shape, horizon * multiplier * wider / (self.alpha + T)) * np.minimum(stayed, 1)

    def tails(
        self, most: int, enough: Array, horizon: Array, x: Array, T: Array, multiplier: Array, spread: Array
    ) -> Array:
        """By recurrence: an order more is a factor on the mass of the Poisson count, and one on the chance to stay."""
        shape, wider = _unsure(self.r + x, spread)
        reach = horizon * multiplier * wider / (self.alpha + T)
        b, grown = self.b + self._survived(x), reach / (1 + reach)
        arrived, stayed = -np.expm1(-shape * np.log1p(reach)), np.ones_like(shape)
        mass = 1 - arrived
        found = np.zeros((len(x), most))
        for n in range(1, most + 1):
            found[:, n - 1] = arrived * stayed
            if (found[:, n - 1] <= enough).all():
                break
            mass = mass * grown * (shape + n - 1) / n
            arrived = np.maximum(arrived - mass, 0)
            stayed = stayed * (b + n - 1) / (self.a + b + n - 1)
        return found

    def means(self, horizons: Array, x: Array, T: Array, multiplier: Array) -> Array:
        shape, b = self.r + x, self.b + self._survived(x)
        reach = horizons * (multiplier / (self.alpha + T))[:, None]
        mean = orders_until_dropout(shape, reach, np.full_like(b, self.a), b)
        most = shape[:, None] * reach
        return np.clip(
            mean, np.minimum(_arrived(1, shape[:, None], reach), most), most
        )  # rounding must not cross what binds it

    def _time_scale(self, T: Array, multiplier: Array) -> Array:
        return (self.alpha + T) / np.maximum(multiplier, TINY)


@dataclass(frozen=True)
class MbgNbd(BgNbd):
    """MBG/NBD: as BG/NBD, but one may leave after the first order too, so that P(alive) < 1 where x = 0."""

    def _survived(self, x: Array) -> Array:
        return x + 1


@dataclass(frozen=True)
class ParetoNbd(OrderLaw):
    """
    Pareto/NBD: order rate ~ Gamma(r, alpha); the customer leaves at a rate ~ Gamma(s, beta), orders or not.

    Given alive, the order rate is Gamma(r + x, alpha + T) and the rate of leaving Gamma(s, beta + T), independent, so
    P(X* >= n | alive) is the chance that the n-th order comes before both the horizon and a Pareto(s, beta + T) end;
    and having left unseen after t_x is the chance that, from there, the end came first. One integral serves both.
    A multiplier moves orders only: leaving stays in real time.
    """

    r: float
    alpha: float
    s: float
    beta: float

    def log_likelihood(self, x: Numbers, t_x: Numbers, T: Numbers) -> Array:
        x, t_x, T = _floats(x, t_x, T)
        counted = once(lambda x: log_gamma_ratio(self.r, x), x)
        timed = -self.r * np.log1p(t_x / self.alpha) - x * np.log(self.alpha + t_x)
        alive, left = self._silence(x, t_x, T)
        return counted + timed - self.s * np.log1p(t_x / self.beta) + np.log(alive + left)

    def p_alive(self, x: Numbers, t_x: Numbers, T: Numbers) -> Array:
        alive, left = self._silence(*_floats(x, t_x, T))
        return alive / (alive + left)

    def _silence(self, x: Array, t_x: Array, T: Array) -> tuple[Array, Array]:
        """Of one alive at t_x: the chances of no order until T, alive at T and having left before."""
        shape, scale, rival = self.r + x, self.alpha + t_x, self.beta + t_x
        alive = np.exp(-shape * np.log1p((T - t_x) / scale) - self.s * np.log1p((T - t_x) / rival))
        return alive, np.where(t_x < T, once(arrival, 1, self.s, rival, T - t_x, shape, scale), 0)

    def tail(self, n: Array, horizon: Array, x: Array, T: Array, multiplier: Array, spread: Array) -> Array:
        shape, wider = _unsure(self.r + x, spread)
        scale = (self.alpha + T) / np.maximum(multiplier * wider, TINY)
        tail = arrival(n, shape, scale, horizon, np.full_like(x, self.s), self.beta + T)
        mean = self.means(horizon[:, None], x, T, multiplier)[:, 0]
        return np.minimum(tail, np.minimum(mean / n, 1))  # rounding must not cross what binds it

    def means(self, horizons: Array, x: Array, T: Array, multiplier: Array) -> Array:
        end = (self.beta + T)[:, None]
        log_end = np.log1p(horizons / end)
        rate = (self.r + x) / (self.alpha + T) * multiplier
        return rate[:, None] * end * log_end * exprel((1 - np.reshape(self.s, (-1, 1))) * log_end)

    def _time_scale(self, T: Array, multiplier: Array) -> Array:
        return self.beta + T


def _arrived(n: Array | int, shape: Array, reach: Array) -> Array:
    """P(N >= n) of a Poisson count whose mean is `reach` times a Gamma(shape, 1): exact on either side of reach = 1."""
    near = reach < 1
    arrived = np.empty(np.broadcast(n, shape, reach).shape)
    betainc(n, shape, reach / (1 + reach), out=arrived, where=near)
    betaincc(shape, n, 1 / (1 + reach), out=arrived, where=~near)
    return arrived


def _unsure(shape: Array, spread: Array) -> tuple[Array, Array]:
    """
    Shape of a Gamma rate whose factor is unsure (mean 1, coefficient of variation `spread`), and its scale's growth.

    The product is no Gamma; this one has its mean and its variance, and is exact where spread is 0.
    """
    wider = 1 + spread**2 * (shape + 1)
    return shape / wider, wider


def _floats(*values: Numbers) -> tuple[Array, ...]:
    return np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in values))
