"""Engagement: how much the customer has to do with the brand, lately, and through which doors.

Van Doorn et al. (2010) and Kumar et al. (2010): engagement is every behaviour towards the brand, purchases and
what goes beyond them. Each act has a weight (conf) that halves with every half-life. What the business does
(a message, an offer) is no act of hers; how often she answers it is. In a log of events silence is an observation,
so a known customer without acts is inactive, not unknown.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.data.contract import BY_BUSINESS, SENT
from patronage.engine import number, text, texts
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Learned, Lens, Said

# Weights are summed as integers: the same bits on every engine, in every order of the rows.
SCALE = 2**20


def _select(history: History, config: LensesConfig) -> str:
    settings = config.engagement
    weights = " ".join(f"WHEN event = {text(event)} THEN {weight}" for event, weight in settings.weights.items())
    weight = f"CASE WHEN event IN ({texts(BY_BUSINESS)}) THEN 0 {weights} ELSE 1 END"
    doors = " ".join(f"WHEN lower(channel) IN ({texts(names)}) THEN {text(door)}" for door, names in _doors(config))
    decay = f"CAST(round(power(0.5e0, age / {number(settings.half_life_days)}) * {SCALE}) AS BIGINT)"
    recent, before = (f"sum(weight) FILTER (WHERE {window})" for window in _windows(settings.recent_days))
    door_points = "sum(points) FILTER (WHERE door IS NOT NULL)"
    shares = ", ".join(
        f"CASE WHEN {door_points} > 0 THEN coalesce(sum(points) FILTER (WHERE door = {text(door)}), 0) * 1.0e0 "
        f"/ {door_points} END AS {door}_share"
        for door, _ in _doors(config)
    )
    sent = f"count(*) FILTER (WHERE event IN ({texts(SENT)}))"
    answers = f"count(*) FILTER (WHERE event IN ({texts(settings.answers)}))"
    return f"""
        SELECT customer_id, sum(points) / {SCALE}.0e0 AS engagement,
               min(age) FILTER (WHERE weight > 0) AS days_since_last_act,
               (coalesce({recent}, 0) - coalesce({before}, 0)) * 1.0e0
                   / nullif(coalesce({recent}, 0) + coalesce({before}, 0), 0) AS engagement_trend,
               CASE WHEN {sent} > 0 THEN least({answers} * 1.0e0 / {sent}, 1.0e0) END AS response_rate,
               {shares}
        FROM (SELECT *, weight * {decay} AS points
              FROM (SELECT customer_id, event, {history.age("day")} AS age,
                           {weight} AS weight, CASE {doors} END AS door
                    FROM (SELECT customer_id, event, CAST(occurred_at AS DATE) AS day, channel FROM touches
                          UNION ALL
                          SELECT customer_id, 'order', CAST(ordered_at AS DATE), channel FROM orders)))
        GROUP BY customer_id"""


def _doors(config: LensesConfig) -> list[tuple[str, list[str]]]:
    doors = config.engagement.doors
    return [("site", doors.site), ("message", doors.message), ("person", doors.person), ("social", doors.social)]


def _windows(days: int) -> tuple[str, str]:
    """SQL: the act is recent; it is of the same time before that."""
    return f"age <= {days}", f"age > {days} AND age <= {2 * days}"


def _learn(features: pd.DataFrame, config: LensesConfig) -> Learned:
    floor = config.engagement.inactive_below
    points = features["engagement"]
    busy = points[points >= floor]
    return {"inactive": floor, "active": float(busy.quantile(config.engagement.active_above)) if len(busy) else floor}


def _segments(features: pd.DataFrame, learned: Learned) -> Said:
    points = features["engagement"]
    labels = np.select([points < learned["inactive"], points < learned["active"]], ["inactive", "occasional"], "active")
    return {c.ENGAGEMENT_SEGMENT: labels}


LENS = Lens(
    name="engagement",
    asks="How much has the customer to do with the brand, and through which doors?",
    source="van Doorn et al. 2010; Kumar et al. 2010",
    features={
        "engagement": Feature("weighted acts, halved with every half-life", "engaged", "detached", absent=0),
        "days_since_last_act": Feature("days from the last act to the cutoff", "silent", "present"),
        "engagement_trend": Feature("recent acts less those before over their sum, -1 to 1", "warming", "cooling"),
        "response_rate": Feature("answers over messages and offers sent", "responsive", "unresponsive"),
        "site_share": Feature("share of decayed acts on the site or app", "online"),
        "message_share": Feature("share of decayed acts by e-mail, text or push", "message-led"),
        "person_share": Feature("share of decayed acts in a store or by phone", "in-person"),
        "social_share": Feature("share of decayed acts in social media", "social"),
    },
    needs=("events.event",),
    wants=("events.channel", "events:message_sent", "events:message_opened"),
    answers={
        c.ENGAGEMENT_SEGMENT: {
            "active": "among the more engaged of those who are not inactive",
            "occasional": "the others of them",
            "inactive": "less than `inactive_below` points are left",
        }
    },
    select=_select,
    learn=_learn,
    segments=_segments,
)
