"""Odd refunds: cancellations with a positive amount, turned signs, refunds before their purchase."""

from __future__ import annotations

import pandas as pd

from conftest import BY_HAND, through_the_door


def what(tables) -> str:
    return " | ".join(finding.what for finding in tables.findings)


def test_cancelled_orders_with_an_amount_are_named_with_the_setting_that_leaves_them_out():
    frame = BY_HAND.assign(state=["paid"] * 8 + ["Cancelled", "refunded"], note="Returned by hand")
    tables = through_the_door(frame)
    (finding,) = tables.findings
    assert finding.what == "2 of 10 rows are Cancelled, refunded by the column state, but have a positive amount"
    assert "data.transactions.where={cancelled: state IN ('Cancelled', 'refunded')}" in finding.remedy
    assert "of the revenue" in finding.effect
    assert through_the_door(frame[frame["state"] == "paid"]).findings == ()


def test_a_log_of_refunds_alone_has_its_sign_turned():
    tables = through_the_door(BY_HAND.assign(amount=[5.0, 5.0, 5.0, *[-1.0] * 7]))
    assert "7 of 10 amounts are negative" in what(tables)


def test_refunds_before_their_purchase_are_named():
    bought = pd.DataFrame({"customer_id": [f"c{n}" for n in range(12)], "ordered_at": "2024-03-05", "amount": 7.0})
    refunds = bought.assign(ordered_at="2024-03-01", amount=-7.0)
    assert "12 of 12 refunds undo no earlier purchase; 12 have a later" in what(
        through_the_door(pd.concat([bought, refunds]))
    )
