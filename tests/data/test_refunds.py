"""Odd refunds: cancellations with a positive amount, turned signs, refunds before their purchase."""

from __future__ import annotations

import json

import pandas as pd

from conftest import BY_HAND, through_the_door
from patronage import read


def what(tables) -> str:
    return " | ".join(finding.what for finding in tables.findings)


def test_cancelled_orders_with_an_amount_are_named_with_the_setting_that_leaves_them_out():
    frame = BY_HAND.assign(state=["paid"] * 8 + ["Cancelled", "refunded"], note="Returned by hand")
    tables = through_the_door(frame)
    (finding,) = tables.findings
    assert finding.what == "2 of 10 rows are Cancelled, refunded by the column state, but have a positive amount"
    assert "data.transactions.where=coalesce(state, '') NOT IN ('Cancelled', 'refunded')" in finding.remedy
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


def test_a_state_may_say_more_than_the_word():
    said = ["paid", "Cancelled by buyer", "not returned", "return window open", "Commande annulée", "payment pending"]
    tables = through_the_door(BY_HAND.assign(state=[*said, *["paid"] * 4]))
    assert "3 of 10 rows are Cancelled by buyer, Commande annulée, payment pending by the column state" in what(tables)


def test_names_of_many_values_are_no_state():
    names = [f"Return of the {n}" for n in range(400)]
    frame = pd.DataFrame({"customer_id": names, "ordered_at": "2024-03-05", "amount": 7.0, "film": names})
    assert "by the column film" not in what(through_the_door(frame))


def test_rows_that_repeat_purchases_are_to_have_their_minus():
    bought = pd.DataFrame({"customer_id": [f"c{n}" for n in range(12)], "ordered_at": "2024-03-01", "kind": "SALE"})
    bought["Paid Sum"] = 7.0 + bought.index
    back = bought.head(5).assign(ordered_at="2024-03-09", kind="RETURN")
    frame = pd.concat([bought, back], ignore_index=True)
    turned = """CASE WHEN kind IN ('RETURN') THEN -abs("Paid Sum") ELSE "Paid Sum" END"""
    with read(frame, amount="Paid Sum") as log:
        (finding,) = log.findings
    assert "100% of them have just the amount of an earlier purchase" in finding.remedy
    assert json.dumps(turned) in finding.remedy
    with read(frame, amount=turned) as log:
        assert log.findings == ()
        assert "5 of 5 refunds undo earlier lines" in " ".join(log.notes)


def test_the_advice_names_the_users_column():
    frame = BY_HAND.rename(columns={"amount": "Paid Sum"}).assign(**{"Paid Sum": [5.0, 5.0, 5.0, *[-1.0] * 7]})
    with read(frame, amount="Paid Sum") as log:
        assert json.dumps('-"Paid Sum"') in " ".join(each.remedy for each in log.findings)
