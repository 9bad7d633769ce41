"""Amounts of several currencies are no sum."""

from __future__ import annotations

import pytest

from conftest import BY_HAND
from patronage.data import read

TWO = ["EUR"] * 7 + ["usd"] * 3


def found(frame, **given) -> list[str]:
    with read(frame, **given) as log:
        return [finding.what for finding in log.findings if "currencies" in finding.what]


@pytest.mark.parametrize("name", ["currency", "Currency_Code", "order_currency", "ccy"])
def test_they_are_found_by_the_name_of_a_column(name):
    (what,) = found(BY_HAND.assign(**{name: TWO}))
    assert what == f"the amounts are in 2 currencies by the column {name}: 30.0% of the rows are not in EUR"


@pytest.mark.parametrize("values", [["EUR"] * 10, ["EUR", " eur "] * 5, [None] * 10, ["EUR"] * 9 + [""]])
def test_one_currency_is_no_finding(values):
    assert found(BY_HAND.assign(currency=values)) == []


def test_an_amount_that_is_computed_has_been_made_one():
    frame = BY_HAND.assign(currency=TWO).rename(columns={"amount": "paid"})
    assert found(frame, amount="paid * CASE currency WHEN 'usd' THEN 0.9 ELSE 1 END") == []
    assert found(frame, amount="paid") != []


@pytest.mark.slow
def test_a_product_of_columns_is_not_converted_unless_it_reads_a_rate():
    frame = BY_HAND.assign(currency=TWO, fx_rate=1.0, units=2).rename(columns={"amount": "paid"})
    assert found(frame, amount="paid * fx_rate") == []
    with read(frame, amount="paid * units") as log:
        (finding,) = (each for each in log.findings if "currencies" in each.what)
    assert "(paid * units) * CASE upper(trim(currency)) WHEN 'USD'" in finding.remedy


def test_a_column_of_another_meaning_is_none():
    assert found(BY_HAND.assign(current=TWO, channel=TWO)) == []


def test_the_advice_makes_them_one():
    frame = BY_HAND.assign(currency=TWO).rename(columns={"amount": "paid"})
    advised = "paid * CASE upper(trim(currency)) WHEN 'USD' THEN 0.9 ELSE 1 END"
    with read(frame, amount="paid") as log:
        (finding,) = (finding for finding in log.findings if "currencies" in finding.what)
    assert advised in finding.remedy
    with read(frame, amount=advised) as log:
        (total,) = log.engine.row("SELECT sum(amount) FROM transactions WHERE customer_id = 'dora'")
    assert total == 45 * log.money_scale  # of 50, in dollars
