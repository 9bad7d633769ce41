"""What is fixed for a customer is predicted, what is drawn anew each time is not."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from conftest import through_the_door
from patronage.analyses import predictability
from patronage.analyses.contract import Population, View
from patronage.config import LensesConfig, PredictabilityConfig
from patronage.lenses import look_back

N = 300


@pytest.fixture(scope="module")
def result():
    """300 customers with ten orders in 2023: each has one weekday, the channel is drawn anew; half visit, always."""
    rng = np.random.default_rng(0)
    orders, events = [], []
    for number in range(N):
        customer = f"c{number:03d}"
        weekday, usual = int(rng.integers(0, 7)), float(rng.choice([10.0, 100.0]))
        for order in range(10):
            at = pd.Timestamp("2023-01-02 10:00") + pd.Timedelta(days=35 * order + weekday)
            value = round(usual * float(rng.uniform(0.9, 1.1)), 2)
            orders.append((customer, at, value, f"{customer}-{order}", ("web", "store")[int(rng.integers(0, 2))]))
            if number % 2:
                events.append((customer, at - pd.Timedelta(hours=1), "visit"))
            if rng.random() < 0.3:
                events.append((customer, at, "search"))
    transactions = pd.DataFrame(orders, columns=["customer_id", "ordered_at", "amount", "order_id", "channel"])
    log = pd.DataFrame(events, columns=["customer_id", "occurred_at", "event"])
    tables = through_the_door(
        transactions.astype({"ordered_at": "datetime64[us]"}), log.astype({"occurred_at": "datetime64[us]"})
    )
    ids = pd.Index([f"c{number:03d}" for number in range(N)], name="customer_id")
    before = Population(
        pd.DataFrame(index=ids), pd.DataFrame({"kind": np.where(np.arange(N) % 2, "visitor", "other")}, index=ids)
    )
    view = View(look_back(tables, datetime(2024, 1, 1), LensesConfig(), 7), before, before, 70, 0)
    return predictability.run(view, PredictabilityConfig(segments=["kind"], least=50))


@pytest.mark.slow
def test_what_is_fixed_is_predicted_and_what_is_drawn_is_not(result):
    table = result.tables["predictability"].set_index("behaviour")
    assert table.loc["weekday of the order", "predictability"] > 0.6
    assert table.loc["value of the order", "predictability"] > 0.9
    assert table.loc["visit", "predictability"] > 0.8
    assert table.loc["visit", "low"] > 0.7
    for drawn in ("channel of the order", "search"):
        assert table.loc[drawn, "verdict"] != "better than usual"
        assert abs(table.loc[drawn, "predictability"]) < 0.1
    assert (table["low"] <= table["predictability"]).all()
    assert result.metrics["predictability/better_than_usual"] == (table["verdict"] == "better than usual").sum()


@pytest.mark.slow
def test_labels_have_rows_of_their_own(result):
    by = result.tables["predictability_by"]
    assert set(by["label"]) == {"visitor", "other"}
    weekdays = by[by["behaviour"] == "weekday of the order"]
    assert (weekdays["low"] > 0.5).all()


@pytest.mark.slow
def test_the_list_names_what_each_customer_keeps_to(result):
    customers = result.lists["predictable_customers"]
    assert (customers["behaviour"] == "weekday of the order").mean() > 0.9
    assert customers["reason"].str.contains("10 times of 10").mean() > 0.9


def test_what_the_business_does_is_no_behaviour_of_a_customer():
    rng = np.random.default_rng(1)
    orders, events = [], []
    for number in range(N):
        customer = f"c{number:03d}"
        for month in range(12):
            at = pd.Timestamp("2023-01-05 10:00") + pd.Timedelta(days=30 * month)
            orders.append((customer, at, 10.0, f"{customer}-{month}"))
            for event in ("message_sent", "visit"):
                events += [(customer, at, event)] if rng.random() < number / N else []
    log = pd.DataFrame(events, columns=["customer_id", "occurred_at", "event"])
    transactions = pd.DataFrame(orders, columns=["customer_id", "ordered_at", "amount", "order_id"])
    tables = through_the_door(
        transactions.astype({"ordered_at": "datetime64[us]"}), log.astype({"occurred_at": "datetime64[us]"})
    )
    nobody = Population(pd.DataFrame(), pd.DataFrame())
    view = View(look_back(tables, datetime(2024, 1, 1), LensesConfig(), 7), nobody, None, 60, 0)
    told = set(
        predictability.run(view, PredictabilityConfig(segments=[], least=50)).tables["predictability"]["behaviour"]
    )
    assert "visit" in told
    assert "message_sent" not in told
