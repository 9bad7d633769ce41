"""Engagement: how much the customer has to do with the brand, recently, and through which channels.

Van Doorn et al. (2010) and Kumar et al. (2010): engagement is every behaviour towards the brand, purchases and
what goes beyond them. Each act has a weight (conf) that halves with every half-life. What the business does
(a message, an offer) is no act of the customer; the response rate counts how often the customer reacts to it. In a
log of events silence is an observation, so a known customer without acts is inactive, not unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.data.contract import BY_BUSINESS, SENT
from patronage.engine import number, text, texts
from patronage.lenses.expressions import case
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Labels, Lens

# Weights are summed as integers: the same bits on every engine, in every order of the rows.
SCALE = 2**20


def _select(history: History, config: LensesConfig) -> str:
    settings = config.engagement
    weight = f"CASE WHEN event IN ({texts(BY_BUSINESS)}) THEN 0 ELSE {case(settings.weights, 1)} END"
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
    responses = f"count(*) FILTER (WHERE event IN ({texts(settings.answers)}))"
    return f"""
        WITH acts AS (
            SELECT customer_id, event, CAST(occurred_at AS DATE) AS day, channel FROM events
            UNION ALL
            SELECT customer_id, 'order', CAST(ordered_at AS DATE), channel FROM orders
        ),
        weighted_acts AS (
            SELECT customer_id, event, {history.age("day")} AS age, {weight} AS weight, CASE {doors} END AS door
            FROM acts
        ),
        decayed_acts AS (
            SELECT *, weight * {decay} AS points FROM weighted_acts
        )
        SELECT customer_id,
               sum(points) / {SCALE}.0e0 AS engagement,
               min(age) FILTER (WHERE weight > 0) AS days_since_last_act,
               (coalesce({recent}, 0) - coalesce({before}, 0)) * 1.0e0
                   / nullif(coalesce({recent}, 0) + coalesce({before}, 0), 0) AS engagement_trend,
               CASE WHEN {sent} > 0 THEN least({responses} * 1.0e0 / {sent}, 1.0e0) END AS response_rate,
               {shares}
        FROM decayed_acts GROUP BY customer_id"""


def _doors(config: LensesConfig) -> list[tuple[str, list[str]]]:
    doors = config.engagement.doors
    return [("site", doors.site), ("message", doors.message), ("person", doors.person), ("social", doors.social)]


def _windows(days: int) -> tuple[str, str]:
    """SQL: the act is in the recent days; it is in as many days before those."""
    return f"age <= {days}", f"age > {days} AND age <= {2 * days}"


@dataclass(frozen=True)
class EngagementState:
    """Points below which a customer is inactive, and from which on active."""

    inactive: float
    active: float


def _fit(features: pd.DataFrame, config: LensesConfig) -> EngagementState:
    floor = config.engagement.inactive_below
    points = features["engagement"]
    busy = points[points >= floor]
    return EngagementState(floor, float(busy.quantile(config.engagement.active_above)) if len(busy) else floor)


def _segments(features: pd.DataFrame, state: EngagementState) -> Labels:
    points = features["engagement"]
    labels = np.select([points < state.inactive, points < state.active], ["inactive", "occasional"], "active")
    return {c.ENGAGEMENT_SEGMENT: labels}


LENS = Lens(
    name="engagement",
    question="How much has the customer to do with the brand, and through which channels?",
    source="van Doorn et al. 2010; Kumar et al. 2010",
    features={
        "engagement": Feature(
            "weighted acts, halved with every half-life",
            "engaged",
            "detached",
            absent=0,
            reason="more active of late than most|less active of late than most",
            none="no act of late",
        ),
        "days_since_last_act": Feature(
            "days from the last act to the cutoff", "silent", "present", reason="{} days since the last order or visit"
        ),
        "engagement_trend": Feature(
            "trend of the activity (recent acts less those before, over their sum)",
            "warming",
            "cooling",
            reason="a better trend of activity than most|a worse trend of activity than most",
        ),
        "response_rate": Feature(
            "responses over messages and offers sent",
            "responsive",
            "unresponsive",
            reason="responds to {:.0%} of the messages",
        ),
        "site_share": Feature(
            "share of decayed acts on the site or app", "online", reason="{:.0%} of the acts on the site or app"
        ),
        "message_share": Feature(
            "share of decayed acts by e-mail, text or push",
            "message-led",
            reason="{:.0%} of the acts by e-mail, text or push",
        ),
        "person_share": Feature(
            "share of decayed acts in a store or by phone",
            "in-person",
            reason="{:.0%} of the acts in a store or by phone",
        ),
        "social_share": Feature(
            "share of decayed acts in social media", "social", reason="{:.0%} of the acts in social media"
        ),
    },
    requires=("events.event",),
    improved_by=("events.channel", "events:message_sent", "events:message_opened"),
    labels={
        c.ENGAGEMENT_SEGMENT: {
            "active": "not inactive, and in the upper part (`active_above`) by engagement",
            "occasional": "not inactive, and in the lower part",
            "inactive": "less than `inactive_below` points are left",
        }
    },
    select=_select,
    state=EngagementState,
    fit=_fit,
    segments=_segments,
)
