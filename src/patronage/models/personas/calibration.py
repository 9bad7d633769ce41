"""The posterior of a mixture, held against refits: as sure of a customer as refits on resampled customers are.

A mixture's own posterior tells how clearly a customer lies on one side if the mixture is true. Dividing the logarithms
of its densities by one temperature (Guo et al. 2017) makes it as sure on average as refits agree; no customer changes
the persona by it.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from patronage.config import PersonasConfig
from patronage.models.personas.choice import overlaps, refit_labels
from patronage.models.personas.clusters import Clusters

SEED = 7919  # other refits than those of the choice and of the check
COLDEST, HOTTEST = 1e-3, 10.0
HALVINGS = 40


def same_again(
    points: np.ndarray, rows: np.ndarray, own: np.ndarray, k: int, config: PersonasConfig, seed: int
) -> np.ndarray:
    """(n,) the share of refits that give each customer of these rows the same cluster.

    Each refit's clusters are matched to the given ones by the customers that they share.

    Parameters
    ----------
    own
        (n,) the given clusters of the rows.
    """
    same = np.zeros(len(own))
    refits = refit_labels(points, points[rows], k, config, seed)
    for labels in refits:
        given, clusters = linear_sum_assignment(-overlaps(own, labels, k, k))
        given_of_cluster = np.empty(k, int)
        given_of_cluster[clusters] = given
        same += given_of_cluster[labels] == own
    return same / len(refits)


def temperature_by_refits(points: np.ndarray, clusters: Clusters, config: PersonasConfig) -> float:
    """The temperature at which the mean probability of a customer's cluster is that of the same one in a refit."""
    rows = np.random.default_rng(SEED).permutation(len(points))[: config.bootstrap_sample]
    target = float(same_again(points, rows, clusters.nearest(points[rows]), len(clusters.centres), config, SEED).mean())
    cold, hot = np.log([COLDEST, HOTTEST])
    for _ in range(HALVINGS):
        middle = (cold + hot) / 2
        sure = clusters.probabilities(points[rows], 1.0, float(np.exp(middle))).max(axis=1).mean()
        cold, hot = (middle, hot) if sure > target else (cold, middle)
    return float(np.exp((cold + hot) / 2))
