"""
Write grid.csv: the laws at hard points, by the papers' own formulas in arithmetic of many digits.

None of the package's formulas is used: means are 2F1 (summed term by term), P(alive) of Pareto/NBD is the A_0 of
Fader and Hardie's derivation, survivals are finite sums or tanh-sinh integrals split around the mode. Where a
formula has a pole (a = 1, s = 1) it is taken 1e-60 beside it. Run it by hand, it takes some minutes:

    python tests/models/clv/make_grid.py
"""

from __future__ import annotations

import csv
from pathlib import Path

import mpmath as mp
import numpy as np

GRID = Path(__file__).with_name("grid.csv")
INPUTS = ("p1", "p2", "p3", "p4", "n", "horizon", "x", "t_x", "T", "multiplier")
OUTPUTS = ("log_likelihood", "p_alive", "survival", "expected_orders")
POINTS = 120
HARD = [  # the cases of facts/accuracy.md, then corners
    ("BgNbd", 1.05, 18.5, 0.064, 0.099, 1, 2472, 0, 0, 1434, 1),
    ("BgNbd", 0.5, 10, 1, 2.5, 3, 90, 4, 70, 100, 1),
    ("MbgNbd", 0.243, 4.414, 1, 2.426, 2, 365, 1000, 300, 310, 1),
    ("MbgNbd", 0.243, 4.414, 0.793, 2.426, 100, 365, 1000, 300, 310, 1),
    ("BgNbd", 0.243, 30.9, 0.001, 0.002, 1, 3650, 0, 0, 0.05, 1),
    ("BgNbd", 0.3, 5, 0.001, 3, 90000, 300, 100000, 299, 300, 1),
    ("BgNbd", 2, 5, 900, 4000, 3, 365, 20, 200, 220, 1.5),
    ("ParetoNbd", 0.553, 74, 1, 81.7, 2, 90, 3, 40, 100, 1),
    ("ParetoNbd", 0.553, 74, 0.606, 74, 2, 90, 3, 100, 100, 1),
    ("ParetoNbd", 0.3, 5, 0.5, 20, 90000, 300, 100000, 299.99, 300, 1),
    ("ParetoNbd", 0.01, 0.05, 0.01, 5000, 1, 9000, 0, 0, 0.04, 1),
    ("ParetoNbd", 0.01, 5000, 0.01, 0.05, 1, 9000, 0, 0, 4000, 3),
    ("ParetoNbd", 3, 10, 300, 20000, 8, 700, 30, 290, 300, 0.2),
]


def hyp2f1(a: mp.mpf, b: mp.mpf, c: mp.mpf, z: mp.mpf) -> mp.mpf:
    """The Gauss series, at whatever length it takes."""
    term = total = mp.mpf(1)
    k = 0
    while abs(term) > abs(total) * mp.eps:
        term *= (a + k) * (b + k) / ((c + k) * (k + 1)) * z
        total += term
        k += 1
    return total


def at_least(n: mp.mpf, shape: mp.mpf, reach: mp.mpf) -> mp.mpf:
    """P(N >= n), N negative binomial with odds `reach`: one less the n terms below."""
    term = (1 + reach) ** -shape
    total = mp.mpf(0)
    for k in range(int(n)):
        total += term
        term *= (shape + k) / (k + 1) * reach / (1 + reach)
    return 1 - total


def beta_geometric(law: str, r, alpha, a, b, n, horizon, x, t_x, T, multiplier):
    chances = x + 1 if law == "MbgNbd" else x
    if a == 1:
        a += mp.mpf(10) ** -60
    shape, stay = r + x, b + chances
    alive = mp.log(mp.beta(a, stay)) - shape * mp.log(alpha + T)
    left = mp.log(mp.beta(a + 1, stay - 1)) - shape * mp.log(alpha + t_x) if chances else -mp.inf
    both = mp.log(mp.exp(alive - max(alive, left)) + mp.exp(left - max(alive, left))) + max(alive, left)
    log_likelihood = mp.loggamma(shape) - mp.loggamma(r) + r * mp.log(alpha) - mp.log(mp.beta(a, b)) + both
    p_alive = mp.exp(alive - both)
    reach = horizon * multiplier / (alpha + T)
    survival = at_least(n, shape, reach) * mp.beta(a, stay + n - 1) / mp.beta(a, stay)
    gauss = mp.hyp2f1 if x < 50 else hyp2f1
    f = gauss(shape, stay, a + stay - 1, reach / (1 + reach)) * (1 + reach) ** -shape
    mean = (a + stay - 1) / (a - 1) * (1 - f)
    return log_likelihood, p_alive, p_alive * survival, p_alive * mean


