"""Cohort retention: of the customers who began together, how many still buy?

Two ways to begin together: in the same calendar month (acquisition cohorts), or alike in the first days (behavioural
cohorts, such as "rated three or more things in the first week"). A cell is empty where its time is not over yet for
everyone in it: never zero, and never a share of the few customers whose time is over.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.analyses.acts import BEGINNINGS, IN_CATEGORY, ORDER, acts, is_act
from patronage.analyses.contract import Analysis, Drawing, Result, View
from patronage.config import Behaviour, CohortsConfig
from patronage.engine import text
from patronage.lenses import History
from patronage.names import Metric
from patronage.statistics import wilson_interval


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
    if counts.empty:
        return pd.DataFrame(columns=["cohort", "month", "customers", "active", "retention"])
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
    history: History, behaviours: Mapping[str, Behaviour], *, period_days: int, periods: int, event: str = ORDER
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
    event
        Whose return is retention: an event, `order`, or `any` act of the customer.

    Returns
    -------
    DataFrame
        A row per `behaviour`, `group` (did, did not) and `period`: the `customers` whose period is over, those
        `active` with an order in it, `retention` with its 95 % Wilson interval `low` to `high`; missing where the
        period is over for nobody.
    """
    columns = ["behaviour", "group", "period", "customers", "active", "retention", "low", "high"]
    frames = [
        _split(history, behaviour, period_days, periods, event).assign(behaviour=name)
        for name, behaviour in behaviours.items()
    ]
    if not frames:
        return pd.DataFrame(columns=columns)
    table = pd.concat(frames, ignore_index=True)
    table["retention"] = table["active"] / table["customers"].where(table["customers"] > 0)
    table["low"], table["high"] = wilson_interval(table["active"].to_numpy(float), table["customers"].to_numpy(float))
    return table[columns]


def _split(history: History, behaviour: Behaviour, period_days: int, periods: int, event: str) -> pd.DataFrame:
    """Customers and active ones by group and period."""
    customers = _customers(history, behaviour)
    group = pd.Series(np.where(customers["times"] >= behaviour.at_least, "did", "did not"), customers.index)
    returned = _active_periods(history, period_days, periods, event)
    returned = returned[returned[c.CUSTOMER_ID].isin(customers.index)]
    returned = returned.assign(group=group.loc[returned[c.CUSTOMER_ID]].to_numpy())
    ages = customers["age"].loc[returned[c.CUSTOMER_ID]].to_numpy()
    active = returned[ages >= (returned["period"] + 1) * period_days].groupby(["group", "period"]).size()
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
    age = history.engine.days("start", "acts.day")
    category = behaviour.event.removeprefix(IN_CATEGORY) if behaviour.event.startswith(IN_CATEGORY) else ""
    customers = history.frame(
        f"""
        SELECT beginnings.customer_id, {history.age("start")} AS age,
               count(CASE WHEN {age} >= 0 AND {age} < {behaviour.within_days} THEN 1 END) AS times
        FROM beginnings LEFT JOIN acts
             ON acts.customer_id = beginnings.customer_id AND act = {text(behaviour.event)}
        GROUP BY beginnings.customer_id, start""",
        {**BEGINNINGS, **acts([category] if category else ())},
    ).set_index(c.CUSTOMER_ID)
    return customers[customers["age"] >= behaviour.within_days]


def _active_periods(history: History, period_days: int, periods: int, event: str) -> pd.DataFrame:
    """Customers and periods with the event."""
    period = f"CAST(floor({history.engine.days('start', 'acts.day')} * 1.0e0 / {period_days}) AS INTEGER)"
    return history.frame(
        f"""
        SELECT DISTINCT acts.customer_id, {period} AS period
        FROM acts JOIN beginnings ON acts.customer_id = beginnings.customer_id
        WHERE {is_act(event)} AND {period} >= 0 AND {period} < {periods}""",
        {**BEGINNINGS, **acts()},
    )


def run(view: View, settings: CohortsConfig) -> Result:
    """Retention by month of the first order, and of any event since the beginning, by behaviour."""
    result, history = Result(), view.history
    table = by_month(history)
    if len(table):
        result.add("cohorts", table, Drawing("triangle", table))
    else:
        result.notes.append("cohorts: no month since a first order is over")
    first = table[table["month"] == 1].dropna(subset=["active"])
    if len(first):
        rate = float(first["active"].sum() / first["customers"].sum())
        result.metrics[Metric.RETENTION_MONTH_1] = rate
        result.finding = f"{rate:.1%} of the customers order again in the month after that of their first order"
    if history.tables.left_censored:
        result.notes.append("cohorts begin with the first order of the log, not of the customer (left_censored)")
    days, periods = settings.period_days, settings.periods
    drawn: list[pd.DataFrame] = []
    for event in settings.events:
        everyone = by_behaviour(
            history, {"everyone": Behaviour(ORDER, 0, 1)}, period_days=days, periods=periods, event=event
        )
        everyone = everyone[everyone["group"] == "did"].reset_index(drop=True)
        if not everyone["active"].sum():
            over = everyone["customers"].sum() > 0
            why = "the log has none before the cutoff" if over else f"nobody's first {days} days are over"
            result.notes.append(f"retention of {event}: {why}")
            continue
        if any(everyone.equals(other) for other in drawn):
            result.notes.append(
                f"retention of {event}: the same as that before it, since no other act lies in a period without one"
            )
            continue
        drawn.append(everyone)
        points = everyone.rename(columns={"period": "x", "retention": "value"}).assign(group=event)
        title = _returned(everyone, event, settings.period_days)
        drawing = Drawing("lines", points, title, f"periods of {settings.period_days} days")
        result.add(f"retention_of_{event}", everyone, drawing)
    known = {name: behaviour for name, behaviour in settings.behaviours.items() if _is_known(history, behaviour.event)}
    result.notes += [
        f"cohort {name}: the log has no event {settings.behaviours[name].event} (data.events)"
        for name in settings.behaviours
        if name not in known
    ]
    if known:
        table = by_behaviour(history, known, period_days=days, periods=periods)
        result.add("cohorts_by_behaviour", table, Drawing("behaviours", table))
    return result


def _returned(everyone: pd.DataFrame, event: str, period_days: int) -> str:
    """The retention of the first period after the beginning, and of the last that is over for anybody."""
    over = everyone[(everyone["period"] > 0) & everyone["retention"].notna()]
    if over.empty:
        return "No period after the beginning is over"
    what = {ORDER: "order", "any": "are active"}.get(event, f"have {event.replace('_', ' ')}")
    first, last = over.iloc[0], over.iloc[-1]
    title = f"{first['retention']:.0%} of the customers {what} in days {period_days} to {2 * period_days - 1}"
    if last["period"] > first["period"]:
        title += f", {last['retention']:.0%} in period {last['period']:.0f}"
    return title


def _is_known(history: History, event: str) -> bool:
    if event.startswith((ORDER, IN_CATEGORY)):
        return True
    rows = history.frame(f"SELECT count(*) AS n FROM events WHERE event = {text(event)}")
    return int(rows["n"].iloc[0]) > 0


ANALYSIS = Analysis("cohorts", "Of the customers who began together, how many are still there?", run)
