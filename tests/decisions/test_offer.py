from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.decisions.offer import Offer, empc, profit_curve

OFFER = Offer(1.0, 10.0, 0.3, 0.1, 1.0, 0.2, seed=0)


def test_the_profit_of_a_contact_by_hand():
    # a sure churner: 0.3 * (200 - 10) - 1; a sure stayer takes the offer and the contact
    np.testing.assert_allclose(OFFER.profit(np.array([1.0, 0.0]), np.array([200.0, 200.0])), [56.0, -11.0])


def test_who_is_worth_it_is_contacted_but_for_a_stable_lot():
    n = 4000
    people = pd.Index([f"c{i}" for i in range(n)])
    said = pd.DataFrame({"churn_probability": 0.6, "clv": np.where(np.arange(n) < 3000, 100.0, 5.0)}, people)
    said["clv_low"], said["clv_high"] = said["clv"] / 2, said["clv"] * 2
    told = pd.DataFrame(OFFER.decide(said, people), people)
    assert (told["action"][3000:] == "leave").all()
    shares = told["action"][:3000].value_counts(normalize=True)
    assert shares["holdout"] == pytest.approx(0.2, abs=0.03)
    assert (told["expected_profit_low"] <= told["expected_profit"]).all()
    assert (told["expected_profit"] <= told["expected_profit_high"]).all()
    few = said.sample(300, random_state=1)
    pd.testing.assert_frame_equal(pd.DataFrame(OFFER.decide(few, few.index), few.index), told.loc[few.index])
    by_position = few.reset_index(drop=True)
    assert (OFFER.decide(by_position, few.index)["action"] == told.loc[few.index, "action"]).all()


def test_the_curve_rises_while_contacts_pay():
    curve = profit_curve(np.array([3.0, -1.0, 1.0, -2.0]))
    np.testing.assert_allclose(curve.profit, [0, 0.75, 1.0, 0.75, 0.25])
    assert curve.best_share == 0.5


def test_empc_is_the_classical_formula_averaged_over_the_acceptance():
    rng = np.random.default_rng(0)
    churn = rng.uniform(size=400).round(2)
    happened = (rng.uniform(size=400) < churn).astype(float)
    value, offer = 120.0, OFFER
    best = []
    for gamma in offer.acceptances():
        profits = [0.0]
        for border in np.unique(churn):  # contact everyone at or above it
            chosen = churn >= border
            hits = (happened * chosen).sum()
            cost = 10 * (chosen.sum() - hits) + 1 * chosen.sum()
            profits.append((gamma * (value - 10) * hits - cost) / 400)
        best.append(max(profits))
    assert empc(happened, churn, value, offer).profit == pytest.approx(np.mean(best))
    assert offer.acceptances().mean() == pytest.approx(0.3, abs=0.002)
    assert offer.acceptances().std() == pytest.approx(0.1, abs=0.005)


def test_nobody_is_contacted_where_it_never_pays():
    found = empc(np.array([1.0, 0.0]), np.array([0.9, 0.1]), 5.0, OFFER)
    assert found == (0.0, 0.0)
