"""Order numbers that are used again: by another customer, long after, or every day anew."""

from __future__ import annotations

import pandas as pd
import pytest

from conftest import through_the_door

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
