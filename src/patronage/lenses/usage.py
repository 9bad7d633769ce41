"""Usage: how much and how steadily the customer buys and uses, and how well.

Twedt (1964), "How important to marketing strategy is the heavy user?": light, medium and heavy users by volume.
Volume counts days with an order after the first, and days of use, by time since the first of either, so that a
customer is not heavy for having joined yesterday; tiers split it at frozen quantiles. Quality is breadth (how
many categories are bought and features used, as an effective number: Hill 1973, of order 2) and depth (minutes of
a use). Heavy in volume but thin in most of what tells her quality, a customer is hollow.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.engine import texts
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Learned, Lens, Said

RECENT_DAYS = 90
QUALITY = ("categories_bought", "features_used", "minutes_per_use")


def _select(history: History, config: LensesConfig) -> str:
    age = history.age("day")
    recent, before = (
        f"count(*) FILTER (WHERE {window})"
        for window in (f"{age} <= {RECENT_DAYS}", f"{age} > {RECENT_DAYS} AND {age} <= {2 * RECENT_DAYS}")
    )
    bought = f"""
        SELECT customer_id, count(*) AS active_days, min(day) AS first_day,
               {recent} AS active_days_recent,
               ({recent} - {before}) * 1.0e0 / nullif({recent} + {before}, 0) AS usage_trend
        FROM days GROUP BY customer_id"""
    spread = """
        SELECT customer_id, CAST(sum(n) AS DOUBLE) * CAST(sum(n) AS DOUBLE) / CAST(sum(n * n) AS DOUBLE)
                   AS categories_bought
        FROM (SELECT customer_id, category, count(*) AS n FROM lines
              WHERE amount >= 0 AND category IS NOT NULL GROUP BY customer_id, category)
        GROUP BY customer_id"""
    timed = f"event IN ({texts(config.usage.timed)})"
    used = f"""
        SELECT customer_id, count(*) AS use_days, min(day) AS first_use,
               sum(thousandths) / 1000.0e0 AS minutes, sum(thousandths) / (1000.0e0 * nullif(sum(timed), 0)) AS each
        FROM (SELECT customer_id, CAST(occurred_at AS DATE) AS day, count(value) FILTER (WHERE {timed}) AS timed,
                     sum(CAST(round(value * 1000) AS BIGINT)) FILTER (WHERE {timed}) AS thousandths
              FROM touches WHERE event IN ({texts(config.usage.uses)})
              GROUP BY customer_id, CAST(occurred_at AS DATE))
        GROUP BY customer_id"""
    features = f"""
        SELECT customer_id, CAST(sum(n) AS DOUBLE) * CAST(sum(n) AS DOUBLE) / CAST(sum(n * n) AS DOUBLE)
                   AS features_used
        FROM (SELECT customer_id, subject, count(*) AS n FROM touches
              WHERE {timed} AND subject IS NOT NULL GROUP BY customer_id, subject)
        GROUP BY customer_id"""
    began = history.age("least(first_day, first_use)")
    return f"""
        SELECT customer_id, coalesce(active_days, 0) AS active_days, {history.age("first_day")} AS tenure_days,
               (active_days - 1) * 30.0e0 / greatest({history.age("first_day")}, 30) AS repeat_days_per_month,
               (greatest(coalesce(active_days, 0) - 1, 0) + coalesce(use_days, 0)) * 30.0e0 / greatest({began}, 30)
                   AS usage_days_per_month,
               active_days_recent, usage_trend, minutes, categories_bought, features_used, each AS minutes_per_use
        FROM ({bought}) AS bought FULL JOIN ({used}) AS used USING (customer_id)
        LEFT JOIN ({spread}) AS spread USING (customer_id) LEFT JOIN ({features}) AS features USING (customer_id)"""


def _learn(features: pd.DataFrame, config: LensesConfig) -> Learned:
    """Quantiles of those who came back: of volume, and of each sign of quality."""
    settings = config.usage
    again = features[features["usage_days_per_month"] > 0]
    volume = again["usage_days_per_month"]
    thin = {name: again[name].quantile(settings.thin_below) for name in QUALITY}
    return {
        "light": float(volume.quantile(settings.light_below)) if len(again) else 0.0,
        "heavy": float(volume.quantile(settings.heavy_above)) if len(again) else 0.0,
        "thin": {name: float(border) for name, border in thin.items() if np.isfinite(border)},
    }


def _segments(features: pd.DataFrame, learned: Learned) -> Said:
    volume, days = (features[name].to_numpy() for name in ("usage_days_per_month", c.ACTIVE_DAYS))
    breadth = {name: features[name].to_numpy() for name in learned["thin"]}
    thin = sum((breadth[name] <= border).astype(int) for name, border in learned["thin"].items())
    told = sum((~np.isnan(values)).astype(int) for values in breadth.values())
    light, heavy = volume < learned["light"], volume > learned["heavy"]
    once = (days == 1) & (light | (volume == 0))
    cases = [np.isnan(volume), once, light, heavy & (2 * thin > told), heavy]
    labels = np.select(cases, [c.UNKNOWN, "one_time", "light", "hollow", "heavy"], "medium")
    return {c.USAGE_SEGMENT: labels}


LENS = Lens(
    name="usage",
    asks="How much is bought and used, how well, and is it more or less than before?",
    source="Twedt 1964; Hill 1973",
    features={
        c.ACTIVE_DAYS: Feature("days with an order", "busy", "seldom seen", absent=0),
        c.TENURE_DAYS: Feature("days from the first order to the cutoff", "long-standing", "new"),
        c.REPEAT_DAYS_PER_MONTH: Feature("days with an order after the first, per 30 days", "heavy", "light"),
        "usage_days_per_month": Feature("those and days of use, per 30 days", "constant", "sporadic"),
        "active_days_recent": Feature(
            f"days with an order in the last {RECENT_DAYS} days", "active", "quiet", absent=0
        ),
        "usage_trend": Feature(
            f"those less the days in the {RECENT_DAYS} days before, over their sum, -1 to 1", "growing", "shrinking"
        ),
        "minutes": Feature("minutes of use", "immersed", "brief"),
        "categories_bought": Feature("effective number of categories bought", "broad", "narrow"),
        "features_used": Feature("effective number of features used", "versatile", "one-track"),
        "minutes_per_use": Feature("minutes of one use", "deep", "shallow"),
    },
    wants=("transactions.category", "events:feature_used"),
    answers={
        c.USAGE_SEGMENT: {
            "one_time": "bought on one day, and hardly used anything",
            "light": "came back; volume below the frozen lower third",
            "medium": "between",
            "heavy": "volume above the frozen upper third",
            "hollow": "the same, but thin in most of what tells her quality",
        }
    },
    select=_select,
    learn=_learn,
    segments=_segments,
)
