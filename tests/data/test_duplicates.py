"""Rows that occur twice."""

from __future__ import annotations

import pandas as pd
import pytest

from conftest import BY_HAND, through_the_door
from patronage.config import DataConfig
from patronage.data.columns import IncomingTable
from patronage.data.contract import CUSTOMERS, EVENTS, TRANSACTIONS
from patronage.data.duplicates import AT_ONCE, treat_duplicates
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
