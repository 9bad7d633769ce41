"""The number of personas k: one at which refits on resampled customers give the same personas.

Hennig (2007), "Cluster-wise assessment of cluster stability": refit on bootstrap samples, label the customers of one
sample by each refit, and compare. A k is stable when refits agree with each other (adjusted Rand index), each persona
of the reference fit exists in the refits (mean of its best Jaccard) and none is too small. A k is surely stable where
the agreement is above its limit by more than two standard errors. Among the surely stable k decides what they tell of
how much is bought after an earlier origin, among those that tell as much the agreement where it differs by more than
its error, then what they tell of the goods, and then the fewest personas; where none surely tells how much, it begins
with the agreement. Personas of which two have the same name by their clear words are one too many: such a k is taken
only where every stable one is so. Without an earlier origin the criterion decides (silhouette for KMeans, BIC for a
mixture), and between nearly equal criteria the agreement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score, silhouette_score
from threadpoolctl import threadpool_limits

from patronage.config import PersonasConfig
from patronage.models.personas.clusters import ClusterEstimator, Clusters, fit_clusters
from patronage.models.personas.naming import Vocabulary
from patronage.models.personas.telling import explained

STARTS = 10  # of each refit, as of the final fit: with fewer, refits differ by their starts and not by their customers
SILHOUETTE_SAMPLE = 2000  # it compares all pairs
SURE_ERRORS = 2  # standard errors: an agreement that is above its limit by less may as well be below it
TIE = 0.01  # silhouettes this close count as equal, and agreements, whose errors may be smaller than any difference
SAME_GOODS = 0.9  # of what the best k tells: where tastes shade into each other, every further persona tells a bit more
BIC_TIE = 10.0  # Kass and Raftery (1995): a greater difference is very strong evidence


@dataclass(frozen=True)
class PersonaCandidate:
    """A number of personas, assessed.

    Attributes
    ----------
    ari, ari_error
        Mean adjusted Rand index of consecutive refits, and its standard error.
    jaccard
        The smallest of the personas' mean best Jaccard indices.
    smallest
        Share of customers in the smallest persona.
    silhouette, bic
        Of the reference fit; BIC only of a mixture (smaller is better).
    against
        Why this k is not stable; empty for a stable one.
    tells, tells_error
        Share of how much customers bought after an earlier origin (orders, spend, churn) that the personas explain,
        and its standard error; None where no such origin is given.
    twins
        A name that two of the personas have by their clear words; empty where words tell all apart.
    tells_goods, tells_goods_error
        Share of the mix of goods that was bought then, and its standard error; None where the log tells too little.
    """

    k: int
    ari: float
    ari_error: float
    jaccard: float
    smallest: float
    silhouette: float
    bic: float | None
    against: str
    tells: float | None = None
    tells_error: float | None = None
    twins: str = ""
    tells_goods: float | None = None
    tells_goods_error: float | None = None

    @property
    def criterion(self) -> float:
        """Larger is better."""
        return self.silhouette if self.bic is None else -self.bic


@dataclass(frozen=True)
class PersonaChoice:
    """The numbers of personas that were compared (`grid`), and the one that was taken."""

    grid: tuple[PersonaCandidate, ...]
    k: int

    @property
    def taken(self) -> PersonaCandidate:
        """The row of the k that was taken."""
        return next(candidate for candidate in self.grid if candidate.k == self.k)

    @property
    def stable(self) -> bool:
        """Whether it has no weakness."""
        return not self.taken.against

    def table(self) -> pd.DataFrame:
        """A row for each k; what decides comes first."""
        rows = [{**asdict(candidate), "taken": candidate.k == self.k} for candidate in self.grid]
        missing = ["bic", "tells", "tells_error", "tells_goods", "tells_goods_error"]  # in some grids
        table = pd.DataFrame(rows).astype(dict.fromkeys(missing, float))
        first = ["k", "taken", "ari", "ari_error", "tells", "tells_error", "tells_goods", "against"]
        return table[first + [name for name in table if name not in first]]

    def state(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    @classmethod
    def of(cls, state: dict[str, Any]) -> PersonaChoice:
        """From what `state` gave."""
        return cls(tuple(PersonaCandidate(**row) for row in state["grid"]), state["k"])


@dataclass(frozen=True, eq=False)
class LaterOutcomes:
    """Customers at an earlier origin: (N, D) their points, and what they did later.

    `how_much` is (N, M), a column per outcome; `goods` (N, G) the mix of goods, missing for who bought too little, or
    None.
    """

    points: np.ndarray
    how_much: np.ndarray
    goods: np.ndarray | None = None


def assess(
    points: np.ndarray,
    ks: Sequence[int],
    config: PersonasConfig,
    seed: int,
    later: LaterOutcomes | None = None,
    vocabulary: Vocabulary | None = None,
) -> tuple[PersonaCandidate, ...]:
    """How stable each k is on these points, what it tells of later behaviour, and whether words tell all apart."""
    return tuple(assess_k(points, k, config, seed, later, vocabulary) for k in ks)


def choose_k(grid: Sequence[PersonaCandidate], config: PersonasConfig) -> int:
    """The best of the stable k; without any, the one on which refits agree most, of those with no small persona."""
    stable = [candidate for candidate in grid if not candidate.against]
    stable = [candidate for candidate in stable if not candidate.twins] or stable
    if not stable:
        return max(grid, key=lambda candidate: (candidate.smallest >= config.min_share, candidate.ari)).k
    sure = [each for each in stable if each.ari - SURE_ERRORS * each.ari_error >= config.stable_ari]
    if not sure:
        return max(stable, key=lambda candidate: candidate.ari).k
    if all(candidate.tells is not None for candidate in sure):
        if any(_tells(candidate) for candidate in sure):  # personas of taste alone tell nothing of orders and spend
            return _fewest(_tell_goods(_most_stable(_tell_most(sure))))
        if all(candidate.tells_goods is None for candidate in sure):
            return max(sure, key=lambda candidate: candidate.ari).k
        return _fewest(_tell_goods(_most_stable(sure)))
    best = max(candidate.criterion for candidate in sure)
    tied = [each for each in sure if best - each.criterion <= (TIE if each.bic is None else BIC_TIE)]
    return max(tied, key=lambda candidate: candidate.ari).k


def _tells(candidate: PersonaCandidate) -> bool:
    """Whether they surely tell anything of later orders, spend and churn."""
    return (candidate.tells or 0.0) > SURE_ERRORS * (candidate.tells_error or 0.0)


def _tell_most(sure: Sequence[PersonaCandidate]) -> list[PersonaCandidate]:
    """Those that tell as much as the best, to within the standard error of what that one tells."""
    best = max(sure, key=lambda candidate: candidate.tells or 0.0)
    least = (best.tells or 0.0) - (best.tells_error or 0.0)
    return [candidate for candidate in sure if (candidate.tells or 0.0) >= least]


def _most_stable(tied: Sequence[PersonaCandidate]) -> list[PersonaCandidate]:
    """Those on which refits agree as well as on the best: within `TIE`, or two standard errors of the difference."""
    best = max(tied, key=lambda candidate: candidate.ari)
    return [
        each for each in tied if best.ari - each.ari <= max(TIE, SURE_ERRORS * np.hypot(best.ari_error, each.ari_error))
    ]


def _tell_goods(tied: Sequence[PersonaCandidate]) -> list[PersonaCandidate]:
    """Those that tell of the goods about as much as the best, or no surely less."""
    best = max(tied, key=lambda candidate: candidate.tells_goods or 0.0)
    most, error = best.tells_goods or 0.0, best.tells_goods_error or 0.0
    least = min(SAME_GOODS * most, most - SURE_ERRORS * error)
    return [candidate for candidate in tied if (candidate.tells_goods or 0.0) >= least]


def _fewest(tied: Sequence[PersonaCandidate]) -> int:
    return min(candidate.k for candidate in tied)


def assess_k(
    points: np.ndarray,
    k: int,
    config: PersonasConfig,
    seed: int,
    later: LaterOutcomes | None = None,
    vocabulary: Vocabulary | None = None,
) -> PersonaCandidate:
    """How stable k personas are on these points, what they tell, and whether words tell them apart."""
    drawn = np.random.default_rng(seed).permutation(len(points))[: config.bootstrap_sample]
    sample = points[drawn]
    refits = refit_labels(points, sample, k, config, seed)
    reference = fit_clusters(sample, config.method, k, seed, STARTS)
    with threadpool_limits(1):
        labels = reference.predict(sample)
        several = len(np.unique(labels[:SILHOUETTE_SAMPLE])) > 1
        width = silhouette_score(sample[:SILHOUETTE_SAMPLE], labels[:SILHOUETTE_SAMPLE]) if several else -1.0
        bic = float(reference.bic(sample)) if config.method == "gmm" else None
    agreement = consecutive_ari(refits)
    jaccard = float(np.mean([best_jaccards(labels, other, k) for other in refits], axis=0).min())
    smallest = float(np.bincount(labels, minlength=k).min() / len(labels))
    ari, error = float(agreement.mean()), float(agreement.std(ddof=1) / np.sqrt(len(agreement)))
    against = weaknesses(ari, jaccard, smallest, config)
    candidate = PersonaCandidate(
        k, ari, error, jaccard, smallest, float(width), bic, against,
        twins=vocabulary.twins(drawn, labels, k) if vocabulary else "",
    )  # fmt: skip
    return _told(candidate, reference, later, seed) if later else candidate


def _told(
    candidate: PersonaCandidate, reference: ClusterEstimator, later: LaterOutcomes, seed: int
) -> PersonaCandidate:
    """With the mean explained share of how much, that of the goods, and their errors."""
    groups = Clusters.of(reference).nearest(later.points)
    share, error = np.mean([explained(groups, outcome, seed) for outcome in later.how_much.T], axis=0)
    candidate = replace(candidate, tells=float(share), tells_error=float(error))
    if later.goods is None:
        return candidate
    known = ~np.isnan(later.goods).any(axis=1)
    goods, goods_error = explained(groups[known], later.goods[known], seed)
    return replace(candidate, tells_goods=goods, tells_goods_error=goods_error)


def weaknesses(ari: float, jaccard: float, smallest: float, config: PersonasConfig) -> str:
    """The figures that are below their limits, in words; empty where none is."""
    figures = [
        (ari < config.stable_ari, f"bootstrap ARI {ari:.3f}, expected {config.stable_ari:g}"),
        (jaccard < config.stable_jaccard, f"least Jaccard {jaccard:.3f}, expected {config.stable_jaccard:g}"),
        (smallest < config.min_share, f"smallest persona {smallest:.1%}, expected {config.min_share:.1%}"),
    ]
    return "; ".join(words for below, words in figures if below)


def refit_labels(points: np.ndarray, sample: np.ndarray, k: int, config: PersonasConfig, seed: int) -> list[np.ndarray]:
    """The labels of the sample by each refit on a bootstrap sample of the points."""
    rng = np.random.default_rng([seed, k])
    labels = []
    with threadpool_limits(1):
        for refit in range(config.bootstraps):
            drawn = points[rng.integers(0, len(points), min(config.bootstrap_sample, len(points)))]
            labels.append(fit_clusters(drawn, config.method, k, seed + refit, STARTS).predict(sample))
    return labels


def consecutive_ari(refits: Sequence[np.ndarray]) -> np.ndarray:
    """Adjusted Rand index of consecutive refits: 1 for the same clusters, about 0 for independent ones."""
    return np.array([adjusted_rand_score(first, second) for first, second in pairwise(refits)])


def best_jaccards(reference: np.ndarray, other: np.ndarray, k: int) -> np.ndarray:
    """(k,) for each cluster of the reference the Jaccard index of the most similar cluster of the other clustering."""
    return overlaps(reference, other, k, k).max(axis=1)


def overlaps(first: np.ndarray, second: np.ndarray, k_first: int, k_second: int) -> np.ndarray:
    """(k_first, k_second) Jaccard index of each pair of clusters; 0 for two empty ones."""
    both = np.zeros((k_first, k_second))
    np.add.at(both, (first, second), 1)
    either = both.sum(axis=1)[:, None] + both.sum(axis=0) - both
    return both / np.maximum(either, 1)
