"""Engagement: acts by hand, halved with time; what the business sends is none of them."""

from __future__ import annotations

import pandas as pd
import pytest

from patronage.lenses import engagement

ORDERS = [("anna", "2024-01-31 10:00", 9.0, "store"), ("ben", "2023-03-01 10:00", 9.0, None)]
ACTS = [
    ("anna", "2024-02-29 09:00", "visit", "web"),
    ("anna", "2024-01-31 09:00", "message_sent", "email"),
    ("anna", "2024-02-10 09:00", "message_sent", "email"),
    ("anna", "2024-01-31 19:00", "message_opened", "email"),
    ("anna", "2024-02-20 19:00", "ticket_resolved", "email"),
    ("ben", "2024-02-28 09:00", "offer_received", "email"),
]


@pytest.fixture
def asked(ask):
    return ask(ORDERS, ACTS, ["channel"], ["channel"])


def test_acts_lose_half_their_weight_with_every_half_life(asked):
    features, _ = asked
    points = 5 / 2 + 2 ** (-1 / 30) + 1 / 2  # the order and the opened message are 30 days old, the visit one
    assert features.loc["anna", "engagement"] == pytest.approx(points, abs=1e-5)
    assert features.loc["anna", "person_share"] == pytest.approx(2.5 / points, abs=1e-5)
    assert features.loc["anna", "message_share"] == pytest.approx(0.5 / points, abs=1e-5)
    assert features.loc["anna", "days_since_last_act"] == 1
    assert features.loc["anna", "engagement_trend"] == 1  # 30 days are still recent


def test_what_the_business_sends_is_no_act_but_is_answered_or_not(asked):
    features, labels = asked
    assert features["response_rate"].to_dict() == {"anna": 0.5, "ben": 0.0}
    assert features.loc["ben", "engagement"] == pytest.approx(5 * 2 ** (-366 / 30), abs=1e-5)
    assert labels["engagement_segment"].to_dict() == {"anna": "active", "ben": "inactive"}


@pytest.mark.slow
def test_those_who_are_there_are_more_active_than_those_who_left(recovered):
    active = recovered.segments["engagement_segment"] == "active"
    inactive = recovered.segments["engagement_segment"] == "inactive"
    there = recovered.truth["true_left_at"].isna() & recovered.truth["true_interested_at"].notna()
    assert there[active].mean() > 0.9
    assert there[inactive].mean() < 0.2


def test_the_trend_holds_the_recent_days_against_as_many_before(ask):
    days = {30: "2024-01-31", 31: "2024-01-30", 60: "2024-01-01", 61: "2023-12-31"}
    visits = {"a": (30, 31), "b": (30, 60), "c": (30, 61), "d": (31,), "e": (61,)}
    rows = [(name, days[age], "visit") for name, ages in visits.items() for age in ages]
    features, _ = ask([("a", "2023-01-01", 9.0)], rows)
    assert features["engagement_trend"].fillna(9).to_dict() == {"a": 0, "b": 0, "c": 1, "d": -1, "e": 9}


@pytest.mark.parametrize(
    ("points", "expected"),
    [(0.99, "inactive"), (1.0, "occasional"), (1.99, "occasional"), (2.0, "active")],
)
def test_borders_of_engagement(points, expected):
    state = engagement.EngagementState(inactive=1.0, active=2.0)
    labels = engagement.LENS.segments(pd.DataFrame({"engagement": [points]}), state)
    assert labels["engagement_segment"].tolist() == [expected]
