"""Obstacles: at which steps customers are lost, what they met there, and what it costs.

A step is passed by an order within its window. An obstacle is any other act that a customer meets after a step: a
customer who meets it so many seconds after the step is held against like customers who have waited as long without an
order, and have not met it; like in the orders so far, in those for each time at this step, and in whether they know the
act from before. Who has ordered already is in neither group, or fast buyers, who have no time to meet anything, would
make an obstacle of every act. `like_customers.py` puts the differences together; intervals leave out one twentieth of
the customers at a time. Labels are those that customers held before the steps. All of it only goes
with being lost: whether it is the cause is another question.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import t as student

from patronage import names as c
from patronage.analyses.acts import ORDER
from patronage.analyses.contract import Analysis, Drawing, Result, View
from patronage.analyses.like_customers import beside_like_customers, keep_met
from patronage.analyses.pooling import FEWEST_ROWS, as_one_family, by_customer, judged, means_by_customer
from patronage.analyses.same_customer import same_customer
from patronage.analyses.steps import (
    BANDS,
    BUCKETS,
    DAY,
    REACH,
    Steps,
    jackknife_error,
    left_out_sums,
    seconds,
    steps_of,
)
from patronage.config import ObstaclesConfig
from patronage.engine import texts
from patronage.errors import DataError
from patronage.lenses import History
from patronage.names import Metric
from patronage.statistics import false_discovery

LEVEL = 0.05
OBSTACLE, HELPS = "obstacle", "goes with passing"
MARKS = "marks the customer"  # less pass than among like customers, and not than the same customer's other times
T = float(student.ppf(0.975, BUCKETS - 1))  # of a 95% interval by leaving buckets out
OWN = ["step", "obstacle", "same_customers", "same_customer_effect", "same_customer_low", "same_customer_high",
       "same_customer_error"]  # fmt: skip
ANSWERED_DAYS = 30  # an answer is about the last step within so many days


def run(view: View, settings: ObstaclesConfig) -> Result:
    """Where customers are lost, by stage, channel and label; which acts go with it; feedback at each step."""
    with steps_of(view.history, settings) as steps:
        return _run(view, steps)


def _run(view: View, steps: Steps) -> Result:
    history, settings = view.history, steps.settings
    counts = steps.frame(
        "SELECT act, bucket, count(*) AS n, sum(passed) AS passed FROM episodes GROUP BY act, bucket ORDER BY 1, 2"
    )
    named = _searched(steps, counts)
    if not named:
        raise DataError(f"no act of {settings.least} customers whose {settings.pass_days} days are over")
    counts = counts[counts["act"].isin(named)]
    value = _mean_order(history)
    result = Result()
    table = _passed(counts, named, value)
    result.add("steps", table)
    by = as_one_family(pd.concat([*_by_stage_and_channel(steps, named), *_by_label(view, steps, named)]))
    by = by.rename(columns={"voice": "step", "n": "episodes"})
    shares = by[by["by"] == "stage"].rename(columns={"step": "row", "label": "column"})
    title = "Share of customers who pass each step, by the orders that they had before"
    result.add("steps_by", by, Drawing("shares", shares, title, "orders before the step"))
    keep_met(steps, named)
    pairs = beside_like_customers(steps, settings.least)
    pairs = _judged(pairs, steps) if len(pairs) else pairs
    _feedback(result, steps, named, settings)
    hardest = table.loc[table["lost_value"].idxmax()]
    result.finding = (
        f"most is lost after {hardest['step']}: in {1 - hardest['passed_share']:.0%} of {hardest['episodes']:,} times "
        f"no order came in the {settings.again_days if hardest['step'] == ORDER else settings.pass_days} days after it"
    )
    if len(pairs):
        _told(result, steps, pairs.assign(lost_value=pairs["lost_orders"] * value))
    else:
        result.notes.append(f"obstacles: no act that {settings.least} customers met after a step")
    return result


def _told(result: Result, steps: Steps, pairs: pd.DataFrame) -> None:
    """Add the table of obstacles, its figure, the metric, the finding, and the list of who met the worst one lately."""
    obstacles = pairs[pairs["verdict"] == OBSTACLE].sort_values("lost_value", ascending=False)
    pairs = pd.concat([obstacles, pairs[pairs["verdict"] != OBSTACLE].sort_values("p_value_adjusted")])
    result.metrics[Metric.OBSTACLES_CLEAR] = float(len(obstacles))
    if len(obstacles):
        worst = obstacles.iloc[0]
        title = (
            f"{worst['obstacle']} after {worst['step']}: {100 * worst['effect']:+.1f} points "
            f"[{100 * worst['low']:+.1f}, {100 * worst['high']:+.1f}] of passing beside like customers, "
            f"{worst['lost_value']:,.0f} in all; {len(obstacles):,} of {len(pairs):,} pairs are obstacles"
        )
        result.lists["lost_at_obstacle"] = _lately(steps, worst)
    else:
        pair = "the one pair" if len(pairs) == 1 else f"{len(pairs):,} pairs"
        title = f"no obstacle is found beyond chance in {pair} of a step and an act"
    result.finding += "; " + title
    shown = pairs[pairs["verdict"] != ""].assign(label=lambda rows: rows["obstacle"] + " after " + rows["step"])
    axis = "difference of the share who pass, with beside without; 95% interval"
    frame = shown.rename(columns={"effect": "value"})
    result.add("obstacles", pairs.reset_index(drop=True), Drawing("forest", frame, title, axis))


def _searched(steps: Steps, counts: pd.DataFrame) -> list[str]:
    """The acts after which the largest share orders, of those that enough customers did; orders last."""
    sizes = steps.frame("SELECT act, count(DISTINCT customer) AS customers FROM timeline GROUP BY act")
    enough = set(sizes.loc[sizes["customers"] >= steps.settings.least, "act"])
    totals = counts[counts["act"].isin(enough)].groupby("act")[["n", "passed"]].sum()
    shares = (totals["passed"] / totals["n"]).drop(ORDER, errors="ignore").sort_values(ascending=False)
    return [*shares.index[: steps.settings.steps][::-1], *([ORDER] if ORDER in totals.index else [])]


def _mean_order(history: History) -> float:
    (mean,) = history.frame(f"SELECT {history.money('sum(revenue)')} / count(*) AS mean FROM orders")["mean"]
    return float(mean) if mean == mean else 0.0


def _passed(counts: pd.DataFrame, named: Sequence[str], value: float) -> pd.DataFrame:
    """A row per step: how often, the share passed with its interval, and what the others would have been worth."""
    rows = []
    for step in named:
        own = counts[counts["act"] == step]
        n, k = own["n"].sum(), own["passed"].sum()
        without = left_out_sums(own[["n", "passed"]], own["bucket"])
        error = jackknife_error(without[:, 1] / np.maximum(without[:, 0], 1))
        low, high = np.clip([k / n - T * error, k / n + T * error], 0, 1)
        rows.append((step, int(n), k / n, low, high, int(n - k), (n - k) * value))
    return pd.DataFrame(rows, columns=["step", "episodes", "passed_share", "low", "high", "lost", "lost_value"])


def _by_stage_and_channel(steps: Steps, named: Sequence[str]) -> list[pd.DataFrame]:
    """By the orders before the step, and by its channel."""
    frames = []
    for by, column in (("stage", "band"), (c.CHANNEL, c.CHANNEL)):
        sums = steps.frame(
            "SELECT act, label, sum(k) AS k, sum(n) AS n, sum(k * k) AS kk, sum(k * n) AS kn, sum(n * n) AS nn "
            "FROM own GROUP BY act, label ORDER BY act, label",
            own=f"SELECT act, {column} AS label, customer, sum(passed) * 1.0e0 AS k, count(*) * 1.0e0 AS n "
            f"FROM episodes WHERE {column} IS NOT NULL AND act IN ({steps.among(named)}) "
            f"GROUP BY act, {column}, customer",
        )
        if by == "stage":
            sums["label"] = [BANDS[int(band)] for band in sums["label"]]
        frames.append(_by(sums, named, by))
    return frames


def _by(sums: pd.DataFrame, named: Sequence[str], by: str) -> pd.DataFrame:
    """The share passed at each step by a label, resting on customers; small groups are drawn to the step's share."""
    tables = [
        judged(step, by, sums[sums["act"] == step], shares=True, most=len(sums)).sort_values("label") for step in named
    ]
    return pd.concat(tables, ignore_index=True)


