"""A history is of one cutoff: its queries answer for it, whatever other histories are open."""

from __future__ import annotations

from datetime import datetime

import pytest

from patronage import lenses
from patronage.config import LensesConfig


def history_at(tables, month):
    return lenses.look_back(tables, datetime(2024, month, 1), LensesConfig(), 7)


def test_a_query_answers_for_its_own_cutoff_after_another_was_made(by_hand, lens_settings):
    with history_at(by_hand, 2) as early:
        query = lenses.features_query(early, lens_settings, ["rfm"])
        with history_at(by_hand, 3) as late:
            assert late.frame("SELECT customer_id FROM orders").shape[0] == 6  # Cleo's first order was sent back
            features = by_hand.engine.frame(query)
    assert features[["customer_id", "n_orders"]].to_dict("list") == {"customer_id": ["anna"], "n_orders": [3]}


def test_a_query_imports_only_the_relations_that_it_names(by_hand):
    with history_at(by_hand, 3) as history:
        query = history.query("SELECT day FROM first_days", {"first_days": "SELECT min(day) AS day FROM order_days"})
        assert query == (
            f"WITH\norder_days AS (\n    SELECT * FROM {history.relations['order_days']}\n),\n"
            "first_days AS (\n    SELECT min(day) AS day FROM order_days\n)\nSELECT day FROM first_days"
        )
        assert str(by_hand.engine.frame(query)["day"].iloc[0])[:10] == "2024-01-01"


def test_a_closed_history_leaves_nothing_behind(by_hand):
    with history_at(by_hand, 3) as history:
        relations = list(history.relations.values())
    tables = by_hand.engine.frame("SELECT table_name FROM information_schema.tables")["table_name"]
    assert not set(relations) & set(tables)


def test_the_events_of_a_query_are_those_before_the_cutoff(rich):
    from conftest import through_the_door

    tables = through_the_door(*rich, on_duplicate_rows="keep")
    with history_at(tables, 2) as history:
        (n,) = tables.engine.row(history.query("SELECT count(*) FROM events"))
    assert n == 2
    assert tables.engine.row("SELECT count(*) FROM events") == (len(rich.events),)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["order_lines", "orders", "order_days", "events", "signups", "profiles", "customers"])
def test_every_relation_can_be_read_where_the_source_has_transactions_alone(by_hand, name):
    with history_at(by_hand, 3) as history:
        assert "customer_id" in history.frame(f"SELECT * FROM {name}")
