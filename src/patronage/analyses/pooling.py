"""Values of groups, small ones drawn towards what is common to all: they do not lead a list."""

from __future__ import annotations

import numpy as np
from scipy.stats import beta

from patronage.statistics import TINY, Z
from patronage.typing import Array

MOST_POOLED = 1e6  # imagined trials at the common share, where groups differ by chance alone


def pooled_shares(events: Array, trials: Array) -> tuple[Array, Array, Array]:
    """Shares of groups, drawn towards the common share the more, the fewer were tried: the mean and the 95 % interval.

    The groups' own shares follow a beta distribution whose spread is fitted by moments (empirical Bayes, Efron and
    Morris 1975); where they differ by no more than chance every group has the common share. The interval is that of
    such a share, widened by what is not known of the common one, to which it was drawn (Morris 1983).
    """
    k, n = np.asarray(events, np.float64), np.asarray(trials, np.float64)
    common = k.sum() / max(n.sum(), 1)
    own = np.divide(k, n, out=np.full(len(k), common), where=n > 0)
    size = n.sum() - (n**2).sum() / max(n.sum(), 1)
    noise = common * (1 - common)
    between = ((n * (own - common) ** 2)[n > 0].sum() - (max((n > 0).sum(), 1) - 1) * noise) / max(size, 1)
    strength = MOST_POOLED if between <= noise / MOST_POOLED else max(noise / between - 1, 1.0)
    weight = strength / (strength + n)  # of the common share
    share = common * weight + (1 - weight) * own
    of_share, of_common = share * (1 - share), (n * noise + n**2 * noise / (strength + 1)).sum() / max(n.sum(), 1) ** 2
    spread = of_share / (strength + n + 1) + weight**2 * of_common
    trials = np.divide(of_share, spread, out=strength + n + 1, where=spread > 0) - 1  # of this mean and spread
    a, b = np.maximum(share * trials, TINY), np.maximum((1 - share) * trials, TINY)
    return share, beta.ppf(0.025, a, b), beta.ppf(0.975, a, b)


def pooled_means(means: Array, variances: Array, sizes: Array) -> tuple[Array, Array, Array]:
    """Means of groups, drawn towards the common mean the more, the fewer they rest on, with 95 % intervals.

    Intervals hold what is not known of the common mean too, as those of `pooled_shares`.

    Parameters
    ----------
    variances
        Of a single value inside each group.
    """
    n = np.asarray(sizes, np.float64)
    common = np.average(means, weights=n)
    inside = np.average(variances, weights=n)
    size = n.sum() - (n**2).sum() / n.sum()
    between = max(((n * (means - common) ** 2).sum() - (len(n) - 1) * inside) / max(size, 1), 0.0)
    noise = np.maximum(inside / n, TINY)
    weight = between / (between + noise)
    of_common = (n**2 * (between + inside / n)).sum() / n.sum() ** 2
    error = np.sqrt(weight * noise + (1 - weight) ** 2 * of_common)
    middle = common + weight * (means - common)
    return middle, middle - Z * error, middle + Z * error
