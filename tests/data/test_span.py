"""From when to when a log goes: no row by itself is the beginning or the end."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from conftest import through_the_door
from patronage import cutoff as when
from patronage import read
from patronage.errors import ConfigError


def busy(days=150):
    rows = [(f"c{n % 20}", pd.Timestamp("2024-01-01") + pd.Timedelta(hours=8 * n), 10.0) for n in range(3 * days)]
    return pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount"])


def add(*moments):
    rows = pd.DataFrame({"customer_id": "c1", "ordered_at": pd.to_datetime(list(moments)), "amount": 1.0})
    return pd.concat([busy(), rows], ignore_index=True)


def test_one_row_of_the_far_future_is_no_end_of_the_log():
    tables = through_the_door(add("2031-01-05"))
    assert tables.last == busy()["ordered_at"].max()
    (finding,) = tables.findings
    assert "1 of 451 rows (0.22%) lie after 2024-05-29, up to 2031-01-05" in finding.what
    assert finding.line in tables.summary()
    assert not when.is_observed(datetime(2024, 5, 1), 90, tables.last)
    with pytest.raises(ConfigError, match="outside the data"):
        when.check_inside(datetime(2028, 1, 1), tables.first, tables.last, 7)


def test_one_early_row_is_named_with_its_share_and_is_no_beginning():
    tables = through_the_door(add("2009-05-01"))
    assert tables.first == datetime(2024, 1, 1)
    assert "1 of 451 rows (0.22%) lie long before all others" in tables.findings[0].what
    assert "CLV" in tables.findings[0].effect
    assert tables.findings[0].where == "transactions.ordered_at"


def test_the_end_may_be_given():
    tables = through_the_door(busy(), observed_until="2024-05-01")
    assert tables.last == datetime(2024, 5, 1)
    assert "84 of 450 rows (18.67%) lie after 2024-05-01, up to 2024-05-29" in tables.findings[0].what
    assert through_the_door(busy(), observed_until="2024-06-30").last == datetime(2024, 6, 30)
    with pytest.raises(ConfigError, match="is not a day"):
        read(busy(), observed_until="soon")


def test_weeks_without_a_row_and_thin_months_are_named():
    frame = busy(300)
    silent = frame[~frame["ordered_at"].between("2024-03-10", "2024-05-05")]
    (finding,) = through_the_door(silent).findings
    assert "no row between 2024-03-09 and 2024-05-05: 57 days of 299" in finding.what
    assert finding.remedy == "load the missing files, or begin after them by data.transactions.where"
    april = frame["ordered_at"].dt.month == 4
    thin = frame[~april | (frame["ordered_at"].dt.day == 12)]
    assert any("less than a tenth of the usual" in each.what for each in through_the_door(thin).findings)


def test_few_rows_are_never_stray(by_hand):
    assert by_hand.findings == ()


def test_a_day_that_stands_for_no_date_is_no_beginning_however_many_rows_it_has():
    frame = busy()
    frame.loc[::10, "ordered_at"] = pd.Timestamp("2000-01-01")
    frame["amount"] += frame.index
    tables = through_the_door(frame)
    assert tables.first.year == 2024
    assert "45 of 450 rows (10.00%) lie long before all others, from 2000-01-01" in tables.findings[0].what


def test_rows_of_the_future_are_no_end_however_many_they_are():
    frame = busy()
    frame.loc[::9, "ordered_at"] += pd.Timedelta(days=20_000)
    assert through_the_door(frame).last.year == 2024


def test_the_clock_of_the_machine_is_named_where_it_decides(monkeypatch):
    """The same log, on a machine whose clock stands within it, before it, and right."""
    end = busy()["ordered_at"].max()
    for day, last in (
        ("2024-05-20", "2024-05-21"),
        ("2023-05-20", f"{end:%Y-%m-%d}"),
        ("2024-06-01", f"{end:%Y-%m-%d}"),
    ):
        monkeypatch.setattr("patronage.data.span.today", lambda day=day: pd.Timestamp(day))
        tables = through_the_door(busy())
        assert f"{tables.last:%Y-%m-%d}" == last
        told = [f"{finding.what} | {finding.remedy}" for finding in tables.findings]
        if day == "2024-06-01":
            assert told == []
            continue
        assert f"in the future by the clock of this machine ({day})" in told[0]
        if day == "2023-05-20":
            assert ", up to 2024-05-29" in told[0]
            assert "observed until 2024-05-29, by its rows" in tables.findings[0].effect
        assert ("data.observed_until=2024-05-21, which holds on any day" in told[0]) == (day > "2024")
    monkeypatch.setattr("patronage.data.span.today", lambda: pd.Timestamp("2024-05-20"))
    assert through_the_door(busy(), observed_until="2024-05-29").last == datetime(2024, 5, 29)


def test_events_that_are_silent_or_end_early_are_named():
    events = busy(300).rename(columns={"ordered_at": "occurred_at"}).assign(event="visit").drop(columns="amount")
    silent = events[~events["occurred_at"].between("2024-03-10", "2024-05-05")]
    early = events[events["occurred_at"] < "2024-06-01"]
    (one,), (other,) = (through_the_door(busy(300), events=each).findings for each in (silent, early))
    assert (one.where, one.effect) == ("events.occurred_at", "customers look disengaged for that time")
    assert "the events end on 2024-05-31, 148 days before the transactions" in other.what
