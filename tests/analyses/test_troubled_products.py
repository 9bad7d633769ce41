"""Troubles and tickets belong to what was bought before them, by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pandas as pd
import pytest

from conftest import through_the_door
from patronage.analyses.contract import Population, Result
from patronage.analyses.extremes import extremes_by
from patronage.analyses.troubled_products import tickets_by_product, troubled_orders
from patronage.analyses.voice import OPENED, SOLVED
from patronage.config import LensesConfig
from patronage.lenses import look_back

ORDERS = [
    ("a", "2023-01-01", "tea"), ("a", "2023-01-01", "jam"), ("a", "2023-02-01", "jam"), ("b", "2023-01-01", "tea"),
    ("b", "2023-01-05", "jam"), ("c", "2023-01-01", "jam"),
]  # fmt: skip
EVENTS = [
    ("a", "2023-01-03", "complaint", ""),  # after tea and jam
    ("a", "2023-04-01", "complaint", ""),  # too late for any order
    ("b", "2023-01-06", "ticket_opened", "t1"),  # after jam, no longer after tea
    ("b", "2023-01-08", "ticket_resolved", "t1"),
    ("c", "2023-01-02", "ticket_opened", "t2"),  # never solved
]


@pytest.fixture(scope="module")
def history():
    orders = pd.DataFrame(ORDERS, columns=["customer_id", "ordered_at", "category"]).assign(amount=5.0, location="x")
    events = pd.DataFrame(EVENTS, columns=["customer_id", "occurred_at", "event", "ticket_id"])
    tables = through_the_door(
        orders.astype({"ordered_at": "datetime64[us]"}), events.astype({"occurred_at": "datetime64[us]"})
    )
    return look_back(tables, datetime(2023, 6, 1), LensesConfig(), 7)


def test_an_order_is_troubled_until_the_next_one_and_for_a_month(history):
    table = troubled_orders(history, ["complaint", "ticket_opened"], "category").set_index("label")
    usual = {"jam": 2 * 0.5 + 0.5 + 1, "tea": 0.5 + 0.5}  # half of the orders of a and b are troubled, that of c is
    assert table["k"].to_dict() == {"jam": 3, "tea": 1}
    assert table["n"].to_dict() == pytest.approx({name: value / 0.6 for name, value in usual.items()})  # 3 of 5 orders
    assert table.loc["jam", ["kk", "kn", "nn"]].tolist() == pytest.approx([3, 2.5 / 0.6, 2.25 / 0.36])


def test_a_ticket_belongs_to_the_last_order_before_it(history):
    steps = {"opened": OPENED, "solved": SOLVED}
    table = tickets_by_product(history, steps, "category", least_age=30)
    assert table[["label", "n", "k"]].to_numpy().tolist() == [["jam", 2, 1]]


def test_the_least_satisfied_stand_out_where_they_live(planted):
    homes = planted.history.frame("SELECT customer_id, max(location) AS place FROM order_lines GROUP BY customer_id")
    labels = homes.set_index("customer_id")["place"].map({"north": "low", "south": "high"})
    everybody = Population(planted.now.features, pd.DataFrame({"satisfaction_segment": labels}))
    result = Result()
    extremes_by(result, replace(planted, now=everybody), ["category", "location"], most=10)
    table = result.tables["satisfaction_by"].set_index(["voice", "label"])["stands_out"]
    assert table["satisfaction: low", "north"] == table["satisfaction: high", "south"] == "above"
    assert set(table.loc["satisfaction: low"][["tea", "jam", "bread"]]) == {""}  # bought alike in both
