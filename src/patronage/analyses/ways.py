"""The way to an order: how many acts, of how many kinds, over how many days and channels came before it.

The acts of a way are those of the customer in the `BEFORE_DAYS` days up to the day of an order and after the order
before; what comes of an earlier order (answers, reviews, complaints, tickets, returns) is no part of it. A category is
harder to decide on where more was done before its orders than before the usual order of the same customers: who orders
often buys in every category. Means are of customers, each by the mean of the own orders.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.analyses.acts import commonest, keep, sampled
from patronage.analyses.contract import Analysis, Drawing, Result, View
from patronage.data.contract import NO_ACTIVITY
from patronage.engine import texts
from patronage.errors import DataError
from patronage.lenses import History
from patronage.statistics import TINY, Estimate, false_discovery, two_sided
from patronage.typing import Array

BEFORE_DAYS = 14
AFTER_SALES = ("rating", "nps", "csat", "reviewed", "referred", "complaint", "ticket_opened", "return_requested")
LEAST, MOST_LABELS, MOST_CUSTOMERS = 30, 30, 50_000
LEAST_SHARE = 0.01  # of the orders with an act before, below which a way is not seen
ALL, MORE, LESS = "all", "more than usual", "less than usual"
LEVEL = 0.05


def run(view: View, settings: object) -> Result:
    """The way by category, place, channel and segment; and which channels lead to orders in which."""
    with _steps_of(view.history) as steps:
        return _result(view.history, steps)


def _result(history: History, steps: dict[str, str]) -> Result:
    frames = [_by(history, steps, "all orders", "")]
    if frames[0].empty or not frames[0]["acts"].iloc[0] > 0:
        raise DataError(f"no {LEAST} customers with acts in the {BEFORE_DAYS} days before an order")
    with_acts = 1 - float(frames[0]["without_acts_share"].iloc[0])
    if with_acts < LEAST_SHARE:
        raise DataError(
            f"{with_acts:.2%} of the orders had an act in the {BEFORE_DAYS} days before; expected {LEAST_SHARE:.0%}: "
            "the log does not see how customers come to an order"
        )
    columns = [
        name
        for name in (c.CATEGORY, c.LOCATION, c.CHANNEL)
        if history.has("transactions", name) and commonest(history, name, 1)
    ]
    frames += [_by(history, steps, name, name) for name in columns]
    table = pd.concat(frames, ignore_index=True)
    table = table.assign(verdict=_verdicts(table)).drop(columns="p")
    whole, categories = table.iloc[0], table[table["by"] == c.CATEGORY]
    result = Result(
        f"{1 - whole['without_acts_share']:.0%} of the orders had an act in the {BEFORE_DAYS} days before: "
        f"{whole['acts']:.1f} acts on average, over {whole['days']:.1f} days, "
        f"{whole['several_channels_share']:.0%} over several channels"
    )
    clear = categories[categories["verdict"] == MORE]
    title = f"{len(clear)} of {len(categories)} categories take more acts than the same customers' usual order"
    if len(clear):
        most = clear.iloc[0]
        ends = f"[{most['low']:+.2f}, {most['high']:+.2f}]"
        result.finding += f"; most for {most['label']}: {most['beside_usual']:+.2f} {ends} acts beside the usual"
    elif len(categories):
        result.finding += "; no category takes more than usual"
    shown = categories.rename(columns={"beside_usual": "value"})
    axis = f"acts in the {BEFORE_DAYS} days before an order, less the same customer's usual; 95% interval"
    result.add("ways", table, Drawing("forest", shown, title, axis))
    if history.has("events", c.CHANNEL) and history.has("transactions", c.CHANNEL):
        channels = _channels(history, steps)
        if len(channels):
            result.add("ways_channels", channels)
    return result


def _verdicts(table: pd.DataFrame) -> Array:
    """(N,) of each label, whether its orders take more acts than usual, with one false discovery in twenty."""
    clear = false_discovery(table["p"].to_numpy(np.float64)) < LEVEL
    return np.where(clear, np.where(table["beside_usual"] > 0, MORE, LESS), "")


@contextmanager
def _steps_of(history: History) -> Iterator[dict[str, str]]:
    """The steps, with what is read for each column computed once and dropped in the end."""
    steps, tables = _steps(history), list[str]()
    try:
        for name in ("before", "way"):
            tables.append(keep(history, name, f"SELECT * FROM {name}", steps))
            steps = {**steps, name: f"SELECT * FROM {tables[-1]}"}
        yield steps
    finally:
        for table in tables:
            history.engine.drop(table)


def _steps(history: History) -> dict[str, str]:
    """SQL: `before`, the acts of each day with an order, and `way`, a row per such day."""
    left_out = texts((*NO_ACTIVITY, *AFTER_SALES))
    gap = history.engine.days("acts.day", "bought.day")
    since = history.engine.days("bought.previous", "acts.day")
    return {
        "bought": f"SELECT customer_id, day, previous FROM order_days "
        f"WHERE {sampled(history, c.CUSTOMER_ID, MOST_CUSTOMERS)}",
        "acts": f"SELECT customer_id, CAST(occurred_at AS DATE) AS day, event, channel FROM events "
        f"WHERE event NOT IN ({left_out})",
        "before": f"""
            SELECT bought.customer_id, bought.day, acts.event, acts.channel, count(*) AS n, max({gap}) AS gap
            FROM bought JOIN acts ON bought.customer_id = acts.customer_id
            WHERE {gap} BETWEEN 0 AND {BEFORE_DAYS} AND (bought.previous IS NULL OR {since} > 0)
            GROUP BY bought.customer_id, bought.day, acts.event, acts.channel""",
        "done": """
            SELECT customer_id, day, CAST(sum(n) AS BIGINT) AS acts, count(DISTINCT event) AS kinds, max(gap) AS days,
                   count(DISTINCT channel) AS channels
            FROM before GROUP BY customer_id, day""",
        "way": """
            SELECT bought.customer_id, bought.day, coalesce(acts, 0) AS acts, coalesce(kinds, 0) AS kinds, days,
                   CASE WHEN channels > 1 THEN 1 ELSE 0 END AS several, CASE WHEN acts IS NULL THEN 1 ELSE 0 END AS bare
            FROM bought LEFT JOIN done ON bought.customer_id = done.customer_id AND bought.day = done.day""",
        "placed": """
            SELECT done.customer_id, done.day, max(channel) AS ordered_in
            FROM done JOIN orders ON done.customer_id = orders.customer_id AND done.day = CAST(ordered_at AS DATE)
            WHERE channel IS NOT NULL GROUP BY done.customer_id, done.day""",
        "pairs": """
            SELECT DISTINCT before.customer_id, before.day, before.channel AS acted_in, ordered_in
            FROM before JOIN placed ON before.customer_id = placed.customer_id AND before.day = placed.day
            WHERE before.channel IS NOT NULL""",
    }


def _by(history: History, steps: dict[str, str], by: str, column: str) -> pd.DataFrame:
    """The means over customers for each label of a column of the order lines, or of all orders."""
    label = column or f"'{ALL}'"
    if column:
        labels = texts(commonest(history, column, MOST_LABELS))
        lines = f"""
            SELECT DISTINCT customer_id, CAST(ordered_at AS DATE) AS day, {column} FROM order_lines
            WHERE amount > 0 AND {column} IN ({labels})"""
        source = "way JOIN lines ON way.customer_id = lines.customer_id AND way.day = lines.day"
        steps = {**steps, "lines": lines}
    else:
        source = "way"
    rows = history.frame(
        f"""
        SELECT label, count(*) AS customers, sum(orders) AS orders, avg(own.acts) AS acts,
               avg(own.acts - customary.acts) AS beside_usual, stddev_samp(own.acts - customary.acts) AS deviation,
               avg(kinds) AS kinds, avg(days) AS days, avg(several) AS several_channels_share,
               avg(bare) AS without_acts_share
        FROM own JOIN customary ON own.customer_id = customary.customer_id
        GROUP BY label HAVING count(*) >= {LEAST} ORDER BY beside_usual DESC, label""",
        {
            **steps,
            "own": f"""
                SELECT way.customer_id, {label} AS label, count(*) AS orders, avg(acts * 1.0e0) AS acts,
                       avg(kinds * 1.0e0) AS kinds, avg(days * 1.0e0) AS days, avg(several * 1.0e0) AS several,
                       avg(bare * 1.0e0) AS bare
                FROM {source} GROUP BY way.customer_id, {label}""",
            "customary": "SELECT customer_id, avg(acts * 1.0e0) AS acts FROM way GROUP BY customer_id",
        },
    )
    error = (rows["deviation"] / np.sqrt(rows["customers"])).to_numpy(np.float64)
    estimate = Estimate(rows["beside_usual"].to_numpy(np.float64), error)
    rows.insert(5, "low", estimate.low)
    rows.insert(6, "high", estimate.high)
    rows.insert(0, "by", by)
    return rows.drop(columns="deviation").assign(p=two_sided(estimate.value / np.maximum(error, TINY)))


def _channels(history: History, steps: dict[str, str]) -> pd.DataFrame:
    """Where customers acted before orders of each channel: the share of its orders, and that of all orders."""
    rows = history.frame(
        "SELECT acted_in, ordered_in, count(*) AS orders FROM pairs GROUP BY acted_in, ordered_in", steps
    )
    totals = history.frame("SELECT ordered_in, count(*) AS n FROM placed GROUP BY ordered_in", steps)
    totals = totals.set_index("ordered_in")["n"]
    rows["share"] = rows["orders"] / rows["ordered_in"].map(totals)
    rows["share_of_all"] = rows.groupby("acted_in")["orders"].transform("sum") / totals.sum()
    return rows.sort_values(["ordered_in", "share"], ascending=[True, False], ignore_index=True)


ANALYSIS = Analysis("ways", "How do customers come to an order, over how many acts and channels?", run, ("events",))
