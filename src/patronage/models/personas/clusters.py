"""Clusters as arrays, fitted by scikit-learn: from random starts, or from given groups of customers."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from scipy.special import softmax
from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    from sklearn.cluster import KMeans
    from sklearn.mixture import GaussianMixture

ClusterEstimator: TypeAlias = "KMeans | GaussianMixture"

# Variance that every component of a mixture has in every direction. A mixture fits any scale as well, so that without
# it a view of weight .05 had the say of one of 1.25; and many counts are equal, where the likelihood has no bound.
RIDGE = 0.1
FILE = "clusters.npz"


@dataclass(frozen=True, eq=False)
class Clusters:
    """The fitted clusters, in the prepared points.

    Attributes
    ----------
    centres
        (k, D).
    weights, factors
        Of a mixture: (k,) shares of the customers, and (k, D, D) Cholesky factors of the precisions: a row vector times
        its factor is white. None for KMeans.
    """

    centres: np.ndarray
    weights: np.ndarray | None = None
    factors: np.ndarray | None = None

    @classmethod
    def of(cls, estimator: ClusterEstimator) -> Clusters:
        """Of a fitted KMeans or GaussianMixture."""
        if hasattr(estimator, "cluster_centers_"):
            return cls(estimator.cluster_centers_)
        return cls(estimator.means_, estimator.weights_, estimator.precisions_cholesky_)

    @property
    def method(self) -> str:
        """As the configuration names it."""
        return "kmeans" if self.weights is None else "gmm"

    def probabilities(self, points: np.ndarray, variance: float, temperature: float = 1.0) -> np.ndarray:
        """(N, k) posteriors of the clusters; KMeans is read as a mixture of spherical clusters of this variance.

        Parameters
        ----------
        temperature
            What the logarithms of the densities are divided by: below 1 the posterior is surer.
        """
        return softmax(self._log_densities(points, variance) / temperature, axis=1)

    def nearest(self, points: np.ndarray) -> np.ndarray:
        """(N,) the most probable cluster."""
        return self._log_densities(points, 1.0).argmax(axis=1)

    def _log_densities(self, points: np.ndarray, variance: float) -> np.ndarray:
        """Up to a number that the clusters of a customer share."""
        if self.weights is None or self.factors is None:
            closeness = products(points.T, self.centres).T - (self.centres**2).sum(axis=1) / 2
            return closeness / variance
        gaps = points[:, None] - self.centres
        white = np.einsum("nkd,kde->nke", gaps, self.factors)
        volumes = np.log(np.diagonal(self.factors, axis1=1, axis2=2)).sum(axis=1)
        return np.log(self.weights) + volumes - (white**2).sum(axis=2) / 2

    def save(self, folder: Path) -> None:
        """Write the arrays."""
        np.savez(folder / FILE, **{name: array for name, array in vars(self).items() if array is not None})

    @classmethod
    def load(cls, folder: Path) -> Clusters:
        """Read what `save` wrote."""
        with np.load(folder / FILE, allow_pickle=False) as arrays:
            return cls(**arrays)


def products(columns: np.ndarray, table: np.ndarray) -> np.ndarray:
    """(k, N) sums over the columns (D, N) of each times its entry in each row of the table (k, D).

    Term by term: in BLAS the order of the sum depends on the number of threads, in einsum on the number of customers.
    """
    total = table[:, :1] * columns[0]
    for column, entries in zip(columns[1:], table.T[1:], strict=True):
        total += entries[:, None] * column
    return total


# scikit-learn's clustering is imported where it is used: assigning customers does not need it.


def fit_clusters(points: np.ndarray, method: str, k: int, seed: int, starts: int = 10) -> ClusterEstimator:
    """The estimator of `method`, fitted on prepared points; the best of several starts."""
    from sklearn.cluster import KMeans
    from sklearn.mixture import GaussianMixture

    if method == "gmm":  # one EM costs as much as many KMeans, and starts from one
        mixture = GaussianMixture(k, reg_covar=RIDGE, n_init=max(starts // 3, 1), random_state=seed)
        return _quietly(mixture, points)
    return _quietly(KMeans(k, n_init=starts, random_state=seed), points)


def fit_from_groups(points: np.ndarray, method: str, labels: np.ndarray, k: int) -> ClusterEstimator | None:
    """The estimator fitted from these groups of customers; None where one of them is too small."""
    from sklearn.cluster import KMeans
    from sklearn.mixture import GaussianMixture

    start = start_of_groups(points, labels, k)
    if start is None:
        return None
    if method == "kmeans":
        return _quietly(KMeans(k, init=start["means_init"], n_init=1, random_state=0), points)
    return _quietly(GaussianMixture(k, reg_covar=RIDGE, random_state=0, **start), points)


def start_of_groups(points: np.ndarray, labels: np.ndarray, k: int) -> dict[str, np.ndarray] | None:
    """Shares, means and precisions of the groups, as a mixture takes them; None where one of them is too small."""
    sizes = np.bincount(labels, minlength=k)
    if sizes.min() <= points.shape[1]:  # a mixture needs a covariance of each
        return None
    groups = [points[labels == label] for label in range(k)]
    ridge = RIDGE * np.eye(points.shape[1])
    return {
        "weights_init": sizes / len(points),
        "means_init": np.vstack([group.mean(axis=0) for group in groups]),
        "precisions_init": np.stack([np.linalg.inv(np.cov(g, rowvar=False, bias=True) + ridge) for g in groups]),
    }


def improvement(fresh: ClusterEstimator, other: ClusterEstimator) -> float:
    """How much better the fresh solution fits: share of KMeans' inertia, or nats per customer of a mixture."""
    if hasattr(fresh, "lower_bound_"):
        return float(fresh.lower_bound_ - other.lower_bound_)
    return float(1 - fresh.inertia_ / max(other.inertia_, 1e-12))


def improvement_on_groups(fresh: ClusterEstimator, points: np.ndarray, labels: np.ndarray, k: int) -> float:
    """How much better the fresh solution fits these points than k given groups of them do, in the same unit.

    Infinite where a group is too small to be a cluster.
    """
    from sklearn.mixture import GaussianMixture

    start = start_of_groups(points, labels, k)
    if start is None:
        return np.inf
    if not hasattr(fresh, "lower_bound_"):
        return float(1 - fresh.inertia_ / max(((points - start["means_init"][labels]) ** 2).sum(), 1e-12))
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")  # one step: it is not meant to converge
        groups = GaussianMixture(k, reg_covar=RIDGE, max_iter=1, random_state=0, **start).fit(points)
        return float(fresh.lower_bound_ - groups.score(points))


def _quietly(estimator: ClusterEstimator, points: np.ndarray) -> ClusterEstimator:
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings(), threadpool_limits(1):  # one order of the sums: the same bits in every run
        # fewer different points than clusters: the stability shows it
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit(points)
