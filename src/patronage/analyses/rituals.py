"""Daily rituals: who does a thing on most days, or on most working days, at the same time of the day.

A customer has a ritual where the days with an order, or with another act of the customer's own, in one span of three
hours are surely more than half of the days, and surely more than as many acts at the hours of everybody would give. So
who acts on few days has none, and neither has who acts all day long. The span that fits best is chosen for each
customer, so that the days it was chosen by do not tell whether it holds: those who had a ritual until `since_days` ago
are held against what they did since, beside what as many acts at the hours of everybody would give.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.analyses.acts import BEGINNINGS, ORDER, keep, sampled
from patronage.analyses.beyond_chance import MORE, with_verdicts
from patronage.analyses.contract import Analysis, Drawing, Result, View
from patronage.engine import text, texts
from patronage.errors import DataError
from patronage.lenses.week import countries, is_weekend
from patronage.statistics import Estimate, two_sided, wilson_interval
from patronage.typing import Array

HOURS = 3  # of a ritual
LEAST_DAYS = 28  # of a customer, whole weeks
LEAST = 30  # customers with a ritual until the earlier moment
MOST_DAYS = 0.5  # of the days, and more
SURELY = 3.3  # deviations above what chance gives in the best of 22 spans, on all days and on working days
MOST_CUSTOMERS = 50_000
EVERY_DAY, WORKING_DAYS = "every day", "working days"
SCOPES = {EVERY_DAY: "days", WORKING_DAYS: "working_days"}
KEY = [c.CUSTOMER_ID, "act"]
COLUMNS = ["act", "customers", "commonest", "until_then", "since_share", "since_usual", "value", "low", "high"]


class _Log(NamedTuple):
    """What customers with many days did, in the last span (`is_late` 1) and in the one before.

    Attributes
    ----------
    hits
        By customer, act, span and first hour of three: `days` and `working_days` with the act in these hours.
    days
        By customer, act, span, `is_off` and number of `hours` with the act: how many days (`n`).
    usual
        By act, span and `is_off`: the share of everybody's hours in the three that begin at each hour, and from how
        many equal hours of the day (`of_hours`) they are as if drawn.
    length
        By customer: `days` and `working_days` in each span.
    """

    hits: pd.DataFrame
    days: pd.DataFrame
    usual: pd.DataFrame
    length: pd.DataFrame


def run(view: View, settings: object) -> Result:
    """The acts with a ritual, what those who had it did since, and a list of each."""
    log = _log(view)
    rows, listed = [], {}
    best = _best(log) if len(log.hits) else pd.DataFrame(columns=[*KEY, "is_late"])
    for act, own in best.groupby("act"):
        now, then = own[own["is_late"] == 1], own[own["is_late"] == 0]
        if len(then) < LEAST:
            continue
        since = _since(log, then)
        length, expected = since["length"].sum(), since["expected"].to_numpy(np.float64)
        ratio = _beside(since["hits"].to_numpy(np.float64), expected)
        p_value = float(two_sided((ratio.value - 1) / ratio.error)) if ratio.error > 0 else np.nan
        commonest = _time(int(now["first_hour"].mode().iloc[0])) if len(now) else ""
        rows.append((act, len(now), commonest, len(then), since["hits"].sum() / length, expected.sum() / length,
                     float(ratio.value), float(ratio.low), float(ratio.high), p_value))  # fmt: skip
        listed[act] = now
    if not rows:
        most = int(best[best["is_late"] == 0].groupby("act").size().max()) if len(best) else 0
        raise DataError(
            f"{most} customers did the same at the same time on most days until {view.since_days} days ago; expected "
            f"{LEAST}"
        )
    table = pd.DataFrame(rows, columns=[*COLUMNS, "p_value"])
    table = with_verdicts(table.drop(columns="p_value"), table["p_value"].to_numpy(np.float64), 1.0)
    return _told(table, listed, view.since_days)


def _told(table: pd.DataFrame, listed: dict[str, pd.DataFrame], since_days: int) -> Result:
    sure = table[table["verdict"] == MORE].sort_values("customers", ascending=False)
    told = [
        f"{row['customers']:,} customers have a daily ritual ({row['act']}, most of them {row['commonest']}): those "
        f"who had it {since_days} days ago kept it on {row['since_share']:.0%} of their days since, beside "
        f"{row['since_usual']:.0%} at the hours of everybody"
        for row in sure.to_dict("records")
        if row["customers"]
    ]
    result = Result("; ".join(told) or "no daily ritual was kept since more often than the hours of everybody give")
    axis = "times the days since that the hours of everybody give, with 95% interval"
    result.add("rituals", table, Drawing("forest", table.assign(label=table["act"]), result.finding, axis, 1.0))
    parts = []
    for row in sure.to_dict("records"):
        members = listed[row["act"]].sort_values(["low", c.CUSTOMER_ID], ascending=[False, True])
        reason = [
            f"{row['act']} {_time(int(one.first_hour))} on {one.hits:.0f} of {one.length:.0f} "
            f"{'days' if one.scope == EVERY_DAY else one.scope}"
            for one in members.itertuples()
        ]
        parts.append(pd.DataFrame({c.CUSTOMER_ID: members[c.CUSTOMER_ID], "reason": reason, "low": members["low"],
                                   "measured_lift": row["value"]}))  # fmt: skip
    if parts and sum(map(len, parts)):
        whole = pd.concat(parts).sort_values("low", ascending=False, kind="stable").drop_duplicates(c.CUSTOMER_ID)
        result.lists["daily_rituals"] = whole.drop(columns="low").reset_index(drop=True)
    return result


def _time(first_hour: int) -> str:
    return f"from {first_hour} to {first_hour + HOURS} o'clock"


def _best(log: _Log) -> pd.DataFrame:
    """The rituals: of each customer, act and span the three hours that surely hold most days, where they are one."""
    scopes = []
    for scope, column in SCOPES.items():
        length = log.length.rename(columns={column: "length"})[[c.CUSTOMER_ID, "is_late", "length"]]
        rows = log.hits.rename(columns={column: "hits"})[[*KEY, "is_late", "first_hour", "hits"]]
        scopes.append(rows.merge(length, on=[c.CUSTOMER_ID, "is_late"]).assign(scope=scope))
    rows = pd.concat(scopes, ignore_index=True)
    length = rows["length"].to_numpy(np.float64)
    hits = np.minimum(rows["hits"].to_numpy(np.float64), length)
    rows = rows.assign(hits=hits, low=wilson_interval(hits, length)[0])
    rows = rows[rows["low"] > MOST_DAYS].sort_values(
        ["low", "hits", "first_hour", "scope"], ascending=[False, False, True, True], kind="stable"
    )
    rows = _with_expected(log, rows.drop_duplicates([*KEY, "is_late"]))
    more = rows["hits"] - rows["expected"] - 0.5  # whole days (the correction for continuity)
    surely = more >= SURELY * np.sqrt(rows["variance"].to_numpy(np.float64))
    return rows[surely].reset_index(drop=True)


def _since(log: _Log, rituals: pd.DataFrame) -> pd.DataFrame:
    """What those who had a ritual did in the last span in the same hours of the same days."""
    rows = (
        rituals[[*KEY, "first_hour", "scope"]]
        .assign(is_late=1)
        .merge(log.hits, "left", [*KEY, "is_late", "first_hour"])
    )
    is_every = (rows["scope"] == EVERY_DAY).to_numpy()
    hits = np.where(is_every, rows.pop("days").fillna(0), rows.pop("working_days").fillna(0))
    rows = rows.assign(hits=hits).merge(log.length, on=[c.CUSTOMER_ID, "is_late"])
    rows = rows.assign(length=np.where(rows["scope"] == EVERY_DAY, rows["days"], rows["working_days"]))
    return _with_expected(log, rows.drop(columns=["days", "working_days"]))


def _with_expected(log: _Log, rows: pd.DataFrame) -> pd.DataFrame:
    """With the days that as many acts at the hours of everybody would give in these hours, and their variance."""
    rows = rows.reset_index(drop=True)
    days = rows.rename_axis("row").reset_index()[["row", *KEY, "is_late", "first_hour", "scope"]]
    days = days.merge(log.days, on=[*KEY, "is_late"])
    days = days[(days["scope"] == EVERY_DAY) | (days["is_off"] == 0)]
    days = days.merge(log.usual, on=["act", "is_late", "is_off", "first_hour"])
    chance = _chance(*(days[name].to_numpy(np.float64) for name in ("share", "of_hours", "hours")))
    sums = days.assign(expected=days["n"] * chance, variance=days["n"] * chance * (1 - chance)).groupby("row")
    sums = sums[["expected", "variance"]].sum().reindex(rows.index, fill_value=0.0)
    return rows.join(sums)


def _chance(share: Array, of_hours: Array, hours: Array) -> Array:
    """(N,) probability that a day with the act in some hours has one of the three: no hour is drawn twice.

    As if drawn from so many equal hours: who acts in all of them surely acts in these.
    """
    missed = np.ones(len(share))
    for drawn in range(int(hours.max(initial=0))):
        left = np.maximum(of_hours - drawn, 1e-9)
        missed *= np.where(drawn < hours, np.maximum(1 - share * of_hours / left, 0.0), 1.0)
    return 1 - missed


def _beside(hits: Array, expected: Array) -> Estimate:
    """How many times the expected days there are, resting on customers."""
    whole = max(float(expected.sum()), 1e-12)
    ratio = float(hits.sum()) / whole
    return Estimate(np.array(ratio), np.array(np.sqrt(((hits - ratio * expected) ** 2).sum()) / whole))


def _log(view: View) -> _Log:
    history, occasion = view.history, view.occasion
    span = view.since_days // 7 * 7  # whole weeks, of which working days are a known share
    if span < LEAST_DAYS:
        raise DataError(f"movement_days is {view.since_days}; rituals need {LEAST_DAYS}")
    age = history.age("CAST(moment AS DATE)")
    clock = "extract(hour FROM moment) + extract(minute FROM moment) + extract(second FROM moment)"
    weekday = history.engine.weekday("day")
    table = keep(
        history,
        "hours",
        f"""
        SELECT timed.customer_id, act, day, hour, is_late,
               CASE WHEN {is_weekend(weekday, history, occasion)} THEN 1 ELSE 0 END AS is_off
        FROM timed LEFT JOIN countries ON countries.customer_id = timed.customer_id""",
        {
            "countries": countries(history, occasion),
            "moments": f"""
                SELECT customer_id, {text(ORDER)} AS act, ordered_at AS moment FROM orders
                UNION ALL
                SELECT customer_id, event AS act, occurred_at AS moment FROM events
                WHERE event IN ({texts(occasion.contact_events)})""",
            "timed": f"""
                SELECT DISTINCT customer_id, act, CAST(moment AS DATE) AS day, extract(hour FROM moment) AS hour,
                       CASE WHEN {age} <= {span} THEN 1 ELSE 0 END AS is_late
                FROM moments WHERE {clock} > 0 AND {age} <= {2 * span}
                     AND {sampled(history, c.CUSTOMER_ID, MOST_CUSTOMERS)}""",
        },
    )  # fmt: skip
    try:
        return _counted(view, table, span)
    finally:
        history.engine.drop(table)


def _counted(view: View, table: str, span: int) -> _Log:
    """Counts of the hours in a kept table; of customers alone who may have a ritual, which need many days."""
    history = view.history
    fewest = LEAST_DAYS * 5 // 7 * MOST_DAYS
    frequent = {
        "frequent": f"""
            SELECT DISTINCT customer_id, act FROM (
                SELECT customer_id, act FROM {table} GROUP BY customer_id, act, is_late
                HAVING count(DISTINCT day) >= {fewest}) AS counted""",
        "own": f"""
            SELECT {table}.customer_id, {table}.act, day, hour, is_late, is_off FROM {table}
            JOIN frequent ON frequent.customer_id = {table}.customer_id AND frequent.act = {table}.act""",
    }
    first_hours = " UNION ALL ".join(f"SELECT *, hour - {k} AS first_hour FROM own" for k in range(HOURS))
    hits = history.frame(
        f"""
        SELECT customer_id, act, is_late, first_hour, count(DISTINCT day) AS days,
               count(DISTINCT CASE WHEN is_off = 0 THEN day END) AS working_days
        FROM spans WHERE first_hour >= 0 AND first_hour <= {24 - HOURS}
        GROUP BY customer_id, act, is_late, first_hour ORDER BY customer_id, act, is_late, first_hour""",
        {**frequent, "spans": first_hours},
    )
    days = history.frame(
        """
        SELECT customer_id, act, is_late, is_off, hours, count(*) AS n FROM by_day
        GROUP BY customer_id, act, is_late, is_off, hours ORDER BY customer_id, act, is_late, is_off, hours""",
        {**frequent, "by_day": "SELECT customer_id, act, is_late, is_off, day, count(*) AS hours FROM own "
                               "GROUP BY customer_id, act, is_late, is_off, day"},
    )  # fmt: skip
    everybody = history.frame(f"SELECT act, is_late, is_off, hour, count(*) AS n FROM {table} GROUP BY 1, 2, 3, 4")
    return _Log(hits, days, _usual(everybody), _length(view, span))


def _usual(everybody: pd.DataFrame) -> pd.DataFrame:
    """By act, span and kind of day: the share of everybody's hours in each three that begin at an hour."""
    counts = everybody.astype({"hour": int}).pivot_table("n", ["act", "is_late", "is_off"], "hour", "sum", fill_value=0)
    counts = counts.reindex(columns=range(24), fill_value=0).astype(np.float64)
    shares = counts.div(counts.sum(axis=1), axis=0)
    spans = {first: shares[list(range(first, first + HOURS))].sum(axis=1) for first in range(25 - HOURS)}
    rows = (
        pd.DataFrame(spans).reset_index().melt(["act", "is_late", "is_off"], var_name="first_hour", value_name="share")
    )
    of_hours = (1 / (shares**2).sum(axis=1)).rename("of_hours")  # as many equal ones (Simpson 1949)
    return rows.merge(of_hours.reset_index(), how="left", on=["act", "is_late", "is_off"])


