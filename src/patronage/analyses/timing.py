"""When to reach a customer: do the customer's own dates bring orders, do messages in the best window get answers?

Around a date of the customer's own (a birthday, the anniversary of the sign-up or of the first order) orders are held
against those that the same customer's weeks before and after would give, each day weighted by how many orders everybody
placed on it: neither a season in which many began nor a customer who fades is a finding. Messages sent in the window
that was best until an earlier moment are held against messages sent to the same customer since then at other times.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.analyses.acts import BEGINNINGS, sampled
from patronage.analyses.beyond_chance import CHANCE, with_verdicts
from patronage.analyses.contract import Analysis, Drawing, Population, Result, View
from patronage.config import TimingConfig
from patronage.data.contract import SENT
from patronage.decisions.personal_dates import FIRST_ORDER, SIGNED_UP, in_year, personal_dates, upcoming
from patronage.engine import text, texts
from patronage.errors import DataError
from patronage.lenses import History
from patronage.lenses.week import countries, day_parts, is_weekend
from patronage.statistics import Estimate, two_sided
from patronage.typing import Array

DAY = pd.Timedelta(days=1)
RESPONSES = ("message_opened", "message_clicked", "offer_redeemed")
RESPONSE_HOURS = 24
BEGINNING_DAYS = 30  # after the first order or sign-up are no anniversary
BESIDE_DAYS = 28  # before and after those around a date: what is usual


def run(view: View, settings: TimingConfig) -> Result:
    """The dates with what they bring, the list of those that come, and windows proved by response."""
    result = Result()
    dates = personal_dates(view.history.tables, view.history.cutoff)
    if len(dates):
        _dates(result, view, dates, settings)
    else:
        result.notes.append("own dates: none; declare attributes of the kind date, or give signed_up_at")
    _windows(result, view, settings)
    if not result.tables:
        raise DataError("; ".join(result.notes))
    return result


def _dates(result: Result, view: View, dates: pd.DataFrame, settings: TimingConfig) -> None:
    orders = _orders(view.history, settings.most_customers)
    rows = []
    for name, own in dates.groupby(c.PERSONAL_DATE, sort=False):
        known = own[own[c.CUSTOMER_ID].isin(orders.customers.index)].set_index(c.CUSTOMER_ID)["day"]
        placed_near, expected = _near(known, orders, settings.around_days, beginning=name in (SIGNED_UP, FIRST_ORDER))
        if expected.sum() < settings.least:
            result.notes.append(
                f"own dates, {name}: {expected.sum():.0f} usual orders around those of {len(known):,} customers; "
                f"expected at least {settings.least}"
            )
            continue
        error = float(np.sqrt(((placed_near - expected) ** 2).sum())) / expected.sum()
        ratio = Estimate(np.array(placed_near.sum() / expected.sum()), np.array(error))
        p_value = float(two_sided((ratio.value - 1) / error)) if error > 0 else np.nan
        rows.append((name, len(known), int(placed_near.sum()), expected.sum(), *_told(ratio), p_value))
    if not rows:
        return
    names = [c.PERSONAL_DATE, "customers", "orders", "usual_orders", "value", "low", "high", "p_value"]
    table = pd.DataFrame(rows, columns=names)
    table = with_verdicts(table.drop(columns="p_value"), table["p_value"].to_numpy(np.float64), 1.0)
    sure = table[table["verdict"] != CHANCE]
    days = f"in the {settings.around_days} days before and after"
    told = [f"{row[c.PERSONAL_DATE]} {row['value']:.2f} times [{row['low']:.2f}, {row['high']:.2f}]"
            for row in sure.to_dict("records")]  # fmt: skip
    result.finding = (
        f"orders {days}, beside the same customers' usual: {', '.join(told)}"
        if told
        else f"no own date changes the orders {days} beyond chance ({', '.join(table[c.PERSONAL_DATE])})"
    )
    frame = table.assign(label=table[c.PERSONAL_DATE])
    result.add("own_dates", table, Drawing("forest", frame, result.finding, f"times the usual orders {days}", 1.0))
    coming = upcoming(dates, view.history.cutoff, settings.ahead_days)
    lifts = table.set_index(c.PERSONAL_DATE)["value"]
    coming = coming[coming[c.PERSONAL_DATE].isin(lifts.index)]
    reason = coming[c.PERSONAL_DATE] + " on " + coming["day"].dt.strftime("%Y-%m-%d")
    result.lists["own_dates_to_come"] = coming.assign(
        reason=reason, measured_lift=coming[c.PERSONAL_DATE].map(lifts)
    ).reset_index(drop=True)


class _Orders:
    """The days with orders of a sample of the customers, and how many orders everybody placed until each day."""

    def __init__(self, days: pd.DataFrame, starts: pd.Series, totals: pd.Series, end: pd.Timestamp) -> None:
        self.days, self.end = days, end
        self.customers = starts
        self.first = totals.index.min()
        whole = totals.reindex(pd.date_range(self.first, end - DAY), fill_value=0)
        self.until = np.concatenate([[0.0], np.cumsum(whole.to_numpy(np.float64))])

    def between(self, start: pd.Series, end: pd.Series) -> Array:
        """(N,) orders of everybody in `[start, end)`."""
        places = [
            np.clip((side - self.first).dt.days.to_numpy(), 0, len(self.until) - 1).astype(np.intp)
            for side in (start, end)
        ]
        return np.asarray(np.maximum(self.until[places[1]] - self.until[places[0]], 0.0))


def _orders(history: History, most: int) -> _Orders:
    sample = sampled(history, c.CUSTOMER_ID, most)
    days = history.frame(f"SELECT customer_id, day FROM order_days WHERE {sample} ORDER BY customer_id, day")
    starts = history.frame(
        f"SELECT customer_id, start FROM beginnings WHERE {sample} ORDER BY customer_id",
        BEGINNINGS,
    ).set_index(c.CUSTOMER_ID)["start"]
    totals = history.frame("SELECT day, count(*) AS n FROM order_days GROUP BY day ORDER BY day")
    if totals.empty:
        raise DataError("no order")
    return _Orders(
        days.assign(day=pd.to_datetime(days["day"])),
        pd.to_datetime(starts),
        pd.Series(totals["n"].to_numpy(), pd.to_datetime(totals["day"])),
        pd.Timestamp(history.cutoff).normalize(),
    )


def _near(dates: pd.Series, orders: _Orders, around: int, *, beginning: bool) -> tuple[Array, Array]:
    """(N,) orders near the date, and how many of those in the weeks around it would lie there by its days alone."""
    start = orders.customers.reindex(dates.index)
    if beginning:
        start = np.maximum(start, dates) + BEGINNING_DAYS * DAY
    placed = orders.days[orders.days[c.CUSTOMER_ID].isin(dates.index)].set_index(c.CUSTOMER_ID)["day"]
    mine = dates.reindex(placed.index)
    beside = around + BESIDE_DAYS
    near, expected = np.zeros(len(dates)), np.zeros(len(dates))
    for year in range(orders.first.year, orders.end.year + 1):
        day = in_year(dates, year)
        # both sides are whole: of one side alone a customer who fades would seem to stay away
        whole = (day - beside * DAY >= start) & (day + (beside + 1) * DAY <= orders.end)
        apart = (placed - in_year(mine, year)).abs()
        close, local = (_count(apart <= days * DAY, dates.index) for days in (around, beside))
        usual = orders.between(day - beside * DAY, day + (beside + 1) * DAY)
        inside = orders.between(day - around * DAY, day + (around + 1) * DAY)
        known = whole.to_numpy() & (usual > 0)
        share = np.divide(inside, usual, out=np.zeros(len(dates)), where=known)
        near += np.where(known, close, 0.0)
        expected += local * share
    return near, expected


def _count(chosen: pd.Series, customers: pd.Index) -> Array:
    """(N,) how many of the chosen orders each customer has."""
    counts = chosen.groupby(level=0).sum().reindex(customers, fill_value=0)
    return np.asarray(counts.to_numpy(np.float64))


def _windows(result: Result, view: View, settings: TimingConfig) -> None:
    """Responses to messages in the best window of before, beside those to other messages of the same customers."""
    label = c.BEST_CONTACT_WINDOW
    if view.before is None or label not in view.before.segments:
        result.notes.append(f"windows: the log does not reach {view.since_days} days back from the cutoff")
        return
    counts = _responses(view, view.before, settings)
    sums = counts.pivot_table(["sent", "answered"], c.CUSTOMER_ID, "inside", aggfunc="sum", fill_value=0)
    both = sums[(sums["sent"] > 0).all(axis=1)] if sums.shape[1] == 4 else sums.iloc[:0]
    if len(both) < settings.least:
        result.notes.append(
            f"windows: {len(both):,} customers got messages both in and outside of theirs; expected {settings.least}"
        )
        return
    windows = view.before.segments[label].reindex(both.index)
    rows = [
        _window("all", both),
        *(_window(name, own) for name, own in both.groupby(windows) if len(own) >= settings.least),
    ]
    names = ["window", "customers", "inside", "outside", "value", "low", "high", "p_value"]
    table = pd.DataFrame(rows, columns=names)
    table = with_verdicts(table.drop(columns="p_value"), table["p_value"].to_numpy(np.float64))
    whole = table.iloc[0]
    finding = (
        f"messages in the customer's best window are answered {'less' if whole['value'] < 0 else 'more'} often by "
        f"{100 * abs(whole['value']):.1f} points [{100 * whole['low']:+.1f}, {100 * whole['high']:+.1f}] than others "
        "to the same customers"
        f"{f', {CHANCE}' if whole['verdict'] == CHANCE else ''}"
    )
    result.finding = "; ".join(filter(None, [result.finding, finding]))
    drawing = Drawing("forest", table.assign(label=table["window"]), finding, "points of response; 95% interval", 0.0)
    result.add("contact_windows", table, drawing)


def _window(name: object, rows: pd.DataFrame) -> tuple[object, ...]:
    """The weighted mean difference within customers; a customer counts by the harmonic mean of both counts."""
    sent = {side: rows["sent"][side].to_numpy(np.float64) for side in (True, False)}
    rate = {side: rows["answered"][side].to_numpy(np.float64) / sent[side] for side in (True, False)}
    weight = sent[True] * sent[False] / (sent[True] + sent[False])
    difference = rate[True] - rate[False]
    mean = float(np.average(difference, weights=weight))
    error = float(np.sqrt((weight**2 * (difference - mean) ** 2).sum()) / weight.sum())
    estimate = Estimate(np.array(mean), np.array(error))
    inside, outside = (float(np.average(rate[side], weights=weight)) for side in (True, False))
    return name, len(rows), inside, outside, *_told(estimate), float(estimate.p_value)


def _told(estimate: Estimate) -> tuple[float, float, float]:
    """An estimate and the ends of its 95 % interval."""
    return float(estimate.value), float(estimate.low), float(estimate.high)


def _responses(view: View, before: Population, settings: TimingConfig) -> pd.DataFrame:
    """By customer and whether in the best window: messages since the earlier cutoff, and those answered in a day."""
    history, occasion = view.history, view.occasion
    hour, weekday = "extract(hour FROM sent_at)", history.engine.weekday("sent_at")
    parts = " ".join(f"WHEN {test} THEN {text(part)}" for part, test, _ in day_parts(occasion))
    later = f"sent_at + INTERVAL '{RESPONSE_HOURS}' HOUR"
    rows = history.frame(
        f"""
        SELECT customer_id, off, part, count(*) AS sent, sum(answered) AS answered
        FROM (
            SELECT customer_id, CASE {parts} END AS part,
                   CASE WHEN {is_weekend(weekday, history, occasion)} THEN 'weekend' ELSE 'weekday' END AS off, answered
            FROM (SELECT *, {hour} AS hour FROM answers) AS timed LEFT JOIN countries USING (customer_id)) AS placed
        GROUP BY customer_id, off, part ORDER BY customer_id, off, part""",
        {
            "countries": countries(history, occasion),
            "messages": f"""
                SELECT customer_id, occurred_at AS sent_at,
                       lead(occurred_at) OVER (PARTITION BY customer_id ORDER BY occurred_at) AS following FROM events
                WHERE event IN ({texts(SENT)}) AND {history.age("CAST(occurred_at AS DATE)")} <= {view.since_days}
                  AND {sampled(history, c.CUSTOMER_ID, settings.most_customers)}""",
            "replies": f"SELECT customer_id, occurred_at FROM events WHERE event IN ({texts(RESPONSES)})",
            "answers": f"""
                SELECT messages.customer_id, sent_at, max(CASE WHEN occurred_at IS NULL THEN 0 ELSE 1 END) AS answered
                FROM messages LEFT JOIN replies ON replies.customer_id = messages.customer_id
                     AND occurred_at >= sent_at AND occurred_at < {later}
                     AND (following IS NULL OR occurred_at < following)
                GROUP BY messages.customer_id, sent_at""",
        },
    )
    best = rows[c.CUSTOMER_ID].map(before.segments[c.BEST_CONTACT_WINDOW])
    rows = rows[best.notna() & (best != c.UNKNOWN)]
    return rows.assign(inside=(rows["off"] + " " + rows["part"] == best[rows.index]))


ANALYSIS = Analysis("timing", "When should a customer be reached: on which dates, and in which window?", run)
