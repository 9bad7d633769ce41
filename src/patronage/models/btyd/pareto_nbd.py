"""
Pareto/NBD: the law under which a customer leaves at any moment.

References
----------
Schmittlein, Morrison, Colombo (1987), Counting your customers. Management Science 33(1).
Fader, Hardie (2005), A note on deriving the Pareto/NBD model, brucehardie.com/notes/009.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import exprel

from patronage.models.btyd.integrals import TINY, arrival, log_gamma_ratio
from patronage.models.btyd.law import Numbers, OrderLaw, as_floats, uncertain_rate
from patronage.models.btyd.unique_rows import per_unique_row
from patronage.typing import Array


@dataclass(frozen=True)
class ParetoNbd(OrderLaw):
    """
    Pareto/NBD: order rate ~ Gamma(r, alpha); the customer leaves at a rate ~ Gamma(s, beta), orders or not.

    Given alive, the order rate is Gamma(r + x, alpha + T) and the rate of leaving Gamma(s, beta + T), independent, so
    P(X* >= n | alive) is the chance that the n-th order comes before both the horizon and a Pareto(s, beta + T) end;
    and having left unobserved after t_x is the chance that, from there, the end came first. One integral serves both.
    A multiplier changes orders only: leaving stays in real time.
    """

    TITLE = "Pareto/NBD"
    MOVES = (1, -1.0), (3, -1.0)

    r: float
    alpha: float
    s: float
    beta: float

    def log_likelihood(self, x: Numbers, t_x: Numbers, T: Numbers) -> Array:
        x, t_x, T = as_floats(x, t_x, T)
        of_frequency = per_unique_row(log_gamma_ratio, self.r, x)
        of_recency = -self.r * np.log1p(t_x / self.alpha) - x * np.log(self.alpha + t_x)
        alive, left = self._silence(x, t_x, T)
        return of_frequency + of_recency - self.s * np.log1p(t_x / self.beta) + np.log(alive + left)

    def p_alive(self, x: Numbers, t_x: Numbers, T: Numbers) -> Array:
        alive, left = self._silence(*as_floats(x, t_x, T))
        return alive / (alive + left)

    def _silence(self, x: Array, t_x: Array, T: Array) -> tuple[Array, Array]:
        """Given alive at t_x, the probabilities of no order until T: alive at T, and having left before."""
        shape, scale, rival_scale = self.r + x, self.alpha + t_x, self.beta + t_x
        alive = np.exp(-shape * np.log1p((T - t_x) / scale) - self.s * np.log1p((T - t_x) / rival_scale))
        return alive, np.where(t_x < T, per_unique_row(arrival, 1, self.s, rival_scale, T - t_x, shape, scale), 0)

    def tail(self, n: Array, horizon: Array, x: Array, T: Array, multiplier: Array, rate_cv: Array) -> Array:
        shape, growth = uncertain_rate(self.r + x, rate_cv)
        scale = (self.alpha + T) / np.maximum(multiplier * growth, TINY)
        tail = arrival(n, shape, scale, horizon, np.full_like(x, self.s), self.beta + T)
        mean = self.means(horizon[:, None], x, T, multiplier)[:, 0]
        return np.minimum(tail, np.minimum(mean / n, 1))  # rounding must not cross the bounds

    def means(self, horizons: Array, x: Array, T: Array, multiplier: Array) -> Array:
        end = (self.beta + T)[:, None]
        log_end = np.log1p(horizons / end)
        rate = (self.r + x) / (self.alpha + T) * multiplier
        return rate[:, None] * end * log_end * exprel((1 - self.s) * log_end)

    def moved(self, rate: float, leaving: float) -> ParetoNbd:
        return ParetoNbd(self.r, self.alpha / rate, self.s, self.beta / leaving)

    def time_scale(self, T: Array, multiplier: Array) -> Array:
        return self.beta + T
