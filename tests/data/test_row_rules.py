"""A row on each side of every border of the door's rules."""

from __future__ import annotations

import pandas as pd
import pytest

from conftest import BY_HAND, through_the_door
from patronage.data.finding import Severity
from patronage.errors import DataError

MANY = 2**53  # cents: from here on a double does not hold each of them

BORDERS = [
    # column, a good value, a bad one, what the bad one is
    ("customer_id", "0", "", "missing"),
    ("customer_id", " a", "  ", "missing"),
    ("customer_id", "Nono", None, "missing"),
    ("order_id", "0", " ", "missing"),
    ("amount", "0", "", "missing"),
    ("amount", "1e3", "1,000", "not a number"),
    ("amount", " 7 ", "7 EUR", "not a number"),
    ("amount", "-5", "inf", "NaN or infinite"),
    ("amount", "5", "nan", "NaN or infinite"),
    ("amount", (MANY - 1) / 100, MANY / 100, "too large for 2 decimals"),
    ("amount", -(MANY - 1) / 100, -MANY / 100, "too large for 2 decimals"),
    ("discount", (MANY - 1) / 100, MANY / 100, "too large for 2 decimals"),
    ("discount", 0.0, -0.01, "negative"),
    ("cost", 0.0, -0.01, "negative"),
    ("quantity", "-1.5", "two", "not a number"),
    ("quantity", 1e300, float("inf"), "NaN or infinite"),
    ("ordered_at", "1900-01-02", "1899-12-31 23:59:59", "outside 1900 to 2200"),
    ("ordered_at", "2200-01-01", "2200-01-01 00:00:01", "outside 1900 to 2200"),
    ("ordered_at", "2024-02-29", "2023-02-29", "not a date"),
    ("ordered_at", "2024-01-01", None, "missing"),
]


def with_first(column: str, value: object) -> pd.DataFrame:
    """The log by hand, its first row with this value."""
    frame = BY_HAND.astype({"ordered_at": "str"})
    rest = frame[column][1:] if column in frame else ["1"] * 9 if isinstance(value, str) else [1.0] * 9
    values = [value, *rest]
    return frame.assign(**{column: [str(v) for v in values] if isinstance(value, str) else values})


@pytest.mark.parametrize(("column", "good", "bad", "what"), BORDERS)
def test_every_rule_has_its_border(column, good, bad, what):
    assert through_the_door(with_first(column, good), money_decimals=2).rows == {"transactions": 10}
    with pytest.raises(DataError, match=rf"transactions.{column} \(column {column}\): 1 of 10 rows are {what}"):
        through_the_door(with_first(column, bad), money_decimals=2)


@pytest.mark.parametrize("column", ["discount", "quantity", "category"])
def test_an_optional_value_may_be_missing(column):
    assert through_the_door(with_first(column, "").assign(**{column: None})).rows == {"transactions": 10}
    assert through_the_door(with_first(column, "")).rows == {"transactions": 10}


def test_more_decimals_leave_less_room():
    amount = MANY / 100 - 0.01
    assert through_the_door(with_first("amount", amount), money_decimals=2).rows == {"transactions": 10}
    with pytest.raises(DataError, match="too large for 3 decimals.*; lower data.money_decimals, or set"):
        through_the_door(with_first("amount", amount), money_decimals=3)


@pytest.mark.parametrize("word", ["nan", "NULL", "None", "\\N", " n/a ", "<NA>"])
def test_words_for_a_missing_id_are_missing(word):
    frame = BY_HAND.assign(customer_id=[word, *BY_HAND["customer_id"][1:]])
    with pytest.raises(DataError, match="1 of 10 rows are a word for a missing value"):
        through_the_door(frame)
    assert through_the_door(frame, on_bad_rows="quarantine").quarantined == {"transactions": 1}


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("customer_id", "1.23E+11", "last digits are lost"),
        ("customer_id", "customer_id", "1 of 10 rows are the header again"),
        ("ordered_at", pd.Timestamp("1970-01-01 01:00"), "of a day that stands for no date"),
        ("ordered_at", pd.Timestamp("1900-01-01"), "of a day that stands for no date"),
    ],
)
def test_values_that_mean_nothing_are_bad_rows(column, value, message):
    frame = BY_HAND.copy()
    frame.loc[0, column] = value
    with pytest.raises(DataError, match=message):
        through_the_door(frame)


def test_ids_that_floating_point_has_made_one_are_refused():
    frame = BY_HAND.assign(customer_id=[float(2**53 + 2), *range(9)])
    with pytest.raises(DataError, match="too large to be exact in floating point.*export them as whole"):
        through_the_door(frame)


def test_amounts_that_would_become_nothing_name_the_decimals():
    with pytest.raises(DataError, match=r"10 of 10 amounts become 0 .* by data.money_decimals=8"):
        through_the_door(BY_HAND.assign(amount=[n * 1e-8 for n in range(1, 11)]))


def test_rows_that_are_set_aside_are_a_finding_with_their_share():
    amounts = ["a lot", *BY_HAND["amount"].astype(str)[1:]]
    (finding,) = through_the_door(BY_HAND.assign(amount=amounts), on_bad_rows="quarantine").findings
    assert (finding.where, finding.what) == ("transactions.amount (column amount)", "1 of 10 rows are not a number")
    assert finding.effect == "10.0% of the rows are left out"
    assert (finding.severity, finding.weight, finding.example, finding.harmless) == (
        Severity.SEVERE,
        0.1,
        "a lot",
        True,
    )
    assert "set the rows aside" not in finding.remedy
    with pytest.raises(
        DataError, match=r"columns.amount=\.\.\., or set the rows aside by data.on_bad_rows=quarantine$"
    ):
        through_the_door(BY_HAND.assign(amount=amounts))
