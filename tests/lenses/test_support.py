"""What the data supports: available, partial or absent, and what would bring the rest."""

from __future__ import annotations

import pandas as pd
import pytest

from conftest import through_the_door
from patronage.config import LensesConfig
from patronage.lenses.support import support

ORDERS = pd.DataFrame({"customer_id": ["a"], "ordered_at": [pd.Timestamp("2024-01-01")], "amount": [5.0]})


def of(*, orders=ORDERS, events=None):
    return support(through_the_door(orders, events), LensesConfig()).set_index("lens")


@pytest.mark.parametrize(("lens", "state"), [("rfm", "available"), ("value", "partial"), ("satisfaction", "absent")])
def test_orders_alone(lens, state):
    assert of().loc[lens, "state"] == state


def test_an_available_lens_needs_nothing_more():
    table = of()
    assert (table.loc[table["state"] == "available", "would need"] == "").all()
    assert (table.loc[table["state"] != "available", "would need"] != "").all()


def test_an_event_counts_only_where_the_log_holds_one():
    visits = pd.DataFrame({"customer_id": ["a"], "occurred_at": [pd.Timestamp("2024-01-02")], "event": ["visit"]})
    complaints = visits.assign(event="complaint")
    assert "events:complaint" in of(events=visits).loc["satisfaction", "would need"]
    assert "events:complaint" not in of(events=complaints).loc["satisfaction", "would need"]
    assert of(events=complaints).loc["satisfaction", "state"] == "partial"


def test_a_column_improves_a_lens():
    assert "transactions.cost" in of().loc["value", "would need"]
    assert "transactions.cost" not in of(orders=ORDERS.assign(cost=1.0)).loc["value", "would need"]
