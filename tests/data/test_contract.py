from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from conftest import BY_HAND, through_the_door
from patronage.config import DataConfig, EventsConfig
from patronage.data import load_tables
from patronage.data.source import SourceTable
from patronage.engine import DuckDB
from patronage.errors import ConfigError, DataError

ROWS = BY_HAND.astype({"ordered_at": "str", "amount": "str"})


def changed(column: str, *values: object) -> pd.DataFrame:
    """The log by hand as text, its first values of a column replaced."""
    frame = ROWS.astype({column: object})
    frame.loc[: len(values) - 1, column] = list(values)
    return frame.astype({column: "str"}) if all(isinstance(v, str) for v in values) else frame


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (changed("amount", "ten", "twenty"), r"amount.*2 of 10 rows are not a number \(such as 'ten'\)"),
        (changed("amount", "", "5"), r"amount.*1 of 10 rows are missing; fill them"),
        (changed("amount", "inf"), r"amount.*1 of 10 rows are NaN or infinite"),
        (changed("amount", "nan"), r"amount.*1 of 10 rows are NaN or infinite"),
        (changed("amount", "1e15"), r"amount.*too large for 2 decimals.*lower data.money_decimals"),
        (changed("customer_id", "", ""), r"customer_id.*2 of 10 rows are missing"),
        (
            changed("ordered_at", "31/01/2024"),
            r"ordered_at.*not a date \(such as '31/01/2024'\).*date_format",
        ),
        (changed("ordered_at", "0024-01-31"), r"ordered_at.*outside 1900 to 2200"),
        (
            changed("ordered_at", "2024-01-01T10:00:00+02:00"),
            r"mixes time zones: 1 of 10 rows carry an offset",
        ),
        (BY_HAND.assign(ordered_at=20240101), r"ordered_at.*10 of 10 rows are not a date"),
        (BY_HAND.assign(amount=-BY_HAND["amount"].abs()), r"all 10 amounts are negative \(refunds\)"),
        (BY_HAND.head(0), r"the transactions are empty"),
        (pd.concat([BY_HAND, BY_HAND.head(3)]), r"3 rows repeat another row.*on_duplicate_rows=drop"),
    ],
)
def test_bad_rows_are_named_counted_and_given_a_remedy(frame, message):
    with pytest.raises(DataError, match=message) as caught:
        through_the_door(frame)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"amount": "price"}, r"columns.amount=price: no such column; the table has customer_id, ordered_at"),
        ({"quantity": "amount"}, r"column amount is mapped twice, to amount and quantity"),
    ],
)
def test_a_mapping_is_held_against_the_table(mapping, message):
    engine = DuckDB(threads=1)
    engine.add_frame("raw", BY_HAND)
    with pytest.raises(ConfigError, match=message):
        load_tables(engine, {"transactions": SourceTable("raw", mapping)}, DataConfig(name="tables"))


def test_a_missing_required_column_is_named_with_its_remedy():
    with pytest.raises(ConfigError, match=r"transactions.amount is required.*data.transactions.columns.amount=\.\.\."):
        through_the_door(BY_HAND.drop(columns="amount"))


def test_what_comes_in_is_typed_exact_and_described(by_hand):
    rows = by_hand.engine.frame("SELECT * FROM transactions ORDER BY ordered_at, order_id")
    assert rows["amount"].dtype == "int64"
    assert rows["amount"].tolist() == [1000, 2000, 3050, 525, 4000, 200, 9999, -4000, 700, 5000]
    assert (by_hand.first, by_hand.last) == (datetime(2024, 1, 1, 10), datetime(2024, 3, 5, 11))
    assert (by_hand.rows, by_hand.customers) == ({"transactions": 10}, 4)


def test_text_and_typed_tables_are_the_same_table(by_hand):
    assert through_the_door(ROWS).fingerprint == by_hand.fingerprint


def test_the_fingerprint_knows_every_value_and_no_order_of_rows(by_hand):
    assert through_the_door(BY_HAND.sample(frac=1, random_state=1)).fingerprint == by_hand.fingerprint
    assert through_the_door(changed("amount", "10.01")).fingerprint != by_hand.fingerprint


def test_moments_with_offsets_become_the_clock_time_of_the_business():
    frame = BY_HAND.assign(ordered_at=[f"2024-06-{day:02d}T23:30:00Z" for day in range(1, 11)])
    berlin = through_the_door(frame, timezone="Europe/Berlin")
    assert berlin.first == datetime(2024, 6, 2, 1, 30)
    aware = BY_HAND.assign(ordered_at=pd.to_datetime(frame["ordered_at"], utc=True))
    assert through_the_door(aware, timezone="Europe/Berlin").fingerprint == berlin.fingerprint