def _length(view: View, span: int) -> pd.DataFrame:
    """By customer and span: the days and working days of the whole weeks since the customer began."""
    history, occasion = view.history, view.occasion
    off = " + ".join(f"CASE WHEN {is_weekend(str(day), history, occasion)} THEN 1 ELSE 0 END" for day in range(1, 8))
    rows = history.frame(
        f"""
        SELECT beginnings.customer_id, {history.age("start")} AS age, {off} AS days_off
        FROM beginnings LEFT JOIN countries ON countries.customer_id = beginnings.customer_id
        WHERE {sampled(history, "beginnings.customer_id", MOST_CUSTOMERS)}""",
        {**BEGINNINGS, "countries": countries(history, occasion)},
    )
    spans = []
    for is_late in (0, 1):
        weeks = (rows["age"] - (0 if is_late else span)).clip(upper=span) // 7
        known = pd.DataFrame({c.CUSTOMER_ID: rows[c.CUSTOMER_ID], "is_late": is_late, "days": 7 * weeks,
                              "working_days": weeks * (7 - rows["days_off"])})  # fmt: skip
        spans.append(known[known["days"] >= LEAST_DAYS])
    return pd.concat(spans, ignore_index=True)


ANALYSIS = Analysis("rituals", "Who does the same at the same time on most days?", run)