def _by_label(view: View, steps: Steps, named: Sequence[str]) -> list[pd.DataFrame]:
    """By the labels that customers held at the earlier cutoff, of the steps since."""
    if view.before is None:
        return []
    rows = steps.frame(
        "SELECT customer_id, act, n, passed FROM done JOIN people ON people.customer = done.customer "
        "ORDER BY act, customer_id",
        done="SELECT customer, act, count(*) AS n, sum(passed) AS passed FROM episodes "
        f"WHERE moment > -{view.since_days * DAY} AND act IN ({steps.among(named)}) GROUP BY customer, act",
    )
    frames = []
    for name in steps.settings.segments:
        if name in view.before.segments:
            label = rows[c.CUSTOMER_ID].map(view.before.segments[name])
            known = rows.assign(label=label, k=rows["passed"])[label.notna().to_numpy()]
            frames.append(_by(by_customer(known, ["act", "label"]), named, f"{name} before"))
    return frames


def _judged(table: pd.DataFrame, steps: Steps) -> pd.DataFrame:
    """With intervals, what the same customers show, and the verdicts; the two sides are two families of tests."""
    table["low"], table["high"] = (table["effect"] + side * T * table["error"] for side in (-1, 1))
    lower = student.cdf(table["effect"] / table["error"], BUCKETS - 1)
    suspects = table[lower < LEVEL]
    own = pd.DataFrame(columns=OWN, dtype=np.float64)
    if len(suspects):
        own = _own(same_customer(steps, suspects))
    table = table.merge(own.astype({"step": str, "obstacle": str}), "left", ["step", "obstacle"])
    p_own = student.cdf(table["same_customer_effect"] / table.pop("same_customer_error"), BUCKETS - 1)
    p_lost = np.where(lower < LEVEL, np.maximum(lower, np.nan_to_num(p_own, nan=1.0)), lower)
    lost, helps = false_discovery(p_lost), false_discovery(1 - lower)
    marks = (false_discovery(lower) < LEVEL) & (lost >= LEVEL)
    table["lost_orders"] = (-table["effect"]).clip(lower=0) * table["met"]
    table["p_value_adjusted"] = np.where(table["effect"] < 0, lost, helps)
    table["verdict"] = np.select([lost < LEVEL, helps < LEVEL, marks], [OBSTACLE, HELPS, MARKS], "")
    return table.drop(columns="error")


