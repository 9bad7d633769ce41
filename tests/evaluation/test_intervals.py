from __future__ import annotations

import numpy as np
import pytest

from patronage.evaluation.intervals import paired_difference


def test_pairing_sees_a_small_difference_between_two_noisy_losses():
    rng = np.random.default_rng(0)
    noise = rng.gamma(1, 10, 5000)
    found = paired_difference(noise - 0.05 + rng.normal(0, 0.1, 5000), noise, times=500, seed=0)
    assert found.low < -0.05 < found.high < 0
    assert found.high - found.low == pytest.approx(2 * 1.96 * 0.1 / np.sqrt(5000), rel=0.15)


def test_the_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(1)
    covered = 0
    for seed in range(200):
        found = paired_difference(rng.normal(1, 1, 100), np.zeros(100), times=200, seed=seed)
        covered += found.low <= 1 <= found.high
    assert 0.89 <= covered / 200 <= 0.985
