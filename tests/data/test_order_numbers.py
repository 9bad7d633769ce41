"""Order numbers that are used again: by another customer, long after, or every day anew."""

from __future__ import annotations

import pandas as pd
import pytest

from conftest import through_the_door
from patronage.data.finding import DataFinding, DataFindings, Severity
from patronage.data.keys import CONF
from patronage.data.order_numbers import separate_orders
from patronage.engine import DuckDB

ROWS = [
    ("anna", "2024-01-01 10:00", 5.0, "1"),
    ("anna", "2024-01-31 10:00", 5.0, "1"),  # 30 days after: the same order yet
    ("anna", "2024-03-02 10:00", 5.0, "1"),  # 31 days after that: another
    ("anna", "2024-03-03 10:00", -1.0, "1"),  # a part of that is sent back: no order of its own
    ("ben", "2024-01-01 10:00", 5.0, "1"),  # of another customer
    ("ben", "2024-01-01 10:00", 7.0, "2"),
    ("ben", "2024-01-02 10:00", 7.0, "2"),
    ("cleo", "2024-01-01 10:00", 9.0, "3"),
    ("cleo", "2024-01-31 10:00", 9.0, "3"),
]


def numbers(rows=ROWS, **settings) -> tuple[list[str], list]:
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount", "order_id"])
    tables = through_the_door(frame.astype({"ordered_at": "datetime64[us]"}), **settings)
    read = tables.engine.frame(
        "SELECT DISTINCT customer_id, ordered_at, order_id FROM transactions ORDER BY customer_id, ordered_at, order_id"
    )
    return read["order_id"].tolist(), [f for f in tables.findings if f.where == "transactions.order_id"]


def test_another_customer_or_more_than_thirty_days_make_another_order():
    ids, findings = numbers()
    assert ids == ["1@anna#0", "1@anna#0", "1@anna#1", "1@ben#0", "2", "2", "3", "3"]
    (finding,) = findings
    assert finding.what == "1 order numbers are used again, by another customer (1)"
    assert finding.effect.startswith("read as orders of their own (55.6% of the rows)")
    assert "order_id_scope=ever" in finding.remedy
    assert "order_id_scope=day" in finding.remedy


def test_long_after_by_the_same_customer_is_said_too():
    _, (finding,) = numbers([*ROWS, ("dora", "2024-01-01", 1.0, "9"), ("dora", "2024-06-01", 1.0, "9")])
    assert finding.what == "2 order numbers are used again, by another customer (1) or after more than 30 days"
    _, (finding,) = numbers([("dora", "2024-01-01", 1.0, "9"), ("dora", "2024-06-01", 1.0, "9")])
    assert finding.what == "1 order numbers are used again, after more than 30 days"
    assert finding.weight == 1


@pytest.mark.parametrize(
    ("scope", "ids"),
    [
        ("ever", ["1", "1", "1", "1", "2", "2", "3", "3"]),
        ("customer", ["1@anna#0", "1@anna#0", "1@anna#0", "1@ben#0", "2", "2", "3", "3"]),
        ("day", ["1@anna#0", "1@anna#1", "1@anna#2", "1@ben#0", "2@ben#0", "2@ben#1", "3@cleo#0", "3@cleo#1"]),
    ],
)  # fmt: skip
def test_what_the_source_says_is_taken_and_needs_no_finding(scope, ids):
    read, findings = numbers(order_id_scope=scope)
    assert (read, findings) == (ids, [])


def test_where_no_number_is_used_again_nothing_changes():
    assert numbers([("anna", "2024-01-01", 1.0, "a"), ("ben", "2024-01-01", 1.0, "b")]) == (["a", "b"], [])


def bought(number) -> list[tuple]:
    """Four customers a day for sixty days; `number` gives the order number by day and place in the day."""
    return [
        (
            f"c{(4 * day + place) % 40:02d}",
            f"2024-{1 + day // 28:02d}-{1 + day % 28:02d} 1{place}:00",
            5.0,
            number(day, place),
        )
        for day in range(60)
        for place in range(4)
    ]


@pytest.mark.parametrize("number", [lambda day, place: "0", lambda day, place: f"till {place % 2}"])
def test_a_column_that_numbers_no_orders_is_called_that(number):
    _, (finding,) = numbers(bought(number))
    assert finding.what.endswith("it is no order number")
    assert "order_id_scope=day" in finding.remedy


def test_a_counter_that_starts_anew_every_day_numbers_orders():
    rows = bought(lambda day, place: f"{place}")
    _, (finding,) = numbers(rows)
    assert finding.what == "4 order numbers are used again, by another customer (4)"
    ids, none = numbers(rows, order_id_scope="day")
    assert (len(set(ids)), none) == (len(rows), [])


