"""Codes that look like postage among the products."""

from __future__ import annotations

import pandas as pd
import pytest

from conftest import through_the_door
from patronage.data.finding import DataFinding, Severity


def orders(code: str, title: str, *, every: int, alone: int = 0) -> pd.DataFrame:
    """Six hundred orders of one of thirty products; the code comes with every so manieth, and so often alone."""
    rows = []
    for number in range(600):
        order = (f"c{number % 50}", pd.Timestamp("2024-01-01") + pd.Timedelta(hours=number), f"o{number}")
        if number >= alone:
            rows.append((*order, f"p{number % 30}", f"thing {number % 30}", 9.0))
        if number < alone or number % every == 0:
            rows.append((*order, code, title, 1.0))
    names = ["customer_id", "ordered_at", "order_id", "product_id", "product_name", "amount"]
    return pd.DataFrame(rows, columns=names)


def found(frame: pd.DataFrame) -> list[DataFinding]:
    return [each for each in through_the_door(frame).findings if "look like postage" in each.what]


def test_what_comes_with_many_orders_and_never_alone_is_named():
    (finding,) = found(orders("X9", "Paketmarke", every=4))
    assert finding.where == "transactions.product_id"
    assert finding.what.endswith("a fee: X9 (Paketmarke) in 25% of the orders, hardly ever alone")
    assert finding.effect == "they count as products that customers like, and as 2.7% of the revenue"
    assert finding.remedy.endswith("name them by data.transactions.charges=product_id IN ('X9')")
    assert (finding.severity, finding.weight) == (Severity.SEVERE, 0.25)


@pytest.mark.parametrize(
    ("code", "title", "every", "alone"),
    [
        ("X9", "Milk", 4, 60),  # bought alone as well: a product that many like
        ("X9", "Candle", 10, 0),  # with one order in ten: some product is
        ("X9", "Greeting card 'special delivery'", 10, 0),
    ],
)
def test_a_product_that_many_buy_is_none(code, title, every, alone):
    assert found(orders(code, title, every=every, alone=alone)) == []


@pytest.mark.parametrize(("code", "title"), [("POSTAGE", "any"), ("V1", "Versandkosten"), ("V1", "Wysyłka kurierem")])
def test_a_rarer_one_is_told_by_its_name(code, title):
    (finding,) = found(orders(code, title, every=10))
    assert finding.severity == Severity.NOTE
    assert finding.what.endswith("in 10% of the orders")


def test_named_as_charges_they_are_gone():
    log = through_the_door(orders("X9", "Paketmarke", every=4).drop(columns="product_name"))
    assert [each.what for each in log.findings if "look like" in each.what] == [
        "codes that look like postage, a deposit or a fee: X9 in 25% of the orders, hardly ever alone"
    ]
