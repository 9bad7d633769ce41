"""What a grouping of customers tells: the share of the variance of outcomes that the means of the groups explain.

The means are those of other customers than the errors (a cross-validated eta squared), so that more groups explain more
only where there is more to explain: either of one half for the other, or of those who were seen for those who were not.
Small groups have the mean of everyone.
"""

from __future__ import annotations

import numpy as np

from patronage.typing import Array, Mask

LEAST_IN_GROUP = 5  # customers to learn from, to have a mean of their own


def group_means(groups: Array, outcomes: Array, learn: Mask) -> Array:
    """(N, M) for each customer the means of the customer's group, of those in `learn`; everyone's for a small group."""
    codes = np.unique(groups, return_inverse=True)[1]
    n_groups = codes.max(initial=-1) + 1
    sizes = np.bincount(codes[learn], minlength=n_groups)
    sums = np.column_stack([np.bincount(codes[learn], column, n_groups) for column in outcomes[learn].T])
    means = np.where((sizes >= LEAST_IN_GROUP)[:, None], sums / np.maximum(sizes, 1)[:, None], outcomes[learn].mean(0))
    return np.asarray(means[codes])


def group_errors(groups: Array, outcomes: Array, seed: int, judged: Mask | None = None) -> tuple[Array, Array]:
    """Squared errors of the means of the groups, and of the mean of everyone, both of other customers.

    Parameters
    ----------
    groups
        (N,) any labels.
    outcomes
        (N,) or (N, M).
    judged
        (N,) who is judged, by the means of all others; None for everyone, each half by the means of the other.

    Returns
    -------
    errors, base
        (N,) each, summed over the M outcomes; 0 for who is not judged.
    """
    y = np.asarray(outcomes, np.float64).reshape(len(groups), -1)
    first = np.random.default_rng(seed).random(len(y)) >= 0.5 if judged is None else judged
    errors, base = np.zeros(len(y)), np.zeros(len(y))
    for judge in (first, ~first) if judged is None else (judged,):
        if judge.any() and not judge.all():
            means = group_means(groups, y, ~judge)
            errors[judge] = ((y - means)[judge] ** 2).sum(axis=1)
            base[judge] = ((y[judge] - y[~judge].mean(axis=0)) ** 2).sum(axis=1)
    return errors, base


def explained(groups: Array, outcomes: Array, seed: int = 0) -> tuple[float, float]:
    """The explained share of one outcome (or of several together), and its standard error over the customers."""
    errors, base = group_errors(groups, outcomes, seed)
    total = base.sum()
    if not total > 0:
        return 0.0, 0.0
    share = 1 - errors.sum() / total
    residual = (base - errors) - share * base  # the influence of each customer on the ratio
    return float(share), float(np.sqrt((residual**2).sum()) / total)
