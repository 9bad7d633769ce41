"""Contact pressure: how many messages a customer gets a week, and what they do then.

For each customer and week with a message: whether the customer responded in the week, unsubscribed, or ordered in the
four weeks after. Those who get more are not like those who get fewer, and weeks differ in what is sent; so weeks of
high pressure are also held beside what is usual of the same customers and of the same weeks. An association all the
same: the effect is known where contacts were drawn by lot (`docs/practice.md`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.analyses.acts import sampled
from patronage.analyses.beyond_chance import CHANCE, with_verdicts
from patronage.analyses.contract import Analysis, Drawing, Result, View
from patronage.analyses.pooling import by_customer, times_over
from patronage.config import PressureConfig
from patronage.data.contract import SENT
from patronage.engine import text
from patronage.errors import DataError
from patronage.lenses import History
from patronage.names import Metric
from patronage.statistics import Estimate, wilson_interval

OUTCOMES = {"responded": "in the week", "unsubscribed": "in the week", "ordered": "in the 28 days after the week"}
LEAST_WEEKS = 200
PRIOR_WEEKS = 1.0  # imagined weeks beyond the cap, as many as all customers have
LEAST_BESIDE = 30  # customers of a week within the cap, to hold the others of that week against
RESPONSES = ("message_opened", "message_clicked", "offer_redeemed")


def run(view: View, settings: PressureConfig) -> Result:
    """Response, unsubscribing and later orders by the messages of a week; customers beyond the cap."""
    weeks = _weeks(view.history, settings)
    numbers = weeks["messages"].nunique()
    if len(weeks) < LEAST_WEEKS or numbers < 2:
        raise DataError(
            f"{len(weeks):,} customer weeks with messages{', all with as many' if numbers == 1 else ''}; expected "
            f"{LEAST_WEEKS} weeks, some with more messages than others"
        )
    result = Result()
    top = settings.cap + 1
    weeks["pressure"] = weeks["messages"].clip(upper=top)
    table = _by_pressure(weeks, top)
    result.add("pressure", table, Drawing("lines", _lines(table), "", "messages in a week"))
    own = _within_customers(weeks, weeks["messages"] > settings.cap)
    if view.history.has("events", c.SENDER):
        _senders(result, view.history, weeks, settings)
    beyond = weeks[weeks["messages"] > settings.cap].groupby(c.CUSTOMER_ID).size().rename("weeks_beyond_cap")
    listed = beyond.reset_index().sort_values(["weeks_beyond_cap", c.CUSTOMER_ID], ascending=[False, True])
    left = weeks.groupby(weeks["messages"] > settings.cap)["unsubscribed"].mean().replace(0.0, np.nan)
    result.lists["beyond_contact_cap"] = listed.reset_index(drop=True).assign(
        reason=[f"more than {settings.cap} messages in {n} week{'s' if n > 1 else ''}" for n in listed[beyond.name]],
        measured_lift=left.get(True, np.nan) / left.get(False, np.nan),  # of unsubscribing in such a week
    )
    share = len(beyond) / weeks[c.CUSTOMER_ID].nunique()
    result.metrics[Metric.PRESSURE_BEYOND_CAP] = share
    result.finding = f"{len(beyond):,} customers ({share:.1%}) had more than {settings.cap} messages in a week"
    if len(beyond) < LEAST_BESIDE:
        result.notes.append(
            f"pressure: what follows weeks of more than {settings.cap} messages is known of {len(beyond)} customers; "
            f"expected {LEAST_BESIDE}"
        )
        result.drawings["pressure"] = Drawing("lines", _lines(table), result.finding, "messages in a week")
        return result
    result.add("pressure_same_customer", own)
    row = own.set_index("outcome").loc["unsubscribed"]
    result.finding += (
        f"; in such weeks like customers unsubscribed {'less' if row['value'] < 0 else 'more'} often by "
        f"{100 * abs(row['value']):.2f} points [{100 * row['low']:+.2f}, {100 * row['high']:+.2f}]"
        f"{f', {CHANCE}' if row['verdict'] == CHANCE else ''}"
    )
    result.drawings["pressure"] = Drawing("lines", _lines(table), result.finding, "messages in a week")
    return result


def _weeks(history: History, settings: PressureConfig) -> pd.DataFrame:
    """A row per customer and week with a message; weeks whose four weeks after are not over are left out."""
    week = f"CAST(floor(({history.age('day')} - 1) / 7.0e0) AS INTEGER)"
    sent = ", ".join(map(text, SENT))
    responses = ", ".join(map(text, RESPONSES))
    days = "SELECT customer_id, CAST(occurred_at AS DATE) AS day, event FROM events"
    steps = {
        "days": days,
        "sent": f"SELECT customer_id, {week} AS week, count(*) AS messages FROM days "
        f"WHERE event IN ({sent}) AND {sampled(history, c.CUSTOMER_ID, settings.most_customers)} "
        f"GROUP BY customer_id, {week}",
        "replies": f"SELECT customer_id, {week} AS week, "
        f"max(CASE WHEN event IN ({responses}) THEN 1 ELSE 0 END) AS responded, "
        f"max(CASE WHEN event = 'unsubscribed' THEN 1 ELSE 0 END) AS unsubscribed FROM days "
        f"WHERE event IN ({responses}, 'unsubscribed') GROUP BY customer_id, {week}",
        "bought": f"SELECT DISTINCT customer_id, {week} AS week FROM order_days",
        "shifts": "SELECT 1 AS shift UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4",
        "after": "SELECT DISTINCT customer_id, week + shift AS week FROM bought CROSS JOIN shifts",
    }
    return history.frame(
        """
        SELECT sent.customer_id, sent.week, messages, coalesce(responded, 0) AS responded,
               coalesce(unsubscribed, 0) AS unsubscribed, CASE WHEN after.week IS NULL THEN 0 ELSE 1 END AS ordered
        FROM sent LEFT JOIN replies ON sent.customer_id = replies.customer_id AND sent.week = replies.week
             LEFT JOIN after ON sent.customer_id = after.customer_id AND sent.week = after.week
        WHERE sent.week >= 4 ORDER BY sent.customer_id, sent.week""",
        steps,
    )


def _senders(result: Result, history: History, weeks: pd.DataFrame, settings: PressureConfig) -> None:
    """Who in the company sends how much, how often into a week of another's messages, and what follows such weeks."""
    week = f"CAST(floor(({history.age('CAST(occurred_at AS DATE)')} - 1) / 7.0e0) AS INTEGER)"
    rows = history.frame(
        f"SELECT customer_id, {week} AS week, sender, count(*) AS own FROM events "
        f"WHERE event IN ({', '.join(map(text, SENT))}) AND sender IS NOT NULL "
        f"AND {sampled(history, c.CUSTOMER_ID, settings.most_customers)} GROUP BY customer_id, {week}, sender"
    )
    several = rows.groupby([c.CUSTOMER_ID, "week"])[c.SENDER].size().rename("senders").reset_index()
    weeks = weeks.merge(several, "left", [c.CUSTOMER_ID, "week"])
    rows = rows.merge(weeks, "inner", [c.CUSTOMER_ID, "week"])
    if rows.empty:
        return
    rows["beyond"], rows["shared"] = rows["messages"] > settings.cap, rows["senders"] > 1
    table = rows.groupby(c.SENDER).agg(
        messages=("own", "sum"), customers=(c.CUSTOMER_ID, "nunique"), share_of_weeks_beyond_cap=("beyond", "mean"),
        share_of_weeks_with_another=("shared", "mean"), unsubscribed=("unsubscribed", "mean"),
    ).reset_index()  # fmt: skip
    result.add("pressure_senders", table.sort_values("messages", ascending=False, ignore_index=True))
    if rows["shared"].any():
        own = _within_customers(weeks, weeks["senders"].fillna(0) > 1)
        result.add("pressure_several_senders", own)


