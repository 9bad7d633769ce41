"""The pyramid by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from conftest import through_the_door
from patronage.analyses import pyramid
from patronage.analyses.contract import Population, View
from patronage.config import LensesConfig
from patronage.errors import DataError
from patronage.lenses import features_of, look_back

FREE = pd.DataFrame({"customer_id": ["ann", "bob"], "ordered_at": ["2024-01-01", "2024-01-02"], "amount": 0.0})


def test_movements_count_who_joined_and_who_left():
    before = pd.Series({"ann": "gold", "bob": "lead", "cem": "lead"})
    after = pd.Series({"ann": "gold", "bob": "gold", "dan": "lead"})
    table = pyramid.movements(
        before, after, pd.Series({"ann": 9.0, "bob": 1.0, "cem": 2.0}), pd.Series({"ann": 9.0, "bob": 8.0, "dan": 1.0}),
        ["gold", "lead"],
    )  # fmt: skip
    rows = list(table.itertuples(index=False, name=None))
    assert rows == [
        ("gold", "gold", 1, 9.0, 9.0),
        ("lead", "gold", 1, 1.0, 8.0),
        ("lead", "left", 1, 2.0, 0.0),
        ("joined", "lead", 1, 0.0, 1.0),
    ]


def test_profit_is_added_up_by_tier():
    features = pd.DataFrame(
        {"net_revenue": [60.0, 30.0, 10.0], "cost_to_serve": [5.0, np.nan, 9.0], "profit": [25.0, np.nan, -4.0]}
    )
    table = pyramid.profitability(features, pd.Series(["gold", "lead", "lead"])).set_index("value_tier")
    assert table["revenue_share"].tolist() == [0.6, 0.4]
    assert table["profit"].tolist() == [25.0, -4.0]


def test_a_log_in_which_nobody_paid_is_told_so():
    ids = pd.Index(["ann", "bob"], name="customer_id")
    now = Population(
        pd.DataFrame({"net_revenue": [0.0, 0.0]}, index=ids), pd.DataFrame({"value_tier": ["lead", "lead"]}, index=ids)
    )
    with (
        look_back(through_the_door(FREE), datetime(2024, 3, 1), LensesConfig(), 7) as history,
        pytest.raises(DataError, match="nobody has paid"),
    ):
        pyramid.run(View(history, now, None, 91, 0), LensesConfig().value)


def test_what_the_log_does_not_tell_has_no_column():
    features = pd.DataFrame({"net_revenue": [60.0, 40.0], "cost_to_serve": [0.0, 0.0], "profit": [np.nan, np.nan]})
    table = pyramid.profitability(features, pd.Series(["gold", "lead"]))
    assert table.columns.tolist() == ["value_tier", "customers", "customer_share", "net_revenue", "revenue_share"]
    features = features.assign(n_orders=[3, 1], return_share=0.0)
    drivers = pyramid.value_drivers(pd.concat([features] * 2), pd.Series(["gold", "lead"] * 2), ["gold", "lead"])
    assert set(drivers["driver"]) == {"n_orders"}


def test_a_first_order_joins_the_pyramid():
    before, after = pd.Series({"ann": "unknown", "bob": "unknown"}), pd.Series({"ann": "lead", "bob": "unknown"})
    revenue = pd.Series({"ann": 1.0, "bob": 0.0})
    table = pyramid.movements(before, after, 0 * revenue, revenue, ["gold", "lead"])
    assert table[["tier_before", "tier_after", "customers"]].to_numpy().tolist() == [["joined", "lead", 1]]


def test_paretos_share_is_of_buyers():
    tiers = pd.Series(["gold"] * 5 + ["unknown"] * 5)
    (row,) = pyramid.pareto(pd.Series([60.0, 10, 10, 10, 10] + [0.0] * 5), tiers).to_dict("records")
    assert row == {
        "buyers": 5,
        **dict.fromkeys(("best_1_share", "best_5_share", "best_20_share", "share_paying_80"), pytest.approx(0.6)),
    }


def test_drivers_stand_in_the_order_of_the_tiers():
    tiers = pd.Series(["lead", "platinum", "lead", "platinum", "unknown"])
    features = pd.DataFrame({"n_orders": [1.0, 8, 1, 12, 5]})
    drivers = pyramid.value_drivers(features, tiers, ["platinum", "gold", "lead"])
    assert drivers["value_tier"].tolist() == ["platinum", "lead"]
    assert drivers["mean"].tolist() == [10, 1]
    assert drivers["times_others"].tolist() == [10, 0.1]


def test_the_pyramid_by_stage_has_those_who_never_bought():
    features = pd.DataFrame(
        {"net_revenue": [90.0, 10.0, np.nan, np.nan, np.nan], "n_orders": [5.0, 1.0, np.nan, np.nan, np.nan]},
        index=list("abcde"),
    )
    status = pd.Series(["regular", "first_time", "prospect", "prospect", "prospect"], features.index)
    table = pyramid.stages(features, status)
    assert table["stage"].tolist() == ["first_time", "regular", "prospect"]
    assert table.set_index("stage")["paid_share"].to_dict() == {"first_time": 0.1, "regular": 0.9, "prospect": 0.0}
    assert table.set_index("stage").loc["prospect", ["customers", "share", "mean_orders"]].tolist() == [3, 0.6, 0]


def test_what_it_cost_to_win_customers_stands_beside_what_they_paid():
    orders = pd.DataFrame(
        {"customer_id": ["a", "a", "b"], "ordered_at": pd.to_datetime(["2023-01-01", "2023-02-01", "2023-01-01"]),
         "amount": [30.0, 30.0, 20.0]}
    )  # fmt: skip
    customers = pd.DataFrame(
        {"customer_id": list("abcd"), "acquisition_channel": ["search", "search", "social", "social"],
         "acquisition_cost": [10.0, 30.0, 5.0, None], "signed_up_at": pd.Timestamp("2023-01-01")}
    )  # fmt: skip
    tables = through_the_door(orders, customers=customers)
    settings = LensesConfig()
    with look_back(tables, datetime(2023, 3, 1), settings, 7) as history:
        features = features_of(history, settings)
        tiers = pd.DataFrame({"value_tier": ["gold", "lead", "unknown", "unknown"]}, index=features.index)
        view = View(history, Population(features, tiers), None, 91, 0)
        value = replace(settings.value, tiers={"gold": 0.5, "lead": 1.0})
        result = pyramid.run(view, value)
    table = result.tables["acquisition"].set_index("acquisition_channel")
    assert table.loc["search", ["customers", "buyers", "cost", "cost_per_buyer", "revenue", "paid_back"]].tolist() == [
        2, 2, 20, 20, 40, 2,
    ]  # fmt: skip
    assert table.loc["social", ["customers", "buyers", "cost", "revenue"]].tolist() == [1, 0, 5, 0]
    assert result.tables["pyramid"]["acquisition_cost"].tolist() == [10, 30]
