"""The calibration map: the parameters it learns, and its order."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from patronage.models.journey.calibration import JourneyCalibration, fit_map


def test_the_default_map_changes_nothing():
    probability = np.array([0.0, 1e-300, 0.3, 1.0])
    assert JourneyCalibration().apply(probability) is probability


def test_recovers_a_map():
    rng = np.random.default_rng(0)
    odds = rng.normal(-1.5, 1.0, 20_000)
    truth = expit(-1.5 - 0.4 + 0.7 * (odds + 1.5))
    learned = fit_map((rng.random(len(odds)) < truth).astype(float), expit(odds))
    assert learned.centre == pytest.approx(-1.5, abs=0.02)
    assert learned.level == pytest.approx(-0.4, abs=0.05)
    assert np.exp(learned.log_slope) == pytest.approx(0.7, abs=0.05)
    grid = np.linspace(0, 1, 1001)
    assert (np.diff(learned.apply(grid)) > 0).all()
    centre = expit(np.array([learned.centre]))
    assert logit(learned.apply(centre))[0] == pytest.approx(learned.centre + learned.level)
