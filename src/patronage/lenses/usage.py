"""Usage: how much and how steadily the customer buys, for as long as she has been here.

Twedt (1964), "How important to marketing strategy is the heavy user?": light, medium and heavy users by volume.
The rate counts from the second day of purchase on (repeat orders in the time since the first), so that a
customer is not heavy for having joined yesterday. Tiers split the repeat buyers' rates at frozen quantiles.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import columns as c
from patronage.config import LensesConfig
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Learned, Lens

RECENT_DAYS = 90


def _select(history: History, config: LensesConfig) -> str:
    age = history.age("day")
    return f"""
        SELECT customer_id, count(*) AS active_days,
               {history.age("min(day)")} AS tenure_days,
               (count(*) - 1) * 30.0e0 / greatest({history.age("min(day)")}, 30) AS repeat_days_per_month,
               count(*) FILTER (WHERE {age} <= {RECENT_DAYS}) AS active_days_recent,
               count(*) FILTER (WHERE {age} > {RECENT_DAYS} AND {age} <= {2 * RECENT_DAYS})
                   AS active_days_before
        FROM days GROUP BY customer_id"""


def _learn(features: pd.DataFrame, config: LensesConfig) -> Learned:
    repeaters = features.loc[features[c.ACTIVE_DAYS] > 1, c.REPEAT_DAYS_PER_MONTH]
    if repeaters.empty:
        return {"light": 0.0, "heavy": 0.0}
    return {
        "light": float(repeaters.quantile(config.usage.light_below)),
        "heavy": float(repeaters.quantile(config.usage.heavy_above)),
    }


def _segments(features: pd.DataFrame, learned: Learned) -> pd.DataFrame:
    days, rate = features[c.ACTIVE_DAYS], features[c.REPEAT_DAYS_PER_MONTH]
    cases = [days == 0, days == 1, rate < learned["light"], rate <= learned["heavy"]]
    labels = np.select(cases, [c.UNKNOWN, "one_time", "light", "medium"], "heavy")
    return pd.DataFrame({c.USAGE_SEGMENT: labels}, index=features.index)


LENS = Lens(
    name="usage",
    asks="How much is bought, and is it more or less than before?",
    source="Twedt 1964",
    features={
        c.ACTIVE_DAYS: Feature("days with an order", "busy", "seldom seen", absent=0),
        c.TENURE_DAYS: Feature("days from the first order to the cutoff", "long-standing", "new"),
        c.REPEAT_DAYS_PER_MONTH: Feature("days with an order after the first, per 30 days", "heavy", "light"),
        "active_days_recent": Feature(
            f"days with an order in the last {RECENT_DAYS} days", "active", "quiet", absent=0
        ),
        "active_days_before": Feature(f"days with an order in the {RECENT_DAYS} days before those", absent=0),
    },
    select=_select,
    learn=_learn,
    segments=_segments,
)
