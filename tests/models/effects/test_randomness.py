from __future__ import annotations

import numpy as np

from patronage.models.effects.learners import TreeSettings, Trial
from patronage.models.effects.randomness import check_randomness

SETTINGS = TreeSettings(0.1, 4, 0.01, 20, 0)


def trial(arm: np.ndarray, x: np.ndarray) -> Trial:
    shares = np.bincount(arm) / len(arm)
    return Trial(x, arm, np.broadcast_to(shares, (len(arm), len(shares))), np.zeros(len(arm)))


def test_a_lot_passes_and_a_feature_that_is_missing_in_one_arm_does_not():
    rng = np.random.default_rng(0)
    x, arm = rng.normal(size=(2000, 2)), rng.integers(0, 2, 2000)
    assert check_randomness(trial(arm, x), ["control", "mail"], ["a", "b"], SETTINGS).reasons == ()
    x[(arm == 1) & (rng.random(2000) < 0.2), 1] = np.nan
    assert "b is missing" in " ".join(
        check_randomness(trial(arm, x), ["control", "mail"], ["a", "b"], SETTINGS).reasons
    )


def test_an_arm_of_few_is_named():
    arm = np.array([0] * 100 + [1] * 10)
    reasons = check_randomness(trial(arm, np.zeros((110, 1))), ["control", "mail"], ["a"], SETTINGS).reasons
    assert reasons == ("arm mail has 10 customers with a known outcome; expected at least 30",)


def test_shares_that_are_not_those_of_the_lot_are_named():
    arm = np.array([0] * 800 + [1] * 200)
    half = trial(arm, np.zeros((1000, 1)))._replace(propensity=np.full((1000, 2), 0.5))
    reasons = " ".join(check_randomness(half, ["control", "mail"], ["a"], SETTINGS).reasons)
    assert "arm mail: 20.0% of the customers, but the propensities say 50.0%" in reasons


def test_outcomes_that_are_missing_in_one_arm_are_no_lot():
    arm = np.array([0, 1] * 500)
    names = (["control", "mail"], ["a"], SETTINGS)
    lot = trial(arm, np.random.default_rng(0).normal(size=(1000, 1)))
    assert check_randomness(lot, *names, np.array([40, 45])).reasons == ()
    (reason,) = check_randomness(lot, *names, np.array([10, 200])).reasons
    assert reason == "the outcome is missing for 2.0% of control, 28.6% of mail; give 0 where nothing came"


def test_one_lot_counted_for_each_row_of_a_customer_is_named():
    rng = np.random.default_rng(1)
    customer, x = np.repeat(np.arange(300), 4), rng.normal(size=(1200, 1))
    for arm, named in ((rng.integers(0, 2, 1200), False), (rng.integers(0, 2, 300)[customer], True)):
        reasons = check_randomness(trial(arm, x)._replace(group=customer), ["control", "mail"], ["a"], SETTINGS).reasons
        assert ("the same arm in 100% of them, and a lot for each row would give 50%" in " ".join(reasons)) == named
