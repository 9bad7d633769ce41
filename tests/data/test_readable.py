"""What the door cannot read comes with the setting that reads it."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

from conftest import BY_HAND, through_the_door
from patronage import read
from patronage.errors import DataError

N = range(10)
AMOUNTS = {
    "1,5": ("replace(amount, ',', '.') if the comma is decimal", lambda n: f"{n},5"),
    "1,016": (
        "if the comma is decimal or data.transactions.columns.amount=replace(amount, ',', '') if the comma groups",
        lambda n: f"{n + 1},016",
    ),
    "1,016.50": ("replace(amount, ',', '') if the comma groups thousands", lambda n: f"{n + 1},016.50"),
    "1.016,50": ("replace(replace(amount, '.', ''), ',', '.')", lambda n: f"{n + 1}.016,50"),
    "€ 1.50": ("'[^0-9.+-]', '', 'g') if a currency stands beside", lambda n: f"€ {n}.50"),
    "1,50 EUR": ("'[^0-9,+-]', '', 'g'), ',', '.') if a currency stands", lambda n: f"{n},50 EUR"),
    "(1.50)": ("if brackets are a minus", lambda n: f"({n}.50)" if n else "7"),
    "1.50-": ("if the minus stands behind", lambda n: f"{n}.50-" if n else "7"),
    "1 016": ("if blanks or apostrophes group thousands", lambda n: f"{n + 1}\u202f016"),
    "1 016,50": ("if blanks or apostrophes group thousands and the comma is decimal", lambda n: f"{n + 1}\u00a0016,50"),
    "1 016,50 €": (
        "if a currency stands beside and the comma is decimal",
        lambda n: f"-{n + 1}\u202f016,50 €" if n else "7,00 €",
    ),
    "1,00,016.50": ("replace(amount, ',', '') if the comma groups lakhs", lambda n: f"1,0{n},016.50"),
    "1'016.50": ("if blanks or apostrophes group thousands", lambda n: f"{n + 1}'016.50"),
    "€ and $": (
        "they are in 2 currencies ($, €): make them one by SQL with your rates",
        lambda n: f"{'€$'[n % 2]}{n}.5",
    ),
    "EUR and USD": ("they are in 2 currencies (EUR, USD)", lambda n: f"{n},50 {('EUR', 'usd')[n % 2]}"),
    "10%": ("they are percentages (10 rows): give amount in the currency", lambda n: f"{n}%"),
    "ten": ("clean the column", lambda n: "ten"),
}


def refusal(frame) -> str:
    with pytest.raises(DataError) as caught:
        through_the_door(frame)
    return str(caught.value)


@pytest.mark.parametrize("written", AMOUNTS)
def test_amounts_come_with_the_mapping_that_reads_them_all(written):
    remedy, write = AMOUNTS[written]
    line = refusal(BY_HAND.assign(amount=[write(n) for n in N]))
    assert "are not a number" in line
    assert remedy in line


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("%m/%d/%Y", "read them by data.transactions.date_format=%m/%d/%Y"),
        ("%d.%m.%Y %H:%M", "read them by data.transactions.date_format=%d.%m.%Y %H:%M"),
        ("%Y%m%d", "date_format=%Y%m%d"),
        ("%Y%m%d%H%M", "read them by data.transactions.date_format=%Y%m%d%H%M."),
        ("%Y%m%d%H%M%S", "read them by data.transactions.date_format=%Y%m%d%H%M%S."),
        ("%Y-%m-%d %I:%M %p", "date_format=%Y-%m-%d %I:%M %p"),
        ("%b %d, %Y", "date_format=%b %d, %Y"),
        ("%s", "* 1000000) if they are seconds since 1970"),
        ("%j", "write ISO 8601"),
        ("%G-W%V-%u", "write ISO 8601"),
    ],
)
def test_dates_come_with_the_format_that_reads_them_all(written, remedy):
    frame = BY_HAND.assign(ordered_at=BY_HAND["ordered_at"].dt.strftime(written))
    frame.loc[0, "ordered_at"] = BY_HAND["ordered_at"][0].replace(month=1, day=25).strftime(written)
    line = refusal(frame)
    assert "are not a date" in line
    assert remedy in f"{line}."


def test_days_that_are_whole_numbers_come_with_their_format():
    frame = BY_HAND.assign(ordered_at=BY_HAND["ordered_at"].dt.strftime("%Y%m%d").astype(int))
    assert "read them by data.transactions.date_format=%Y%m%d" in refusal(frame)
    assert read(frame, date_format="%Y%m%d").first == BY_HAND["ordered_at"].min().normalize()


def test_what_the_remedy_names_reads_the_log():
    frame = BY_HAND.assign(amount=[f"€ 1.{n:03},50" for n in N])
    sql = "replace(regexp_replace(amount, '[^0-9,+-]', '', 'g'), ',', '.')"
    with pytest.raises(DataError) as caught:
        read(frame)
    assert f'amount="{sql}"' in str(caught.value)
    with read(frame, amount=sql) as log:
        assert log.engine.row("SELECT min(amount), max(amount) FROM transactions") == (10005000, 10095000)


def test_a_blank_before_the_offset_is_no_matter():
    frame = BY_HAND.assign(ordered_at=BY_HAND["ordered_at"].dt.strftime("%Y-%m-%dT%H:%M:%S -05:00 "))
    tables = through_the_door(frame, timezone="America/New_York")
    assert tables.first == BY_HAND["ordered_at"].min()


def test_two_ways_to_write_dates_are_named():
    mixed = BY_HAND["ordered_at"].dt.strftime("%d/%m/%Y").where(BY_HAND.index % 2 == 0, "01/25/2024")
    mixed[0] = "31/01/2024"
    for given in ({}, {"date_format": "%d/%m/%Y"}):
        with pytest.raises(
            DataError, match="some are written %d/%m/%Y and some %m/%d/%Y, and a day up to 12 may be both"
        ):
            read(BY_HAND.assign(ordered_at=mixed), **given)


def test_days_of_a_spreadsheet_keep_their_time():
    """What the door advises gives the moments back."""
    serial = (BY_HAND["ordered_at"] - pd.Timestamp("1899-12-30")) / pd.Timedelta(days=1)
    with pytest.raises(DataError) as caught:
        read(BY_HAND.assign(ordered_at=serial))
    sql = str(caught.value).split('ordered_at="')[1].split('"')[0]
    with read(BY_HAND.assign(ordered_at=serial), ordered_at=sql) as log:
        assert log.first == BY_HAND["ordered_at"].min()


def test_what_is_computed_of_columns_comes_with_its_reading_too():
    frame = BY_HAND.assign(day=BY_HAND["ordered_at"].dt.strftime("%d/%m/%Y"), sum=[f"{n},5" for n in N])
    frame.loc[0, "day"] = "25/01/2024"
    with pytest.raises(DataError, match=r'date_format="%d/%m/%Y %H:%M"'):
        read(frame, ordered_at="day || ' 10:00'")
    reading = "replace((sum || '0'), ',', '.')"
    with pytest.raises(DataError) as caught:
        read(frame, amount="sum || '0'")
    assert f'amount="{reading}" if the comma is decimal' in str(caught.value)
    with read(frame, amount=reading, money_decimals=2) as log:
        assert log.engine.row("SELECT sum(amount) FROM transactions") == (5000,)


def test_ids_inside_objects_come_with_the_field_that_is_the_id():
    frame = BY_HAND.assign(customer_id='{"shop": 7, "id": "' + BY_HAND["customer_id"] + '"}')
    with pytest.raises(DataError) as caught:
        read(frame)
    field = "customer_id ->> '$.id'"
    assert f'10 of 10 rows are JSON objects; name the field of the objects, as in customer_id="{field}"' in str(
        caught.value
    )
    with read(frame, customer_id=field) as log:
        assert log.customers == 4
    assert """customer_id ->> '$.\\"$oid\\"'""" in refusal_of_read(
        BY_HAND.assign(customer_id='{"$oid": "' + BY_HAND["customer_id"] + '"}')
    )
    assert "name the field, map another column" in refusal_of_read(
        pa.Table.from_pylist([{**row, "customer_id": {"id": row["customer_id"]}} for row in BY_HAND.to_dict("records")])
    )


def refusal_of_read(frame) -> str:
    with pytest.raises(DataError) as caught:
        read(frame)
    return str(caught.value)
