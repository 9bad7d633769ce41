"""What groups tell: by hand, by chance, and by what is known."""

from __future__ import annotations

import numpy as np
import pytest

from patronage.models.personas.telling import explained, group_errors


def test_groups_that_hold_the_outcome_explain_all_of_it():
    groups = np.repeat([0, 1, 2], 40)
    share, error = explained(groups, groups * 5.0)
    assert (share, error) == (pytest.approx(1), pytest.approx(0))


def test_random_groups_explain_nothing():
    rng = np.random.default_rng(0)
    share, error = explained(rng.integers(0, 6, 4000), rng.normal(size=4000))
    assert abs(share) < 3 * error + 0.005


def test_the_share_is_that_of_the_planted_variance():
    rng = np.random.default_rng(1)
    groups = rng.integers(0, 2, 20_000)
    outcome = groups * 2.0 + rng.normal(size=20_000)  # variance 1 between, 1 within
    share, error = explained(groups, outcome)
    assert share == pytest.approx(0.5, abs=3 * error + 0.01)
    assert 0.001 < error < 0.02


def test_a_small_group_has_the_mean_of_everyone():
    rng = np.random.default_rng(2)
    groups, outcome = np.arange(200), rng.normal(size=200)
    errors, base = group_errors(groups, outcome, seed=0)
    np.testing.assert_array_equal(errors, base)


def test_who_is_judged_is_judged_by_the_means_of_the_others_by_hand():
    groups = np.array([0] * 6 + [1] * 6)
    outcome = np.array([1.0, 1, 1, 1, 1, 4, 3, 3, 3, 3, 3, 2])
    judged = np.isin(np.arange(12), [5, 11])
    errors, base = group_errors(groups, outcome, seed=0, judged=judged)
    # the others' means are 1 and 3, together 2
    assert errors[judged].tolist() == [9, 1]
    assert base[judged].tolist() == [4, 0]
    assert not errors[~judged].any()
    assert not base[~judged].any()


def test_an_outcome_that_is_the_same_for_all_has_nothing_to_explain():
    assert explained(np.array([0, 1] * 20), np.ones(40)) == (0.0, 0.0)
