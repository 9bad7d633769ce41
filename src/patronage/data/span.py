"""From when to when a log tells of everybody: no row by itself is the beginning or the end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.data.contract import EVENTS, TRANSACTIONS, Contract
from patronage.data.finding import DataFinding, DataFindings, Severity
from patronage.data.keys import Keys
from patronage.engine import Engine

RARE = 0.005  # of the rows: fewer, beyond a long silence, are mistakes of the date
RARE_OF_A_DAY = 0.2  # of the rows: fewer, all of one day beyond a long silence, are a date that stands for none
RARE_OF_THE_FUTURE = 0.5  # of the rows: more, later than today, and the clock of the machine is wrong
FEWEST_MONTHS = 6  # of which each has rows of one day alone, for the dates to tell months and no days
FEWEST_ROWS, FEWEST_DAYS = 100, 20  # below, a silence means nothing
LATE_DAYS, EARLY_DAYS, GAP_DAYS = 60, 180, 28
TIMES_USUAL = 20  # a silence is long if it is so many times the usual distance of days with orders
THIN = 0.1  # of the rows of a usual month


@dataclass(frozen=True)
class Span:
    """The moments of the first and the last row of the log as a whole; rows beyond exist, and are mistakes."""

    first: datetime
    last: datetime


def find_span(engine: Engine, observed_until: datetime | None, findings: DataFindings, keys: Keys) -> Span:
    """Find from when to when the log goes, and where it is silent.

    Parameters
    ----------
    observed_until
        The last day that the log covers, if the user says it.
    """
    days = _days(engine, TRANSACTIONS.name, c.ORDERED_AT)
    begin, end = _whole(days)
    if observed_until is not None:
        inside = days["day"] <= observed_until
        begin, end = min(begin, max(int(inside.sum()) - 1, 0)), int(inside.sum()) - 1
    for finding in _outside(days, begin, end, observed_until, keys):
        findings.add(finding)
    for finding in (*_silences(days.iloc[begin : end + 1].reset_index(drop=True), keys), *_coarse(days, keys)):
        findings.add(finding)
    first, last = _moment(engine, days, begin, "min"), _moment(engine, days, max(end, 0), "max")
    return Span(first, observed_until or last)


def examine_events(engine: Engine, span: Span, findings: DataFindings, keys: Keys) -> None:
    """Find where the events are silent while the transactions go on."""
    name, moment = EVENTS.name, c.OCCURRED_AT
    days = _days(engine, name, moment)
    inside = days[days["day"].between(pd.Timestamp(span.first).normalize(), span.last)].reset_index(drop=True)
    for finding in _silences(inside, keys, EVENTS):
        findings.add(finding)
    _, end = _whole(days)
    ends, length = days["day"].iloc[end], max((span.last - span.first).days, 1)
    missing = (pd.Timestamp(span.last).normalize() - ends).days
    if missing >= GAP_DAYS and int(days["n"].sum()) >= FEWEST_ROWS:
        findings.add(
            DataFinding(
                where=f"{name}.{moment}",
                what=f"the events end on {ends:%Y-%m-%d}, {missing} days before the transactions",
                effect="at a later cutoff every customer looks disengaged: journeys and churn read that as leaving",
                remedy="load the events up to the same day, or stand at an earlier cutoff",
                severity=Severity.SEVERE,
                weight=min(missing / length, 1.0),
            )
        )


def _days(engine: Engine, table: str, column: str) -> pd.DataFrame:
    """The days of a table with a row, and the number of their rows."""
    days = engine.frame(f"SELECT CAST({column} AS DATE) AS day, count(*) AS n FROM {table} GROUP BY day ORDER BY day")
    days["day"] = pd.to_datetime(days["day"])
    return days


def last_moment(engine: Engine, table: str, column: str) -> datetime:
    """The last moment of a table, whatever a few stray rows long after all others say."""
    days = _days(engine, table, column)
    _, end = _whole(days)
    (moment,) = engine.row(
        f"SELECT max({column}) FROM {table} "
        f"WHERE CAST({column} AS DATE) <= CAST('{days['day'].iloc[end]:%Y-%m-%d}' AS DATE)"
    )
    return moment


def _moment(engine: Engine, days: pd.DataFrame, number: int, which: str) -> datetime:
    day = days["day"].iloc[number]
    (moment,) = engine.row(
        f"SELECT {which}({c.ORDERED_AT}) FROM {TRANSACTIONS.name} "
        f"WHERE CAST({c.ORDERED_AT} AS DATE) = CAST('{day:%Y-%m-%d}' AS DATE)"
    )
    return moment


def _whole(days: pd.DataFrame) -> tuple[int, int]:
    """The numbers of the first and the last day between which all but a few stray rows lie."""
    total = int(days["n"].sum())
    begin, end = 0, _until_today(days, len(days) - 1)
    if total < FEWEST_ROWS or len(days) < FEWEST_DAYS:
        return begin, end
    gaps = days["day"].diff().dt.days.to_numpy()[1:]
    usual = TIMES_USUAL * float(np.median(gaps))
    before = np.cumsum(days["n"].to_numpy())
    rows_before, rows_after, number = before[:-1], total - before[:-1], np.arange(len(gaps))
    few_after = (rows_after <= RARE * total) | ((number == len(gaps) - 1) & (rows_after <= RARE_OF_A_DAY * total))
    few_before = (rows_before <= RARE * total) | ((number == 0) & (rows_before <= RARE_OF_A_DAY * total))
    late = np.flatnonzero((gaps > max(LATE_DAYS, usual)) & few_after)
    early = np.flatnonzero((gaps > max(EARLY_DAYS, usual)) & few_before)
    return (int(early[-1]) + 1 if len(early) else begin), (min(int(late[0]), end) if len(late) else end)


def today() -> pd.Timestamp:
    """The day by the clock of this machine."""
    return pd.Timestamp.now().normalize()


def _in_future(days: pd.DataFrame) -> pd.Series:
    """Whether each day lies after today, wherever on earth the shop is."""
    return days["day"] > today() + pd.Timedelta(days=1)


def _until_today(days: pd.DataFrame, end: int) -> int:
    """The number of the last day that is not in the future, for no log tells of it.

    Where most of a log lies in the future, the clock is wrong, or all dates are: then the clock decides nothing.
    """
    future = _in_future(days)
    past = int((~future).sum())
    trusted = past and days["n"][future].sum() <= RARE_OF_THE_FUTURE * days["n"].sum()
    return min(end, past - 1) if trusted else end


def _outside(
    days: pd.DataFrame, begin: int, end: int, observed_until: datetime | None, keys: Keys
) -> list[DataFinding]:
    """What lies before and after the span, and what lies in the future within it."""
    where, total = f"{TRANSACTIONS.name}.{c.ORDERED_AT}", int(days["n"].sum())
    leave_out = f"leave them out by {keys.option(TRANSACTIONS.name, 'where')}"
    until = observed_until or days["day"].iloc[end]
    last_day = keys.setting("observed_until", f"{until:%Y-%m-%d}")
    clock = f"in the future by the clock of this machine ({today():%Y-%m-%d})"
    findings = []
    inside = days.iloc[: end + 1]
    ahead = inside[_in_future(inside)]
    if not ahead.empty:
        findings.append(
            DataFinding(
                where,
                f"{ahead['n'].sum():,} of {total:,} rows ({_share(ahead, total)}) lie {clock}, "
                f"up to {ahead['day'].iloc[-1]:%Y-%m-%d}",
                f"the clock or the dates are wrong; the log counts as observed until {until:%Y-%m-%d}, by its rows",
                f"set the clock, or check how the dates are written ({keys.option(TRANSACTIONS.name, 'date_format')})",
                Severity.SEVERE,
                float(ahead["n"].sum() / total),
            )
        )
    early, late = days.iloc[:begin], days.iloc[end + 1 :]
    future = bool(_in_future(late).any())
    if not early.empty:
        findings.append(
            DataFinding(
                where,
                f"{early['n'].sum():,} of {total:,} rows ({_share(early, total)}) lie long before all others, from "
                f"{early['day'].iloc[0]:%Y-%m-%d}; the log begins on {days['day'].iloc[begin]:%Y-%m-%d}",
                "their customers look as old as that, which bends the laws of purchase (CLV) for all",
                f"correct the dates, or {leave_out}",
                Severity.SEVERE,
                float(early["n"].sum() / total),
            )
        )
    if not late.empty:
        findings.append(
            DataFinding(
                where,
                f"{late['n'].sum():,} of {total:,} rows ({_share(late, total)}) lie after "
                f"{until:%Y-%m-%d}, up to {late['day'].iloc[-1]:%Y-%m-%d}" + (f", {clock}" if future else ""),
                f"the log counts as observed until {until:%Y-%m-%d}; those rows are no end of it",
                f"correct the dates, {leave_out}, or say the last day by {last_day}"
                + (", which holds on any day" if future else ""),
                Severity.NOTE if observed_until else Severity.SEVERE,
                float(late["n"].sum() / total),
            )
        )
    return findings


def _coarse(days: pd.DataFrame, keys: Keys) -> list[DataFinding]:
    """Dates that tell no days: all of a month are one, or none is later than the 12th, as where day and month swap."""
    where, day = f"{TRANSACTIONS.name}.{c.ORDERED_AT}", days["day"].dt.day
    total = int(days["n"].sum())
    if total < FEWEST_ROWS:
        return []
    if len(days) >= FEWEST_MONTHS and day.nunique() == 1:
        what = f"all {total:,} rows are of the day {day.iloc[0]} of a month"
        effect = "recency, rhythm and returns within a month are lost: customers of a month look alike"
        return [DataFinding(where, what, effect, "export the day of each order", Severity.SEVERE, 1.0)]
    if len(days) >= FEWEST_DAYS and day.nunique() > 1 and day.max() <= 12:
        what = f"no row of {total:,} is later than the 12th of a month"
        effect = "day and month are swapped, or the later days are missing: the order of purchases is wrong"
        remedy = f"check {keys.option(TRANSACTIONS.name, 'date_format')}: %d is the day and %m the month"
        return [DataFinding(where, what, effect, remedy, Severity.SEVERE, 1.0)]
    return []


def _share(part: pd.DataFrame, total: int) -> str:
    return f"{part['n'].sum() / total:.2%}"


def _silences(days: pd.DataFrame, keys: Keys, contract: Contract = TRANSACTIONS) -> list[DataFinding]:
    """Weeks without a row, and months with hardly any, in a log that is otherwise busy."""
    total = int(days["n"].sum())
    if total < FEWEST_ROWS or len(days) < FEWEST_DAYS:
        return []
    where, gaps = f"{contract.name}.{contract.moment}", days["day"].diff().dt.days.fillna(0)
    length = (days["day"].iloc[-1] - days["day"].iloc[0]).days
    remedy = f"load the missing files, or begin after them by {keys.option(contract.name, 'where')}"
    effect = (
        "customers look silent for that time: churn is rated too high, orders and CLV too low"
        if contract is TRANSACTIONS
        else "customers look disengaged for that time"
    )
    findings = []
    long = gaps >= max(GAP_DAYS, TIMES_USUAL * float(gaps.iloc[1:].median()))
    for number in gaps[long].nlargest(3).index:
        begins, ends = days["day"].iloc[number - 1], days["day"].iloc[number]
        what = f"no row between {begins:%Y-%m-%d} and {ends:%Y-%m-%d}: {gaps[number]:.0f} days of {length:,}"
        findings.append(DataFinding(where, what, effect, remedy, Severity.SEVERE, float(gaps[number] / length)))
    months = days.set_index("day")["n"].resample("MS").sum().iloc[1:-1]
    thin = months[(months > 0) & (months < THIN * months.median())]
    if not thin.empty:
        named = ", ".join(f"{month:%Y-%m} ({rows:,})" for month, rows in thin.head(3).items())
        what = f"{len(thin)} months have less than a tenth of the usual {months.median():,.0f} rows: {named}"
        findings.append(DataFinding(where, what, effect, remedy, Severity.SEVERE, len(thin) / len(months)))
    return findings
