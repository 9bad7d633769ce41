"""How sure is a difference? Paired bootstrap over customers (Efron and Tibshirani 1993)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


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


def paired_means(values: np.ndarray, *, times: int, seed: int) -> np.ndarray:
    """Means over resamples of the customers; every column sees the same resamples.

    Parameters
    ----------
    values
        (N, M) a row per customer.

    Returns
    -------
    ndarray
        (times, M) means.
    """
    rng = np.random.default_rng(seed)
    n = len(values)
    drawn = (np.bincount(rng.integers(0, n, n), minlength=n) for _ in range(times))
    return np.array([counts @ values for counts in drawn]) / n
