"""Which columns are read, and how moments are."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from conftest import BY_HAND, through_the_door
from patronage.config import DataConfig
from patronage.data import load_tables
from patronage.data.source import SourceTable
from patronage.engine import DuckDB
from patronage.errors import ConfigError, DataError


def mapped(mapping: dict[str, str | None], frame: pd.DataFrame = BY_HAND, **settings: object):
    engine = DuckDB(threads=1)
    engine.add_frame("raw", frame)
    return load_tables(engine, {"transactions": SourceTable("raw", mapping, **settings)}, DataConfig(name="tables"))


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"amount": "price"}, r"columns.amount=price: no such column; the table has customer_id, ordered_at"),
        ({"quantity": "amount"}, r"column amount is mapped twice, to amount and quantity"),
    ],
)
def test_a_mapping_is_held_against_the_table(mapping, message):
    with pytest.raises(ConfigError, match=message):
        mapped(mapping)


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_mapping_to_nothing_is_the_same_name(nothing, by_hand):
    assert mapped({"amount": nothing}).fingerprint == by_hand.fingerprint


def test_a_mapping_wins_over_the_same_name(by_hand):
    frame = BY_HAND.rename(columns={"amount": "net"}).assign(amount=1.0)
    assert mapped({"amount": "net"}, frame).fingerprint == by_hand.fingerprint


def test_a_missing_required_column_is_named_with_its_remedy():
    with pytest.raises(ConfigError, match=r"transactions.amount is required.*data.transactions.columns.amount=\.\.\."):
        through_the_door(BY_HAND.drop(columns="amount"))


def test_a_missing_attribute_is_named():
    customers = pd.DataFrame({"customer_id": ["anna"]})
    with pytest.raises(ConfigError, match=r"^data.customers.attributes.age: no such column; the table has customer_id"):
        through_the_door(BY_HAND, customers=customers, attributes=("age",))


MOMENTS = {
    "2024-06-01": datetime(2024, 6, 1),
    "2024-06-01 23:30": datetime(2024, 6, 1, 23, 30),
    "2024-06-01T23:30:05": datetime(2024, 6, 1, 23, 30, 5),
    "2024-06-01 23:30:05.250": datetime(2024, 6, 1, 23, 30, 5, 250_000),
    "2024-02-29": datetime(2024, 2, 29),
    # in Berlin it is two hours later in June and one hour later in February
    "2024-06-01T23:30:00Z": datetime(2024, 6, 2, 1, 30),
    "2024-06-01 23:30 UTC": datetime(2024, 6, 2, 1, 30),
    "2024-06-01 23:30:00+00": datetime(2024, 6, 2, 1, 30),
    "2024-06-01 23:30:00-0500": datetime(2024, 6, 2, 6, 30),
    "2024-02-01 23:30:00+05:30": datetime(2024, 2, 1, 19),
}


@pytest.mark.parametrize("text", MOMENTS)
def test_iso_8601_is_the_clock_time_of_the_business(text):
    assert through_the_door(BY_HAND.assign(ordered_at=text), timezone="Europe/Berlin").first == MOMENTS[text]


@pytest.mark.parametrize(
    "text",
    ["2024-1-31", "20240131", "31.01.2024", "2024-01-31 10", "2024-01-31 2:00", "2024-01-31 02:00 PM", "2024-02-30",
     "2023-02-29", "2024-01-31 25:00", "2024-01-31 10:00 EST", "2024-01", "then"],
)  # fmt: skip
def test_what_is_not_iso_8601_in_full_is_not_a_date(text):
    with pytest.raises(DataError, match="10 of 10 rows are not a date"):
        through_the_door(BY_HAND.assign(ordered_at=text))


def test_typed_moments_with_a_zone_are_the_same():
    text = [f"2024-06-{day:02d}T23:30:00Z" for day in range(1, 11)]
    aware = through_the_door(BY_HAND.assign(ordered_at=pd.to_datetime(text, utc=True)), timezone="Europe/Berlin")
    assert aware.first == datetime(2024, 6, 2, 1, 30)
    assert through_the_door(BY_HAND.assign(ordered_at=text), timezone="Europe/Berlin").fingerprint == aware.fingerprint


@pytest.mark.parametrize(
    ("moment", "local"),
    [("2017-01-01 11:53:26", datetime(2017, 1, 1, 6, 53, 26)), ("2017-07-01 03:00:00", datetime(2017, 6, 30, 23)),
     ("2017-07-01", datetime(2017, 7, 1)), ("2017-07-01T03:00:00Z", datetime(2017, 6, 30, 23))],
)  # fmt: skip
def test_moments_without_an_offset_may_be_instants_of_utc(moment, local):
    settings = {"timezone": "America/New_York", "naive_moments": "utc"}
    assert through_the_door(BY_HAND.assign(ordered_at=moment), **settings).first == local
    if len(moment) == 19:
        assert through_the_door(BY_HAND.assign(ordered_at=pd.Timestamp(moment)), **settings).first == local


def test_days_that_are_stored_as_moments_stay_those_days():
    """Midnights of UTC would be evenings before in New York; among clock times a midnight is one of them."""
    settings = {"timezone": "America/New_York", "naive_moments": "utc"}
    days = pd.Series(pd.to_datetime(["2024-01-05"] * 9 + ["2024-01-06"])).astype("datetime64[us]")
    frame = pd.concat([BY_HAND.head(1)] * 10).assign(ordered_at=days.to_numpy(), order_id=[f"o{n}" for n in range(10)])
    assert through_the_door(frame, **settings).first == datetime(2024, 1, 5)
    frame["ordered_at"] = [*frame["ordered_at"].iloc[:9], pd.Timestamp("2024-01-06 10:00")]
    assert through_the_door(frame, **settings).first == datetime(2024, 1, 4, 19)


OFFSET, NONE = "2024-01-01T10:00:00+02:00", "2024-01-01T10:00:00"


@pytest.mark.parametrize(("with_offset", "refused"), [(0, False), (1, True), (9, True), (10, False)])
def test_either_all_moments_have_an_offset_or_none(with_offset, refused):
    frame = BY_HAND.assign(ordered_at=[OFFSET] * with_offset + [NONE] * (10 - with_offset))
    if refused:
        with pytest.raises(DataError, match=f"mixes time zones: {with_offset} of 10 rows carry an offset"):
            through_the_door(frame)
    else:
        assert through_the_door(frame).first == datetime(2024, 1, 1, 8 if with_offset else 10)


def test_a_moment_that_is_missing_has_no_zone():
    frame = BY_HAND.assign(ordered_at=[OFFSET] * 9 + [None])
    assert through_the_door(frame, on_bad_rows="quarantine").rows == {"transactions": 9}


def test_a_format_reads_text_as_it_says():
    frame = BY_HAND.assign(ordered_at=BY_HAND["ordered_at"].dt.strftime("%d/%m/%y %H:%M"))
    assert mapped({}, frame, date_format="%d/%m/%y %H:%M").first == datetime(2024, 1, 1, 10)
