from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.decisions.offer import Offer, empc, profit_curve

OFFER = Offer(
    contact_cost=1.0,
    offer_cost=10.0,
    acceptance_rate=0.3,
    acceptance_sd=0.1,
    value_saved=1.0,
    holdout_share=0.2,
    seed=0,
)


def forecast(p_churn: float, clv: list[float]) -> pd.DataFrame:
    frame = pd.DataFrame({c.CHURN_PROBABILITY: p_churn, c.CLV: clv}, [f"c{i}" for i in range(len(clv))])
    return frame.assign(**{c.CLV_LOW: frame[c.CLV] / 2, c.CLV_HIGH: frame[c.CLV] * 2})


class TestProfit:
    def test_the_profit_of_a_contact_by_hand(self):
        # a sure churner: 0.3 * (200 - 10) - 1; a sure stayer takes the offer and the contact
        np.testing.assert_allclose(OFFER.profit(np.array([1.0, 0.0]), np.array([200.0, 200.0])), [56.0, -11.0])

    def test_the_interval_is_that_of_the_value(self):
        decided = OFFER.decide(forecast(1.0, [200.0]), pd.Index(["c0"]))
        assert decided[c.EXPECTED_PROFIT_LOW] == pytest.approx([0.3 * 90 - 1])
        assert decided[c.EXPECTED_PROFIT] == pytest.approx([0.3 * 190 - 1])
        assert decided[c.EXPECTED_PROFIT_HIGH] == pytest.approx([0.3 * 390 - 1])


class TestAction:
    def test_a_contact_that_only_covers_its_cost_is_left(self):
        """A sure churner worth 40 / 3: 0.3 * (40 / 3 - 10) - 1 = 0."""
        everyone = Offer(1.0, 10.0, 0.5, 0.1, 1.0, 0.0, seed=0)
        customers = forecast(1.0, [12.0, 12.5, 11.5])
        decided = everyone.decide(customers, customers.index)
        assert decided[c.EXPECTED_PROFIT].tolist() == [0.0, 0.25, -0.25]
        assert decided[c.ACTION].tolist() == ["leave", "contact", "leave"]

    def test_a_stable_share_of_the_profitable_customers_is_held_out(self):
        customers = forecast(0.6, [100.0] * 3000 + [5.0] * 1000)
        decided = pd.DataFrame(OFFER.decide(customers, customers.index), customers.index)
        assert (decided[c.ACTION][3000:] == "leave").all()
        shares = decided[c.ACTION][:3000].value_counts(normalize=True)
        assert shares["holdout"] == pytest.approx(0.2, abs=0.03)
        assert shares["contact"] == pytest.approx(0.8, abs=0.03)
        few = customers.sample(300, random_state=1)
        pd.testing.assert_frame_equal(pd.DataFrame(OFFER.decide(few, few.index), few.index), decided.loc[few.index])

    def test_columns_without_an_index_are_in_the_order_of_the_customers(self):
        customers = forecast(0.6, [100.0, 5.0, 100.0])
        arrays = {name: customers[name].to_numpy() for name in customers}
        by_frame, by_array = (OFFER.decide(given, customers.index) for given in (customers, arrays))
        assert by_frame[c.ACTION].tolist() == by_array[c.ACTION].tolist()


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
        for gamma in OFFER.acceptances():
            profits = [0.0]
            for border in np.unique(y_pred):  # contact everyone at or above it
                contacted = y_pred >= border
                churners = (y_true * contacted).sum()
                cost = 10 * (contacted.sum() - churners) + 1 * contacted.sum()
                profits.append((gamma * (120 - 10) * churners - cost) / 400)
            best.append(max(profits))
        assert empc(y_true, y_pred, 120.0, OFFER).profit == pytest.approx(np.mean(best))

    def test_the_acceptances_have_their_mean_and_deviation(self):
        assert OFFER.acceptances().mean() == pytest.approx(0.3, abs=0.002)
        assert OFFER.acceptances().std() == pytest.approx(0.1, abs=0.005)

    def test_a_perfect_model_contacts_the_churners(self):
        """One in four churns and is worth 210: the mean of gamma times 200, less 1 for the contact, over four."""
        result = empc(np.array([0.0, 1, 0, 0]), np.array([0.1, 0.9, 0.2, 0.3]), 210.0, OFFER)
        assert result.share == 0.25
        assert result.profit == pytest.approx((0.3 * 200 - 1) / 4, rel=0.01)

    def test_nobody_is_contacted_where_it_never_pays(self):
        assert empc(np.array([1.0, 0.0]), np.array([0.9, 0.1]), 5.0, OFFER) == (0.0, 0.0)


EFFECTS = {"effect_mail": np.array([3.0, 0.5]), "low": np.array([2.0, -0.5]), "high": np.array([4.0, 1.5])}


class TestLearned:
    def test_the_profit_is_the_effect_less_the_contact_and_says_so(self):
        everyone = Offer(1.0, 10.0, 0.5, 0.1, 1.0, 0.0, seed=0)
        decided = everyone.decide({}, pd.Index(["a", "b"]), effects=EFFECTS)
        assert decided[c.EXPECTED_PROFIT].tolist() == [2.0, -0.5]
        assert decided[c.EXPECTED_PROFIT_LOW].tolist() == [1.0, -1.5]
        assert decided[c.EXPECTED_PROFIT_BASIS].tolist() == ["learned", "learned"]
        assert decided[c.ACTION].tolist() == ["contact", "leave"]
        assumed = everyone.decide(forecast(1.0, [200.0]), pd.Index(["c0"]))
        assert assumed[c.EXPECTED_PROFIT_BASIS].tolist() == ["assumed"]

    def test_nobody_is_contacted_who_never_may_be(self):
        everyone = Offer(1.0, 10.0, 0.5, 0.1, 1.0, 0.0, seed=0)
        decided = everyone.decide({}, pd.Index(["a", "b"]), never=np.array([True, False]), effects=EFFECTS)
        assert decided[c.ACTION].tolist() == ["leave", "leave"]

    def test_the_arm_is_the_one_that_is_named_or_the_only_one(self):
        named = Offer(1.0, 10.0, 0.5, 0.1, 1.0, 0.0, seed=0, arm="call")
        assert OFFER.arm_of(["control", "mail"]) == "mail"
        assert OFFER.arm_of(["control", "call", "mail"]) is None
        assert named.arm_of(["control", "call", "mail"]) == "call"
        assert named.arm_of(["control", "mail"]) is None
