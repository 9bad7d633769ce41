from __future__ import annotations

import numpy as np
import pytest

from patronage.models.effects.learners import (
    LEARNERS,
    TreeSettings,
    Trial,
    cross_fit,
    folds_of,
    predict_trees,
    robust_scores,
    spread_trees,
)

SETTINGS = TreeSettings(0.1, 4, 0.01, 40, 0)


def test_robust_scores_of_outcomes_predicted_as_0_are_weighted_outcomes():
    trial = Trial(np.zeros((2, 1)), np.array([0, 1]), np.full((2, 2), 0.5), np.array([3.0, 5.0]))
    np.testing.assert_allclose(robust_scores(trial, np.zeros((2, 2))), [[6.0, 0.0], [0.0, 10.0]])


def test_every_arm_is_spread_evenly_over_the_folds():
    arm = np.array([0] * 10 + [1] * 5)
    fold = folds_of(arm, 5, 0)
    assert np.bincount(fold[arm == 0]).tolist() == [2] * 5
    assert np.bincount(fold[arm == 1]).tolist() == [1] * 5


@pytest.mark.parametrize("learner", LEARNERS)
def test_each_learner_tells_who_gains(learner):
    rng = np.random.default_rng(0)
    x, arm = rng.uniform(size=(3000, 2)), rng.integers(0, 3, 3000)
    y = (arm == 1) * (x[:, 0] > 0.5) - (arm == 2) * 0.5 + rng.normal(0, 0.5, 3000)
    trial = Trial(x, arm, np.full((3000, 3), 1 / 3), y)
    effects = cross_fit(trial, (learner,), 2, SETTINGS).effects[learner]
    assert effects.shape == (3000, 2)
    assert effects[x[:, 0] > 0.6, 0].mean() - effects[x[:, 0] < 0.4, 0].mean() > 0.25
    assert effects[:, 1].mean() == pytest.approx(-0.5, abs=0.1)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_trial_whose_lot_was_drawn_by_our_own_generator_is_halved_all_the_same(seed):
    arm = (np.random.default_rng(seed).random(1000) < 0.5).astype(int)  # as numpy draws it with a seed
    x = np.random.default_rng(7).uniform(size=(1000, 2))
    trial = Trial(x, arm, np.full((1000, 2), 0.5), arm * x[:, 0])
    (trees,) = spread_trees("dr", trial, TreeSettings(0.1, 4, 0.01, 10, seed))
    assert np.isfinite(predict_trees(trees, x)).all()
