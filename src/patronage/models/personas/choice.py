"""How many personas? As many as are found again when the customers are drawn again.

Hennig (2007), "Cluster-wise assessment of cluster stability": refit on bootstrap samples, give everyone of a judged
sample a label by each refit, and compare. A k is stable when refits agree with each other (adjusted Rand index), every
persona of the reference fit is found again (mean of its best Jaccard) and none is too small. Among the stable ones the
criterion decides (silhouette for KMeans, BIC for a mixture), and among those that it cannot tell apart the agreement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score, silhouette_score
from threadpoolctl import threadpool_limits

from patronage.config import PersonasConfig
from patronage.models.personas.clusters import cluster

STARTS = 3  # of each refit; the final fit takes more
SILHOUETTE_SAMPLE = 2000  # it compares all pairs
TIE = 0.01  # silhouettes no further apart do not tell two k apart
BIC_TIE = 10.0  # Kass and Raftery (1995): a greater difference is very strong evidence


@dataclass(frozen=True)
class Candidate:
    """One k of the grid.

    Attributes
    ----------
    ari, ari_error
        Mean adjusted Rand index of consecutive refits, and its standard error.
    jaccard
        The least of the personas' mean best Jaccard.
    smallest
        Share of customers in the smallest persona.
    silhouette, bic
        Of the reference fit; BIC only of a mixture (smaller is better).
    against
        What speaks against this k; empty for a stable one.
    """

    k: int
    ari: float
    ari_error: float
    jaccard: float
    smallest: float
    silhouette: float
    bic: float | None
    against: str

    @property
    def criterion(self) -> float:
        """Larger is better."""
        return self.silhouette if self.bic is None else -self.bic


@dataclass(frozen=True)
class Choice:
    """The grid, the k that was taken, and whether it is stable."""

    grid: tuple[Candidate, ...]
    k: int

    @property
    def taken(self) -> Candidate:
        """The row of the k that was taken."""
        return next(candidate for candidate in self.grid if candidate.k == self.k)

    @property
    def stable(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.taken.against

    def table(self) -> pd.DataFrame:
        """A row for each k."""
        rows = [{**asdict(each), "taken": each.k == self.k} for each in self.grid]
        return pd.DataFrame(rows).astype({"bic": float})

    def state(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    @classmethod
    def of(cls, state: dict[str, Any]) -> Choice:
        """From what `state` gave."""
        return cls(tuple(Candidate(**row) for row in state["grid"]), state["k"])


def choose(points: np.ndarray, ks: Sequence[int], config: PersonasConfig, seed: int, former_k: int | None) -> Choice:
    """Judge every k and take one.

    The former number of personas is kept while it is stable: customers should not move because another k is now
    better by a hair. Without a stable k the most reproducible one is taken, of those with no persona too small if any.
    """
    grid = tuple(judge(points, k, config, seed) for k in ks)
    stable = [candidate for candidate in grid if not candidate.against]
    if any(candidate.k == former_k for candidate in stable) and former_k is not None:
        return Choice(grid, former_k)
    if stable:
        best = max(candidate.criterion for candidate in stable)
        tied = [one for one in stable if best - one.criterion <= (TIE if one.bic is None else BIC_TIE)]
        return Choice(grid, max(tied, key=lambda candidate: candidate.ari).k)
    return Choice(grid, max(grid, key=lambda one: (one.smallest >= config.min_share, one.ari)).k)


def judge(points: np.ndarray, k: int, config: PersonasConfig, seed: int) -> Candidate:
    """How stable k personas are on these points."""
    rng = np.random.default_rng(seed)
    judged = points[rng.permutation(len(points))[: config.bootstrap_sample]]
    refits = relabel(points, judged, k, config, seed)
    reference = cluster(judged, config.method, k, seed, STARTS)
    with threadpool_limits(1):
        labels = reference.predict(judged)
        found = len(np.unique(labels[:SILHOUETTE_SAMPLE])) > 1
        width = silhouette_score(judged[:SILHOUETTE_SAMPLE], labels[:SILHOUETTE_SAMPLE]) if found else -1.0
        bic = float(reference.bic(judged)) if config.method == "gmm" else None
    agreement = agreements(refits)
    jaccard = float(np.mean([best_jaccards(labels, other, k) for other in refits], axis=0).min())
    smallest = float(np.bincount(labels, minlength=k).min() / len(labels))
    ari, error = float(agreement.mean()), float(agreement.std(ddof=1) / np.sqrt(len(agreement)))
    speaks = [
        (ari < config.stable_ari, f"bootstrap ARI {ari:.3f}, expected {config.stable_ari:g}"),
        (jaccard < config.stable_jaccard, f"least Jaccard {jaccard:.3f}, expected {config.stable_jaccard:g}"),
        (smallest < config.min_share, f"smallest persona {smallest:.1%}, expected {config.min_share:.1%}"),
    ]
    against = "; ".join(words for holds, words in speaks if holds)
    return Candidate(k, ari, error, jaccard, smallest, float(width), bic, against)


def relabel(points: np.ndarray, judged: np.ndarray, k: int, config: PersonasConfig, seed: int) -> list[np.ndarray]:
    """The labels that refits on bootstrap samples of the points give to the judged ones."""
    rng = np.random.default_rng([seed, k])
    labels = []
    with threadpool_limits(1):
        for refit in range(config.bootstraps):
            drawn = points[rng.integers(0, len(points), min(config.bootstrap_sample, len(points)))]
            labels.append(cluster(drawn, config.method, k, seed + refit, STARTS).predict(judged))
    return labels


def agreements(refits: Sequence[np.ndarray]) -> np.ndarray:
    """Adjusted Rand index of consecutive refits: 1 for the same clusters, about 0 for clusters by chance."""
    return np.array([adjusted_rand_score(a, b) for a, b in pairwise(refits)])


def best_jaccards(reference: np.ndarray, other: np.ndarray, k: int) -> np.ndarray:
    """(k,) for each cluster of the reference the Jaccard of the other clustering's most alike one."""
    return overlaps(reference, other, k, k).max(axis=1)


def overlaps(first: np.ndarray, second: np.ndarray, k_first: int, k_second: int) -> np.ndarray:
    """(k_first, k_second) Jaccard index of each pair of clusters; 0 for two empty ones."""
    both = np.zeros((k_first, k_second))
    np.add.at(both, (first, second), 1)
    either = both.sum(axis=1)[:, None] + both.sum(axis=0) - both
    return both / np.maximum(either, 1)