def _own(sums: pd.DataFrame) -> pd.DataFrame:
    """What the same customers show, a row per pair, with the interval by leaving out buckets."""
    rows = []
    for (step, other), own in sums.groupby(["act", "other"]):
        parts = own.set_index("bucket")[["difference", "weight"]].reindex(range(BUCKETS), fill_value=0.0)
        whole = parts.sum()
        if whole["weight"] <= 0:
            continue
        without = whole - parts
        error = jackknife_error((without["difference"] / without["weight"].where(without["weight"] > 0)).to_numpy())
        value = whole["difference"] / whole["weight"]
        rows.append((step, other, int(own["customers"].sum()), value, value - T * error, value + T * error, error))
    return pd.DataFrame(rows, columns=OWN)


def _lately(steps: Steps, worst: pd.Series) -> pd.DataFrame:
    """The customers who stand at the step, met the obstacle and have not ordered since."""
    step, obstacle = steps.code(worst["step"]), steps.code(worst["obstacle"])
    rows = steps.frame(
        f"""
        SELECT customer_id, max(met.moment) AS moment
        FROM timeline here JOIN timeline met
             ON met.customer = here.customer AND met.moment BETWEEN here.moment AND here.moment + {REACH}
        JOIN people ON people.customer = here.customer
        WHERE here.act = {step} AND met.act = {obstacle}
              AND here.next_order IS NULL AND here.moment > -({steps.span(str(step))})
        GROUP BY customer_id ORDER BY moment DESC, customer_id"""
    )
    reason = f"met {worst['obstacle']} after {worst['step']} and has not ordered since"
    like = max(float(worst["passed_share_of_like"]), 1e-9)
    return rows[[c.CUSTOMER_ID]].assign(reason=reason, measured_lift=float(worst["passed_share"]) / like)


