"""The relations of a history: what lies on which side of the cutoff, and one history beside another."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from conftest import through_the_door
from patronage.config import LensesConfig
from patronage.lenses.history import Part
from patronage.lenses.relations import look_back

CUTOFF = datetime(2024, 3, 1)


@pytest.fixture
def history(by_hand):
    with look_back(by_hand, CUTOFF, LensesConfig(), 7) as history:
        yield history


def test_an_order_at_the_cutoff_is_not_known(history):
    assert history.frame("SELECT max(ordered_at) AS last FROM order_lines")["last"][0] < CUTOFF
    assert history.frame("SELECT count(*) AS n FROM order_lines")["n"][0] == 6  # without what was sent back
    assert "dora" not in set(history.frame("SELECT customer_id FROM customers")["customer_id"])


def test_an_order_that_was_sent_back_is_none(history):
    orders = history.frame("SELECT order_id FROM orders WHERE customer_id = 'cleo' ORDER BY order_id")
    assert orders["order_id"].tolist() == ["c2"]
    assert history.frame("SELECT * FROM returns")[["customer_id", "amount"]].values.tolist() == [["cleo", 400_000]]


def test_it_is_one_until_the_refund_is_known(by_hand):
    with look_back(by_hand, datetime(2024, 2, 25), LensesConfig(), 7) as history:
        orders = history.frame("SELECT order_id FROM orders WHERE customer_id = 'cleo' ORDER BY order_id")
        assert orders["order_id"].tolist() == ["c1", "c2"]
        assert history.frame("SELECT * FROM returns").empty


def test_two_orders_of_a_day_are_one_order_day(by_hand):
    with look_back(by_hand, datetime(2024, 2, 25), LensesConfig(), 7) as history:
        days = history.frame("SELECT * FROM order_days WHERE customer_id = 'cleo'")
    assert days[["n_orders", "revenue"]].values.tolist() == [[2, 420_000]]
    assert days["previous"].isna().all()


def test_each_order_day_knows_the_one_before(history):
    days = history.frame("SELECT day, previous FROM order_days WHERE customer_id = 'anna' ORDER BY day")
    assert days["previous"].iloc[1:].tolist() == days["day"].iloc[:-1].tolist()


def test_what_a_source_lacks_is_null(history):
    assert history.frame("SELECT count(category) AS n FROM order_lines")["n"][0] == 0
    assert history.frame("SELECT count(*) AS n FROM events")["n"][0] == 0


def test_a_signup_alone_makes_a_customer_known_from_that_day_on():
    orders = pd.DataFrame({"customer_id": ["a"], "ordered_at": [pd.Timestamp("2024-01-01")], "amount": [5.0]})
    customers = pd.DataFrame(
        {
            "customer_id": ["early", "late"],
            "signed_up_at": pd.to_datetime(["2024-02-29 23:59:59", "2024-03-01 00:00:00"]),
        }
    )
    tables = through_the_door(orders, customers=customers)
    with look_back(tables, CUTOFF, LensesConfig(), 7) as history:
        assert set(history.frame("SELECT customer_id FROM customers")["customer_id"]) == {"a", "early"}


def test_parts_hold_every_customer_once(by_hand):
    found = []
    for number in range(3):
        with look_back(by_hand, CUTOFF, LensesConfig(), 7, Part(number, 3)) as history:
            found += history.frame("SELECT customer_id FROM customers")["customer_id"].tolist()
    assert sorted(found) == ["anna", "ben", "cleo"]


def test_a_closed_history_leaves_nothing_behind(by_hand):
    history = look_back(by_hand, CUTOFF, LensesConfig(), 7)
    names = list(history.relations.values())
    history.close()
    left = by_hand.engine.frame("SELECT table_name FROM information_schema.tables")["table_name"]
    assert not set(names) & set(left)
