"""
Abe's law: the law under which a customer leaves at any moment, and who orders often may leave sooner, or later.

It is Pareto/NBD's process with lognormal rates, which may go together, in place of independent Gamma ones. The sums
over rates have no closed form: they are taken on a lattice, as narrow as what the history leaves of the rate.

References
----------
Abe (2009), "Counting your customers" one by one: a hierarchical Bayes extension to the Pareto/NBD model. Marketing
Science 28(3). There the parameters are sampled; here they are those of the highest likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import exprel, gammainc, gammaln, wrightomega

from patronage.models.btyd.integrals import TINY
from patronage.models.btyd.law import Numbers, OrderLaw, as_floats
from patronage.models.btyd.unique_rows import in_blocks, per_unique_row
from patronage.typing import Array

OF_HISTORY = 28, 24  # points of the lattice, of rate and of leaving: more change no probability by two thousandths
OF_ALIVE = 20, 16  # given alive, where both are known to lie in a narrower place
DEPTH = 18.0  # of a log density below its top, where the lattice ends: what is left out is 1e-8
FURTHEST = 300.0  # of a log rate, so that sums of rates are numbers
ROWS = 256  # at a time, so that a lattice stays within the cache


class _Lattice(NamedTuple):
    """(N, K) rates of orders and of leaving, and the logarithm of each pair's weight: what the law says before T."""

    rate: Array
    leaving: Array
    log_weight: Array


@dataclass(frozen=True)
class Abe(OrderLaw):
    """
    Abe's law: the logarithms of order rate and rate of leaving are normal, and correlated.

    Given both rates, l of orders and m of leaving, and s = l + m, a history has the likelihood

        l^x (m exp(-s t_x) + l exp(-s T)) / s

    of which l^x exp(-s T) is that of a customer who is alive at T. Given alive, the chance of n orders in the horizon
    h is that the n-th comes before both h and the end: (l / s)^n P(Gamma(n, s) < h).

    Attributes
    ----------
    rate, leaving
        The median customer's orders per day, and ends per day.
    rate_sd, leaving_sd
        The standard deviations of their logarithms among customers.
    concordance
        (1 + r) / (1 - r) of their correlation r: 1 where they are independent, more where who orders often leaves
        sooner.
    """

    TITLE = "Abe's law"
    MOVES = (0, 1.0), (2, 1.0)

    rate: float
    rate_sd: float
    leaving: float
    leaving_sd: float
    concordance: float

    @property
    def correlation(self) -> float:
        """Of the logarithms of the two rates."""
        return (self.concordance - 1) / (self.concordance + 1)

    def log_likelihood(self, x: Numbers, t_x: Numbers, T: Numbers) -> Array:
        return per_unique_row(_log_likelihood, x, t_x, T, *vars(self).values(), rows=ROWS)

    def p_alive(self, x: Numbers, t_x: Numbers, T: Numbers) -> Array:
        return per_unique_row(_p_alive, x, t_x, T, *vars(self).values(), rows=ROWS)

    def tail(self, n: Array, horizon: Array, x: Array, T: Array, multiplier: Array, rate_cv: Array) -> Array:
        def of(n: Array, horizon: Array, x: Array, T: Array, multiplier: Array, rate_cv: Array) -> Array:
            rate, leaving, weight = self._alive(x, T, multiplier, rate_cv)
            both = rate + leaving
            ordered = (rate / both) ** n[:, None] * gammainc(n[:, None], both * horizon[:, None])
            return np.asarray(np.minimum((weight * ordered).sum(axis=1), 1))

        return in_blocks(of, *as_floats(n, horizon, x, T, multiplier, rate_cv), rows=ROWS)

    def tails(
        self, most: int, enough: Array, horizon: Array, x: Array, T: Array, multiplier: Array, rate_cv: Array
    ) -> Array:
        """By recurrence: P(Gamma(n + 1) < z) is P(Gamma(n) < z) less the chance of n by then."""
        tails = np.zeros((len(x), most))
        for start in range(0, len(x), ROWS):
            rows = slice(start, start + ROWS)
            rate, leaving, weight = self._alive(x[rows], T[rows], multiplier[rows], rate_cv[rows])
            both = rate + leaving
            elapsed, share = both * horizon[rows, None], rate / both
            by_then, log_elapsed = -np.expm1(-elapsed), np.log(np.maximum(elapsed, TINY))
            for n in range(1, most + 1):
                weight = weight * share
                tails[rows, n - 1] = np.minimum((weight * by_then).sum(axis=1), 1)
                if (tails[rows, n - 1] <= enough[rows]).all():
                    break
                by_then = np.maximum(by_then - np.exp(n * log_elapsed - elapsed - gammaln(n + 1)), 0)
        return tails

    def means(self, horizons: Array, x: Array, T: Array, multiplier: Array) -> Array:
        means = np.empty(horizons.shape)
        for start in range(0, len(x), ROWS):
            rows = slice(start, start + ROWS)
            rate, leaving, weight = self._alive(x[rows], T[rows], multiplier[rows], np.zeros_like(x[rows]))
            for column in range(horizons.shape[1]):
                days = horizons[rows, column, None]
                means[rows, column] = (weight * rate * days * exprel(-leaving * days)).sum(axis=1)
        return means

    def moved(self, rate: float, leaving: float) -> Abe:
        return Abe(self.rate * rate, self.rate_sd, self.leaving * leaving, self.leaving_sd, self.concordance)

    def time_scale(self, T: Array, multiplier: Array) -> Array:
        return T + 1 / self.leaving

    def _alive(self, x: Array, T: Array, multiplier: Array, rate_cv: Array) -> tuple[Array, Array, Array]:
        """(N, K) rates and weights, which sum to 1, given alive at T; the rate with its factor from now on.

        An uncertain factor, of mean 1, spreads the logarithm of the rate around its mean; the mean rate stays.
        """
        lattice = _lattice(OF_ALIVE, x, T, T, *(np.full_like(x, value) for value in vars(self).values()))
        log_rate = np.log(lattice.rate)
        log_weight = x[:, None] * log_rate - (lattice.rate + lattice.leaving) * T[:, None] + lattice.log_weight
        weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
        weight /= weight.sum(axis=1, keepdims=True)
        rate = lattice.rate
        if (rate_cv > 0).any():
            middle = (weight * log_rate).sum(axis=1, keepdims=True)
            variance = (weight * (log_rate - middle) ** 2).sum(axis=1, keepdims=True)
            wider = np.sqrt(1 + np.log1p(rate_cv[:, None] ** 2) / np.maximum(variance, TINY))
            spread = np.exp(np.minimum(middle + (log_rate - middle) * wider, FURTHEST))
            rate = spread * ((weight * rate).sum(axis=1) / (weight * spread).sum(axis=1))[:, None]
        return rate * multiplier[:, None], lattice.leaving, weight


