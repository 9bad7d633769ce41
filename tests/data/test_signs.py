"""Refunds that lost their minus are named, and the setting that is advised gives it back."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import patronage as pt


def shop() -> pd.DataFrame:
    """Eighty purchases of a piece or more, without a refund; no two of a customer cost the same."""
    n = np.arange(80)
    return pd.DataFrame(
        {
            "customer_id": [f"c{number % 16}" for number in n],
            "ordered_at": pd.Timestamp("2024-01-01") + pd.to_timedelta(n, unit="D"),
            "order_id": [f"{1000 + number}" for number in n],
            "product_id": [f"p{number % 7}" for number in n],
            "quantity": 1 + n % 3,
            "amount": 10.0 + n,
        }
    )


def sent_back(rows=slice(0, 10), **columns) -> pd.DataFrame:
    """The shop, and ten purchases sent back a week later under numbers of their own."""
    orders = shop()
    back = orders.iloc[rows].assign(
        ordered_at=orders["ordered_at"].iloc[rows] + pd.Timedelta(days=7, hours=1),
        order_id=[f"{5000 + number}" for number in range(len(orders.iloc[rows]))],
    )
    return pd.concat([orders.assign(**{name: no for name, (no, _) in columns.items()}),
                      back.assign(**{name: yes for name, (_, yes) in columns.items()})], ignore_index=True)  # fmt: skip


def findings(frame: pd.DataFrame, **settings) -> list:
    with pt.read(frame, **settings) as log:
        return [each for each in log.findings if "minus" in each.remedy or "turn the sign" in each.remedy]


NEGATIVE = sent_back().assign(quantity=lambda each: each["quantity"].where(each.index < 80, -each["quantity"]))
NUMBERED = sent_back().assign(order_id=lambda each: each["order_id"].where(each.index < 80, "C" + each["order_id"]))


@pytest.mark.parametrize(
    ("frame", "what"),
    [
        (NEGATIVE, "10 of 90 rows have a negative quantity and a positive amount"),
        (sent_back(is_refund=(0, 1)), "10 of 90 rows are set in the column is_refund, but have a positive amount"),
        (sent_back(Returned=(False, True)), "10 of 90 rows are set in the column Returned"),
        (sent_back(storno=("", "X")), "10 of 90 rows are set in the column storno"),
        (NUMBERED, "10 of 90 rows have an order number with C and a positive amount, 100% of them just that of an"),
    ],
)
def test_a_lost_minus_is_named_and_the_advice_gives_it_back(frame, what):
    (finding,) = findings(frame)
    assert finding.what.startswith(what)
    assert "of the revenue" in finding.effect
    (sql,) = re.findall(r'amount="(.*?)"(?: if|$)', finding.remedy)
    with pt.read(frame, amount=sql) as log:
        assert log.notes == ("10 of 10 refunds undo earlier lines (100% of the money refunded)",)
        assert not [each for each in log.findings if "minus" in each.remedy]


@pytest.mark.parametrize(
    "frame",
    [
        shop(),
        shop().assign(
            amount=lambda each: -each["amount"].where(each.index < 5, -each["amount"])
        ),  # refunds as they are
        shop().assign(returned=0),
        shop().assign(returned=1),  # whatever that means, not that all was sent back
        shop().assign(order_id=lambda each: "C" + each["order_id"]),  # how this shop numbers
        shop().assign(order_id=lambda each: each["order_id"].where(each.index < 70, "R" + each["order_id"])),  # a till
    ],
)
def test_what_is_no_contradiction_is_not_named(frame):
    assert findings(frame) == []


def test_quantities_that_are_all_negative_are_turned():
    frame = shop().assign(quantity=lambda each: -each["quantity"])
    (finding,) = findings(frame)
    assert finding.what == "80 of 80 quantities are negative"
    assert 'quantity="-quantity"' in finding.remedy
    assert findings(frame, quantity="-quantity") == []


def test_a_computed_amount_of_two_minuses_is_named():
    """The price of a return has a minus as well: quantity times price is positive."""
    frame = NEGATIVE.assign(price=lambda each: each["amount"] / each["quantity"]).drop(columns="amount")
    (finding,) = findings(frame, amount="quantity * price")
    assert "CASE WHEN quantity < 0 THEN -abs((quantity * price)) ELSE (quantity * price) END" in finding.remedy
