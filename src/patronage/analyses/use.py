"""Use: which features of a product, and which contents, are used, by whom, and which no longer.

A feature is the subject of an event of use. Its users of the last `since_days` stand beside those of the time before,
as a ratio to that of all users, and among the customers of one label beside the others: what the most valuable use.
Customers who use much of little and are dissatisfied stay because they must: how many of them left since the earlier
cutoff stands beside the others.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.analyses.acts import sampled
from patronage.analyses.contract import Analysis, Drawing, Population, Result, View
from patronage.config import UseConfig
from patronage.engine import texts
from patronage.errors import DataError
from patronage.names import Metric
from patronage.statistics import Estimate, false_discovery, mean_differences, two_sided, wilson_interval

LEVEL = 0.05
HOLLOW, LOW = "hollow", "low"


def run(view: View, settings: UseConfig) -> Result:
    """Features by use and growth, by label, and the hollow who are dissatisfied."""
    history, days = view.history, view.since_days
    age = history.age("CAST(occurred_at AS DATE)")
    rows = history.frame(
        f"""
        SELECT customer_id, event, subject, sum(CASE WHEN {age} <= {days} THEN 1 ELSE 0 END) AS now,
               sum(CASE WHEN {age} > {days} THEN 1 ELSE 0 END) AS before,
               avg(CASE WHEN {age} <= {days} THEN value END) AS value
        FROM events WHERE event IN ({texts(settings.events)}) AND subject IS NOT NULL AND {age} <= {2 * days}
             AND {sampled(history, c.CUSTOMER_ID, settings.most_customers)}
        GROUP BY customer_id, event, subject"""
    )
    if rows[c.CUSTOMER_ID].nunique() < settings.least:
        raise DataError(
            f"{rows[c.CUSTOMER_ID].nunique()} customers with {' or '.join(settings.events)} and a subject in the last "
            f"{2 * days} days; expected {settings.least}"
        )
    table = _by_feature(rows, settings)
    most, least = table.iloc[0], table.iloc[-1]
    moved = int((table["verdict"] != "").sum())
    result = Result()
    result.finding = (
        f"most used: {most['feature']} by {most['share']:.1%} of the users of the last {days} days; least: "
        f"{least['feature']} by {least['share']:.1%}; {moved:,} of {len(table):,} grew or shrank"
    )
    shown = table.rename(columns={"feature": "label", "share": "value"})
    result.add("use", table, Drawing("forest", shown, result.finding, "share of the users, with 95% interval",
                                     float(table["share"].mean())))  # fmt: skip
    result.metrics[Metric.FEATURES_USED] = float((table["users"] > 0).sum())
    _by_label(result, view, rows, settings)
    if view.before is not None:
        _hollow(result, view, view.before)
    return result


def _by_feature(rows: pd.DataFrame, settings: UseConfig) -> pd.DataFrame:
    """A row per feature: its users now and before, and its growth beside that of all."""
    rows = rows.assign(user=rows["now"] > 0, earlier=rows["before"] > 0, feature=rows["event"] + ": " + rows[c.SUBJECT])
    table = rows.groupby("feature").agg(
        users=("user", "sum"), users_before=("earlier", "sum"), times=("now", "sum"), mean_value=("value", "mean")
    ).reset_index()  # fmt: skip
    everyone = rows.loc[rows["user"], c.CUSTOMER_ID].nunique()
    earlier = max(rows.loc[rows["earlier"], c.CUSTOMER_ID].nunique(), 1)
    users = table["users"].to_numpy(float)
    table.insert(2, "share", users / max(everyone, 1))
    table["low"], table["high"] = wilson_interval(users, np.full(len(table), float(max(everyone, 1))))
    now, before = users + 0.5, table["users_before"].to_numpy(float) + 0.5
    growth = Estimate(np.log(now / before * earlier / max(everyone, 1)), np.sqrt(1 / now + 1 / before))
    table["growth"], table["growth_low"], table["growth_high"] = map(np.exp, (growth.value, growth.low, growth.high))
    clear = (false_discovery(growth.p_value) < LEVEL) & (now + before >= settings.least)
    table["verdict"] = np.where(clear, np.where(growth.value > 0, "grows", "shrinks"), "")
    return table.sort_values(["users", "feature"], ascending=[False, True], ignore_index=True)


def _by_label(result: Result, view: View, rows: pd.DataFrame, settings: UseConfig) -> None:
    """The share of the customers of each label who use a feature, beside the users of the other labels."""
    if settings.segment not in view.now.segments:
        return
    rows = rows[rows["now"] > 0].assign(feature=lambda own: own["event"] + ": " + own[c.SUBJECT])
    uses = pd.crosstab(rows[c.CUSTOMER_ID], rows["feature"]).clip(upper=1)
    labels = view.now.segments[settings.segment].reindex(uses.index).fillna(c.UNKNOWN)
    sizes = labels[labels != c.UNKNOWN].value_counts()
    parts = []
    for label in sizes.index[(sizes >= settings.least) & (sizes <= len(labels) - settings.least)]:
        inside = (labels == label).to_numpy(float)[:, None]
        for feature in uses:
            y = uses[feature].to_numpy(float)
            estimate = mean_differences(y, inside)
            usual = max(y.mean() * (1 - y.mean()), 1e-12)  # of no difference
            error = np.sqrt(usual * (1 / sizes[label] + 1 / (len(y) - sizes[label])))
            parts.append((label, feature, int(sizes[label]), y[inside[:, 0] == 1].mean(), float(estimate.value[0]),
                          float(estimate.low[0]), float(estimate.high[0]),
                          float(two_sided(estimate.value[0] / error))))  # fmt: skip
    if not parts:
        return
    columns = ["label", "feature", "users", "share", "difference", "low", "high", "p_value"]
    table = pd.DataFrame(parts, columns=columns)
    table["p_value_adjusted"] = false_discovery(table.pop("p_value").to_numpy(float))
    clear = table["p_value_adjusted"] < LEVEL
    table["verdict"] = np.where(clear, np.where(table["difference"] > 0, "more than others", "less than others"), "")
    result.add("use_by_label", table.sort_values(["label", "difference"], ascending=[True, False], ignore_index=True))


def _hollow(result: Result, view: View, before: Population) -> None:
    """Of those who were hollow or not, dissatisfied or not: how many ordered no more; and who is both now."""
    if not {c.USAGE_SEGMENT, c.SATISFACTION_SEGMENT} <= set(before.segments) & set(view.now.segments):
        return
    known = before.segments[before.segments[c.SATISFACTION_SEGMENT] != c.UNKNOWN]
    silent = view.now.features[c.DAYS_SINCE_LAST_ORDER].reindex(known.index)
    frame = pd.DataFrame(
        {
            "hollow": np.where(known[c.USAGE_SEGMENT] == HOLLOW, "hollow", "not hollow"),
            "dissatisfied": np.where(known[c.SATISFACTION_SEGMENT] == LOW, "dissatisfied", "not dissatisfied"),
            "left": silent > view.since_days,
        }
    )[silent.notna().to_numpy()]
    table = frame.groupby(["hollow", "dissatisfied"])["left"].agg(customers="size", left="sum").reset_index()
    lift = np.nan
    if len(table):
        left, customers = table["left"].to_numpy(float), table["customers"].to_numpy(float)
        table["left_share"] = left / customers
        table["low"], table["high"] = wilson_interval(left, customers)
        result.add("hollow_dissatisfied", table)
        both = (table["hollow"] == "hollow") & (table["dissatisfied"] == "dissatisfied")
        if both.any() and frame["left"].any():
            lift = float(table.loc[both, "left_share"].iloc[0] / frame["left"].mean())
    now = view.now.segments
    both = now.index[(now[c.USAGE_SEGMENT] == HOLLOW) & (now[c.SATISFACTION_SEGMENT] == LOW)]
    if len(both):
        reason = "uses much of little and is dissatisfied"
        paid = view.now.features[c.NET_REVENUE] if c.NET_REVENUE in view.now.features else pd.Series(dtype=np.float64)
        listed = pd.DataFrame({c.CUSTOMER_ID: both, "reason": reason, "measured_lift": lift})
        most_first = paid.reindex(both).fillna(0.0).to_numpy().argsort(kind="stable")[::-1]
        result.lists["hollow_dissatisfied"] = listed.iloc[most_first].reset_index(drop=True)


ANALYSIS = Analysis("use", "Which features are used, by whom, and which no longer?", run, ("events.subject",))
