"""Satisfaction: answers, signs and tickets by hand; what is planted is found where there is evidence."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

ORDERS = [(who, "2024-01-05 10:00", 20.0) for who in ("anna", "ben", "cleo", "dora")]
ORDERS += [("cleo", "2024-01-06 10:00", 20.0), ("cleo", "2024-01-09 10:00", -20.0)]
ACTS = [
    ("anna", "2023-01-10 10:00", "rating", 2.0),
    ("anna", "2024-01-10 10:00", "rating", 5.0),
    ("anna", "2024-01-11 10:00", "nps", 8.0),
    ("anna", "2024-01-12 10:00", "nps", 11.0),  # no answer on a scale to 10
    ("ben", "2024-01-10 10:00", "complaint", None),
    ("ben", "2024-02-01 10:00", "ticket_opened", None),
    ("ben", "2024-02-02 13:00", "ticket_resolved", None),
    ("ben", "2024-02-10 10:00", "ticket_opened", None),  # still open after 20 days
    ("cleo", "2024-01-08 10:00", "return_requested", None),
]


@pytest.fixture
def asked(ask):
    return ask(ORDERS, ACTS, event_columns=["value"])


@pytest.mark.slow
def test_answers_are_brought_to_one_scale(asked):
    features, _ = asked
    assert features.loc["anna", "stated_satisfaction"] == pytest.approx((0.25 + 1 + 0.8) / 3)
    assert features.loc["anna", "satisfaction_evidence"] == 3
    assert features.loc["anna", "satisfaction_trend"] == pytest.approx(0.9 - 0.25)


def test_behaviour_speaks_with_the_weights_of_the_configuration(asked):
    features, _ = asked
    # a complaint, a ticket put right, a ticket left open
    assert features.loc["ben", "satisfaction_evidence"] == pytest.approx(1 + 0.3 + 0.5)
    assert features.loc["ben", "satisfaction_signs"] == pytest.approx((0 + 0.3 * 0.5 + 0.5 * 0.1) / 1.8)
    assert (features.loc["ben", "troubles"], features.loc["ben", "ticket_hours"]) == (3, 27)
    # a return that was asked for and made is one return
    assert features.loc["cleo", "sent_back_share"] == 0.5
    assert features.loc["cleo", "satisfaction_evidence"] == pytest.approx(0.2)


@pytest.mark.slow
def test_who_said_nothing_is_unknown(asked):
    features, labels = asked
    assert math.isnan(features.loc["dora", "satisfaction_signs"])
    assert labels["satisfaction_segment"].to_dict() == {
        "anna": "high", "ben": "low", "cleo": "unknown", "dora": "unknown",
    }  # fmt: skip


@pytest.mark.slow
def test_one_bad_answer_among_few_is_drawn_to_everyones_mean(ask):
    orders = [(f"c{n}", "2024-01-05", 5.0) for n in range(5)]
    acts = [("c0", "2024-02-01", "rating", 1.0)]  # one answer, the worst
    acts += [("c1", "2024-02-01", "rating", 2.0)] * 9  # nine bad ones
    acts += [(f"c{n}", "2024-02-01", "rating", 4.0) for n in range(2, 5) for _ in range(3)]
    _, labels = ask(orders, acts, event_columns=["value"])
    assert labels.loc["c1", "satisfaction_segment"] == "low"
    assert labels.loc["c0", "satisfaction_segment"] != "low"


@pytest.mark.slow
def test_the_planted_satisfaction_is_found_where_there_is_evidence(recovered):
    low, high = recovered.truth["true_satisfaction"].quantile([0.2, 0.8])
    planted = recovered.truth["true_satisfaction"]
    truth = pd.Series(np.select([planted <= low, planted >= high], ["low", "high"], "middle"), planted.index)
    said = recovered.segments["satisfaction_segment"]
    known = said != "unknown"
    assert recovered.balanced_accuracy(truth, said, known) > 0.65
    # who only counts answers knows fewer customers, and those less well
    stated = recovered.features["stated_satisfaction"]
    borders = stated.quantile([0.2, 0.8])
    naive = pd.Series(
        np.select([stated <= borders[0.2], stated >= borders[0.8]], ["low", "high"], "middle"), stated.index
    )
    assert recovered.balanced_accuracy(truth, said, known) > recovered.balanced_accuracy(truth, naive, known)


@pytest.mark.slow
def test_a_ticket_is_resolved_by_its_own_event_after_the_minutes_that_passed(ask):
    acts = [
        ("anna", "2024-02-01 10:50", "ticket_opened", "t1"),
        ("anna", "2024-02-01 11:00", "ticket_opened", "t2"),
        ("anna", "2024-02-01 11:10", "ticket_resolved", "t1"),  # 20 minutes: not an hour, and not t2
        ("anna", "2024-02-11 11:00", "ticket_resolved", "t2"),
    ]
    features, _ = ask([("anna", "2024-01-01", 9.0)], acts, event_columns=["ticket_id"])
    assert features.loc["anna", "ticket_hours"] == pytest.approx((20 / 60 + 240) / 2)
