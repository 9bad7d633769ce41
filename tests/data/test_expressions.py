"""SQL in place of a column, over tables of numbers and over files of text."""

from __future__ import annotations

import pandas as pd
import pytest

from patronage.data import read
from patronage.errors import ConfigError

LINES = pd.DataFrame(
    {
        "Customer ID": [17850.0, 12583.0, 13047.0],
        "When": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"]),
        "Quantity": [6, -2, 3],
        "Price": [2.55, 2.55, 1.1],
        "Kind": ["sale", "refund", "sale"],
    }
)
NAMES = {"customer_id": "Customer ID", "ordered_at": "When"}


def amounts(log) -> list[float]:
    return (
        log.engine.frame("SELECT amount FROM transactions ORDER BY ordered_at")["amount"] / log.money_scale
    ).to_list()


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("Quantity * Price", [15.3, -5.1, 3.3]),
        ('"Quantity" * price', [15.3, -5.1, 3.3]),
        ("CASE WHEN Kind = 'refund' THEN -Price ELSE Price END", [2.55, -2.55, 1.1]),
    ],
)
def test_an_amount_is_computed_from_numbers_and_from_text(tmp_path, sql, expected, as_text):
    source = LINES
    if as_text:
        source = tmp_path / "lines.csv"
        LINES.to_csv(source, index=False)
    assert amounts(read(source, amount=sql, **NAMES)) == expected


def test_a_part_that_is_no_number_is_missing(tmp_path):
    LINES.astype({"Price": object}).assign(Price=["2.55", "free", "1.1"]).to_csv(tmp_path / "lines.csv", index=False)
    with pytest.raises(Exception, match=r"amount \(column Quantity \* Price\): 1 of 3 rows are missing"):
        read(tmp_path / "lines.csv", amount="Quantity * Price", **NAMES)


@pytest.mark.parametrize(
    ("prices", "reading"),
    [
        (["2,55", "1,1", "3"], """Quantity * CAST(replace("Price", ',', '.') AS DOUBLE)"""),
        (["2,55 zł", "1,10 zł", "3,00 zł"], "if a currency stands beside and the comma is decimal in Price"),
        (["2.55 €", "1.1 £", "3.0 €"], "fill them"),  # two currencies are no number
    ],
)
def test_texts_of_a_computed_amount_that_are_no_numbers_come_with_their_reading(tmp_path, prices, reading):
    LINES.assign(Price=prices).to_csv(tmp_path / "lines.csv", index=False)
    with pytest.raises(Exception, match=r"amount \(column Quantity \* Price\): \d of 3 rows are missing") as caught:
        read(tmp_path / "lines.csv", amount="Quantity * Price", **NAMES)
    assert reading in str(caught.value).replace('\\"', '"')
    if "CAST" in reading:
        assert len(amounts(read(tmp_path / "lines.csv", amount=reading, **NAMES))) == 3


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("Pricee", r'^amount="Pricee": no such column; the table has .*; did you mean Price\?'),
        ("Quantity *", r'^amount="Quantity \*": neither a column nor SQL over the columns Customer ID, .*syntax'),
        ("sum(Price)", r"neither a column nor SQL over .*must appear in the GROUP BY"),
        ("Price * random()", r"^amount=.*: random gives another value each time"),
        ("Quantity * Cost", r"neither a column nor SQL over the columns .*Cost"),
        ("Quantity * Customer ID", r'write names such as Customer ID in double quotes: "Customer ID"$'),
    ],
)
def test_what_is_no_sql_is_refused(sql, message):
    with pytest.raises(ConfigError, match=message):
        read(LINES, amount=sql, **NAMES)


@pytest.mark.parametrize("as_text", [False, True])
def test_ids_in_floating_point_are_read_as_what_they_mean(tmp_path, as_text):
    source = LINES
    if as_text:
        source = tmp_path / "lines.csv"
        LINES.to_csv(source, index=False)
    log = read(source, amount="Price", **NAMES)
    assert sorted(set(log.engine.frame("SELECT customer_id FROM transactions")["customer_id"])) == [
        "12583",
        "13047",
        "17850",
    ]


@pytest.mark.parametrize(("ids", "kept"), [(["1.5", "2.0", "3.0"], True), (["17", "18.0", "19.0"], False)])
def test_a_name_with_a_point_stays_what_it_is(ids, kept):
    log = read(LINES.assign(**{"Customer ID": ids}), amount="Price", **NAMES)
    found = log.engine.frame("SELECT customer_id FROM transactions ORDER BY ordered_at")["customer_id"].to_list()
    assert found == (ids if kept else ["17", "18", "19"])


def test_a_missing_id_in_floating_point_is_missing():
    with pytest.raises(Exception, match=r"customer_id .*: 1 of 3 rows are missing"):
        read(LINES.assign(**{"Customer ID": [1.0, None, 2.0]}), amount="Price", **NAMES)
