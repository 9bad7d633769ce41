"""Cohort retention: of those who began together, how many still buy?

Two ways to begin together: in the same calendar month (acquisition cohorts), or alike in the first days (behavioural
cohorts, such as "rated three or more things in the first week"). A cell is empty where its time is not over yet for
everyone in it: never zero, and never a share of those few whose time was up.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from patronage import names as c
from patronage.config import Behaviour
from patronage.data import Tables
from patronage.engine import text
from patronage.lenses.history import History, look_back


def by_month(tables: Tables, cutoff: datetime) -> pd.DataFrame:
    """Retention of the customers by the calendar month of their first order.

    Returns
    -------
    DataFrame
        A row per `cohort` (YYYY-MM) and `month` since (0 is the month of the first order): `customers` of the cohort,
        those `active` with an order in that month, their share `retention`. Active and retention are missing where
        the month was not over at the cutoff.
    """
    history = look_back(tables, cutoff, 1)
    seen = history.engine.frame(
        f"SELECT cohort, month - cohort AS month, count(*) AS active FROM ("
        f"SELECT customer_id, {_month('day')} AS month, min({_month('min(day)')}) OVER (PARTITION BY customer_id) "
        f"AS cohort FROM days GROUP BY customer_id, {_month('day')}) GROUP BY cohort, month - cohort"
    ).astype(int)
    active = seen.set_index(["cohort", "month"])["active"]
    sizes = active.xs(0, level="month").sort_index()
    running = cutoff.year * 12 + cutoff.month - 1  # the month in which the cutoff falls is not over
    most = running - int(sizes.index.min())
    grid = pd.MultiIndex.from_product([sizes.index, range(most)], names=["cohort", "month"])
    table = active.reindex(grid, fill_value=0).rename("active").reset_index()
    over = table["cohort"] + table["month"] < running
    table["active"] = table["active"].where(over)
    table.insert(2, "customers", table["cohort"].map(sizes))
    table["retention"] = table["active"] / table["customers"]
    table["cohort"] = [f"{month // 12:04d}-{month % 12 + 1:02d}" for month in table["cohort"]]
    return table


def _month(day: str) -> str:
    """SQL: months since the year 0."""
    return f"(extract(year FROM {day}) * 12 + extract(month FROM {day}) - 1)"


def by_behaviour(
    tables: Tables, cutoff: datetime, behaviours: Mapping[str, Behaviour], *, period_days: int, periods: int
) -> pd.DataFrame:
    """Retention of those who did something in their first days beside those who did not.

    A customer begins with her sign-up or first order, whichever is earlier; period 0 starts then. Customers whose
    first days are not over are left out. What they did is no cause: who rates is keener to begin with.

    Parameters
    ----------
    behaviours
        Name to event, number and days.
    period_days, periods
        Length and number of the periods.

    Returns
    -------
    DataFrame
        A row per `behaviour`, `group` (did, did not) and `period`: the `customers` whose period is over, those
        `active` with an order in it, `retention` with its 95 % Wilson interval `low` to `high`; missing where the
        period is over for nobody.
    """
    history = look_back(tables, cutoff, 1)
    engine = history.engine
    engine.view(
        "beginnings",
        "SELECT customer_id, min(day) AS start FROM (SELECT customer_id, day FROM days UNION ALL "
        "SELECT customer_id, CAST(signed_up_at AS DATE) FROM signups) GROUP BY customer_id",
    )
    frames = [
        _split(history, name, behaviour, period_days, periods).assign(behaviour=name)
        for name, behaviour in behaviours.items()
    ]
    if not frames:
        return pd.DataFrame(columns=["behaviour", "group", "period", "customers", "active", "retention", "low", "high"])
    table = pd.concat(frames, ignore_index=True)
    table["retention"] = table["active"] / table["customers"].where(table["customers"] > 0)
    table = table.join(_wilson(table["active"], table["customers"]))
    return table[["behaviour", "group", "period", "customers", "active", "retention", "low", "high"]]


def _split(history: History, name: str, behaviour: Behaviour, period_days: int, periods: int) -> pd.DataFrame:
    engine = history.engine
    age = engine.days("b.start", "CAST(t.occurred_at AS DATE)")
    people = engine.frame(
        f"SELECT b.customer_id, {history.age('b.start')} AS age, "
        f"count(t.event) FILTER (WHERE {age} >= 0 AND {age} < {behaviour.within_days}) AS times "
        f"FROM beginnings AS b LEFT JOIN touches AS t ON t.customer_id = b.customer_id "
        f"AND t.event = {text(behaviour.event)} GROUP BY b.customer_id, b.start"
    ).set_index(c.CUSTOMER_ID)
    people = people[people["age"] >= behaviour.within_days]
    period = f"CAST(floor({engine.days('b.start', 'd.day')} * 1.0e0 / {period_days}) AS INTEGER)"
    acts = engine.frame(
        f"SELECT DISTINCT d.customer_id, {period} AS period FROM days AS d "
        f"JOIN beginnings AS b ON b.customer_id = d.customer_id WHERE {period} < {periods}"
    )
    group = pd.Series(np.where(people["times"] >= behaviour.at_least, "did", "did not"), people.index)
    acts = acts[acts[c.CUSTOMER_ID].isin(people.index)]
    acts = acts.assign(group=group.loc[acts[c.CUSTOMER_ID]].to_numpy())
    acts["over"] = people["age"].loc[acts[c.CUSTOMER_ID]].to_numpy() >= (acts["period"] + 1) * period_days
    active = acts[acts["over"]].groupby(["group", "period"]).size()
    rows = [
        {"group": one, "period": number, "customers": int((mine >= (number + 1) * period_days).sum())}
        for one in ("did", "did not")
        for mine in [people["age"][group == one]]
        for number in range(periods)
    ]
    table = pd.DataFrame(rows)
    places = pd.MultiIndex.from_frame(table[["group", "period"]])
    table["active"] = active.reindex(places, fill_value=0).to_numpy(float)
    table["active"] = table["active"].where(table["customers"] > 0)
    return table


def _wilson(active: pd.Series, customers: pd.Series) -> pd.DataFrame:
    """The 95 % score interval of each share (Wilson 1927), missing where there are no customers."""
    intervals = [
        binomtest(int(k), int(n)).proportion_ci(method="wilson") if n else (np.nan, np.nan)
        for k, n in zip(active, customers, strict=True)
    ]
    return pd.DataFrame(intervals, columns=["low", "high"], index=customers.index)
