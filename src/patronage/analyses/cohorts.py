"""Cohort retention: of the customers who began together, how many still buy?

Two ways to begin together: in the same calendar month (acquisition cohorts), or alike in the first days (behavioural
cohorts, such as "rated three or more things in the first week"). A cell is empty where its time is not over yet for
everyone in it: never zero, and never a share of the few customers whose time is over.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from patronage import names as c
from patronage.config import Behaviour
from patronage.engine import text
from patronage.lenses import History


def by_month(history: History) -> pd.DataFrame:
    """Retention of the customers by the calendar month of their first order.

    Returns
    -------
    DataFrame
        A row per `cohort` (YYYY-MM) and `month` since (0 is the month of the first order): `customers` of the cohort,
        those `active` with an order in that month, their share `retention`. Active and retention are missing where
        the month was not over at the cutoff.
    """
    months = f"""
        SELECT customer_id, {_month("day")} AS month,
               min({_month("min(day)")}) OVER (PARTITION BY customer_id) AS cohort
        FROM order_days GROUP BY customer_id, {_month("day")}"""
    counts = history.frame(
        "SELECT cohort, month - cohort AS month, count(*) AS active FROM months GROUP BY cohort, month - cohort",
        {"months": months},
    ).astype(int)
    active = counts.set_index(["cohort", "month"])["active"]
    sizes = active.xs(0, level="month").sort_index()
    running = history.cutoff.year * 12 + history.cutoff.month - 1  # the month in which the cutoff falls is not over
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
    history: History, behaviours: Mapping[str, Behaviour], *, period_days: int, periods: int
) -> pd.DataFrame:
    """Retention of the customers who did something in their first days beside those who did not.

    A customer begins with the sign-up or the first order, whichever is earlier; period 0 starts then. Customers whose
    first days are not over are left out. The behaviour is no cause: customers who rate are keener to begin with.

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
    columns = ["behaviour", "group", "period", "customers", "active", "retention", "low", "high"]
    frames = [
        _split(history, behaviour, period_days, periods).assign(behaviour=name)
        for name, behaviour in behaviours.items()
    ]
    if not frames:
        return pd.DataFrame(columns=columns)
    table = pd.concat(frames, ignore_index=True)
    table["retention"] = table["active"] / table["customers"].where(table["customers"] > 0)
    return table.join(_wilson(table["active"], table["customers"]))[columns]


BEGINNINGS = {
    "first_days": """
        SELECT customer_id, day FROM order_days
        UNION ALL
        SELECT customer_id, CAST(signed_up_at AS DATE) FROM signups""",
    "beginnings": "SELECT customer_id, min(day) AS start FROM first_days GROUP BY customer_id",
}


def _split(history: History, behaviour: Behaviour, period_days: int, periods: int) -> pd.DataFrame:
    """Customers and active ones by group and period."""
    customers = _customers(history, behaviour)
    group = pd.Series(np.where(customers["times"] >= behaviour.at_least, "did", "did not"), customers.index)
    acts = _active_periods(history, period_days, periods)
    acts = acts[acts[c.CUSTOMER_ID].isin(customers.index)]
    acts = acts.assign(group=group.loc[acts[c.CUSTOMER_ID]].to_numpy())
    acts["over"] = customers["age"].loc[acts[c.CUSTOMER_ID]].to_numpy() >= (acts["period"] + 1) * period_days
    active = acts[acts["over"]].groupby(["group", "period"]).size()
    table = pd.DataFrame(
        [
            {"group": name, "period": number, "customers": int((ages >= (number + 1) * period_days).sum())}
            for name in ("did", "did not")
            for ages in [customers["age"][group == name]]
            for number in range(periods)
        ]
    )
    places = pd.MultiIndex.from_frame(table[["group", "period"]])
    table["active"] = active.reindex(places, fill_value=0).to_numpy(float)
    table["active"] = table["active"].where(table["customers"] > 0)
    return table


def _customers(history: History, behaviour: Behaviour) -> pd.DataFrame:
    """Customers whose first days are over: their `age` in days, and how many `times` they did it in those days."""
    age = history.engine.days("start", "CAST(occurred_at AS DATE)")
    customers = history.frame(
        f"""
        SELECT beginnings.customer_id, {history.age("start")} AS age,
               count(event) FILTER (WHERE {age} >= 0 AND {age} < {behaviour.within_days}) AS times
        FROM beginnings LEFT JOIN events
             ON events.customer_id = beginnings.customer_id AND event = {text(behaviour.event)}
        GROUP BY beginnings.customer_id, start""",
        BEGINNINGS,
    ).set_index(c.CUSTOMER_ID)
    return customers[customers["age"] >= behaviour.within_days]


def _active_periods(history: History, period_days: int, periods: int) -> pd.DataFrame:
    """Customers and periods with an order."""
    period = f"CAST(floor({history.engine.days('start', 'day')} * 1.0e0 / {period_days}) AS INTEGER)"
    return history.frame(
        f"""
        SELECT DISTINCT customer_id, {period} AS period
        FROM order_days JOIN beginnings USING (customer_id) WHERE {period} < {periods}""",
        BEGINNINGS,
    )


def _wilson(active: pd.Series, customers: pd.Series) -> pd.DataFrame:
    """The 95 % score interval of each share (Wilson 1927), missing where there are no customers."""
    intervals = [
        binomtest(int(k), int(n)).proportion_ci(method="wilson") if n else (np.nan, np.nan)
        for k, n in zip(active, customers, strict=True)
    ]
    return pd.DataFrame(intervals, columns=["low", "high"], index=customers.index)
