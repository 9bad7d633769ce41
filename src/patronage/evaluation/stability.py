"""Do the same customers fall together when the clustering is repeated on other samples?

Hennig (2007), "Cluster-wise assessment of cluster stability": refit on bootstrap samples, assign everyone, compare.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score, silhouette_score
from threadpoolctl import threadpool_limits

from patronage.config import PersonasConfig
from patronage.evaluation.intervals import Interval
from patronage.evaluation.scorecard import Headline, Scorecard
from patronage.models.personas import Personas, cluster


def judge_personas(personas: Personas, features: pd.DataFrame, config: PersonasConfig, seed: int) -> Scorecard:
    """Stability of the personas, beside that of the same method where there is nothing to find.

    The naive baseline clusters the same components after each was shuffled over the customers by itself: a method
    that is as stable there is stable because of the shapes of single features, not of any kinds of customers.
    """
    points = personas.components(features)
    few = points[np.random.default_rng(seed).permutation(len(points))[: config.bootstrap_sample]]
    found = bootstrap_ari(points, config, seed)
    chance = bootstrap_ari(shuffled(points, seed), config, seed)
    said = personas.predict(features)
    sizes = said.iloc[:, 0].value_counts(normalize=True)
    with threadpool_limits(1):
        labels = personas.clusters.predict(few)
    metrics = {
        "personas/stability_ari": float(found.mean()),
        "personas/baseline_shuffled/stability_ari": float(chance.mean()),
        "personas/silhouette": float(silhouette_score(few, labels)) if len(np.unique(labels)) > 1 else float("nan"),
        "personas/smallest_share": float(sizes.min()),
        "personas/largest_share": float(sizes.max()),
    }
    spread = float(np.hypot(found.std(ddof=1), chance.std(ddof=1)) * 1.96 / np.sqrt(len(found)))
    loss = float(chance.mean() - found.mean())  # a difference of losses, as everywhere: negative is better
    line = Headline(
        "personas",
        "stability_ari",
        float(found.mean()),
        "shuffled",
        float(chance.mean()),
        Interval(loss, loss - spread, loss + spread),
    )
    return Scorecard(metrics, (line,))


def bootstrap_ari(points: np.ndarray, config: PersonasConfig, seed: int) -> np.ndarray:
    """Adjusted Rand index between consecutive refits on bootstrap samples.

    Parameters
    ----------
    points
        (N, C) components of the customers.

    Returns
    -------
    ndarray
        (bootstraps - 1,) indices: 1 for the same clusters, about 0 for clusters by chance.
    """
    rng = np.random.default_rng(seed)
    judged = points[rng.permutation(len(points))[: config.bootstrap_sample]]
    labels = []
    with threadpool_limits(1):
        for refit in range(config.bootstraps):
            drawn = points[rng.integers(0, len(points), min(config.bootstrap_sample, len(points)))]
            labels.append(cluster(drawn, config.method, config.k, seed + refit).predict(judged))
    return np.array([adjusted_rand_score(a, b) for a, b in pairwise(labels)])


def shuffled(points: np.ndarray, seed: int) -> np.ndarray:
    """The same components, each permuted over customers by itself: all structure between them is gone."""
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.permutation(column) for column in points.T])