def test_bad_rows_can_be_set_aside_and_are_counted():
    tables = through_the_door(changed("amount", "ten", "inf"), on_bad_rows="quarantine")
    assert (tables.rows, tables.quarantined) == ({"transactions": 8}, {"transactions": 2})
    reasons = tables.engine.frame("SELECT reason FROM quarantine_transactions ORDER BY reason")["reason"].tolist()
    assert reasons == ["amount: NaN or infinite", "amount: not a number"]
    assert "2 bad rows of transactions were set aside" in tables.summary()


@pytest.mark.parametrize(("policy", "rows"), [("keep", 13), ("drop", 10)])
def test_repeated_rows_are_the_users_decision(policy, rows):
    assert (
        through_the_door(pd.concat([BY_HAND, BY_HAND.head(3)]), on_duplicate_rows=policy).rows["transactions"] == rows
    )


def test_rounding_is_told():
    tables = through_the_door(changed("amount", "10.004", "10.006"))
    assert tables.notes == ("2 values of amount were rounded to 2 decimals (data.money_decimals)",)
    assert tables.engine.row("SELECT min(amount), max(amount) FROM transactions WHERE order_id IN ('a1', 'a2')") == (
        1000,
        1001,
    )


def test_ids_that_differ_by_white_space_or_script_are_different_customers():
    frame = BY_HAND.assign(customer_id=["a", "a ", " a", "А", "ä", "a\u00a0", "A", "aa", "a\t", "0"])
    assert through_the_door(frame).customers == 10


def test_without_order_ids_a_customer_and_moment_is_an_order():
    frame = pd.concat([BY_HAND, BY_HAND.head(1).assign(amount=3.0)]).drop(columns="order_id")
    tables = through_the_door(frame)
    assert tables.engine.row("SELECT count(DISTINCT order_id) FROM transactions") == (10,)


def test_equal_rows_that_are_kept_are_orders_of_their_own():
    frame = pd.concat([BY_HAND, BY_HAND.head(1)]).drop(columns="order_id")
    tables = through_the_door(frame, on_duplicate_rows="keep")
    assert tables.engine.row("SELECT count(DISTINCT order_id) FROM transactions") == (11,)


# Events and customers

EVENTS = pd.DataFrame(
    [
        ("anna", "2024-02-01 10:00", "view"),
        ("eve", "2024-02-28 11:00", "PageView"),
        ("eve", "2024-03-02 11:00", "visit"),
    ],
    columns=["customer_id", "occurred_at", "event"],
)
PEOPLE = pd.DataFrame(
    [("anna", "2023-12-24", "30-39"), ("fred", "2024-02-02", "20-29"), ("gus", "2024-03-09", None)],
    columns=["customer_id", "signed_up_at", "age"],
)


def test_events_and_customers_come_through_the_same_door():
    tables = through_the_door(BY_HAND, EVENTS, PEOPLE, attributes=("age",))
    assert tables.rows == {"transactions": 10, "events": 3, "customers": 3}
    assert tables.present["customers"] == {"customer_id", "signed_up_at", "age"}
    assert tables.unknown_events == {"PageView": 1}
    assert "PageView (1)" in tables.summary()
    assert tables.fingerprint != through_the_door(BY_HAND, EVENTS).fingerprint


def test_a_source_speaks_the_vocabulary_through_its_mapping():
    engine = DuckDB(threads=1)
    engine.add_frame("orders_", BY_HAND)
    engine.add_frame("events_", EVENTS)
    brought = {"transactions": SourceTable("orders_", {}), "events": SourceTable("events_", {})}
    spoken = EventsConfig(vocabulary={"PageView": "view"})
    tables = load_tables(engine, brought, DataConfig(name="tables", events=spoken))
    assert tables.unknown_events == {}
    assert engine.row("SELECT count(*) FROM events WHERE event = 'view'") == (2,)
    wrong = DataConfig(name="tables", events=EventsConfig(vocabulary={"PageView": "stare"}))
    with pytest.raises(ConfigError, match=r"data.events.vocabulary: no such event stare; expected message_sent"):
        load_tables(engine, brought, wrong)


@pytest.mark.parametrize(
    ("events", "customers", "message"),
    [
        (EVENTS.assign(occurred_at="then"), None, r"events.occurred_at.*3 of 3 rows are not a date"),
        (EVENTS.assign(event=None), None, r"events.event.*3 of 3 rows are missing"),
        (EVENTS.head(0), None, r"the events are empty; expected a row per interaction"),
        (None, pd.concat([PEOPLE, PEOPLE.head(1)]), r"1 rows repeat a customer; expected one row"),
    ],
)
def test_bad_events_and_customers_are_named_too(events, customers, message):
    with pytest.raises(DataError, match=message):
        through_the_door(BY_HAND, events, customers)