def _by_pressure(weeks: pd.DataFrame, top: int) -> pd.DataFrame:
    frames = []
    for outcome, span in OUTCOMES.items():
        counts = by_customer(weeks.assign(k=weeks[outcome], n=1), ["pressure"])
        value = counts["k"] / counts["n"]
        once = times_over(counts, value.to_numpy(float))  # the weeks of one customer are alike
        low, high = wilson_interval(counts["k"].to_numpy(float) / once, counts["n"].to_numpy(float) / once)
        counts = counts.rename(columns={"k": "events", "n": "weeks"}).astype({"events": int, "weeks": int})
        frames.append(counts.assign(outcome=f"{outcome} {span}", value=value, low=low, high=high))
    table = pd.concat(frames, ignore_index=True)
    table["messages"] = [f"{n} or more" if n == top else str(n) for n in table["pressure"]]
    return table[["outcome", "messages", "pressure", "weeks", "events", "value", "low", "high"]]


def _lines(table: pd.DataFrame) -> pd.DataFrame:
    return table.rename(columns={"pressure": "x", "outcome": "group"})


def _within_customers(weeks: pd.DataFrame, beyond_cap: pd.Series) -> pd.DataFrame:
    """What follows weeks beyond the cap, beside what is usual of the same customers and of the same weeks.

    A week counts beside the customers of that week within the cap, and by how much more pressure it had than the
    customer's own earlier weeks make likely. Later weeks must not count there: who unsubscribes has none.
    """
    weeks = weeks.sort_values([c.CUSTOMER_ID, "week"], ascending=[True, False], kind="stable")  # weeks ago: first first
    high = beyond_cap.loc[weeks.index].astype(np.float64)
    usual = weeks[high == 0].groupby("week")[list(OUTCOMES)].mean()
    enough = weeks[high == 0].groupby("week").size().reindex(weeks["week"]).to_numpy() >= LEAST_BESIDE
    surprise = high - _likely(weeks, high)
    surprise = surprise.where(enough, 0.0).to_numpy(np.float64)
    weight = float((surprise * high).sum())
    rows = []
    for outcome in OUTCOMES:
        beyond = weeks[outcome].to_numpy(np.float64) - usual[outcome].reindex(weeks["week"]).to_numpy(np.float64)
        beyond = np.where(enough, beyond, 0.0)
        value = float((surprise * beyond).sum()) / weight if weight > 0 else np.nan
        parts = pd.Series(surprise * (beyond - value * high.to_numpy())).groupby(weeks[c.CUSTOMER_ID].to_numpy()).sum()
        error = float(np.sqrt((parts**2).sum())) / weight if weight > 0 else np.nan
        estimate = Estimate(np.array(value), np.array(error))
        ends = float(estimate.low), float(estimate.high), float(estimate.p_value)
        rows.append((outcome, int((parts != 0).sum()), value, *ends))
    table = pd.DataFrame(rows, columns=["outcome", "customers", "value", "low", "high", "p_value"])
    return with_verdicts(table.drop(columns="p_value"), table["p_value"].to_numpy(np.float64))


def _likely(weeks: pd.DataFrame, high: pd.Series) -> pd.Series:
    """How likely each week was beyond the cap: its share among all customers, times the customer's own so far."""
    share = high.groupby(weeks["week"]).transform("mean")
    own = weeks[c.CUSTOMER_ID]
    before, expected = (values.groupby(own).cumsum() - values for values in (high, share))
    return (share * (before + PRIOR_WEEKS) / (expected + PRIOR_WEEKS)).clip(upper=1.0)


ANALYSIS = Analysis("pressure", "Do customers get too many messages?", run, ("events",))
