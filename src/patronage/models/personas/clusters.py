"""scikit-learn's KMeans and GaussianMixture: fitted afresh, or from where the former personas stand today."""

from __future__ import annotations

import warnings
from typing import TypeAlias

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

Clusters: TypeAlias = KMeans | GaussianMixture

RIDGE = (
    1e-2  # least variance of a mixture's component; counts pile up on single values, where a likelihood has no bound
)


def cluster(points: np.ndarray, method: str, k: int, seed: int, starts: int = 10) -> Clusters:
    """The estimator of `method`, fitted on prepared points; the best of several starts."""
    if method == "gmm":  # an EM costs as much as many KMeans, and begins from one
        mixture = GaussianMixture(k, reg_covar=RIDGE, n_init=max(starts // 3, 1), random_state=seed)
        return _quietly(mixture, points)
    return _quietly(KMeans(k, n_init=starts, random_state=seed), points)


def continued(points: np.ndarray, method: str, labels: np.ndarray, k: int) -> Clusters | None:
    """The estimator fitted from the groups in which the customers stand; None where one of them is empty."""
    sizes = np.bincount(labels, minlength=k)
    if sizes.min() <= points.shape[1]:  # a mixture needs a covariance of each
        return None
    groups = [points[labels == label] for label in range(k)]
    centres = np.vstack([group.mean(axis=0) for group in groups])
    if method == "kmeans":
        return _quietly(KMeans(k, init=centres, n_init=1, random_state=0), points)
    ridge = RIDGE * np.eye(points.shape[1])
    precisions = np.stack([np.linalg.inv(np.cov(group, rowvar=False, bias=True) + ridge) for group in groups])
    start = {"weights_init": sizes / len(points), "means_init": centres, "precisions_init": precisions}
    return _quietly(GaussianMixture(k, reg_covar=RIDGE, random_state=0, **start), points)


def better_by(fresh: Clusters, kept: Clusters) -> float:
    """By how much a fresh solution fits better: share of KMeans' inertia, or nats per customer of a mixture."""
    if isinstance(fresh, GaussianMixture) and isinstance(kept, GaussianMixture):
        return float(fresh.lower_bound_ - kept.lower_bound_)
    return float(1 - fresh.inertia_ / max(kept.inertia_, 1e-12))


def _quietly(estimator: Clusters, points: np.ndarray) -> Clusters:
    with warnings.catch_warnings(), threadpool_limits(1):  # sums in one order: the same bits in every run
        # fewer different points than clusters: seen in the stability, not on stderr
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit(points)
