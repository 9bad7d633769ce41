"""Effects that were planted are found with intervals that cover; nulls and harms are found to be what they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import patronage as pt
from patronage.errors import ConfigError
from patronage.models.effects.policy import profits

PROMOTION = Path(__file__).parents[4] / "shared" / "data" / "promotion" / "promotion.parquet"


def customers(n: int, seed: int, effect) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """A lot of two arms; `effect` gives that of mail by age."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"age": rng.uniform(20, 70, n), "noise": rng.normal(size=n)})
    X["arm"] = rng.choice(["control", "mail"], n)
    planted = effect(X["age"].to_numpy())
    y = (rng.random(n) < 0.2 + planted * (X["arm"] == "mail")).astype(float)
    return X, y, planted


@pytest.mark.slow
def test_a_planted_effect_is_found_where_it_is():
    X, y, planted = customers(6000, 1, lambda age: np.where(age < 40, 0.2, -0.05))
    model = pt.ContactEffects(costs={"mail": 0.02}, rounds=40, folds=3).fit(X, y)
    assert model.policy_ == "by effect"
    assert model.average_.loc["mail", "low"] < planted.mean() < model.average_.loc["mail", "high"]
    new = pd.DataFrame({"age": [25.0, 60.0], "noise": [0.0, 0.0]})
    assert model.predict(new)["recommended_arm"].tolist() == ["mail", "control"]
    truth = 1000 * ((planted - 0.02) * (planted > 0.02)).mean()
    assert model.policies_.loc["by effect", "low"] < truth < model.policies_.loc["by effect", "high"] + 5


@pytest.mark.slow
@pytest.mark.parametrize("effect", [0.0, -0.08])
def test_a_null_and_a_harm_contact_nobody(effect):
    X, y, _ = customers(6000, 2, lambda age: np.full(len(age), effect))
    model = pt.ContactEffects(costs={"mail": 0.02}, rounds=20, folds=3).fit(X, y)
    assert model.policy_ == "treat none"
    assert (model.predict(X)["recommended_arm"] == "control").all()
    assert (model.average_.loc["mail", "high"] < 0) == (effect < 0)


@pytest.mark.slow
def test_the_average_covers_at_its_level():
    covered = 0
    for seed in range(20):
        X, y, planted = customers(400, 100 + seed, lambda age: np.where(age < 40, 0.3, 0.0))
        average = pt.ContactEffects(rounds=5, folds=2).fit(X, y).average_.loc["mail"]
        covered += average["low"] < planted.mean() < average["high"]
    assert covered >= 16  # 19 expected; fewer than 16 once in four hundred


def test_contacts_that_were_chosen_are_refused():
    X, y, _ = customers(3000, 3, lambda age: np.zeros(len(age)))
    X["arm"] = np.where(np.random.default_rng(0).random(3000) < (X["age"] - 15) / 60, "mail", "control")
    with pytest.raises(pt.DataError, match=r"not drawn by lot: .*age"):
        pt.ContactEffects().fit(X, y)


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"costs": {"mail": -1}}, "costs.mail=-1; expected at least 0"),
        ({"costs": {"post": 1}}, "costs of post, which is no arm in the column arm"),
    ],
)
def test_costs_are_those_of_the_arms(changed, line):
    X, y, _ = customers(200, 3, lambda age: np.zeros(len(age)))
    with pytest.raises(pt.ConfigError, match=line):
        pt.ContactEffects(**changed).fit(X, y)


def test_too_few_customers_are_not_called_contacts_that_were_chosen():
    X, y, _ = customers(200, 3, lambda age: np.zeros(len(age)))
    X["arm"] = ["mail"] * 10 + ["control"] * 190
    with pytest.raises(pt.DataError, match=r"effects: arm mail has 10 customers .* wait for more contacts"):
        pt.ContactEffects().fit(X, y)


def test_a_lot_of_stated_and_unequal_chances_is_a_lot():
    X, y, _ = customers(4000, 4, lambda age: np.zeros(len(age)))
    chance = np.where(X["age"] < 40, 0.8, 0.3)
    mail = np.random.default_rng(1).random(4000) < chance
    X["arm"], X["chance"] = np.where(mail, "mail", "control"), np.where(mail, chance, 1 - chance)
    y = y + 0.02 * X["age"].to_numpy()
    average = pt.ContactEffects(propensity="chance", rounds=10, folds=2).fit(X, y).average_.loc["mail"]
    assert average["low"] < 0 < average["high"]


def test_an_unknown_control_names_what_is_there():
    X, y, _ = customers(100, 5, lambda age: np.zeros(len(age)))
    with pytest.raises(pt.DataError, match="holds control, mail; expected No"):
        pt.ContactEffects(control="No").fit(X, y)


@pytest.mark.slow
@pytest.mark.skipif(not PROMOTION.exists(), reason="needs the randomised promotion")
def test_the_promotion_pays_for_some_and_not_for_all():
    frame = pd.read_parquet(PROMOTION)
    X = frame[["Promotion", *(f"V{number}" for number in range(1, 8))]]
    model = pt.ContactEffects(arm="Promotion", control="No", costs={"Yes": 0.15}).fit(X, 10.0 * frame["purchase"])
    assert model.policies_.loc["treat all: Yes", "high"] < 0
    assert model.policies_.loc["by effect", "low"] > 0
    assert model.policy_ == "by effect"


@pytest.mark.slow
def test_everybody_is_contacted_only_where_that_surely_pays():
    """Of a lot without any effect, chance puts the average above 0 in half of the draws; it is followed in few."""
    followed = []
    for seed in range(12):
        X, y, _ = customers(600, 200 + seed, lambda age: np.zeros(len(age)))
        model = pt.ContactEffects(rounds=5, folds=2).fit(X, y)
        followed.append((model.average_.loc["mail", "effect"] > 0, model.policy_ != "treat none"))
    above, contacted = np.array(followed).T
    assert above.sum() >= 3
    assert contacted.sum() <= 2


def test_a_policy_is_followed_with_the_confidence_that_is_asked_for():
    """An average that may be chance is followed where it only had to earn more, and what was learned tells so."""
    X, y, _ = customers(600, 4, lambda age: np.where(age < 45, 0.12, -0.08))
    model = pt.ContactEffects(rounds=5, folds=2, confidence=0.0).fit(X, y)
    assert model.average_.loc["mail", "low"] < 0 < model.average_.loc["mail", "effect"]
    assert model.policy_ == "treat all: mail"
    assert model.learned_.least()["mail"] == pytest.approx(model.average_.loc["mail", "effect"])
    sure = replace(model.learned_, confidence=0.95)
    assert sure.least()["mail"] == pytest.approx(model.average_.loc["mail", "low"])
    model.set_params(confidence=0.95)._value(profits(model.cross_fit_.scores, model.costs_))
    assert model.policy_ == "treat none"
    with pytest.raises(ConfigError, match="confidence=1"):
        pt.ContactEffects(confidence=1).fit(X, y)
