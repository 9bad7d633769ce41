"""The posterior of a mixture is as sure on average as refits agree."""

from __future__ import annotations

import numpy as np
import pytest

from patronage.models.personas.calibration import same_again, temperature_by_refits
from patronage.models.personas.clusters import Clusters, fit_clusters


@pytest.mark.parametrize("distance", [2.0, 4.0])
def test_the_mean_probability_is_the_share_of_refits_that_agree(settings, distance):
    rng = np.random.default_rng(0)
    points = rng.normal(size=(600, 2)) + distance * rng.integers(0, 2, 600)[:, None]
    config = settings("gmm", 2)
    clusters = Clusters.of(fit_clusters(points, "gmm", 2, 0))
    temperature = temperature_by_refits(points, clusters, config)
    sure = clusters.probabilities(points, 1.0, temperature).max(axis=1).mean()
    agree = same_again(points, np.arange(600), clusters.nearest(points), 2, config, seed=1).mean()
    assert sure == pytest.approx(agree, abs=0.03)
    assert temperature < 1  # every component has the variance that keeps small views small
