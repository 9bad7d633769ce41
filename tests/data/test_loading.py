"""A whole log: the tables of a source together, and what is known of them."""

from __future__ import annotations

import pandas as pd
import pytest

from conftest import BY_HAND, through_the_door
from patronage.config import DataConfig, EventsConfig
from patronage.data import load, load_tables
from patronage.data.source import SourceTable
from patronage.engine import DuckDB
from patronage.errors import ConfigError, DataError

EVENTS = pd.DataFrame(
    [
        ("anna", "2024-02-01 10:00", "view"),
        ("eve", "2024-02-28 11:00", "PageView"),
        ("eve", "2024-03-02 11:00", "visit"),
    ],
    columns=["customer_id", "occurred_at", "event"],
)
CUSTOMERS = pd.DataFrame(
    [("anna", "2023-12-24", "30-39"), ("fred", "2024-02-02", "20-29"), ("gus", "2024-03-09", None)],
    columns=["customer_id", "signed_up_at", "age"],
)


def test_events_and_customers_come_through_the_same_door():
    tables = through_the_door(BY_HAND, EVENTS, CUSTOMERS, attributes=("age",))
    assert tables.rows == {"transactions": 10, "events": 3, "customers": 3}
    assert tables.present["customers"] == {"customer_id", "signed_up_at", "age"}
    assert tables.fingerprint != through_the_door(BY_HAND, EVENTS).fingerprint


@pytest.mark.parametrize(
    ("events", "customers", "message"),
    [
        (EVENTS.assign(occurred_at="then"), None, r"events.occurred_at.*3 of 3 rows are not a date"),
        (EVENTS.assign(event=None), None, r"events.event.*3 of 3 rows are missing"),
        (EVENTS.head(0), None, r"the events are empty; expected a row per interaction"),
        (None, pd.concat([CUSTOMERS, CUSTOMERS.head(1)]), r"1 rows repeat a customer; expected one row"),
    ],
)
def test_bad_events_and_customers_are_named_too(events, customers, message):
    with pytest.raises(DataError, match=message):
        through_the_door(BY_HAND, events, customers)


class TestEventNames:
    def load(self, vocabulary: dict[str, str]):
        engine = DuckDB(threads=1)
        engine.add_frame("orders_", BY_HAND)
        engine.add_frame("events_", EVENTS)
        sources = {"transactions": SourceTable("orders_", {}), "events": SourceTable("events_", {})}
        return load_tables(engine, sources, DataConfig(name="tables", events=EventsConfig(vocabulary=vocabulary)))

    def test_are_mapped_onto_the_vocabulary(self):
        tables = self.load({"PageView": "view"})
        assert tables.events == {"view": 2, "visit": 1}
        assert tables.unknown_events == {}
        assert tables.engine.row("SELECT count(*) FROM events WHERE event = 'view'") == (2,)

    def test_outside_the_vocabulary_stay_and_are_counted(self):
        tables = self.load({})
        assert tables.events == {"PageView": 1, "view": 1, "visit": 1}  # equally frequent ones by name
        assert tables.unknown_events == {"PageView": 1}
        assert "PageView (1) (data.events.vocabulary)" in tables.summary()

    def test_that_are_not_ours_are_refused(self):
        with pytest.raises(ConfigError, match=r"data.events.vocabulary: no such event stare; expected message_sent"):
            self.load({"PageView": "stare"})


@pytest.mark.parametrize(("largest", "refused"), [(-0.01, True), (0.0, False), (0.01, False)])
def test_a_log_has_a_purchase_or_is_refused(largest, refused):
    """An amount of zero is a purchase: a coupon may have paid for all of it."""
    frame = BY_HAND.assign(amount=[largest, *-BY_HAND["amount"].abs()[1:]])
    if refused:
        with pytest.raises(DataError, match=r"all 10 amounts are negative \(refunds\); expected the net amount paid"):
            through_the_door(frame)
    else:
        assert through_the_door(frame).rows == {"transactions": 10}


def test_what_the_configuration_knows_of_a_log_goes_with_it():
    tables = through_the_door(BY_HAND, left_censored=True, max_staleness_days=3, money_decimals=3)
    assert (tables.left_censored, tables.max_staleness_days, tables.money_scale) == (True, 3, 1000)
    assert tables.attributes == {}


def test_a_source_that_is_not_there_is_refused():
    expected = "data.source=sales; expected one of cdnow, complete_journey, simulated, tables"
    with pytest.raises(ConfigError, match=expected):
        load(DuckDB(threads=1), DataConfig(name="sales", source="sales"))
