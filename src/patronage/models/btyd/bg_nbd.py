"""
BG/NBD and MBG/NBD: laws under which a customer leaves at an order.

References
----------
Fader, Hardie, Lee (2005), "Counting your customers" the easy way. Marketing Science 24(2): BG/NBD; the equations.
Batislam, Denizel, Filiztekin (2007), IJRM 24(3), and Wagner, Hoppe (2008), IJRM 25(3): MBG/NBD.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from patronage.models.btyd.integrals import TINY, log_gamma_ratio, orders_until_dropout
from patronage.models.btyd.law import Numbers, OrderLaw, as_floats, poisson_gamma_tail, uncertain_rate
from patronage.models.btyd.unique_rows import per_unique_row
from patronage.typing import Array


@dataclass(frozen=True)
class BgNbd(OrderLaw):
    """
    BG/NBD: order rate ~ Gamma(r, alpha); after each repeat order the customer leaves with p ~ Beta(a, b).

    Given alive, rate ~ Gamma(r + x, alpha + T) and p ~ Beta(a, b + x), independent, so that

        P(X* >= n | alive) = I_z(n, r + x) B(a, b + x + n - 1) / B(a, b + x),   z = h / (alpha + T + h)

    A customer leaves at orders only, so a multiplier of the rate is the same as one of the horizon.
    """

    TITLE = "BG/NBD"
    MOVES = (1, -1.0), (2, 1.0)

    r: float
    alpha: float
    a: float
    b: float

    def _chances_to_leave(self, x: Array) -> Array:
        """How often a customer with x repeat orders could have left and did not, if alive."""
        return x

    def log_likelihood(self, x: Numbers, t_x: Numbers, T: Numbers) -> Array:  # equation 6
        x, t_x, T = as_floats(x, t_x, T)

        def of_frequency(x: Array, r: Array, a: Array, b: Array) -> Array:
            stayed = log_gamma_ratio(b, a) - log_gamma_ratio(b + self._chances_to_leave(x), a)
            return log_gamma_ratio(r, x) + stayed

        of_recency = -self.r * np.log1p(t_x / self.alpha) - x * np.log(self.alpha + t_x)
        silent = -(self.r + x) * np.log1p((T - t_x) / (self.alpha + t_x))
        return (
            per_unique_row(of_frequency, x, self.r, self.a, self.b)
            + of_recency
            + np.logaddexp(silent, self._log_odds_of_leaving(x))
        )

    def p_alive(self, x: Numbers, t_x: Numbers, T: Numbers) -> Array:
        x, t_x, T = as_floats(x, t_x, T)
        silent = -(self.r + x) * np.log1p((T - t_x) / (self.alpha + t_x))
        return expit(silent - self._log_odds_of_leaving(x))

    def _log_odds_of_leaving(self, x: Array) -> Array:
        """Log odds of having left at the last order, for a customer who had stayed until then."""
        chances = self._chances_to_leave(x)
        return np.where(chances > 0, np.log(self.a) - np.log(self.b + np.maximum(chances - 1, 0)), -np.inf)

    def tail(self, n: Array, horizon: Array, x: Array, T: Array, multiplier: Array, rate_cv: Array) -> Array:
        shape, growth = uncertain_rate(self.r + x, rate_cv)
        b = self.b + self._chances_to_leave(x)
        stayed = np.exp(log_gamma_ratio(b, self.a) - log_gamma_ratio(b + (n - 1), self.a))
        return poisson_gamma_tail(n, shape, horizon * multiplier * growth / (self.alpha + T)) * np.minimum(stayed, 1)

    def tails(
        self, most: int, enough: Array, horizon: Array, x: Array, T: Array, multiplier: Array, rate_cv: Array
    ) -> Array:
        """By recurrence: an order more is a factor on the mass of the Poisson count, and one on the chance to stay."""
        shape, growth = uncertain_rate(self.r + x, rate_cv)
        exposure = horizon * multiplier * growth / (self.alpha + T)
        b, step = self.b + self._chances_to_leave(x), exposure / (1 + exposure)
        ordered, stayed = -np.expm1(-shape * np.log1p(exposure)), np.ones_like(shape)
        mass = 1 - ordered
        tails = np.zeros((len(x), most))
        for n in range(1, most + 1):
            tails[:, n - 1] = ordered * stayed
            if (tails[:, n - 1] <= enough).all():
                break
            mass = mass * step * (shape + n - 1) / n
            ordered = np.maximum(ordered - mass, 0)
            stayed = stayed * (b + n - 1) / (self.a + b + n - 1)
        return tails

    def means(self, horizons: Array, x: Array, T: Array, multiplier: Array) -> Array:  # equation 10, given alive
        shape, b = self.r + x, self.b + self._chances_to_leave(x)
        exposure = horizons * (multiplier / (self.alpha + T))[:, None]
        mean = orders_until_dropout(shape, exposure, np.full_like(b, self.a), b)
        if_nobody_left = shape[:, None] * exposure
        p_order = np.minimum(poisson_gamma_tail(1, shape[:, None], exposure), if_nobody_left)
        return np.clip(mean, p_order, if_nobody_left)  # rounding must not cross the bounds

    def moved(self, rate: float, leaving: float) -> BgNbd:
        return type(self)(self.r, self.alpha / rate, self.a * leaving, self.b)

    def time_scale(self, T: Array, multiplier: Array) -> Array:
        return (self.alpha + T) / np.maximum(multiplier, TINY)


@dataclass(frozen=True)
class MbgNbd(BgNbd):
    """MBG/NBD: BG/NBD with one more chance to leave, at the first order, so that P(alive) < 1 where x = 0."""

    TITLE = "MBG/NBD"

    def _chances_to_leave(self, x: Array) -> Array:
        return x + 1
