"""One table through the door: good rows typed and exact, bad rows named, counted and given a remedy."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from conftest import BY_HAND, through_the_door
from patronage.config import DataConfig
from patronage.data.finding import DataFindings
from patronage.data.loading import load_tables
from patronage.data.source import SourceTable
from patronage.engine import DuckDB
from patronage.errors import DataError

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
        (changed("customer_id", "", ""), r"customer_id.*2 of 10 rows are missing"),
        (
            changed("ordered_at", "31/01/2024"),
            r"ordered_at.*not a date \(such as '31/01/2024'\).*some are written .*%d/%m/%Y",
        ),
        (BY_HAND.assign(ordered_at=20240101), r"ordered_at.*10 of 10 rows are not a date"),
        (BY_HAND.head(0), r"the transactions are empty"),
    ],
)
def test_bad_rows_are_named_counted_and_given_a_remedy(frame, message):
    with pytest.raises(DataError, match=message) as caught:
        through_the_door(frame)
    assert "\n" not in str(caught.value)


def test_the_first_broken_rule_is_reported():
    frame = changed("amount", "ten", "").assign(customer_id=["", *ROWS["customer_id"][1:]])
    with pytest.raises(DataError, match=r"^transactions.customer_id \(column customer_id\): 1 of 10 rows are missing"):
        through_the_door(frame)


def test_good_rows_are_typed_exact_and_described():
    tables = through_the_door(BY_HAND, money_decimals=2)
    rows = tables.engine.frame("SELECT * FROM transactions ORDER BY ordered_at, order_id")
    assert rows["amount"].dtype == "int64"
    assert rows["amount"].tolist() == [1000, 2000, 3050, 525, 4000, 200, 9999, 700, 5000]
    assert (tables.first, tables.last) == (datetime(2024, 1, 1, 10), datetime(2024, 3, 5, 11))
    assert (tables.rows, tables.customers) == ({"transactions": 10}, 4)


@pytest.mark.parametrize("frame", [BY_HAND, ROWS], ids=["typed", "text"])
def test_text_and_typed_tables_are_the_same_table(frame, by_hand):
    assert through_the_door(frame).fingerprint == by_hand.fingerprint


class TestQuarantine:
    def test_bad_rows_are_counted_with_the_first_rule_that_they_break(self):
        tables = through_the_door(changed("amount", "ten", "inf", ""), on_bad_rows="quarantine")
        assert (tables.rows, tables.quarantined) == ({"transactions": 7}, {"transactions": 3})
        reasons = tables.engine.frame("SELECT reason FROM quarantine_transactions ORDER BY reason")["reason"]
        assert reasons.tolist() == ["amount: NaN or infinite", "amount: missing", "amount: not a number"]
        assert "3 bad rows of transactions were set aside (data.on_bad_rows=quarantine)" in tables.summary()

    def test_one_good_row_is_enough(self):
        tables = through_the_door(changed("amount", *["ten"] * 9), on_bad_rows="quarantine")
        assert (tables.rows, tables.quarantined) == ({"transactions": 1}, {"transactions": 9})

    def test_without_a_good_row_there_is_no_log(self):
        with pytest.raises(DataError, match="all 10 rows are bad; transactions."):
            through_the_door(changed("amount", *["ten"] * 10), on_bad_rows="quarantine")

    def test_without_a_bad_row_there_is_no_quarantine(self):
        tables = through_the_door(BY_HAND, on_bad_rows="quarantine")
        assert tables.quarantined == {}
        with pytest.raises(tables.engine.failure):
            tables.engine.row("SELECT count(*) FROM quarantine_transactions")


class TestRounding:
    def test_is_counted_and_noted(self):
        tables = through_the_door(changed("amount", "10.004", "10.006"), money_decimals=2)
        assert "2 values of amount were rounded to 2 decimals (data.money_decimals)" in tables.notes
        extremes = "SELECT min(amount), max(amount) FROM transactions WHERE order_id IN ('a1', 'a2')"
        assert tables.engine.row(extremes) == (1000, 1001)

    @pytest.mark.parametrize(("amount", "noted"), [("10.00000001", False), ("10.0001", True), ("0.1", False)])
    def test_begins_beyond_the_error_of_a_double(self, amount, noted):
        """10.00000001 is 1000.000001 cents: no finer than what a double cannot hold."""
        notes = through_the_door(changed("amount", amount), money_decimals=2).notes
        assert sum("rounded" in note for note in notes) == noted

    def test_is_half_away_from_zero(self):
        """0.125, 0.375 and -0.125 are exact in a double."""
        tables = through_the_door(changed("amount", "0.125", "0.375", "-0.125"), money_decimals=2)
        rounded = tables.engine.frame("SELECT amount FROM transactions WHERE order_id IN ('a1', 'a2', 'a3')")
        refunded = tables.engine.frame("SELECT amount FROM returns")
        assert sorted(rounded["amount"]) == [13, 38]
        assert 13 in refunded["amount"].to_list()


class TestIds:
    def test_that_differ_by_white_space_or_script_are_different_customers(self):
        frame = BY_HAND.assign(customer_id=["a", "a ", " a", "А", "ä", "a\u00a0", "A", "aa", "a\t", "0"])
        assert through_the_door(frame).customers == 10

    def test_of_orders_are_the_customer_and_moment_where_the_source_has_none(self):
        frame = pd.concat([BY_HAND, BY_HAND.head(1).assign(amount=3.0)]).drop(columns="order_id")
        tables = through_the_door(frame)
        assert tables.engine.row("SELECT count(DISTINCT order_id) FROM transactions") == (9,)
        assert tables.present["transactions"] == {"customer_id", "ordered_at", "amount"}

    def test_of_equal_rows_differ_under_keep(self):
        frame = pd.concat([BY_HAND, BY_HAND.head(1)]).drop(columns="order_id")
        tables = through_the_door(frame, on_duplicate_rows="keep")
        assert tables.engine.row("SELECT count(DISTINCT order_id) FROM transactions") == (10,)


def test_every_column_is_counted_and_most_rows_are_not_set_aside():
    frame = changed("amount", "ten", "", *["x"] * 6).assign(customer_id=["", *ROWS["customer_id"][1:]])
    engine, findings = DuckDB(threads=2), DataFindings(collect=True)
    engine.add_frame("raw", frame)
    load_tables(engine, {"transactions": SourceTable("raw", {})}, DataConfig(name="tables"), findings=findings)
    told = {each.what: each.remedy for each in findings}
    assert "quarantine" not in told["7 of 10 rows are not a number"]
    assert "set the rows aside by data.on_bad_rows=quarantine" in told["1 of 10 rows are missing"]
    assert [each.where.split()[0] for each in findings] == [
        "transactions.amount",
        "transactions.customer_id",
        "transactions.amount",
    ]
