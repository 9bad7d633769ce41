"""What a grouping of customers tells: the share of the variance of outcomes that the means of the groups explain.

The means are those of one half of the customers, and the errors those of the other half, so that more groups explain
more only where there is more to explain (a cross-validated eta squared). Small groups have the mean of everyone.
"""

from __future__ import annotations

import numpy as np

LEAST_IN_GROUP = 5  # customers of one half, to have a mean of their own


def group_errors(groups: np.ndarray, outcomes: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Squared errors of the means of the groups, and of the mean of everyone, both of the other half.

    Parameters
    ----------
    groups
        (N,) any labels.
    outcomes
        (N,) or (N, M).

    Returns
    -------
    errors, base
        (N,) each, summed over the M outcomes.
    """
    y = np.asarray(outcomes, np.float64).reshape(len(groups), -1)
    codes = np.unique(groups, return_inverse=True)[1]
    second = np.random.default_rng(seed).random(len(y)) < 0.5
    errors, base = np.zeros(len(y)), np.zeros(len(y))
    for learn, judge in ((second, ~second), (~second, second)):
        if not learn.any() or not judge.any():
            continue
        mean = y[learn].mean(axis=0)
        sizes = np.bincount(codes[learn], minlength=codes.max() + 1)
        sums = np.column_stack([np.bincount(codes[learn], column, len(sizes)) for column in y[learn].T])
        means = np.where((sizes >= LEAST_IN_GROUP)[:, None], sums / np.maximum(sizes, 1)[:, None], mean)
        errors[judge] = ((y[judge] - means[codes[judge]]) ** 2).sum(axis=1)
        base[judge] = ((y[judge] - mean) ** 2).sum(axis=1)
    return errors, base


def explained(groups: np.ndarray, outcomes: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """The explained share of one outcome (or of several together), and its standard error over the customers."""
    errors, base = group_errors(groups, outcomes, seed)
    total = base.sum()
    if not total > 0:
        return 0.0, 0.0
    share = 1 - errors.sum() / total
    residual = (base - errors) - share * base  # the influence of each customer on the ratio
    return float(share), float(np.sqrt((residual**2).sum()) / total)
