"""From when to when a log goes: no row by itself is the beginning or the end."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from conftest import through_the_door
from patronage import cutoff as when
from patronage import read
from patronage.data.finding import DataFinding, DataFindings, Severity
from patronage.data.keys import CONF, KEYWORDS, Keys
from patronage.data.span import Span, examine_events, find_span, last_moment
from patronage.engine import DuckDB
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


CLOCK = pd.Timestamp("2030-01-01")


def every(days: int, step: int = 1, each: int = 2, start: str = "2024-01-01") -> list[pd.Timestamp]:
    """So many rows on every step-th day."""
    return [
        pd.Timestamp(start) + pd.Timedelta(days=step * day, hours=hour) for day in range(days) for hour in range(each)
    ]


def after(rows: list[pd.Timestamp], days: int, each: int = 1) -> list[pd.Timestamp]:
    """Rows of one day, so long after the last of others."""
    return [rows[-1].normalize() + pd.Timedelta(days=days)] * each


def before(rows: list[pd.Timestamp], days: int, each: int = 1) -> list[pd.Timestamp]:
    return [rows[0].normalize() - pd.Timedelta(days=days)] * each


def without(rows: list[pd.Timestamp], *spans: tuple[str, str]) -> list[pd.Timestamp]:
    """The rows that lie in none of the spans, whose ends stay."""
    ends = [(pd.Timestamp(one), pd.Timestamp(other)) for one, other in spans]
    return [row for row in rows if not any(one < row.normalize() < other for one, other in ends)]


def looked(rows, until: datetime | None = None, keys: Keys = CONF) -> tuple[Span, list[DataFinding]]:
    """What is known of the span of a log, of which only the moments count."""
    engine, findings = DuckDB(1), DataFindings()
    engine.add_frame("transactions", pd.DataFrame({"ordered_at": rows}).sample(frac=1, random_state=1))
    span = find_span(engine, until, findings, keys)
    engine.close()
    return span, list(findings)


@pytest.fixture
def clock(monkeypatch):
    """The clock of the machine stands long after every log of these tests."""
    monkeypatch.setattr("patronage.data.span.today", lambda: CLOCK)


DAILY, WEEKLY = every(100), every(100, 7)
LEAVE_OUT = "leave them out by data.transactions.where"
AS_OLD = "their customers look as old as that, which bends the laws of purchase (CLV) for all"
SILENT = "customers look silent for that time: churn is rated too high, orders and CLV too low"
LOAD = "load the missing files, or begin after them by data.transactions.where"
LINES = {
    "early": (
        before(DAILY, 5000) + DAILY,
        "1 of 201 rows (0.50%) lie long before all others, from 2010-04-24; the log begins on 2024-01-01",
        AS_OLD,
        f"correct the dates, or {LEAVE_OUT}",
        1 / 201,
    ),
    "late": (
        DAILY + after(DAILY, 400),
        "1 of 201 rows (0.50%) lie after 2024-04-09, up to 2025-05-14",
        "the log counts as observed until 2024-04-09; those rows are no end of it",
        f"correct the dates, {LEAVE_OUT}, or say the last day by data.observed_until=2024-04-09",
        1 / 201,
    ),
    "late, and in the future": (
        DAILY + after(DAILY, 4000),
        "1 of 201 rows (0.50%) lie after 2024-04-09, up to 2035-03-23, in the future by the clock of this machine "
        "(2030-01-01)",
        "the log counts as observed until 2024-04-09; those rows are no end of it",
        f"correct the dates, {LEAVE_OUT}, or say the last day by data.observed_until=2024-04-09, which holds on any "
        "day",
        1 / 201,
    ),
    "all of it in the future": (
        every(100, start="2031-01-01"),
        "200 of 200 rows (100.00%) lie in the future by the clock of this machine (2030-01-01), up to 2031-04-10",
        "the clock or the dates are wrong; the log counts as observed until 2031-04-10, by its rows",
        "set the clock, or check how the dates are written (data.transactions.date_format)",
        1.0,
    ),
    "months alone": (
        [pd.Timestamp(2024, month, 1) for month in range(1, 7) for _ in range(20)],
        "all 120 rows are of the day 1 of a month",
        "recency, rhythm and returns within a month are lost: customers of a month look alike",
        "export the day of each order",
        1.0,
    ),
    "days up to the 12th": (
        [row for row in every(365) if row.day <= 12],
        "no row of 288 is later than the 12th of a month",
        "day and month are swapped, or the later days are missing: the order of purchases is wrong",
        "check data.transactions.date_format: %d is the day and %m the month",
        1.0,
    ),
    "a silence": (
        without(every(400), ("2024-03-01", "2024-03-29")),
        "no row between 2024-03-01 and 2024-03-29: 28 days of 399",
        SILENT,
        LOAD,
        28 / 399,
    ),
    "thin months": (
        [row for row in every(400, each=3) if row.month not in (4, 7, 9, 11) or row.day in (2, 12, 22)],
        "4 months have less than a tenth of the usual 92 rows: 2024-04 (9), 2024-07 (9), 2024-09 (9)",
        SILENT,
        LOAD,
        4 / 12,
    ),
}


@pytest.mark.parametrize("name", LINES)
def test_each_finding_in_full(clock, name):
    rows, what, effect, remedy, weight = LINES[name]
    _, (finding,) = looked(rows)
    assert finding == DataFinding(
        "transactions.ordered_at", what, effect, remedy, Severity.SEVERE, pytest.approx(weight, rel=1e-12)
    )


def test_what_lies_after_a_given_end_is_a_note(clock):
    span, (finding,) = looked(DAILY, datetime(2024, 3, 1))
    assert span == Span(datetime(2024, 1, 1), datetime(2024, 3, 1))
    assert (finding.severity, finding.weight) == (Severity.NOTE, 78 / 200)
    assert finding.remedy.endswith("or say the last day by data.observed_until=2024-03-01")
    assert looked(DAILY, datetime(2024, 3, 1), KEYWORDS)[1][0].remedy.endswith('observed_until="2024-03-01"')
    assert looked(DAILY, datetime(2023, 3, 1))[0] == Span(datetime(2024, 1, 1), datetime(2023, 3, 1))


STRAY = {  # rows that are stray, and of which one fewer day, row or share is none
    "the 61st day after": (DAILY + after(DAILY, 61), DAILY + after(DAILY, 60)),
    "the 181st day before": (before(DAILY, 181) + DAILY, before(DAILY, 180) + DAILY),
    "twenty times the usual distance after": (WEEKLY + after(WEEKLY, 141), WEEKLY + after(WEEKLY, 140)),
    "twenty times the usual distance before": (
        before(every(100, 10), 201) + every(100, 10),
        before(every(100, 10), 200) + every(100, 10),
    ),
    "one in two hundred, over several days": (
        every(199, each=5) + after(every(199), 70, 2) + after(every(199), 75, 3),
        every(142, each=7) + after(every(142), 70, 3) + after(every(142), 75, 3),
    ),
    "one in two hundred, over several days before": (
        before(DAILY, 275, 2) + before(DAILY, 270, 3) + every(199, each=5),
        before(DAILY, 275, 3) + before(DAILY, 270, 3) + every(142, each=7),
    ),
    "a fifth, on one day after": (
        every(80, each=1) + after(every(80), 70, 20),
        every(79, each=1) + after(every(79), 70, 21),
    ),
    "a fifth, on one day before": (
        before(DAILY, 300, 20) + every(80, each=1),
        before(DAILY, 300, 21) + every(79, each=1),
    ),
    "a hundred rows": (every(99, each=1) + after(every(99), 70), every(98, each=1) + after(every(98), 70)),
    "twenty days": (every(19, each=9) + after(every(19), 70), every(18, each=9) + after(every(18), 70)),
}


@pytest.mark.parametrize("name", STRAY)
def test_where_stray_rows_begin(clock, name):
    stray, none = (looked(rows) for rows in STRAY[name])
    rows = STRAY[name][1]
    assert [("long before" in each.what or "lie after" in each.what) for each in stray[1]] == [True]
    assert (none[0].first, none[0].last) == (min(rows), max(rows))
    assert not [each for each in none[1] if "long before" in each.what or "lie after" in each.what]


@pytest.mark.parametrize(("today", "last"), [("2024-02-18", "2024-02-19"), ("2024-02-17", "2024-04-09")])
def test_the_clock_counts_as_long_as_half_of_the_log_lies_before_it(monkeypatch, today, last):
    monkeypatch.setattr("patronage.data.span.today", lambda: pd.Timestamp(today))
    span, (finding,) = looked(DAILY)
    assert f"{span.last:%Y-%m-%d}" == last
    assert finding.what.startswith("100 of 200" if last < "2024-04" else "102 of 200")


QUIET = [  # in which nothing is odd, by a day or a row
    without(every(400), ("2024-03-01", "2024-03-28")),
    without(every(250, 7), ("2024-03-04", "2024-07-15")),
    [row for row in every(400, each=3) if row.month != 4 or row.day in (2, 12, 22) or (row.day, row.hour) == (9, 0)],
    [row for row in every(400, each=3) if row >= pd.Timestamp("2024-01-30")],  # the first month is never whole
    [pd.Timestamp(2024, month, 1) for month in range(1, 6) for _ in range(20)],
    [pd.Timestamp(2024, month, 1) for month in range(1, 12) for _ in range(9)],
    [row for row in every(365) if row.day <= 13],
    [row for row in every(50) if row.day <= 9][:36],
    without(every(20, each=4), ("2024-01-02", "2024-01-05")) + after(every(20), 40),
]


@pytest.mark.parametrize("number", range(len(QUIET)))
def test_where_nothing_is_odd(clock, number):
    assert looked(QUIET[number])[1] == []


def test_a_long_silence_is_that_of_a_log_that_is_seldom_written(clock):
    _, (finding,) = looked(without(every(250, 7), ("2024-03-04", "2024-07-22")))
    assert "no row between 2024-03-04 and 2024-07-22: 140 days" in finding.what


def test_the_three_longest_silences_are_named(clock):
    gaps = [
        ("2024-02-01", "2024-03-05"),
        ("2024-05-01", "2024-06-09"),
        ("2024-08-01", "2024-09-01"),
        ("2024-10-01", "2024-11-09"),
    ]
    _, findings = looked(without(every(400), *gaps))
    assert [each.what[15:25] for each in findings if "no row" in each.what] == [
        "2024-05-01",
        "2024-10-01",
        "2024-02-01",
    ]


def looked_at_events(rows, span: Span) -> list[DataFinding]:
    engine, findings = DuckDB(1), DataFindings()
    engine.add_frame("events", pd.DataFrame({"occurred_at": rows}))
    examine_events(engine, span, findings, CONF)
    assert last_moment(engine, "events", "occurred_at") == max(row for row in rows if row.year < 2027)
    engine.close()
    return list(findings)


def test_events_that_end_before_the_transactions(clock):
    span = Span(datetime(2024, 1, 1, 9), datetime(2024, 5, 7, 20))
    (finding,) = looked_at_events(DAILY, span)
    assert finding == DataFinding(
        "events.occurred_at",
        "the events end on 2024-04-09, 28 days before the transactions",
        "at a later cutoff every customer looks disengaged: journeys and churn read that as leaving",
        "load the events up to the same day, or stand at an earlier cutoff",
        Severity.SEVERE,
        28 / 127,
    )
    assert looked_at_events(DAILY, Span(span.first, datetime(2024, 5, 6))) == []
    assert looked_at_events(every(99, each=1), Span(span.first, datetime(2025, 5, 6))) == []
    assert looked_at_events(every(100, each=1), Span(datetime(2024, 5, 7, 10), datetime(2024, 5, 7, 20)))[0].weight == 1
    (silent,) = looked_at_events(without(DAILY, ("2024-02-10", "2024-03-12")), Span(span.first, datetime(2024, 4, 9)))
    assert (silent.where, silent.effect) == ("events.occurred_at", "customers look disengaged for that time")
    assert silent.remedy == "load the missing files, or begin after them by data.events.where"
    outside = every(20, each=1, start="2023-01-01") + DAILY + after(DAILY, 2000)  # of other years than the transactions
    assert looked_at_events(outside, Span(span.first, datetime(2024, 4, 9))) == []
