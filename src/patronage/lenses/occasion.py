"""Occasion and timing: when the customer buys, and whether she is due.

Universal occasions are windows of a calendar that everyone shares (conf), a recurring occasion is the
customer's own rhythm, a rare one is neither. A rhythm needs gaps to show: under `min_gaps` of them
and without a calendar occasion the answer is `unknown`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import columns as c
from patronage.config import LensesConfig
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Learned, Lens


def _select(history: History, config: LensesConfig) -> str:
    gap = history.engine.days("previous", "day")
    weekday = history.engine.weekday("day")
    n, total, squares = "count(previous)", f"sum({gap})", f"sum({gap} * {gap})"
    # The variance from exact integer sums: the same bits on every engine, in every order of the rows.
    variance = f"({n} * {squares} - {total} * {total}) / ({n} * ({n} - 1.0e0))"
    return f"""
        SELECT customer_id, {n} AS n_gaps,
               count(*) FILTER (WHERE {weekday} >= 6) * 1.0e0 / count(*) AS weekend_share,
               count(*) FILTER (WHERE {_in_calendar(config)}) * 1.0e0 / count(*) AS occasion_share,
               CASE WHEN {n} > 0 THEN {total} * 1.0e0 / {n} END AS mean_gap_days,
               CASE WHEN {n} > 1 THEN sqrt({variance}) / ({total} * 1.0e0 / {n}) END AS gap_variation,
               CASE WHEN {n} > 0 THEN {history.age("max(day)")} * {n} * 1.0e0 / {total} END AS lateness
        FROM days GROUP BY customer_id"""


def _in_calendar(config: LensesConfig) -> str:
    """SQL: the day lies in a universal occasion; a window may wrap round the end of the year."""
    day = "(extract(month FROM day) * 100 + extract(day FROM day))"
    tests = []
    for window in config.occasion.calendar.values():
        start, end = (int(border.replace("-", "")) for border in (window.start, window.end))
        joint = "AND" if start <= end else "OR"
        tests.append(f"({day} >= {start} {joint} {day} <= {end})")
    return " OR ".join(tests) or "false"


def _learn(features: pd.DataFrame, config: LensesConfig) -> Learned:
    """The share of purchase days that fall into the calendar for everyone, to tell a habit from chance."""
    days = features[c.ACTIVE_DAYS]
    share = float((features[c.OCCASION_SHARE] * days).sum() / max(days.sum(), 1))
    return {
        "usual_share": share,
        "max_variation": config.occasion.max_variation,
        "min_gaps": config.occasion.min_gaps,
    }


def _segments(features: pd.DataFrame, learned: Learned) -> pd.DataFrame:
    enough = features[c.N_GAPS] >= learned["min_gaps"]
    universal = enough & (features[c.OCCASION_SHARE] >= max(0.5, 2 * learned["usual_share"]))
    recurring = enough & (features[c.GAP_VARIATION] <= learned["max_variation"])
    labels = np.select([~enough, universal, recurring], [c.UNKNOWN, "universal", "recurring"], "rare")
    return pd.DataFrame({c.OCCASION_SEGMENT: labels}, index=features.index)


LENS = Lens(
    name="occasion",
    asks="When does the customer buy, and is she due?",
    source="Kotler and Keller, Marketing Management: occasions as behavioural variables",
    features={
        c.N_GAPS: Feature("gaps between days with an order", absent=0),
        "weekend_share": Feature("share of those days on Saturday or Sunday", "weekend", "weekday"),
        c.OCCASION_SHARE: Feature("share of those days in a universal occasion", "festive", "everyday"),
        c.MEAN_GAP_DAYS: Feature("mean gap between days with an order, in days", "slow", "quick"),
        c.GAP_VARIATION: Feature("standard deviation of the gaps over their mean", "irregular", "regular"),
        c.LATENESS: Feature("days since the last order over the mean gap", "overdue", "on time"),
    },
    select=_select,
    learn=_learn,
    segments=_segments,
)
