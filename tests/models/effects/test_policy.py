from __future__ import annotations

import numpy as np
import pytest

from patronage.models.effects.policy import Slope, best_arm, fit_slope, gains, mean_interval, profits


def test_profit_is_beside_control_and_less_its_cost():
    scores = np.array([[1.0, 3.0], [2.0, 2.5]])
    profit = profits(scores, np.array([0.0, 1.0]))
    np.testing.assert_allclose(profit, [[0.0, 1.0], [0.0, -0.5]])
    np.testing.assert_allclose(gains(profit, np.array([1, 0])), [1.0, 0.0])


def test_the_best_arm_is_control_where_no_arm_pays():
    effects = np.array([[0.5, 2.0], [0.1, -1.0]])
    assert best_arm(effects, np.array([0.0, 0.2, 0.2])).tolist() == [2, 0]
    assert best_arm(effects, np.array([0.0, 0.2, 0.2]), np.array([[True, False], [True, True]])).tolist() == [1, 0]


def test_predictions_that_tell_nothing_become_the_mean():
    effect = np.array([1.0, 2.0, 3.0, 4.0])
    assert fit_slope(effect, np.array([4.0, 3.0, 2.0, 1.0])).apply(effect).tolist() == [2.5] * 4
    assert fit_slope(effect, effect).apply(effect).tolist() == effect.tolist()


def test_the_interval_of_a_constant_is_a_point():
    assert mean_interval(np.array([2.0, 2.0]))[:3] == (2.0, 2.0, 2.0)
    assert np.isnan(mean_interval(np.array([2.0])).mean)


def test_calibration_draws_effects_to_the_mean_and_not_their_intervals():
    """Of a slope of one half the own spread counts whole; above 1 it is stretched with the predictions."""
    flat, steep = (Slope(mean=1.0, slope=slope, centre=0.0, mean_error=0.0, slope_error=0.0) for slope in (0.5, 1.25))
    effect = np.array([2.0])
    assert flat.apply(effect) == 2.0
    assert flat.half_width(effect, 1.0, 9) == pytest.approx(2.262, abs=0.001)  # the 97.5 % point of t with 9 degrees
    assert steep.half_width(effect, 1.0, 9) == pytest.approx(1.25 * 2.262, abs=0.001)
