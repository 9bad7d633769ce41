"""Loyalty: both sides by hand, the quadrants, and the planted ones."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

ORDERS = [("anna", day, 10.0) for day in ("2023-03-02", "2023-06-10", "2023-09-18", "2023-12-27")]  # 100 days apart
ORDERS += [("ben", "2023-03-02", 10.0)]
ACTS = [
    *[("anna", day, "visit") for day in ("2023-03-02", "2023-06-10", "2023-09-18", "2023-12-27")],  # with her orders
    *[("ben", f"2024-01-{day:02d}", "visit") for day in range(1, 15)],
    ("ben", "2024-01-20", "message_sent"),
    ("ben", "2024-01-20", "message_opened"),
    ("ben", "2024-01-21", "referred"),
]


@pytest.fixture
def asked(ask):
    return ask(ORDERS, ACTS)


def test_the_sales_side_is_tenure_frequency_and_regularity(asked):
    features, _ = asked
    years = 365 / 365.25
    tenure, frequency = 300 / (300 + 365), (3 / years) / (3 / years + 6)
    regularity = 1 / (1 + 2 / (3 - 1 + 2))  # gaps without any variation, and two as of chance
    assert features.loc["anna", "loyalty_sales"] == pytest.approx((tenure + frequency + regularity) / 3)
    assert features.loc["ben", "loyalty_sales"] == 0


def test_the_psychological_side_is_activity_that_no_order_explains(asked):
    features, _ = asked
    assert features.loc["anna", "loyalty_mind"] == 0
    years = 365 / 365.25
    attention, advocacy = (13 / years) / (13 / years + 12), (2 / years) / (2 / years + 2)
    answers = (1 + 1) / (1 + 4)
    assert features.loc["ben", "loyalty_mind"] == pytest.approx((attention + advocacy + answers) / 3)
    assert features.loc["ben", "loyalty_evidence"] == 17


def test_a_mind_of_which_nothing_is_known_is_unknown(ask):
    features, labels = ask([*ORDERS, ("cleo", "2024-01-01", 5.0)], [*ACTS, ("anna", "2024-02-01", "visit")])
    assert math.isnan(features.loc["cleo", "loyalty_mind"])
    assert labels["loyalty_segment"].to_dict() == {"anna": "spurious", "ben": "latent", "cleo": "unknown"}


@pytest.mark.slow
def test_the_planted_quadrant_is_found_better_than_by_counting(recovered):
    truth, said = recovered.truth["true_loyalty"], recovered.segments["loyalty_segment"]
    orders, engagement = recovered.features["n_orders"], recovered.features["engagement"]
    buys, acts = orders > orders.median(), engagement > engagement.median()
    naive = pd.Series(np.select([buys & acts, acts, buys], ["true", "latent", "spurious"], "none"), truth.index)
    known = said != "unknown"
    assert recovered.balanced_accuracy(truth, said, known) > recovered.balanced_accuracy(truth, naive, known) + 0.05