def a_0(r, alpha, s, beta, x, t_x, T):
    """Fader, Hardie (2005), A note on deriving the Pareto/NBD model, equations (19) and (20)."""
    top, low, power = (alpha, beta, s + 1) if alpha >= beta else (beta, alpha, r + x)
    every = r + s + x
    parts = (mp.hyp2f1(every, power, every + 1, (top - low) / (top + t)) / (top + t) ** every for t in (t_x, T))
    return next(parts) - next(parts)


def pareto(law: str, r, alpha, s, beta, n, horizon, x, t_x, T, multiplier):
    if s == 1:
        s += mp.mpf(10) ** -60
    shape = r + x
    alive = (alpha + T) ** -shape * (beta + T) ** -s
    both = alive + s / (r + s + x) * a_0(r, alpha, s, beta, x, t_x, T)
    log_likelihood = mp.loggamma(shape) - mp.loggamma(r) + r * mp.log(alpha) + s * mp.log(beta) + mp.log(both)
    p_alive = alive / both
    scale, end = (alpha + T) / multiplier, beta + T

    def density(v: mp.mpf) -> mp.mpf:  # of the log of the time of the n-th order, times P(not left by then)
        w = mp.exp(v)
        return mp.exp(n * v - (n + shape) * mp.log1p(w) - s * mp.log1p(w * scale / end))

    stop = mp.log(horizon / scale)
    slope = lambda v: n - (n + shape) / (1 + mp.exp(-v)) - s / (1 + end / scale * mp.exp(-v))  # noqa: E731
    mode = min(mp.findroot(slope, (-90, 90), solver="ridder", tol=1e-9, verify=False), stop)
    width = mp.sqrt(1 / n + 1 / shape)
    cuts = [mode + k * width for k in range(-20, 21)]
    cuts = [cuts[0] - k * 20 / n for k in range(6, 0, -1)] + cuts + [cuts[-1] + k for k in range(1, 60)]
    inner = [v for v in cuts if v < stop]
    with mp.workdps(35):
        peak = density(mode)  # quad's error is absolute
        survival = mp.quad(lambda v: density(v) / peak, [*inner, stop]) * peak / mp.beta(n, shape)
    mean = shape * end / (scale * (s - 1)) * (1 - (1 + horizon / end) ** (1 - s))
    return log_likelihood, p_alive, p_alive * survival, p_alive * mean


def draw(law: str, rng: np.random.Generator) -> tuple[float, ...]:
    """A random point; n lies near the mean, so that the survival is neither 0 nor 1."""

    def log_uniform(low: float, high: float) -> float:
        return float(f"{10 ** rng.uniform(np.log10(low), np.log10(high)):.6g}")

    r, alpha = log_uniform(0.01, 50), log_uniform(0.05, 2000)
    third = 1.0 if rng.random() < 0.15 else log_uniform(0.001, 100)
    fourth = log_uniform(0.001, 100) if law != "ParetoNbd" else log_uniform(0.05, 5000)
    x = float(rng.choice([0, 1, 2, 5, int(log_uniform(5, 300)), int(log_uniform(100, 5000))]))
    T = log_uniform(0.04, 15000)
    t_x = float(f"{T * rng.choice([1.0, rng.random(), rng.random() ** 0.1]):.6g}") if x else 0.0
    multiplier = 1.0 if rng.random() < 0.5 else log_uniform(0.05, 20)
    horizon = log_uniform(0.01, 3000)
    mean = (r + x) * horizon * multiplier / (alpha + T)
    horizon *= min(1.0, 3000 / mean)
    n = float(max(1, round(min(mean, 3000) * rng.choice([0.2, 0.7, 1, 1.3]))))
    return r, alpha, third, fourth, n, horizon, x, min(t_x, T), T, multiplier


def main() -> None:
    rng = np.random.default_rng(20261121)
    points = list(HARD) + [(law, *draw(law, rng)) for law in ("BgNbd", "MbgNbd", "ParetoNbd") for _ in range(POINTS)]
    with GRID.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["law", *INPUTS, *OUTPUTS])
        for law, *point in points:
            oracle = pareto if law == "ParetoNbd" else beta_geometric
            mp.mp.dps = 120
            values = oracle(law, *map(mp.mpf, point))
            writer.writerow([law, *map(repr, map(float, point)), *(mp.nstr(v, 20) for v in values)])
            file.flush()


if __name__ == "__main__":
    main()