def _feedback(result: Result, steps: Steps, named: Sequence[str], settings: ObstaclesConfig) -> None:
    """Answers and troubles, each credited to the customer's last step before it."""
    kinds = [*settings.surveys, *settings.negative]
    moment = seconds(steps.history, c.OCCURRED_AT)
    rows = steps.frame(
        f"""
        SELECT kind, stood.act, last_step.customer AS customer_id, count(*) AS n, sum(value) AS total,
               sum(value * value) AS squares, count(value) AS answers
        FROM last_step JOIN stood ON stood.customer = last_step.customer AND stood.moment = last_step.step_at
        WHERE last_step.moment - step_at <= {ANSWERED_DAYS * DAY} GROUP BY kind, stood.act, last_step.customer
        ORDER BY 1, 2, 3""",
        stood=f"SELECT customer, moment, max(act) AS act FROM timeline WHERE act IN ({steps.among(named)}) "
        "GROUP BY customer, moment",
        spoken=f"SELECT customer, {moment} AS moment, event AS kind, value, 1 AS is_answer "
        f"FROM events JOIN people ON people.customer_id = events.customer_id WHERE event IN ({texts(kinds)}) "
        "UNION ALL SELECT customer, moment, '' AS kind, NULL AS value, 0 AS is_answer FROM stood",
        placed="SELECT *, max(CASE WHEN is_answer = 0 THEN moment END) OVER (PARTITION BY customer "
        "ORDER BY moment, is_answer, kind ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS step_at FROM spoken",
        last_step="SELECT * FROM placed WHERE is_answer = 1 AND step_at IS NOT NULL",
    )
    tables = []
    for survey, own in rows[rows["answers"] > 0].assign(n=rows["answers"]).groupby("kind"):
        if survey in settings.surveys:
            counts = means_by_customer(own, own["act"])
            tables.append(judged(f"mean {survey}", "step", counts, shares=False, most=len(counts)))
    arrivals = steps.frame(
        f"SELECT act, customer AS customer_id, count(*) AS n FROM timeline WHERE act IN ({steps.among(named)}) "
        "GROUP BY act, customer ORDER BY 1, 2"
    )
    troubles = rows[rows["kind"].isin(settings.negative)].groupby(["act", c.CUSTOMER_ID])["n"].sum().rename("k")
    if troubles.sum() >= FEWEST_ROWS:
        arrivals = arrivals.join(troubles, on=["act", c.CUSTOMER_ID]).fillna({"k": 0.0})
        counts = by_customer(arrivals.assign(k=arrivals[["k", "n"]].min(axis=1)), arrivals["act"])
        tables.append(judged("troubles per step", "step", counts, shares=True, most=len(counts)))
    if tables := [table for table in tables if len(table)]:
        told = as_one_family(pd.concat(tables)).rename(columns={"voice": "what", "label": "step"})
        result.add("steps_feedback", told.drop(columns=["by", "raw"]))


ANALYSIS = Analysis("obstacles", "At which steps are customers lost, and what did they meet there?", run, ("events",))
