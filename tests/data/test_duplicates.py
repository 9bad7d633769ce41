"""Rows that occur twice."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from conftest import BY_HAND, through_the_door
from patronage.config import DataConfig
from patronage.data.columns import IncomingTable
from patronage.data.contract import CUSTOMERS, EVENTS, TRANSACTIONS
from patronage.data.duplicates import AT_ONCE, canonical_name, treat_duplicates
from patronage.data.finding import DataFinding, DataFindings, Severity
from patronage.data.keys import CONF
from patronage.data.source import SourceTable
from patronage.engine import DuckDB
from patronage.errors import DataError

TWICE = pd.concat([BY_HAND, BY_HAND.head(3)])


@pytest.mark.parametrize(("policy", "rows"), [("keep", 13), ("drop", 10)])
def test_repeated_rows_are_the_users_decision(policy, rows):
    tables = through_the_door(TWICE, on_duplicate_rows=policy)
    assert tables.rows == {"transactions": rows}
    assert ("3 repeated rows were dropped (data.on_duplicate_rows)" in tables.notes) is (policy == "drop")


def test_without_a_decision_they_are_refused():
    with pytest.raises(DataError, match=r"3 rows repeat another row.*on_duplicate_rows=keep.*on_duplicate_rows=drop"):
        through_the_door(TWICE)


def test_rows_that_differ_in_one_column_are_two_rows():
    assert through_the_door(pd.concat([BY_HAND, BY_HAND.head(1).assign(amount=10.01)])).rows == {"transactions": 11}


def incoming(contract, frame: pd.DataFrame) -> IncomingTable:
    """A table behind the door, as `treat_duplicates` gets it."""
    engine = DuckDB(threads=1)
    engine.add_frame(contract.name, frame)
    return IncomingTable(engine, contract, SourceTable(contract.name, {}), DataConfig(name="tables"), CONF)


@pytest.mark.parametrize("rows", [AT_ONCE - 1, AT_ONCE, 7 * AT_ONCE])
def test_a_large_table_is_counted_in_shares(rows):
    """One query, two, and eight: the same count."""
    with pytest.raises(DataError, match="3 rows repeat another row"):
        treat_duplicates(incoming(TRANSACTIONS, TWICE), rows)
    with pytest.raises(DataError, match="9 rows repeat a customer"):
        treat_duplicates(incoming(CUSTOMERS, TWICE[["customer_id"]]), rows)


def test_the_same_event_twice_is_two_events():
    events = TWICE.rename(columns={"ordered_at": "occurred_at"}).assign(event="visit")
    assert treat_duplicates(incoming(EVENTS, events), 13) == []


def test_a_column_that_numbers_the_rows_tells_no_purchases_apart():
    with pytest.raises(DataError, match=r"of the table but line, which only numbers the rows; .*drop them by"):
        through_the_door(TWICE.assign(line=range(13)))
    with pytest.raises(DataError, match=r"differ in sku .*product_id=sku"):
        through_the_door(TWICE.assign(sku=[f"s{n}" for n in range(13)]))


class TestWhatDroppedRowsMean:
    """Of the amounts, 60.50 of 364.24 in all are in the rows that repeat."""

    def test_equal_ones_are_a_note(self):
        (finding,) = through_the_door(TWICE, on_duplicate_rows="drop").findings
        assert (finding.where, finding.severity, finding.weight) == ("transactions", Severity.NOTE, 3 / 13)
        assert finding.what == "3 rows repeat another row in every column of the table"
        assert finding.effect == (
            "3 rows were dropped: they hold 16.6% of the amounts, counted twice if the export repeats itself"
        )
        assert finding.example == "anna"

    def test_those_that_an_unmapped_column_tells_apart_are_severe(self):
        apart = TWICE.assign(sku=[f"s{n}" for n in range(13)], colour=["r"] * 10 + ["g", "r", "r"])
        (finding,) = through_the_door(apart, on_duplicate_rows="drop").findings
        assert finding.severity == Severity.SEVERE
        assert "but differ in sku (in 3) and colour (in 1), which" in finding.what
        assert finding.effect == "3 rows were dropped: to drop them would lose 16.6% of the amounts"
        assert "such as data.transactions.columns.product_id=sku, or keep them" in finding.remedy


@pytest.mark.parametrize(
    ("column", "mapping", "name"),
    [("Colour", {}, "product_id"), ("Brand", {}, "brand"), ("Brand", {"brand": "maker"}, "product_id")],
)
def test_what_an_unmapped_column_may_be(column, mapping, name):
    table = incoming(TRANSACTIONS, BY_HAND)
    assert canonical_name(column, replace(table, source=SourceTable("transactions", mapping))) == name


def test_a_customer_with_two_rows_is_named_to_who_may_see_it(monkeypatch):
    monkeypatch.setenv("PATRONAGE_DEBUG", "1")
    with pytest.raises(DataError, match=r"2 rows repeat a customer \(such as 'anna'\); expected one row per customer"):
        treat_duplicates(incoming(CUSTOMERS, TWICE[["customer_id"]].iloc[[0, 1, 2, 4]]), 4)


def test_repeated_rows_in_full():
    findings = DataFindings(collect=True)
    table = replace(incoming(TRANSACTIONS, TWICE), findings=findings)
    table = replace(table, source=SourceTable("transactions", {}))
    assert treat_duplicates(table, 13) == []
    (finding,) = findings
    assert finding == DataFinding(
        where="transactions",
        what="3 rows repeat another row in every column of the table",
        effect="they hold 16.4% of the amounts, counted twice if the export repeats itself",
        remedy="keep them as orders of their own by data.on_duplicate_rows=keep, or, if the export wrote them twice, "
        "drop them by data.on_duplicate_rows=drop",
        severity=Severity.REFUSED,
        weight=3 / 13,
        example="anna",
    )


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        (range(13), "but line, which only numbers the rows"),
        (range(0, 26, 2), "but line, which only"),  # few numbers are left out between them
        ([*range(12), 25], "but line, which only"),
        ([*range(12), 26], "but differ in line"),  # twice as many numbers as rows: it means something
        ([*range(12), 0], "but differ in line"),
        ([f"{n}" for n in range(13)], "but line, which only"),
    ],
)
def test_what_numbers_the_rows(lines, what):
    with pytest.raises(DataError, match=what):
        through_the_door(TWICE.assign(line=list(lines)))


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("Order No", "order_id"), ("invoice", "order_id"), ("Receipt", "order_id"), ("Category 2", "category"),
        ("sales_channel", "channel"), ("Storename", "location"), ("Quantity", "quantity"), ("QTY", "quantity"),
    ],
)  # fmt: skip
def test_what_a_column_is_called(column, name):
    assert canonical_name(column, incoming(TRANSACTIONS, BY_HAND)) == name


def test_columns_that_tell_lines_apart_are_named_by_how_many_they_tell():
    apart = TWICE.assign(
        a=["x"] * 13, b=["x"] * 10 + ["y", "y", "x"], d=["x"] * 10 + ["y"] * 3, e=["x"] * 10 + ["z", "x", "x"]
    )
    apart["f"] = ["x"] * 10 + ["x", "q", "x"]
    with pytest.raises(DataError, match=r"but differ in d \(in 3\) and b \(in 2\) and e \(in 1\), which is not mapped"):
        through_the_door(apart)
