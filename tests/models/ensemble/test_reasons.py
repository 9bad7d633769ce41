"""Reasons add up to the score, and are words."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from patronage.config import ChurnConfig
from patronage.labels import LabelledSnapshot
from patronage.lenses import Feature
from patronage.models.ensemble.ensemble import Ensemble
from patronage.models.ensemble.fitting import fit_ensemble
from patronage.models.ensemble.reasons import FEATURES, RHYTHM, Contributions, in_words, number_in_words

COLUMNS = ["lateness", "weekend_share", "mean_gap_days"]


def snapshot(day: int, n: int = 1200, days: int = 30) -> LabelledSnapshot:
    """Customers who are late churn."""
    rng = np.random.default_rng(day)
    index = pd.Index([f"c{i}" for i in range(n)], name="customer_id")
    features = pd.DataFrame({"lateness": rng.gamma(2, 1, n), "weekend_share": rng.uniform(size=n)}, index=index)
    features["mean_gap_days"] = 11.0
    p = 1 / (1 + np.exp(2 - features["lateness"]))
    churned = (rng.uniform(size=n) < p).astype(float)
    orders = np.where(churned == 1, 0.0, 2.0)
    p_order = np.clip(0.7 - 0.1 * features["lateness"], 0.05, 0.95) * (days / 30) ** 0.2
    features = features.assign(p_order=p_order, expected_orders=2 * p_order, expected_spend=9 * p_order)
    return LabelledSnapshot(
        datetime(2024, 1, day),
        days,
        features,
        pd.DataFrame({"orders": orders, "spend": 5 * orders, "churned": churned}, index),
    )


@pytest.fixture(scope="module")
def fitted() -> Ensemble:
    config = ChurnConfig(members=dict.fromkeys(("btyd", "features", "offset"), True), bands={"all": 1.0})
    training = [snapshot(day) for day in (3, 2)]
    return fit_ensemble(training, snapshot(9).features, COLUMNS, config, seed=0).ensemble


@pytest.mark.parametrize("far", [None, snapshot(9, days=60).features], ids=["within the window", "beyond it"])
def test_they_add_up_to_the_mean_log_odds(fitted, far):
    features = snapshot(9).features
    contributions = fitted.contributions(features, far)
    members = [logit(prediction) for prediction in fitted.churn.predict(features, far).values()]
    np.testing.assert_allclose(contributions.score, np.mean(members, axis=0), rtol=1e-9, atol=1e-9)
    assert set(contributions.parts) == {RHYTHM, *COLUMNS}
    assert not np.allclose(contributions.parts["lateness"], 0)


def test_in_words_lateness_raises_the_risk_and_punctuality_lowers_it(fitted):
    features = snapshot(9).features
    reasons = pd.Series(fitted.churn_reasons(features), features.index)
    late, early = features["lateness"].idxmax(), features["lateness"].idxmin()
    days = features.loc[late, "lateness"] * 11
    assert f"+ {days:.0f} days since the last order against the usual 11" in reasons[late]
    assert "- " in reasons[early]
    assert reasons.str.count(r"(?:^|; )\+ ").max() <= 3
    assert reasons.str.count(r"(?:^|; )- ").max() == 1
    assert reasons.notna().all()


@pytest.mark.parametrize(
    ("name", "value", "usual", "words"),
    [
        ("n_orders_56d", 1.0, 2.0, "1 order in the last 56 days (usually 2)"),
        ("active_days", 1.0, 2.0, "orders on 1 day (usually 2)"),
        ("usage_days_per_month", 0.0822, 0.0, "buys again and uses more often than most"),
        ("repeat_days_per_month", 0.0667, 0.164, "orders again less often than most"),
        ("n_orders_56d", 0.0, 2.0, "no order in the last 56 days"),
        ("net_revenue", 11230.4, 695.5, "11,230 spent, less refunds (usually 696)"),
        ("mean_order_value", 24.91, 31.5, "24.9 spent on an order (usually 31.5)"),
        ("weekend_share", 0.666, 0.25, "67% of the orders at the weekend (usually 25%)"),
        ("discount_share", 0.0445, 0.0339, "4% off the list prices (usually 3%)"),
        ("gap_variation", 0.9, 0.5, "orders less regularly than most"),
        ("gap_variation", 0.1, 0.5, "orders more regularly than most"),
        ("gap_variation", np.nan, 0.5, "ordered on one day only"),
        ("lateness", np.nan, 0.5, "ordered on one day only"),
        ("longest_gap_days", np.nan, 0.5, "ordered on one day only"),
        ("stated_satisfaction", np.nan, 0.5, "mean answer: not known"),
        ("monetary_value", 0.0, 187.8, "no repeat order yet"),
        ("taste_2", 0.3, 0.1, "buys more tea than most"),
        ("taste_2", -0.3, 0.1, "buys more bread than most"),
        ("a_column_of_ones_own", 3.0, 1.0, "a column of ones own: 3 (usually 1)"),
    ],
)
def test_a_reason_is_what_a_marketer_reads(name, value, usual, words):
    described = FEATURES | {
        "taste_2": Feature("what is bought", reason="buys more tea than most|buys more bread than most")
    }
    parts = Contributions(0.0, {name: np.array([0.5])})
    assert in_words(parts, {name: np.array([value])}, {name: usual}, 30, described) == [f"+ {words}"]


def test_two_shares_beside_each_other_are_told_apart():
    words = number_in_words(FEATURES["discount_share"], "discounts", 0.0442, 0.0361, "all:")
    assert words == "4.4% off the list prices (all: 3.6%)"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("contact_weekday", "Sunday", "most active: Sunday"),
        ("main_occasion", "christmas", "orders around christmas"),
        ("main_occasion", "", "occasion of most such days, of two or more: unknown"),
    ],
)
def test_a_text_stands_in_its_reason(name, value, words):
    parts = Contributions(0.0, {name: np.array([0.5])})
    assert in_words(parts, {name: np.array([value], object)}, {}, 30) == [f"+ {words}"]


def test_what_reads_as_usual_is_no_reason():
    parts = Contributions(0.0, {"mean_order_value": np.array([0.5]), "n_orders": np.array([0.2])})
    features = {"mean_order_value": np.array([25.04]), "n_orders": np.array([3.0])}
    (words,) = in_words(parts, features, {"mean_order_value": 25.0, "n_orders": 1.0}, 30)
    assert words == "+ 3 orders (usually 1)"
    near = {
        "mean_order_value": np.array([25.9]),
        "n_orders": np.array([3.0]),
    }  # 25.9 (usually 25) tells nobody anything
    assert in_words(parts, near, {"mean_order_value": 25.0, "n_orders": 1.0}, 30) == [words]


@pytest.mark.parametrize(
    ("name", "value", "usual", "part", "words"),
    [
        ("n_orders_112d", 3.0, 1.0, 0.5, "+ rhythm of orders: 40% to order in 30 days"),  # more orders are no risk
        ("n_orders_224d", 0.0, 1.0, -0.5, "- rhythm of orders: 40% to order in 30 days"),
        ("days_since_last_order", 90.0, 30.0, -0.5, "- rhythm of orders: 40% to order in 30 days"),
        (
            "n_orders_112d",
            0.0,
            1.0,
            0.5,
            "+ no order in the last 112 days; + rhythm of orders: 40% to order in 30 days",
        ),
    ],
)
def test_what_speaks_against_its_plain_meaning_is_part_of_the_rhythm(name, value, usual, part, words):
    parts = Contributions(0.0, {RHYTHM: np.array([0.1]), name: np.array([part])})
    assert in_words(parts, {name: np.array([value]), "p_order": np.array([0.4])}, {name: usual}, 30) == [words]


def test_one_day_is_no_days():
    parts, features = (
        Contributions(0.0, {"days_since_last_order": np.array([0.5])}),
        {"mean_gap_days": np.array([26.0])},
    )
    for days, words in ((1.0, "1 day since"), (2.0, "2 days since"), (1100.0, "1,100 days since")):
        (line,) = in_words(parts, features | {"days_since_last_order": np.array([days])}, {}, 30)
        assert line == f"+ {words} the last order against the usual 26"


def test_the_same_words_stand_once():
    parts = Contributions(
        0.0, {"n_orders_112d": np.array([0.5]), "n_orders_56d": np.array([0.4]), "n_orders": np.array([0.2])}
    )
    features = {name: np.array([3.0]) for name in parts.parts}
    (words,) = in_words(parts, features, dict.fromkeys(parts.parts, 1.0), 30)
    assert words == "+ 3 orders in the last 112 days (usually 1); + 3 orders (usually 1)"


def test_every_number_has_a_reason_of_its_own():
    """No reason is the name of a statistic: 42 % of them were such as "0 (usually 0)" once."""
    numbers = {name: one for name, one in FEATURES.items() if not (one.text or one.packed or one.date)}
    assert [name for name, one in numbers.items() if not one.reason] == []
    for name, one in numbers.items():
        for text in (*one.reason.split("|"), one.none):
            assert not {"mean", "deviation", "axis", "inverse", "decayed"} & set(text.split()), name
        assert one.reason.count("|") <= 1
