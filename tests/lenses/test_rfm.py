"""RFM: a value on a border does not exceed it, and names follow the scores."""

from __future__ import annotations

import pandas as pd
import pytest

from patronage.config.lenses import LensesConfig, RfmConfig
from patronage.errors import ConfigError
from patronage.lenses import rfm

STATE = rfm.RfmState(
    {
        "rfm_recency": [-40.0, -30.0, -20.0, -10.0],
        "rfm_frequency": [1.0, 2.0, 3.0, 4.0],
        "rfm_monetary": [1.0, 2.0, 3.0, 4.0],
    }
)


def labels(days, orders, revenue):
    features = pd.DataFrame({"days_since_last_order": [days], "n_orders": [orders], "revenue": [revenue]})
    return {name: column[0] for name, column in rfm.LENS.segments(features, STATE).items()}


@pytest.mark.parametrize(
    ("days", "orders", "revenue", "score"),
    [(40, 1, 1.0, "111"), (39, 2, 1.01, "222"), (30, 2, 2.0, "222"), (29, 3, 3.0, "333"), (10, 4, 4.0, "444"),
     (9, 5, 4.01, "555")],
)  # fmt: skip
def test_a_score_is_one_more_than_the_borders_that_are_exceeded(days, orders, revenue, score):
    assert labels(days, orders, revenue)["rfm_score"] == score


@pytest.mark.slow
def test_equal_values_share_a_score(lens_settings):
    features = pd.DataFrame({"days_since_last_order": [5.0] * 9, "n_orders": [1.0] * 9, "revenue": [2.0] * 9})
    state = rfm.LENS.fit(features, lens_settings)
    assert set(rfm.LENS.segments(features, state)["rfm_score"]) == {"111"}


def test_the_mean_of_frequency_and_value_is_rounded_up():
    assert labels(9, 1, 1.01) == {"rfm_segment": "potential_loyalist", "rfm_score": "512"}
    assert labels(9, 1, 1.0) == {"rfm_segment": "new", "rfm_score": "511"}


def test_a_customer_without_orders_has_none():
    assert labels(float("nan"), 0, 0.0) == {"rfm_segment": "unknown", "rfm_score": "unknown"}


def test_scores_take_cut_points_of_ones_own():
    cuts = {"days_since_last_order": [10, 20, 30, 40], "n_orders": [1, 2, 4, 8], "revenue": []}
    settings = LensesConfig(rfm=RfmConfig(cuts))
    features = pd.DataFrame(
        {"days_since_last_order": [9.0, 10.0, 39.0, 40.0], "n_orders": [9.0, 8.0, 2.0, 1.0], "revenue": [1.0] * 4}
    )
    state = rfm.LENS.fit(features, settings)
    # fewer than 10 days are 5; from 40 on they are 1; 8 orders do not exceed the last border
    assert rfm.LENS.segments(features, state)["rfm_score"].tolist() == ["551", "441", "221", "111"]


@pytest.mark.parametrize(
    "cuts", [{"n_orders": [1, 2, 3]}, {"revenue": [1, 1, 2, 3]}, {"days_since_last_order": [4, 3, 2, 1]}, {"age": []}]
)
def test_cut_points_that_are_none_are_refused(cuts):
    with pytest.raises(ConfigError, match=r"lenses\.rfm\.cuts"):
        RfmConfig(cuts).check()
