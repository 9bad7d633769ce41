from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.config import ActionConfig, ActionsConfig
from patronage.decisions.catalogue import ActionPlan, promise
from patronage.decisions.retention import (
    acceptances,
    empc,
    implied_rate,
    profit_curve,
    retention_offer,
    retention_profit,
)

OFFER = ActionConfig(gain="risk", rate=0.3, rate_low=0.104, rate_high=0.496, cost=1.0, offer_cost=10.0)


class TestProfit:
    def test_the_profit_of_a_contact_by_hand(self):
        # a sure churner: 0.3 * (200 - 10) - 1; a sure stayer takes the offer and the contact
        profit = retention_profit(OFFER, np.array([1.0, 0.0]), np.array([200.0, 200.0]))
        np.testing.assert_allclose(profit, [56.0, -11.0])

    def test_it_is_what_the_catalogue_promises_of_the_action(self):
        rows = pd.DataFrame({"churn_probability": [0.2, 0.9], "p_order": [0.8, 0.1], "clv": [50.0, 120.0]})
        rows["clv_low"], rows["clv_high"] = rows["clv"], rows["clv"]
        plan = ActionPlan.of(ActionsConfig(catalogue={"win_back": OFFER}), margin=1.0, order_margin=5.0, seed=0)
        promised = promise("win_back", OFFER, rows, plan.prospects(rows))
        own = retention_profit(OFFER, rows["churn_probability"].to_numpy(), rows["clv"].to_numpy())
        np.testing.assert_allclose(promised.profit, own)

    def test_the_rate_that_effects_amount_to_is_the_one_that_gives_them(self):
        p_churn, value = np.array([0.2, 0.9, 0.5]), np.array([50.0, 120.0, 30.0])
        effect = retention_profit(OFFER, p_churn, value) + OFFER.cost
        assert implied_rate(OFFER, p_churn, value, effect) == pytest.approx(0.3)
        assert implied_rate(OFFER, p_churn, np.full(3, 10.0), effect) is None


def test_win_back_is_the_offer_else_the_first_that_saves_value_at_risk():
    order = ActionConfig(gain="order")
    assert retention_offer({"call": OFFER, "win_back": OFFER, "mail": order})[0] == "win_back"
    assert retention_offer({"mail": order, "call": OFFER}) == ("call", OFFER)
    assert retention_offer({"win_back": order}) is None


class TestProfitCurve:
    def test_it_rises_while_contacts_pay(self):
        curve = profit_curve(np.array([3.0, -1.0, 1.0, -2.0]))
        np.testing.assert_allclose(curve.share, [0, 0.25, 0.5, 0.75, 1])
        np.testing.assert_allclose(curve.profit, [0, 0.75, 1.0, 0.75, 0.25])
        assert curve.best_share == 0.5

    def test_the_realised_profit_is_in_the_order_of_the_expected(self):
        curve = profit_curve(np.array([3.0, -1.0, 1.0]), realised=np.array([-3.0, 9.0, 6.0]))
        np.testing.assert_allclose(curve.profit, [0, -1, 1, 4])

    def test_no_customers_have_no_profit(self):
        assert profit_curve(np.array([])).best_share == 0


class TestEmpc:
    def test_it_is_the_classical_formula_averaged_over_the_acceptance(self):
        rng = np.random.default_rng(0)
        y_pred = rng.uniform(size=400).round(2)
        y_true = (rng.uniform(size=400) < y_pred).astype(float)
        best = []
        for gamma in acceptances(OFFER):
            profits = [0.0]
            for border in np.unique(y_pred):  # contact everyone at or above it
                contacted = y_pred >= border
                churners = (y_true * contacted).sum()
                cost = 10 * (contacted.sum() - churners) + 1 * contacted.sum()
                profits.append((gamma * (120 - 10) * churners - cost) / 400)
            best.append(max(profits))
        assert empc(y_true, y_pred, 120.0, OFFER).profit == pytest.approx(np.mean(best))

    def test_the_acceptances_have_their_mean_and_deviation(self):
        assert acceptances(OFFER).mean() == pytest.approx(0.3, abs=0.002)
        assert acceptances(OFFER).std() == pytest.approx(0.1, abs=0.005)

    def test_a_rate_without_a_range_is_that_rate(self):
        sure = ActionConfig(gain="risk", rate=0.3, rate_low=0.3, rate_high=0.3)
        assert set(acceptances(sure)) == {0.3}

    def test_a_perfect_model_contacts_the_churners(self):
        """One in four churns and is worth 210: the mean of gamma times 200, less 1 for the contact, over four."""
        result = empc(np.array([0.0, 1, 0, 0]), np.array([0.1, 0.9, 0.2, 0.3]), 210.0, OFFER)
        assert result.share == 0.25
        assert result.profit == pytest.approx((0.3 * 200 - 1) / 4, rel=0.01)

    def test_nobody_is_contacted_where_it_never_pays(self):
        assert empc(np.array([1.0, 0.0]), np.array([0.9, 0.1]), 5.0, OFFER) == (0.0, 0.0)
