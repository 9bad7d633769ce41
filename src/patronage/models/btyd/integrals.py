"""
The numerics of the laws of orders: every term is positive, so nothing cancels, and no 2F1 is needed.

Each row of a result depends on its own row of the arguments alone, to the last bit: the other customers of a batch do
not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np
from scipy.special import expit, gammaln

from patronage.typing import Array, Index

DEPTH = 32.0  # a tail is left out where the integrand has fallen by exp(-32) = 1e-14
FLAT = 1e-6  # below it the integrand is its first two Taylor terms, to 1e-12
TINY = 1e-250  # stands for zero where one divides


def log_gamma_ratio(z: Array | float, a: Array | float) -> Array:
    """ln gamma(z + a) - ln gamma(z), without the cancellation that costs gammaln six digits at z = 1e5."""
    return (z - 0.5) * np.log1p(a / z) + a * (np.log(z + a) - 1) + _stirling(z + a) - _stirling(z)


def arrival(n: Array, shape: Array, scale: Array, horizon: Array, rival_shape: Array, rival_scale: Array) -> Array:
    """
    Probability that the n-th order comes within the horizon and before a rival event.

    Orders are Poisson with a Gamma(shape, scale) rate, and the rival's waiting time is Pareto: its survival function
    is (1 + u / rival_scale)^-rival_shape. So it is the integral over u in (0, horizon) of

        (u / scale)^(n - 1) (1 + u / scale)^-(n + shape) / (scale B(n, shape)) (1 + u / rival_scale)^-rival_shape

    by Gauss-Legendre in y = log(1 + u / min(scale, rival_scale)), whose singularities lie at Im y = +-pi wherever the
    two scales are, over the window that holds all but exp(-32) of the integrand.

    Parameters
    ----------
    n, shape, scale, horizon, rival_shape, rival_scale
        Positive, one-dimensional, of one length; the scales and the horizon share a unit. n need not be small.
    """
    unit = np.minimum(scale, rival_scale)
    low, high = _arrival_window(n, shape, scale, np.maximum(horizon, TINY), rival_shape, rival_scale)
    low, high = np.log1p(low / unit), np.log1p(high / unit)
    total = np.empty(len(n))
    for rows, count in _by_count(36 + 4 * (high - low)):
        at, weight = _gauss_legendre(count)
        r, width = rows[:, None], (high - low)[rows, None]
        growth = np.expm1(low[r] + width * at)
        u = unit[r] * growth
        log_density = _log_beta_prime(u / scale[r], n[r], shape[r]) - rival_shape[r] * np.log1p(u / rival_scale[r])
        total[rows] = (weight * width * np.exp(log_density) * (1 + growth) / growth).sum(axis=1)
    return total


def orders_until_dropout(shape: Array, exposure: Array, a: Array, b: Array) -> Array:
    """
    Mean number of orders where each order may be the last: rate ~ Gamma(shape, 1), dropout p ~ Beta(a, b).

    It is the mean over p of (1 - (1 + p exposure)^-shape) / p. In u = logit p the integrand is analytic to
    Im u = +-pi and falls exponentially, so the trapezoidal rule converges geometrically; what lies left of its nodes,
    where a small `a` makes the fall slow, is a geometric series and summed as one, and so on the right for a small b.

    Parameters
    ----------
    shape, a, b
        Positive, one-dimensional, of one length.
    exposure
        Two-dimensional, a row per customer and a column per horizon.
    """
    total = np.empty(exposure.shape)
    low, high, step = _dropout_window(shape, exposure.max(axis=1), a, b)
    given = np.array([shape, a, b, low, high])[:, :, None]
    for rows, count in _by_count((high - low) / step + 1):
        order, alpha, beta, lowest, highest = given[:, rows]
        width = (highest - lowest) / (count - 1)
        u = highest - width * np.arange(count)
        p = expit(u)
        density = width * np.exp(_log_logit_beta(u, alpha, beta))
        left, lefter, right = _beyond(np.hstack([alpha, alpha + 1, beta]) * width).T
        bends = -(alpha + beta + 0.5 * (order + 1) * exposure[rows]) * np.exp(lowest)
        for k, (reach, bend) in enumerate(zip(exposure[rows].T, bends.T, strict=True)):
            mean = density * -np.expm1(-order * np.log1p(p * reach[:, None])) / p
            edge = mean[:, -1] / (1 + bend) * (left + bend * lefter)
            total[rows, k] = mean.sum(axis=1) + edge + mean[:, 0] * right
    return total


def discounted(mean: Callable[[Array, Index], Array], horizon: Array, scale: Array, rate: float) -> Array:
    """
    Sum of exp(-rate * time) over the events of a counting process, on average.

    With M(s) the mean count by s, it is exp(-rate h) M(h) + integral over s in (0, h) of rate exp(-rate s) M(s), by
    Gauss-Legendre in log(1 + s / scale), up to where exp(-rate s) is nothing: any horizon will do.

    Parameters
    ----------
    mean
        Called with times, a row per customer and a column per time, and the positions of these customers.
    horizon, scale
        Positive, one-dimensional, of one length: M is smooth in log(1 + s / scale).
    rate
        Per unit of time; with 0 the result is M(h).
    """
    total = np.empty(len(horizon))
    horizon = np.minimum(horizon, DEPTH / max(rate, TINY))
    end = np.log1p(horizon / scale)
    for rows, count in _by_count(4 + 3 * end):
        at, weight = _gauss_legendre(count)
        r = rows[:, None]
        times = np.hstack([scale[r] * np.expm1(end[r] * at), horizon[r]])
        spans = np.hstack([rate * (scale[r] + times[:, :-1]) * end[r] * weight, np.ones_like(end[r])])
        total[rows] = (spans * np.exp(-rate * times) * mean(times, rows)).sum(axis=1)
    return total


def _beyond(fall: Array) -> Array:
    """exp(-fall) + exp(-2 fall) + ..."""
    return np.exp(-fall) / -np.expm1(-fall)


@lru_cache(maxsize=64)
def _gauss_legendre(count: int) -> tuple[Array, Array]:
    """Nodes and weights on (0, 1)."""
    at, weight = np.polynomial.legendre.leggauss(count)
    return (at + 1) / 2, weight / 2


def _by_count(wanted: Array) -> Iterator[tuple[Index, int]]:
    """Group rows by the number of nodes they want, rounded up to a multiple of eight."""
    counts = (8 * np.ceil(wanted / 8)).astype(np.intp)
    for count in set(counts.tolist()):
        yield (counts == count).nonzero()[0], count


def _stirling(z: Array | float) -> Array:
    """What Stirling's formula (z - 1/2) ln z - z + ln(2 pi) / 2 leaves of ln gamma(z)."""
    w = 1 / np.maximum(z, 16.0) ** 2
    series = np.sqrt(w) * (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w / 1188))))
    return np.where(z < 16, gammaln(z) - (z - 0.5) * np.log(z) + z - 0.5 * np.log(2 * np.pi), series)