def _log_likelihood(*columns: Array) -> Array:
    return _history(*columns)[0]


def _p_alive(*columns: Array) -> Array:
    return _history(*columns)[1]


def _history(x: Array, t_x: Array, T: Array, *parameters: Array) -> tuple[Array, Array]:
    """(N,) log likelihood of each history, and P(alive)."""
    rate, leaving, log_weight = _lattice(OF_HISTORY, x, T, t_x, *parameters)
    both = rate + leaving
    log_density = x[:, None] * np.log(rate) - both * t_x[:, None] + log_weight
    top = log_density.max(axis=1, keepdims=True)
    until_last = np.exp(log_density - top)
    silent = np.exp(-both * (T - t_x)[:, None])
    likelihood = (until_last * (leaving + rate * silent) / both).sum(axis=1)
    alive = (until_last * silent).sum(axis=1)
    likelihood = np.maximum(likelihood, TINY)
    return np.log(likelihood) + top[:, 0], np.minimum(alive / likelihood, 1)


def _lattice(
    size: tuple[int, int],
    x: Array,
    longest: Array,
    shortest: Array,
    rate: Array,
    rate_sd: Array,
    leaving: Array,
    leaving_sd: Array,
    concordance: Array,
) -> _Lattice:
    """The lattice of customers with x orders who were there between the shortest and the longest time."""
    correlation = (concordance - 1) / (concordance + 1)
    middle = np.log(rate)
    log_rate, rate_weight = _points(size[0], middle, rate_sd, (x, longest), (x, shortest))
    apart = correlation[:, None] * (log_rate - middle[:, None]) / rate_sd[:, None]
    middle = np.log(leaving)[:, None] + leaving_sd[:, None] * apart
    sd = np.broadcast_to((leaving_sd * np.sqrt(1 - correlation**2))[:, None], middle.shape)
    log_leaving, leaving_weight = _points(size[1], middle, sd, (0.0, longest[:, None]), (1.0, shortest[:, None]))
    shape = len(x), size[0] * size[1]
    return _Lattice(
        np.repeat(np.exp(log_rate), size[1], axis=1),
        np.exp(log_leaving).reshape(shape),
        (rate_weight[:, :, None] + leaving_weight).reshape(shape),
    )


def _points(
    size: int, mean: Array, sd: Array, least: tuple[Array | float, Array], most: tuple[Array | float, Array]
) -> tuple[Array, Array]:
    """Points of a log rate that is normal before anything is seen, along a last axis, and the logs of their weights.

    They reach as far as the rate may lie after either of two histories: so many acts in such a time.
    """
    low = _ends(mean, sd, *least)[0]
    step = (_ends(mean, sd, *most)[1] - low) / (size - 1)
    points = low[..., None] + step[..., None] * np.arange(size)
    deviation = (points - mean[..., None]) / sd[..., None]
    return points, np.log(step / (sd * np.sqrt(2 * np.pi)))[..., None] - deviation**2 / 2


def _ends(mean: Array, sd: Array, acts: Array | float, time: Array) -> tuple[Array, Array]:
    """Beyond which the log density of a log rate, after so many acts in a time, lies DEPTH below its top, or more.

    By an amount d from the top it falls by e (exp(d) - 1 - d) + d^2 / (2 sd^2), where e acts were expected by then.
    """
    furthest = mean + sd**2 * acts
    with np.errstate(divide="ignore"):
        expected = wrightomega(np.log(sd**2 * time) + furthest) / sd**2
    top = furthest - sd**2 * expected
    ratio = DEPTH / np.maximum(expected, TINY)
    by_prior = sd * np.sqrt(2 * DEPTH)
    below = np.minimum(by_prior, np.where(3 * ratio <= 1, np.sqrt(3 * ratio), 1 + ratio))
    above = np.minimum(by_prior, np.minimum(np.sqrt(2 * ratio), 1 + np.log1p(ratio)))
    return np.minimum(top - below, FURTHEST - 1), np.minimum(top + above, FURTHEST)
