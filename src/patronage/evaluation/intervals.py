"""Intervals of differences: the paired bootstrap over customers (Efron and Tibshirani 1993)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from patronage.typing import Array

GROUPS = 10_000
ENDS = (0.025, 0.975)  # of a 95 % interval
SAME = 1e-12  # of a loss: closer ones are of one forecast, whose last digits differ by how it was computed


@dataclass(frozen=True)
class Resampling:
    """How many resamples of the customers an interval is made of, and their seed."""

    times: int
    seed: int


class Interval(NamedTuple):
    """A mean difference with its 95 % percentile interval."""

    mean: float
    low: float
    high: float


def paired_difference(losses: Array, baseline_losses: Array, resampling: Resampling) -> Interval:
    """The mean loss of a model minus that of its baseline; negative where the model is better.

    Parameters
    ----------
    losses, baseline_losses
        (N,) loss of each customer under the two, in the same order.
    """
    losses, baseline_losses = np.asarray(losses, np.float64), np.asarray(baseline_losses, np.float64)
    difference = losses - baseline_losses
    difference[np.abs(difference) <= SAME * np.abs(baseline_losses)] = 0
    rng = np.random.default_rng(resampling.seed)
    n = len(difference)
    means = [difference[rng.integers(0, n, n)].mean() for _ in range(resampling.times)]
    low, high = np.quantile(means, ENDS)
    return Interval(float(difference.mean()), float(low), float(high))


def resample_weights(n: int, resampling: Resampling) -> Array:
    """(N, times) how often each resample draws each customer: the weights of `patronage.statistics`."""
    rng = np.random.default_rng(resampling.seed)
    counts = [np.bincount(rng.integers(0, n, n), minlength=n) for _ in range(resampling.times)]
    return np.stack(counts, axis=1).astype(np.float64)  # a row per customer: rows are sorted and summed again and again


def resampled_sums(columns: Iterable[Array], n: int, resampling: Resampling) -> Array:
    """(times, M) sums of M columns over resamples of the customers; every column sees the same resamples.

    Of more customers than `GROUPS`, that many random groups of equal size are resampled instead. The variance of a
    mean has the same expectation, and the groups estimate it to a percent.

    Parameters
    ----------
    columns
        M vectors of a value per customer, in the same order.
    """
    rng = np.random.default_rng(resampling.seed)
    groups = rng.permutation(n) % GROUPS if n > GROUPS else np.arange(n)
    sums = np.column_stack([np.bincount(groups, weights=values) for values in columns])
    size = len(sums)
    return np.array([np.bincount(rng.integers(0, size, size), minlength=size) @ sums for _ in range(resampling.times)])
