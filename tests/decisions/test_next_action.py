"""The next action of customers made up by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from patronage.config import ActionConfig, ActionsConfig, CapsConfig
from patronage.decisions.catalogue import ActionPlan, fits
from patronage.decisions.next_action import by_labels, by_segment, next_actions

CATALOGUE = {
    "win_back": ActionConfig({"journey_stage": ["at_risk"]}, "risk", 0.1, 0.0, 0.2, cost=1.0, within_days=14),
    "cross_sell": ActionConfig({"journey_stage": ["loyal"]}, "spend", 0.02, 0.01, 0.03, cost=0.5, sender="shop"),
    "ask_why": ActionConfig(
        {"journey_stage": ["at_risk"], "satisfaction_segment": ["low"]}, "risk", 0.2, 0.1, 0.3, cost=3.0, within_days=1
    ),
}
NOBODY = pd.DataFrame(columns=["customer_id", "sender", "messages", "unsubscribed", "cart"])


def plan(**settings):
    config = ActionsConfig(holdout_share=0.0, catalogue=CATALOGUE)
    for name, value in settings.items():
        setattr(config, name, value)
    config.check()
    return ActionPlan.of(config, margin=0.5, order_margin=10.0, seed=0)


@pytest.fixture
def customers():
    return pd.DataFrame(
        {
            "journey_stage": ["at_risk", "at_risk", "loyal", "regular", "at_risk"],
            "satisfaction_segment": ["low", "high", "high", "low", "unknown"],
            "benefit_segment": ["price", "unknown", "quality", "price", "price"],
            "best_contact_window": ["weekday evening", "unknown", "weekend midday", "unknown", "unknown"],
            "churn_probability": [0.5, 0.5, 0.1, 0.2, np.nan],
            "p_order": [0.5, 0.5, 0.9, 0.8, np.nan],
            "journey_p_order": [0.5, 0.5, 0.9, 0.8, 0.1],
            "clv": [100.0, 100.0, 400.0, 50.0, np.nan],
            "clv_low": [50.0, 50.0, 300.0, 20.0, np.nan],
            "clv_high": [200.0, 200.0, 500.0, 90.0, np.nan],
            "expected_orders": [1.0, 1.0, 8.0, 2.0, np.nan],
            "expected_spend": [30.0, 30.0, 200.0, 40.0, np.nan],
            "persona": ["a", "b", "b", "a", "a"],
        },
        index=pd.Index(["ann", "ben", "cleo", "dora", "eve"], name="customer_id"),
    )


def sent(*rows):
    return pd.DataFrame(rows, columns=NOBODY.columns)


def of(result, customer):
    return result.frame.set_index("customer_id").loc[customer]


def test_known_stands_for_any_label_that_says_something(customers):
    to_category = replace(CATALOGUE["cross_sell"], conditions={"adjacent_interest": ["known"]})
    some = customers.assign(adjacent_interest=["tea", "unknown", "wine", None, "known"])
    result = next_actions(some, NOBODY, plan(catalogue={"cross_sell": to_category}))
    assert result.frame["action"].tolist() == ["leave_alone", "leave_alone", "cross_sell", "leave_alone", "leave_alone"]
    assert of(result, "cleo")["why"] == "adjacent_interest is wine"
    assert fits(to_category, some).tolist() == [True, False, True, False, True]  # who earns nothing is left alone


def test_nobody_is_sold_another_category_where_the_log_has_none(customers):
    shipped = ActionPlan.of(ActionsConfig(), margin=0.5, order_margin=10.0, seed=0)
    result = next_actions(customers, NOBODY, shipped)
    assert result.left_out["cross_sell"] == ["adjacent_interest"]
    assert "cross_sell" not in result.frame["action"].tolist()


def test_everyone_gets_what_earns_most(customers):
    result = next_actions(customers, NOBODY, plan())
    assert result.frame["action"].tolist() == ["ask_why", "win_back", "cross_sell", "leave_alone", "leave_alone"]
    ann = of(result, "ann")
    # 0.2 of the 50 at risk, less 3; between 0.1 of 25 and 0.3 of 100
    assert (ann["expected_profit"], ann["expected_profit_low"], ann["expected_profit_high"]) == (7.0, -0.5, 27.0)
    assert ann["why"] == "journey_stage is at_risk, satisfaction_segment is low"
    assert (ann["when"], ann["content"], ann["basis"]) == ("weekday evening, within 1 day", "ask_why/price", "assumed")
    assert of(result, "ben")["content"] == "win_back/any"
    assert of(result, "cleo")["expected_profit"] == pytest.approx(0.02 * 0.5 * 200 - 0.5)
    assert of(result, "dora")["why"] == "no action fits"
    assert of(result, "eve")["why"] == "no action is expected to pay"


def test_an_offer_costs_what_those_take_who_would_order_anyway(customers):
    offer = {"win_back": ActionConfig({"journey_stage": ["at_risk"]}, "risk", 0.1, 0.1, 0.1, cost=1.0, offer_cost=2.0)}
    ben = of(next_actions(customers, NOBODY, plan(catalogue=offer)), "ben")
    assert ben["expected_cost"] == pytest.approx(1 + 2 * (0.5 + 0.1 * 0.5))
    assert ben["expected_profit"] == pytest.approx(0.1 * 50 - ben["expected_cost"])


def test_nobody_is_contacted_too_often_or_against_their_will(customers):
    state = sent(("ann", None, 0, 1, "none"), ("ben", "shop", 3, 0, "none"), ("cleo", "shop", 1, 0, "none"))
    result = next_actions(customers, state, plan(caps=CapsConfig(7, 3, {"shop": 1})))
    assert (result.frame["action"] == "leave_alone").all()
    assert result.frame["why"].tolist()[:3] == ["unsubscribed", "was contacted enough", "was contacted enough"]
    other = next_actions(customers, sent(("cleo", "service", 1, 0, "none")), plan(caps=CapsConfig(7, 3, {"shop": 1})))
    assert of(other, "cleo")["action"] == "cross_sell"


def test_labels_that_are_never_contacted(customers):
    result = next_actions(customers, NOBODY, plan(never={"persona": ["a"]}))
    assert of(result, "ann")["why"] == "has a label that is never contacted"
    assert of(result, "ben")["action"] == "win_back"


def test_a_budget_goes_where_it_earns_most(customers):
    result = next_actions(customers, NOBODY, plan(budget=1.5))
    assert result.frame["action"].tolist()[:3] == ["win_back", "leave_alone", "cross_sell"]
    assert result.frame["expected_cost"].sum() <= 1.5
    assert of(result, "ben")["why"] == "the budget goes further elsewhere"
    assert next_actions(customers, NOBODY, plan(budget=1.5), budget=9.0).allocation.price == 0


def test_learned_effects_take_the_place_of_assumptions_and_those_who_are_harmed_are_left_alone(customers):
    learned = customers.assign(effect_win_back=[4.0, -2.0, 0, 0, 3.0])
    learned["effect_win_back_low"] = learned["effect_win_back"] - 1
    learned["effect_win_back_high"] = learned["effect_win_back"] + 1
    result = next_actions(learned, NOBODY, plan(catalogue={"win_back": CATALOGUE["win_back"]}))
    assert of(result, "ann")[["expected_profit", "expected_profit_low", "basis"]].tolist() == [3.0, 2.0, "learned"]
    assert of(result, "ben")["action"] == "leave_alone"
    assert of(result, "eve")["action"] == "win_back"  # nothing of the value needs to be known


def test_the_lot_of_an_action_is_stable_and_its_own():
    size = 2000
    many = pd.DataFrame(
        {
            "journey_stage": ["loyal"] * size,
            "p_order": 0.9,
            "expected_orders": 8.0,
            "expected_spend": 200.0,
            "clv": 1.0,
        },
        index=pd.Index([f"c{number:05d}" for number in range(size)], name="customer_id"),
    )
    base = plan(holdout_share=0.2)
    first = next_actions(many, NOBODY, base).frame.set_index("customer_id")["holdout"]
    again = next_actions(many.iloc[::-1], NOBODY, base).frame.set_index("customer_id")["holdout"]
    pd.testing.assert_series_equal(first, again)
    assert 0.17 < first.mean() < 0.23
    renamed = plan(holdout_share=0.2, catalogue={"other": CATALOGUE["cross_sell"]})
    other = next_actions(many, NOBODY, renamed).frame.set_index("customer_id")["holdout"]
    assert 0.02 < (first & other).mean() < 0.06


def test_actions_without_their_lens_are_left_out(customers):
    result = next_actions(customers.drop(columns="satisfaction_segment"), NOBODY, plan())
    assert result.left_out == {"ask_why": ["satisfaction_segment"]}
    assert of(result, "ann")["action"] == "win_back"


def test_the_worth_by_segment_adds_up(customers):
    result = next_actions(customers, NOBODY, plan(holdout_share=0.5))
    table = by_segment(result.frame, customers)
    personas = table[table["labels"] == "persona"]
    contacted = result.frame[~result.frame["holdout"]]
    assert personas["customers"].sum() == 5
    assert personas["expected_profit"].sum() == pytest.approx(contacted["expected_profit"].sum())


def test_what_the_satisfied_and_the_dissatisfied_are_worth_stands_beside_each_other(customers):
    told = customers.assign(satisfaction_segment=["low", "high", "high", "low", "unknown"])
    table = by_segment(next_actions(told, NOBODY, plan()).frame, told)
    own = table[table["labels"] == "satisfaction_segment"]
    assert own.groupby("label")["customers"].sum().to_dict() == {"high": 2, "low": 2, "unknown": 1}


def test_nobody_and_no_catalogue(customers):
    assert len(next_actions(customers.iloc[:0], NOBODY, plan()).frame) == 0
    assert (next_actions(customers, NOBODY, plan(catalogue={})).frame["action"] == "leave_alone").all()


def test_the_plan_comes_back_from_its_file():
    own = plan(never={"persona": ["a"]}, budget=3.0)
    assert ActionPlan.from_json(own.to_json()) == own


def test_an_effect_that_is_the_same_for_all_must_surely_pay(customers):
    """Of an average of 3 whose low end is below the cost of 1, contacting all may as well lose."""
    ends = {"effect_win_back": 3.0, "effect_win_back_low": -2.0, "effect_win_back_high": 8.0}
    learned = customers.assign(**ends)
    for least, action in ((0.5, "leave_alone"), (1.5, "win_back")):
        chosen = next_actions(learned, NOBODY, replace(plan(), least={"win_back": least}))
        assert of(chosen, "ben")["action"] == action
        assert by_labels(learned, replace(plan(), least={"win_back": least}))["action"][1] == action
    assert of(next_actions(learned, NOBODY, plan()), "ben")["action"] == "win_back"  # an effect of the customer's own