def _log_peak(a: Array, b: Array) -> Array:
    """Log density of logit p, p ~ Beta(a, b), at its mode log(a / b)."""
    both, first, second = _stirling(np.array([a + b, a, b]))
    return 0.5 * np.log(a / (a + b) * b / (2 * np.pi)) + both - first - second


def _log_beta_prime(w: Array, a: Array, b: Array) -> Array:
    """Log density of log w, w ~ BetaPrime(a, b); relative to the mode a / b, so that 1e6 orders keep their digits."""
    return _log_peak(a, b) + a * np.log(w * b / a) - (a + b) * np.log((1 + w) / (1 + a / b))


def _log_logit_beta(u: Array, a: Array, b: Array) -> Array:
    """Log density of u = logit p, p ~ Beta(a, b)."""
    return _log_peak(a, b) + a * (u - np.log(a / b)) - (a + b) * (np.log1p(np.exp(u)) - np.log1p(a / b))


def _fall(slope: Array | float, curvature: Array, depth: Array | float) -> Array:
    """
    Distance over which a log-concave sum of logistic terms surely falls by `depth`.

    Such a function has |f'''| <= |f''|, so that at distance d it has fallen by at least
    slope d + curvature (exp(-d) - 1 + d) >= slope d + curvature d^2 / (2 + d): a quadratic for d.
    """
    linear = depth - 2 * slope
    return (linear + np.sqrt(linear**2 + 8 * depth * (slope + curvature))) / (2 * (slope + curvature))


def _arrival_window(
    n: Array, shape: Array, scale: Array, horizon: Array, rival_shape: Array, rival_scale: Array
) -> tuple[Array, Array]:
    """Where in (0, horizon) the integrand of `arrival` matters, seen in log u, in which it is log-concave."""
    half = 0.5 * ((n - rival_shape) * scale - shape * rival_scale)
    root = np.hypot(half, np.sqrt((shape + rival_shape) * n) * np.sqrt(scale) * np.sqrt(rival_scale))
    product = n * scale / (root + np.abs(half)) * rival_scale
    mode = np.where(half > 0, (root + half) / (shape + rival_shape), product)
    top = np.minimum(mode, horizon)

    def slope(u: Array) -> Array:
        return n - (n + shape) * (u / (scale + u)) - rival_shape * (u / (rival_scale + u))

    ordered, dead = top / (scale + top), top / (rival_scale + top)
    curvature = (n + shape) * ordered * (1 - ordered) + rival_shape * dead * (1 - dead)
    left = _fall(np.maximum(slope(top), 0), curvature, DEPTH)
    right = _fall(0.0, curvature, DEPTH)
    for out in (1.0, 2.0, 3.0, 4.0):  # from there on the fall is at least linear
        left = np.minimum(left, out + DEPTH / np.maximum(slope(top * np.exp(-out)), TINY))
        right = np.minimum(right, out + DEPTH / np.maximum(-slope(top * np.exp(out)), TINY))
    return top * np.exp(-left), np.minimum(top * np.exp(np.minimum(right, 600)), horizon)


def _dropout_window(shape: Array, exposure: Array, a: Array, b: Array) -> tuple[Array, Array, Array]:
    """Ends and widest step of the nodes of `orders_until_dropout`."""
    depth = DEPTH + np.log1p(shape * exposure)
    both = a + b
    fall = _fall(0.0, a * b / both, depth)
    mode = np.log(a / b)
    flat = np.log(FLAT / (both + 0.5 * (shape + 1) * exposure))
    entropy = a * np.log(both / a) + b * np.log(both / b)
    sparse = np.log(np.expm1(np.minimum((depth + entropy) / b, DEPTH)))  # there (1 - p)^b has fallen enough
    low = np.maximum(flat, mode - fall)
    return low, np.minimum(sparse, mode + fall), 1 / np.sqrt(8 + 2 * np.minimum(a, b))
