"""User status: the relation to the business, by rules that anyone can check.

Facts come first (never bought, bought once); beyond them the time since the last order is held against the
customer's own usual gap, or, where she has none of her own, against the typical one of all. `reactivated`
came back, in her latest gap, after a silence that had made her a defector.
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
    return f"""
        SELECT customer_id, max(gap) FILTER (WHERE back = 1) AS last_gap_days,
               max(gap) FILTER (WHERE back > 1) AS longest_gap_before_days
        FROM (SELECT customer_id, {gap} AS gap,
                     row_number() OVER (PARTITION BY customer_id ORDER BY day DESC) AS back FROM days)
        GROUP BY customer_id"""


def _learn(features: pd.DataFrame, config: LensesConfig) -> Learned:
    typical = features[c.MEAN_GAP_DAYS].median()
    return {
        "typical_gap": float(typical) if np.isfinite(typical) else float(features[c.TENURE_DAYS].median()),
        "at_risk_after": config.status.at_risk_after,
        "defector_after": config.status.defector_after,
    }


def _segments(features: pd.DataFrame, learned: Learned) -> pd.DataFrame:
    days, since = features[c.ACTIVE_DAYS], features[c.DAYS_SINCE_LAST_ORDER]
    # One's own mean of few gaps is noise: shrink it towards everyone's by one gap's weight.
    gaps = features[c.N_GAPS]
    usual = (gaps * features[c.MEAN_GAP_DAYS].fillna(0) + learned["typical_gap"]) / (gaps + 1)
    lateness = since / usual.clip(lower=1)
    returned = features["last_gap_days"] > learned["defector_after"] * usual
    cases = [
        days == 0,
        lateness > learned["defector_after"],
        lateness > learned["at_risk_after"],
        days == 1,
        returned,
    ]
    names = ["prospect", "defector", "at_risk", "first_time", "reactivated"]
    return pd.DataFrame({c.STATUS_SEGMENT: np.select(cases, names, "regular")}, index=features.index)


LENS = Lens(
    name="status",
    asks="What is the relation to the business?",
    source="Kotler and Keller, Marketing Management: user status",
    features={
        "last_gap_days": Feature("days between the last two days with an order"),
        "longest_gap_before_days": Feature("the longest gap before that one, in days"),
    },
    select=_select,
    learn=_learn,
    segments=_segments,
)
