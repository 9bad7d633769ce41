"""What a contact changes is what was planted: more orders of some types, none of others, fewer of one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import patronage as pt
from patronage import names as c
from patronage.data.simulated import answer, planted_effect
from patronage.evaluation.effects import effects_by_label
from patronage.simulation.answers import DRIVEN, WON
from patronage.simulation.parameters import SHOPPERS

CONTACT = pd.Timestamp("2023-03-01")


@pytest.fixture(scope="module")
def shop() -> tuple[pd.DataFrame, pd.Series]:
    """Three types of 400, each with an order long before and one in the window."""
    types = ["smart_shopper", "needs_proof", "procrastinator"]
    shopper = pd.Series({f"{name}-{number}": name for name in types for number in range(400)})
    orders = pd.concat(
        pd.DataFrame({c.CUSTOMER_ID: shopper.index, c.ORDERED_AT: pd.Timestamp(day), c.AMOUNT: 10.0})
        for day in ("2023-01-05 10:00", "2023-03-04 10:00")
    )
    orders[c.ORDER_ID] = orders[c.CUSTOMER_ID] + orders[c.ORDERED_AT].dt.strftime("-%m%d")
    return orders.reset_index(drop=True), shopper


def window_orders(transactions: pd.DataFrame, shopper: pd.Series) -> pd.Series:
    after = transactions[transactions[c.ORDERED_AT] >= CONTACT]
    return after.groupby(after[c.CUSTOMER_ID].map(shopper))[c.ORDER_ID].nunique() / 400


def test_each_type_answers_as_planted(shop):
    transactions, shopper = shop
    moments = pd.Series(CONTACT, index=shopper.index)
    planted = planted_effect(transactions, shopper, moments).groupby(shopper).mean()
    assert planted.to_dict() == pytest.approx({"smart_shopper": 0.2, "needs_proof": -0.8, "procrastinator": 0.0})
    after = answer(transactions, shopper, moments, seed=1)
    changed = window_orders(after, shopper) - window_orders(transactions, shopper)
    assert changed["smart_shopper"] == pytest.approx(0.2, abs=0.06)
    assert changed["needs_proof"] == pytest.approx(-0.8, abs=0.06)
    assert changed["procrastinator"] == 0
    assert after[c.ORDERED_AT].max() < CONTACT + pd.Timedelta(days=14)


def test_who_is_left_alone_does_what_was_to_come(shop):
    transactions, shopper = shop
    moments = pd.Series(CONTACT, index=shopper.index[:10])
    after = answer(transactions, shopper, moments, seed=1)
    others = ~transactions[c.CUSTOMER_ID].isin(moments.index)
    left = after[~after[c.CUSTOMER_ID].isin(moments.index)]
    assert len(left) == others.sum()
    pd.testing.assert_frame_equal(answer(transactions, shopper, moments, seed=1), after)


@pytest.mark.slow
def test_effects_by_type_are_recovered_with_intervals_that_cover():
    """Planted effects of the simulator's types, by lot: 19 of 20 intervals are expected to hold them."""
    covered, harmed, seeds = [], 0, 15
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        kind = pd.Series(rng.choice(list(SHOPPERS), 1500))
        coming = rng.poisson(0.4, len(kind))
        treated = rng.random(len(kind)) < 0.5
        won = rng.random(len(kind)) < kind.map(WON).fillna(0.0)
        driven = rng.random(len(kind)) < kind.map(DRIVEN).fillna(0.0)
        y = np.where(treated, np.where(driven, 0, coming + won), coming).astype(float)
        planted = kind.map(WON).fillna(0.0) - kind.map(DRIVEN).fillna(0.0) * coming
        X = pd.DataFrame({"kind": kind.astype(str), "arm": np.where(treated, "offer", "control")})
        model = pt.ContactEffects(rounds=10, folds=2).fit(X, y)
        table = effects_by_label(X[["kind"]], model.arms_, model.cross_fit_.scores).set_index("label")
        truth = planted.groupby(kind).mean()
        covered += (truth.between(table["low"], table["high"])).tolist()
        harmed += table.loc["needs_proof", "finding"] == "is harmed"
    assert np.mean(covered) >= 0.88  # 95 % of 90 expected; fewer than 80 once in two hundred
    assert harmed >= 12
