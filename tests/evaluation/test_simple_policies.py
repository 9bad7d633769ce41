"""Simple policies are chosen without the customers that they are valued on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import patronage as pt
from patronage.evaluation.simple_policies import beside, by_best_label, by_label, by_number, rule_to_follow
from patronage.models.effects.policy import gains

RNG = np.random.default_rng(0)
SIZE = 3000
VALUE = RNG.uniform(0, 1, SIZE)
LABEL = RNG.choice(["old", "young"], SIZE)
FOLD = np.arange(SIZE) % 3


def profit(effect) -> np.ndarray:
    return np.column_stack([np.zeros(SIZE), effect + RNG.normal(0, 1, SIZE)])


@pytest.mark.parametrize("sign", [1, -1])
def test_the_end_that_pays_is_contacted(sign):
    chosen = by_number(VALUE, profit(np.where(sign * VALUE > np.quantile(sign * VALUE, 0.7), 2.0, -2.0)), FOLD)
    assert chosen.mean() == pytest.approx(0.3, abs=0.03)
    assert ((sign * VALUE)[chosen == 1].min()) > (sign * VALUE)[chosen == 0].max() - 0.05


def test_each_label_has_the_arm_that_pays():
    chosen = by_label(LABEL, profit(np.where(LABEL == "young", 1.0, -1.0)), FOLD)
    assert (chosen == (LABEL == "young")).all()


def test_the_best_label_is_found_and_noise_earns_nothing():
    labels = pd.DataFrame({"noise": RNG.choice(list("abcdefgh"), SIZE), "age": LABEL})
    worth = profit(np.where(LABEL == "young", 1.0, -1.0))
    assert (by_best_label(labels, worth, FOLD) == (LABEL == "young")).all()
    null = profit(-0.02)
    value = gains(null, by_best_label(labels[["noise"]], null, FOLD))
    assert value.mean() < 3 * value.std() / np.sqrt(SIZE)


def test_nothing_that_pays_contacts_nobody_and_the_gain_is_paired():
    lost = np.column_stack([np.zeros(SIZE), np.full(SIZE, -1.0)])
    assert by_number(VALUE, lost, FOLD).sum() == 0
    won = np.column_stack([np.zeros(SIZE), np.full(SIZE, 1.0)])
    table = beside({"nobody": np.zeros(SIZE, int)}, np.ones(SIZE, int), won)
    assert table.loc["nobody"].tolist() == [0, 0, 0, 0, 1000, 1000, 1000]


def trial(effect, seed: int = 1) -> tuple[pt.ContactEffects, pd.DataFrame]:
    """Trees see nothing but noise; a label tells whom the mail wins, or nothing does."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"noise": rng.normal(size=2000), "arm": rng.choice(["control", "mail"], 2000)})
    labels = pd.DataFrame({"tier": rng.choice(["gold", "lead"], 2000), "day": rng.choice(["odd", "even"], 2000)})
    won = np.where(labels["tier"] == "gold", effect, -effect)
    y = rng.normal(size=2000) + won * (X["arm"] == "mail")
    return pt.ContactEffects(costs={"mail": 0.1}, rounds=5, folds=2).fit(X, y), labels


@pytest.mark.slow
def test_the_simple_policy_that_surely_wins_is_followed_and_one_by_chance_is_not():
    model, labels = trial(1.0)
    rule = rule_to_follow(model, labels, None)
    assert rule.name == "best single label: tier"
    assert dict(zip(rule.labels, [each[0] for each in rule.effects], strict=True)) == pytest.approx(
        {"": 0, "gold": 1, "lead": -1}, abs=0.2
    )
    new = pd.DataFrame({"noise": 0.0, "tier": ["gold", "lead", "other"]})
    assert model.follow(rule).predict(new)["recommended_arm"].tolist() == ["mail", "control", "control"]
    assert rule_to_follow(*trial(0.0), None) is None
