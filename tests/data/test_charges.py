"""Rows that are no product: what is paid for them is no purchase, what is given back is a refund."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

import patronage as pt
from patronage.errors import ConfigError, DataError

CUTOFF = datetime(2024, 6, 1)
COLUMNS = ["order_id", "ordered_at", "product_id", "quantity", "amount"]
TEA, GIN = ("o1", "2024-01-10", "1tea", 12, 24.0), ("o1", "2024-01-10", "1gin", 1, 30.0)
RUM = ("o2", "2024-02-10", "1rum", 1, 40.0)
POST = ("o1", "2024-01-10", "POST", 1, 6.0)


def log(*rows: tuple, **settings):
    """Anna's rows, and an order of Ben's."""
    frame = pd.DataFrame([*rows], columns=COLUMNS).assign(customer_id="anna")
    other = pd.DataFrame([("x1", "2024-01-01", "1tea", 1, 2.0)], columns=COLUMNS).assign(customer_id="ben")
    frame = pd.concat([frame, other]).assign(
        ordered_at=lambda each: pd.to_datetime(each["ordered_at"], format="ISO8601")
    )
    given = {"charges": "product_id NOT LIKE '1%'", "on_duplicate_rows": "keep", "max_staleness_days": 3650}
    return pt.read(frame, **{**given, **settings})


def left(tables, cutoff=CUTOFF) -> list[tuple]:
    """Anna's lines as they stand at the cutoff."""
    lines = tables.engine.frame(
        f"SELECT order_id, product_id, amount FROM transactions WHERE customer_id = 'anna' AND {tables.known(cutoff)} "
        "ORDER BY ordered_at, order_id, amount"
    )
    return [
        (order, None if pd.isna(product) else product, amount / tables.money_scale)
        for order, product, amount in lines.itertuples(index=False)
    ]


def credit(amount: float, at: str = "2024-03-01", code: str = "M") -> tuple:
    return ("C1", at, code, -1, -amount)


O1 = [("o1", "1tea", 24.0), ("o1", "1gin", 30.0)]
O2 = [("o2", "1rum", 40.0)]


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        # paid: no purchase; given back: nothing either
        ([TEA, GIN, POST], O1),
        ([TEA, GIN, POST, credit(6.0, code="POST")], O1),
        ([TEA, GIN, POST, credit(4.0, code="POST")], O1),
        # an order that was credited as a whole, with its postage or without
        ([TEA, GIN, POST, RUM, credit(60.0)], O2),
        ([TEA, GIN, RUM, credit(54.0)], O2),
        # and was charged again
        ([TEA, GIN, POST, RUM, credit(60.0), ("o9", "2024-03-02", "M", 1, 60.0)], [*O2, ("o9", None, 54.0)]),
        # a line; a part of the latest line or order that was at least as dear; several orders
        ([TEA, GIN, RUM, credit(24.0)], [O1[1], *O2]),
        ([TEA, GIN, RUM, credit(10.0)], [*O1, ("o2", "1rum", 30.0)]),
        ([TEA, GIN, RUM, credit(50.0)], [("o1", "1gin", 4.0), *O2]),
        ([TEA, GIN, RUM, credit(90.0)], [("o1", "1gin", 4.0)]),
        # more than was ever paid lowers net revenue, as does what was given back before the purchases
        ([TEA, GIN, RUM, credit(100.0)], [*O1, *O2, ("C1", None, -100.0)]),
        ([credit(24.0, at="2024-01-01"), TEA, GIN], [("C1", None, -24.0), *O1]),
        # a charge that is no order's own takes up credits of its code alone
        ([TEA, GIN, ("m1", "2024-02-01", "M", 1, 24.0), credit(24.0)], O1),
        ([TEA, GIN, ("m1", "2024-02-01", "M", 1, 24.0), credit(24.0, code="D")], [O1[1]]),
        ([credit(24.0, at="2024-01-01"), ("m1", "2024-02-01", "M", 1, 24.0)], [("C1", None, -24.0)]),
    ],
)  # fmt: skip
def test_what_remains_of_charges(rows, lines):
    ordered = sorted(lines, key=lambda line: (line[0] == "C1" and rows[0][0] != "C1", 0))
    assert sorted(left(log(*rows)), key=str) == sorted(ordered, key=str)


def test_the_note_counts_them():
    tables = log(TEA, GIN, POST, credit(6.0, code="POST"), RUM, credit(10.0, at="2024-04-01"))
    assert tables.rows["transactions"] == 5  # three lines of products, a credit, and Ben's
    assert (
        "3 rows are charges (charges): 1 paid ones are no purchases; of 2 credits 1 give charges back and 1 are "
        "refunds (10.00)" in tables.notes
    )


@pytest.mark.slow
def test_a_credit_is_known_from_its_own_day_on():
    """A log that ends at the cutoff gives the same features as the whole one."""
    rows = [
        TEA, GIN, POST, credit(60.0, at="2024-01-20"), RUM, ("o9", "2024-02-20", "M", 1, 60.0),
        credit(6.0, code="POST"), credit(35.0, at="2024-04-05"), ("m1", "2024-04-20", "M", 1, 35.0),
        credit(500.0, at="2024-05-05"),
    ]  # fmt: skip
    whole = log(*rows)
    for cutoff in ("2024-01-15", "2024-02-01", "2024-02-21", "2024-04-06", "2024-05-01"):
        short = log(*[row for row in rows if row[1] < cutoff])
        pd.testing.assert_frame_equal(pt.features(whole, cutoff), pt.features(short, cutoff))


def test_a_log_without_products_and_numbers():
    rows = [
        ("anna", "2024-01-10", 50.0, "sale"),
        ("anna", "2024-01-11", -50.0, "credit"),
        ("ben", "2024-02-10", 7.0, "sale"),
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount", "kind"])
    with pt.read(frame, charges="kind = 'credit'") as tables:
        features = pt.features(tables, "2024-02-15")
        assert features.loc[["anna", "ben"], ["n_orders", "refunds", "net_revenue"]].to_numpy().tolist() == [
            [0, 50, 0],
            [1, 0, 7],
        ]


@pytest.mark.parametrize(
    ("charges", "error", "message"),
    [
        ("sku = 'M'", ConfigError, r"^charges: sku = 'M': neither a column nor SQL over the columns"),
        ("true", DataError, r"^charges holds for every row"),
    ],
)
def test_what_is_no_condition_is_refused(charges, error, message):
    with pytest.raises(error, match=message):
        log(TEA, charges=charges)
