"""Equal content, equal digits."""

from __future__ import annotations

import pytest

from conftest import BY_HAND, through_the_door
from patronage.data import fingerprint
from patronage.engine import DuckDB


def of(rows: str, table: str = "log") -> str:
    engine = DuckDB(threads=1)
    engine.table(table, f"SELECT * FROM (VALUES {rows}) AS v(a, b)")
    return fingerprint(engine, [table])


def test_the_order_of_rows_and_of_tables_does_not_count(by_hand):
    assert through_the_door(BY_HAND.sample(frac=1, random_state=1)).fingerprint == by_hand.fingerprint
    engine = DuckDB(threads=1)
    engine.table("x", "SELECT 1 AS a")
    engine.table("y", "SELECT 2 AS a")
    assert fingerprint(engine, ["x", "y"]) == fingerprint(engine, ["y", "x"])


@pytest.mark.parametrize(
    "rows",
    [
        "(1, 'x'), (2, 'y'), (2, 'y')",
        "(1, 'y'), (2, 'x')",
        "(1, 'x')",
        "(1, 'x'), (2, NULL)",
        "(1, 'x'), (3, 'y')",
    ],
)
def test_every_value_and_every_row_counts(rows):
    assert of(rows) != of("(1, 'x'), (2, 'y')")


def test_the_name_of_the_table_counts():
    assert of("(1, 'x')") != of("(1, 'x')", "other")


def test_the_digits_of_the_ten_rows_never_change():
    """By these digits a tracked run finds its data again."""
    assert through_the_door(BY_HAND, money_decimals=2).fingerprint == "0005dda75bfe15aa0004df8dbc38b25d"
