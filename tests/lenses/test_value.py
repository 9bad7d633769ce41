"""Value: what is left after goods and service, and who is royal."""

from __future__ import annotations

import math
from datetime import datetime

import pandas as pd
import pytest

from conftest import through_the_door
from patronage import lenses
from patronage.lenses import value

STATE = value.ValueState({"platinum": 100.0, "gold": 50.0}, "lead", best_fifth_share=0.5, royal_mind=0.5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "anna", "ben"),
    [
        ("net_revenue", 36, 5),
        ("refunds", 8, 0),
        ("discounts_given", 4, 0),
        ("cost_to_serve", 5 + 6, 8),  # a return and a ticket; a complaint
        ("profit", 36 - 17 - 11, math.nan),  # what Ben's tea cost is not known
    ],
)
def test_features_by_hand(rich_features, name, anna, ben):
    assert rich_features[name].tolist() == pytest.approx([anna, ben], nan_ok=True)


def test_royal_are_those_of_the_top_tier_who_are_loyal_in_mind():
    features = pd.DataFrame(
        {"n_orders": 1, "net_revenue": [100, 100, 100, 60], "loyalty_mind": [0.5, 0.4, math.nan, 1.0]}
    )
    labels = value.LENS.segments(features, STATE)
    assert labels["royal"].tolist() == ["yes", "no", "unknown", "no"]
    without = value.LENS.segments(features[["n_orders", "net_revenue"]], STATE)
    assert set(without["royal"]) == {"unknown"}


def test_the_best_fifth_and_what_they_bring(lens_settings):
    state = value.LENS.fit(
        pd.DataFrame({"n_orders": [1] * 5 + [0] * 9, "net_revenue": [60.0, 10, 10, 10, 10] + [0.0] * 9}), lens_settings
    )
    assert state.best_fifth_share == pytest.approx(0.6)


def test_the_margin_is_unknown_where_one_line_has_no_cost(rich, lens_settings):
    lines = rich.lines.assign(cost=[4.0, None, *rich.lines["cost"].iloc[2:]])
    tables = through_the_door(lines, rich.events, on_duplicate_rows="keep")
    features = lenses.features_at(tables, datetime(2024, 3, 1), lens_settings, 7, ["value"])
    assert features["profit"].isna().tolist() == [True, True]  # Anna's second line, and Ben's only one


def test_a_tier_begins_at_its_floor_and_above_nothing():
    features = pd.DataFrame({"n_orders": 1, "net_revenue": [100.0, 99.99, 50.0, 49.99, 0.0]})
    assert value.LENS.segments(features, STATE)["value_tier"].tolist() == ["platinum", "gold", "gold", "lead", "lead"]
    free = value.ValueState({"platinum": 0.0}, "lead", best_fifth_share=0.5, royal_mind=0.5)
    assert value.LENS.segments(features.tail(1), free)["value_tier"].tolist() == ["lead"]


def test_a_customer_who_never_bought_is_in_no_tier():
    features = pd.DataFrame({"n_orders": [0, 1], "net_revenue": [0.0, 0.0]})
    labels = value.LENS.segments(features, STATE)
    assert labels["value_tier"].tolist() == ["unknown", "lead"]
    assert labels["royal"].tolist() == ["unknown", "unknown"]
