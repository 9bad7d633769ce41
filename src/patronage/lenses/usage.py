"""Usage: how much and how steadily the customer buys and uses, and how well.

Twedt (1964), "How important to marketing strategy is the heavy user?": light, medium and heavy users by volume.
Volume counts days with an order after the first, and days of use, by time since the first of either, so that a
customer is not heavy for having joined yesterday; tiers split it at frozen quantiles. Quality is breadth (how
many categories are bought and features used, as an effective number: Hill 1973, of order 2) and depth (minutes of
a use). A customer heavy in volume but thin in most of the known signs of quality is hollow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.engine import texts
from patronage.lenses.expressions import effective_number
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Labels, Lens

RECENT_DAYS = 90
QUALITY = ("categories_bought", "features_used", "minutes_per_use")


def _select(history: History, config: LensesConfig) -> str:
    age = history.age("day")
    recent, before = (
        f"count(*) FILTER (WHERE {window})"
        for window in (f"{age} <= {RECENT_DAYS}", f"{age} > {RECENT_DAYS} AND {age} <= {2 * RECENT_DAYS}")
    )
    tenure, known = history.age("first_day"), history.age("least(first_day, first_use)")
    return f"""
        WITH purchases AS (
            SELECT customer_id, count(*) AS active_days, min(day) AS first_day,
                   {recent} AS active_days_recent,
                   ({recent} - {before}) * 1.0e0 / nullif({recent} + {before}, 0) AS usage_trend
            FROM order_days GROUP BY customer_id
        ),
        {_uses(config)},
        {_breadths(config)}
        SELECT customer_id,
               coalesce(active_days, 0) AS active_days,
               {tenure} AS tenure_days,
               (active_days - 1) * 30.0e0 / greatest({tenure}, 30) AS repeat_days_per_month,
               (greatest(coalesce(active_days, 0) - 1, 0) + coalesce(use_days, 0)) * 30.0e0 / greatest({known}, 30)
                   AS usage_days_per_month,
               active_days_recent, usage_trend, minutes, categories_bought, features_used, minutes_per_use
        FROM purchases FULL JOIN uses USING (customer_id)
        LEFT JOIN category_breadths USING (customer_id) LEFT JOIN feature_breadths USING (customer_id)"""


def _uses(config: LensesConfig) -> str:
    """SQL: the steps that count days and minutes of use."""
    timed = f"event IN ({texts(config.usage.timed)})"
    return f"""days_of_use AS (
            SELECT customer_id, CAST(occurred_at AS DATE) AS day, count(value) FILTER (WHERE {timed}) AS n_timed,
                   sum(CAST(round(value * 1000) AS BIGINT)) FILTER (WHERE {timed}) AS thousandths
            FROM events WHERE event IN ({texts(config.usage.uses)})
            GROUP BY customer_id, CAST(occurred_at AS DATE)
        ),
        uses AS (
            SELECT customer_id, count(*) AS use_days, min(day) AS first_use,
                   sum(thousandths) / 1000.0e0 AS minutes,
                   sum(thousandths) / (1000.0e0 * nullif(sum(n_timed), 0)) AS minutes_per_use
            FROM days_of_use GROUP BY customer_id
        )"""


def _breadths(config: LensesConfig) -> str:
    """SQL: the steps that count kinds of what is bought and used."""
    return f"""category_lines AS (
            SELECT customer_id, category, count(*) AS n FROM order_lines
            WHERE amount >= 0 AND category IS NOT NULL GROUP BY customer_id, category
        ),
        category_breadths AS (
            SELECT customer_id, {effective_number("n")} AS categories_bought FROM category_lines GROUP BY customer_id
        ),
        feature_uses AS (
            SELECT customer_id, subject, count(*) AS n FROM events
            WHERE event IN ({texts(config.usage.timed)}) AND subject IS NOT NULL GROUP BY customer_id, subject
        ),
        feature_breadths AS (
            SELECT customer_id, {effective_number("n")} AS features_used FROM feature_uses GROUP BY customer_id
        )"""


@dataclass(frozen=True)
class UsageState:
    """Borders of volume (usage days per month) and, by sign of quality, below which it is thin."""

    light: float
    heavy: float
    thin: Mapping[str, float]


def _fit(features: pd.DataFrame, config: LensesConfig) -> UsageState:
    """Quantiles of the customers who came back: of volume, and of each sign of quality."""
    settings = config.usage
    again = features[features["usage_days_per_month"] > 0]
    volume = again["usage_days_per_month"]
    thin = {name: again[name].quantile(settings.thin_below) for name in QUALITY}
    return UsageState(
        light=float(volume.quantile(settings.light_below)) if len(again) else 0.0,
        heavy=float(volume.quantile(settings.heavy_above)) if len(again) else 0.0,
        thin={name: float(border) for name, border in thin.items() if np.isfinite(border)},
    )


def _segments(features: pd.DataFrame, state: UsageState) -> Labels:
    volume, days = (features[name].to_numpy() for name in ("usage_days_per_month", c.ACTIVE_DAYS))
    quality = {name: features[name].to_numpy() for name in state.thin}
    n_thin = sum((quality[name] <= border).astype(int) for name, border in state.thin.items())
    n_known = sum((~np.isnan(values)).astype(int) for values in quality.values())
    light, heavy = volume < state.light, volume > state.heavy
    one_time = (days == 1) & (light | (volume == 0))
    cases = [np.isnan(volume), one_time, light, heavy & (2 * n_thin > n_known), heavy]
    labels = np.select(cases, [c.UNKNOWN, "one_time", "light", "hollow", "heavy"], "medium")
    return {c.USAGE_SEGMENT: labels}


LENS = Lens(
    name="usage",
    question="How much is bought and used, how well, and is it more or less than before?",
    source="Twedt 1964; Hill 1973",
    features={
        c.ACTIVE_DAYS: Feature("days with an order", "busy", "seldom seen", absent=0, reason="orders on {} days"),
        c.TENURE_DAYS: Feature(
            "days from the first order to the cutoff", "long-standing", "new", reason="a customer for {} days"
        ),
        c.REPEAT_DAYS_PER_MONTH: Feature(
            "days with an order after the first, per 30 days",
            "frequent",
            "one-time",
            "ordering more often",
            "ordering less often",
            middle="occasional",
            reason="orders again more often than most|orders again less often than most",
            none="no repeat order yet",
        ),
        "usage_days_per_month": Feature(
            "repeat days with an order and days of use, per 30 days",
            "constant",
            "sporadic",
            reason="buys again and uses more often than most|buys again and uses less often than most",
            none="no repeat order yet, and no use",
        ),
        c.ACTIVE_DAYS_RECENT: Feature(
            f"days with an order in the last {RECENT_DAYS} days",
            "active",
            "quiet",
            "ordering more these months",
            "ordering less these months",
            absent=0,
            reason="{} days with an order in the last 90",
            none="no order in the last 90 days",
        ),
        "usage_trend": Feature(
            f"trend of the orders (recent days with one less those in the {RECENT_DAYS} days before, over their sum)",
            "growing",
            "shrinking",
            reason="a better trend of orders than most|a worse trend of orders than most",
        ),
        "minutes": Feature("minutes of use", "immersed", "brief", reason="{} minutes of use", none="no use"),
        "categories_bought": Feature(
            "effective number of categories bought",
            "broad",
            "narrow",
            reason="buys more different categories than most|buys fewer different categories than most",
        ),
        "features_used": Feature(
            "effective number of features used",
            "versatile",
            "one-track",
            reason="uses more features than most|uses fewer features than most",
        ),
        "minutes_per_use": Feature("mean minutes of a use", "deep", "shallow", reason="{} minutes a use"),
    },
    improved_by=("transactions.category", "events:feature_used"),
    labels={
        c.USAGE_SEGMENT: {
            "one_time": "bought on one day, and hardly used anything",
            "light": "came back; volume below the frozen lower third",
            "medium": "between",
            "heavy": "volume above the frozen upper third",
            "hollow": "volume above the frozen upper third, but thin in most of the known signs of quality",
        }
    },
    select=_select,
    state=UsageState,
    fit=_fit,
    segments=_segments,
)
