"""How sure is a difference? Paired bootstrap over customers (Efron and Tibshirani 1993)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

GROUPS = 10_000


class Interval(NamedTuple):
    """A mean difference with its 95 % percentile interval."""

    mean: float
    low: float
    high: float


def paired_difference(losses: np.ndarray, baseline: np.ndarray, *, times: int, seed: int) -> Interval:
    """Mean loss of a model minus that of its baseline; negative where the model is better.

    Parameters
    ----------
    losses, baseline
        (N,) loss of each customer under the two, in the same order.
    """
    difference = np.asarray(losses, float) - np.asarray(baseline, float)
    rng = np.random.default_rng(seed)
    n = len(difference)
    means = [difference[rng.integers(0, n, n)].mean() for _ in range(times)]
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(difference.mean()), float(low), float(high))


def resampled_sums(columns: Iterable[np.ndarray], n: int, *, times: int, seed: int) -> np.ndarray:
    """Sums over resamples of the customers; every column sees the same resamples.

    Of more customers than `GROUPS`, as many random groups of equal size are resampled instead: the variance of a
    mean is the same in expectation, and found to a percent.

    Parameters
    ----------
    columns
        M vectors of a value per customer, in the same order.

    Returns
    -------
    ndarray
        (times, M) sums.
    """
    rng = np.random.default_rng(seed)
    groups = rng.permutation(n) % GROUPS if n > GROUPS else np.arange(n)
    sums = np.column_stack([np.bincount(groups, weights=values) for values in columns])
    size = len(sums)
    return np.array([np.bincount(rng.integers(0, size, size), minlength=size) @ sums for _ in range(times)])