def looked(rows: list[tuple], scope: str | None = None) -> list[DataFinding]:
    """What is known of the order numbers of a canonical table."""
    engine, findings = DuckDB(1), DataFindings()
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount", "order_id"])
    engine.add_frame("transactions", frame.assign(ordered_at=pd.to_datetime(frame["ordered_at"])))
    separate_orders(engine, scope, findings, CONF)
    engine.close()
    return list(findings)


def parcels(spread: int, apart: int = 1, orders: int = 100, amount: float = 5.0) -> list[tuple]:
    """A hundred orders, of which some have a second line days after the first."""
    day = pd.Timestamp("2024-01-01")
    rows = [(f"c{n}", day, 5.0, f"o{n}") for n in range(orders)]
    return rows + [(f"c{n}", day + pd.Timedelta(days=apart), amount, f"o{n}") for n in range(spread)]


def test_orders_that_are_dated_on_several_days_in_full():
    rows = [*parcels(6, apart=30), ("c50", pd.Timestamp("2024-01-03"), 5.0, "o50")]
    (finding,) = looked(rows)
    assert finding == DataFinding(
        where="transactions.ordered_at",
        what="7 of 100 orders have purchases on several days, up to 30 days apart",
        effect="a later line of an old order counts as coming back: churn is rated too low",
        remedy="map the day on which the order was placed, not that of its parcel or bill, by "
        "data.transactions.columns.ordered_at=...",
        severity=Severity.SEVERE,
        weight=7 / 100,
    )
    assert looked(rows, "ever") == [finding]


@pytest.mark.parametrize(
    ("rows", "scope"),
    [
        (parcels(5), None),  # one in twenty is how a shop works
        (parcels(9, apart=0), None),
        (parcels(9, amount=-5.0), None),  # refunds come later
        (parcels(9, amount=0.0), None),
        (parcels(9), "day"),  # what the user says
    ],
)
def test_where_orders_are_of_one_day(rows, scope):
    assert looked(rows, scope) == []


def test_numbers_used_again_in_full():
    one = [("anna", "2024-01-01", 5.0, "1"), ("anna", "2024-02-01", 5.0, "1"), ("ben", "2024-01-01", 5.0, "2")]
    again = DataFinding(
        where="transactions.order_id",
        what="1 order numbers are used again, after more than 30 days",
        effect="read as orders of their own (66.7% of the rows); as one, orders would be too few and too large",
        remedy="say data.order_id_scope=ever if a number is one order, or data.order_id_scope=day if the numbers start "
        "anew every day",
        severity=Severity.SEVERE,
        weight=2 / 3,
    )
    assert looked(one) == [again]
    (shared,) = looked([*one[:1], ("ben", "2024-01-01", 5.0, "1")])
    assert shared.what == "1 order numbers are used again, by another customer (1)"
    thirty = [("anna", "2024-01-01", 5.0, "1"), ("anna", "2024-01-31", 5.0, "1")]
    assert [each.where for each in looked(thirty)] == ["transactions.ordered_at"]  # which are no two orders
    refund = [("anna", "2024-01-01", 5.0, "1"), ("anna", "2024-06-01", -5.0, "1")]
    assert looked(refund) == []


def till(days: int, customers: int, number=lambda day, place: "till") -> list[tuple]:
    start = pd.Timestamp("2024-01-01")
    return [
        (f"c{place}", start + pd.Timedelta(days=day), 5.0, number(day, place))
        for day in range(days)
        for place in range(customers)
    ]


def test_what_numbers_no_orders_in_full():
    spread, finding = looked(till(20, 3))
    assert spread.where == "transactions.ordered_at"
    assert finding == DataFinding(
        where="transactions.order_id",
        what="the same value stands for several customers, mostly on the same day: it is no order number",
        effect="what a customer buys within 30 days of the last time is one order: too few, too large",
        remedy="map the order number by data.transactions.columns.order_id=..., or, if there is none, say "
        "data.order_id_scope=day: what a customer buys on a day is an order",
        severity=Severity.SEVERE,
        weight=1.0,
    )
    assert "used again" in looked(till(19, 3))[1].what  # too few uses to tell
    half = till(21, 2, lambda day, place: "till" if day % 3 else f"{day}-{place}")
    assert any("used again" in each.what for each in looked(half))  # as many are shared as are not
    most = till(20, 2, lambda day, place: "till" if day % 4 else f"{day}-{place}")
    assert any("it is no order number" in each.what for each in looked(most))


@pytest.mark.parametrize(
    ("scope", "apart", "orders"), [(None, 30, 1), (None, 31, 2), ("customer", 4000, 1), ("day", 0, 1), ("day", 1, 2)]
)
def test_from_when_on_a_number_is_another_order(scope, apart, orders):
    day = pd.Timestamp("2024-01-01")
    rows = [("anna", day, 5.0, "1"), ("anna", day + pd.Timedelta(days=apart), 6.0, "1"), ("ben", day, 5.0, "1")]
    ids, _ = numbers(rows, order_id_scope=scope) if scope else numbers(rows)
    assert len({each for each in ids if "anna" in each}) == orders
