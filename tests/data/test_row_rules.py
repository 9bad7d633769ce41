"""A row on each side of every border of the door's rules."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
import pytest

from conftest import BY_HAND, through_the_door
from patronage import read
from patronage.config import DataConfig
from patronage.data.columns import Column, IncomingTable, resolve
from patronage.data.contract import CONTACTS, EVENTS, TRANSACTIONS, Contract
from patronage.data.finding import DataFinding, Severity
from patronage.data.keys import CONF, Keys
from patronage.data.row_rules import LARGEST, Rule, finding_of, rules_of
from patronage.data.source import SourceTable
from patronage.engine import DuckDB
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


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("amount", BY_HAND["amount"] > 20, r"10 of 10 rows are true or false and no amount .*; map the column of the"),
        ("customer_id", [[name] for name in BY_HAND["customer_id"]], "10 of 10 rows are lists; give a row per"),
        ("customer_id", [{"id": 1, "to": 2}] * 10, "10 of 10 rows are objects of several fields; name the field"),
    ],
)
def test_columns_of_a_type_that_no_such_column_has(column, values, message):
    with pytest.raises(DataError, match=message):
        read(BY_HAND.assign(**{column: values}))


def test_ids_of_bytes_are_their_text():
    with read(BY_HAND.assign(customer_id=BY_HAND["customer_id"].str.encode("utf-8"))) as log:
        assert log.engine.row("SELECT min(customer_id) FROM transactions") == ("anna",)


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


def incoming(contract: Contract, keys: Keys = CONF, **columns: list) -> IncomingTable:
    engine = DuckDB(1)
    engine.add_frame("raw", pd.DataFrame(columns))
    return IncomingTable(engine, contract, SourceTable("raw", {}), DataConfig("shop", money_decimals=2), keys)


def broken(table: IncomingTable) -> dict[str, list[tuple]]:
    """Of each column, what can be wrong with a row, what to do, and the values that are wrong so."""
    rows = {}
    for column in resolve(table):
        for rule in rules_of(table, column):
            bad = table.engine.frame(f"SELECT {column.raw} AS value FROM raw WHERE {rule.bad}")["value"]
            values = [None if pd.isna(value) else value for value in bad]
            rows.setdefault(column.name, []).append((rule.what, rule.remedy, rule.unread, values))
    return rows


def another(table: str, column: str) -> str:
    return f"map another column by data.{table}.columns.{column}=..."


HEADER = "these are header lines of files that were put together: leave them out"
CUT = "export the column as text: a spreadsheet has cut the digits"
FORMATS = (
    "write ISO 8601 (1998-01-31 or 1998-01-31 14:05:00), or say how to read them by "
    "data.transactions.date_format=%d/%m/%Y"
)


def test_every_rule_in_full_with_the_values_that_break_it():
    names = [" Customer_ID ", "", None, '{"a": "b"}', " N/A ", "1.2E+11", "1e5", "nothing", "12345678901"]
    texts = incoming(
        TRANSACTIONS,
        customer_id=names,
        ordered_at=["Ordered_At", " ", None, "31.1.2024", "1899-12-31", "2200-01-02", "1970-01-01 05:00", "2024-01-01",
                    "1900-01-02"],
        amount=["amount", "", None, "1,5", "nan", "-inf", str(LARGEST / 100), str((LARGEST - 64) / 100), "-7"],
        order_id=["order_id", *names[1:]],
        discount=["discount", "", None, "x", "inf", "-0.01", "0", "3", str(LARGEST / 100)],
    )  # fmt: skip
    nameless = {name: f"fill them, {another('transactions', name)}" for name in ("customer_id", "order_id")}
    ids = {
        name: [
            ("missing", nameless[name], False, ["", None]),
            ("JSON objects", another("transactions", name), True, ['{"a": "b"}']),
            ("a word for a missing value", nameless[name], False, [" N/A "]),
            ("numbers such as 1.2E+11, whose last digits are lost", CUT, False, ["1.2E+11", "1e5"]),
        ]
        for name in nameless
    }
    unread = f"clean the column, {another('transactions', 'amount')}"
    assert broken(texts) == {
        "customer_id": [("the header again", HEADER, False, [" Customer_ID "]), *ids["customer_id"]],
        "ordered_at": [
            ("the header again", HEADER, False, ["Ordered_At"]),
            ("missing", f"fill them, {another('transactions', 'ordered_at')}", False, [" ", None]),
            ("not a date", FORMATS, True, ["Ordered_At", "31.1.2024"]),
            ("outside 1900 to 2200", "check data.transactions.date_format", False, ["1899-12-31", "2200-01-02"]),
            ("of a day that stands for no date", "fill in the true dates", False, ["1970-01-01 05:00"]),
        ],
        "amount": [
            ("the header again", HEADER, False, ["amount"]),
            ("missing", f"fill them, {another('transactions', 'amount')}", False, ["", None]),
            ("not a number", unread, True, ["amount", "1,5"]),
            ("NaN or infinite", "repair what computes them", False, ["nan", "-inf"]),
            ("too large for 2 decimals", "lower data.money_decimals", False, [str(LARGEST / 100)]),
        ],
        "order_id": ids["order_id"],
        "discount": [
            ("not a number", unread.replace("amount", "discount"), True, ["discount", "x"]),
            ("NaN or infinite", "repair what computes them", False, ["inf"]),
            ("too large for 2 decimals", "lower data.money_decimals", False, [str(LARGEST / 100)]),
            ("negative", "give it as a positive amount", False, ["-0.01"]),
        ],
    }


def test_every_rule_of_typed_columns():
    typed = incoming(
        CONTACTS,
        customer_id=[1.0, float(2**53), float(2**53 + 2), None],
        contacted_at=pd.to_datetime(["2024-01-01", "1890-01-01", None, "2100-01-01"]).to_list(),
        arm=["arm", "mail", "", "control"],
        propensity=[0.0, 0.0001, 1.0, 1.01],
    )
    fill = {name: f"fill them, {another('contacts', name)}" for name in ("customer_id", "contacted_at", "arm")}
    exact = "export them as whole numbers or text: different ids may have become one"
    assert broken(typed) == {
        "customer_id": [
            ("missing", fill["customer_id"], False, [None]),
            ("too large to be exact in floating point", exact, False, [float(2**53 + 2)]),
        ],
        "contacted_at": [
            ("missing", fill["contacted_at"], False, [None]),
            ("not a date", FORMATS.replace("transactions", "contacts"), True, []),
            ("outside 1900 to 2200", "check data.contacts.date_format", False, [pd.Timestamp("1890-01-01")]),
            ("of a day that stands for no date", "fill in the true dates", False, [pd.Timestamp("2100-01-01")]),
        ],
        "arm": [("the header again", HEADER, False, ["arm"]), ("missing", fill["arm"], False, [""])],
        "propensity": [
            ("not a number", f"clean the column, {another('contacts', 'propensity')}", True, []),
            ("NaN or infinite", "repair what computes them", False, []),
            ("no probability of being drawn", "give the probability of this arm, above 0", False, [0.0, 1.01]),
        ],
    }
    objects = incoming(EVENTS, customer_id=[{"id": 1, "to": 2}], occurred_at=["2024-01-01"], event=["visit"])
    assert [each[:3] for each in broken(objects)["customer_id"]] == [
        ("missing", f"fill them, {another('events', 'customer_id')}", False),
        ("objects of several fields", f"name the field, {another('events', 'customer_id')}", False),
    ]


RULE = Rule(Column("amount", "total", "money", "VARCHAR", '"total"', "x"), "odd", "true", "mend them")


@pytest.mark.parametrize(
    ("policy", "bad", "effect", "severity", "remedy"),
    [
        ("fail", 50, "50.0% of the rows would be left out", Severity.REFUSED,
         "mend them, or set the rows aside by data.on_bad_rows=quarantine"),
        ("fail", 51, "51.0% of the rows would be left out", Severity.REFUSED, "mend them"),
        ("quarantine", 5, "5.0% of the rows are left out", Severity.NOTE, "mend them"),
        ("quarantine", 6, "6.0% of the rows are left out", Severity.SEVERE, "mend them"),
    ],
)  # fmt: skip
def test_a_finding_of_bad_rows_in_full(policy, bad, effect, severity, remedy):
    table = incoming(TRANSACTIONS, total=["1"])
    table = replace(table, config=replace(table.config, on_bad_rows=policy))
    assert finding_of(table, RULE, bad, 100, "7 EUR") == DataFinding(
        where="transactions.amount (column total)",
        what=f"{bad} of 100 rows are odd",
        effect=effect,
        remedy=remedy,
        severity=severity,
        weight=bad / 100,
        example="7 EUR",
        harmless=True,
    )
    label = replace(RULE, column=replace(RULE.column, kind="label"))
    assert not finding_of(table, label, bad, 100, "Anna").harmless


@pytest.mark.parametrize(
    ("totals", "unread", "remedy"),
    [
        (["7 EUR", "1 EUR"], True, r"^read them by data.transactions.columns.amount=regexp_replace\(total, .*currency"),
        (["7 EUR", "1 EUR"], False, "^mend them, or set"),
        (["7 EUR", "1 USD"], True, r"^they are in 2 currencies \(EUR, USD\): .*, or set the rows aside by"),
        (["x", "y"], True, "^mend them, or set the rows aside by data.on_bad_rows=quarantine$"),
    ],
)
def test_what_may_be_right_comes_with_a_reading(totals, unread, remedy):
    table = incoming(TRANSACTIONS, total=totals)
    source = replace(table.source, mapping={"amount": "total"})
    finding = finding_of(replace(table, source=source), replace(RULE, unread=unread), 1, 9, None)
    assert re.search(remedy, finding.remedy), finding.remedy
    assert finding.example is None
