"""Usage: volume and quality by hand; hollow is heavy in volume and thin in quality."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from patronage import lenses
from patronage.lenses import usage

ORDERS = [
    ("anna", "2023-12-02", 10.0, "books"),
    ("anna", "2023-12-02", 10.0, "toys"),
    ("anna", "2024-02-20", 10.0, "books"),
    ("anna", "2024-02-20", 10.0, "books"),
    ("ben", "2024-01-31", 10.0, None),
]
ACTS = [
    ("anna", "2024-01-01", "feature_used", "reorder", 2.0),
    ("anna", "2024-01-01", "feature_used", "recipes", 4.5),
    ("anna", "2024-01-05", "login", None, None),
    ("cleo", "2024-01-31", "login", None, None),
]


@pytest.fixture
def asked(ask):
    return ask(ORDERS, ACTS, ["category"], ["subject", "value"])


@pytest.mark.slow
def test_volume_and_quality_by_hand(asked):
    features, labels = asked
    anna = features.loc["anna"]
    assert (anna["active_days"], anna["active_days_recent"], anna["usage_trend"]) == (2, 2, 1)
    assert anna["usage_days_per_month"] == pytest.approx((1 + 2) * 30 / 90)
    assert anna["categories_bought"] == pytest.approx(4**2 / (3**2 + 1**2))  # books in two lines of three
    assert anna["features_used"] == 2
    assert (anna["minutes"], anna["minutes_per_use"]) == (6.5, 3.25)
    assert features.loc["cleo", "usage_days_per_month"] == 1
    assert features.loc["cleo", "active_days"] == 0
    assert labels.loc["ben", "usage_segment"] == "one_time"


@pytest.mark.slow
def test_heavy_in_volume_but_thin_in_quality_is_hollow(ask):
    days = pd.date_range("2023-09-01", periods=36, freq="5D").strftime("%Y-%m-%d")
    kinds = {"light": (12, 4), "medium": (6, 4), "broad": (1, 2), "thin": (1, 2)}  # every how manyth day, how many
    orders = [
        (name + str(twin), day, 9.0, "one" if name == "thin" else f"k{number % 4}")
        for name, (step, twins) in kinds.items()
        for twin in range(twins)
        for number, day in enumerate(days[::step])
    ]
    _, labels = ask(orders, order_columns=["category"])
    assert labels.loc["thin0", "usage_segment"] == "hollow"
    assert labels.loc["broad0", "usage_segment"] == "heavy"
    assert labels.loc["light0", "usage_segment"] == "light"


@pytest.mark.slow
def test_where_no_quality_is_seen_nobody_is_hollow(cdnow, lens_settings):
    features = lenses.features_at(cdnow, datetime(1998, 1, 1), lens_settings, 7, ["rfm", "usage"])
    labels = lenses.segments(features, lenses.fit(features, lens_settings))["usage_segment"]
    assert set(labels) == {"one_time", "light", "medium", "heavy", "unknown"}  # unknown: only free orders


def test_the_planted_tier_is_found_better_than_by_counting_orders(recovered):
    truth = recovered.truth["true_usage"]
    said = recovered.segments["usage_segment"].replace({"one_time": "light"})
    orders = recovered.features["n_orders"]
    third, two_thirds = orders[orders > 0].quantile([1 / 3, 2 / 3])
    naive = pd.Series(np.select([orders <= third, orders <= two_thirds], ["light", "medium"], "heavy"), truth.index)
    known = said != "unknown"
    assert recovered.balanced_accuracy(truth, said, known) > recovered.balanced_accuracy(truth, naive, known) + 0.1
    hollow = said == "hollow"
    assert (truth[hollow] == "hollow").mean() > 0.9
    assert (said[truth == "hollow"] == "hollow").mean() > 0.5


STATE = usage.UsageState(light=1.0, heavy=2.0, thin={"categories_bought": 2.0, "minutes_per_use": 5.0})


@pytest.mark.parametrize(
    ("volume", "days", "categories", "minutes", "expected"),
    [
        (0.99, 2, 9, 9, "light"),
        (1.0, 2, 9, 9, "medium"),
        (2.0, 2, 9, 9, "medium"),
        (2.01, 2, 9, 9, "heavy"),
        (2.01, 2, 2.0, 5.0, "hollow"),  # on the border is thin
        (2.01, 2, 2.0, 5.1, "heavy"),  # one of two is not most
        (2.01, 2, 2.0, np.nan, "hollow"),  # one of one is
        (2.0, 2, 2.0, 5.0, "medium"),
        (0.0, 1, 9, 9, "one_time"),
        (1.0, 1, 9, 9, "medium"),
        (np.nan, 0, np.nan, np.nan, "unknown"),
    ],
)
def test_borders_of_volume_and_quality(volume, days, categories, minutes, expected):
    row = {"usage_days_per_month": volume, "active_days": days}
    features = pd.DataFrame([row | {"categories_bought": categories, "minutes_per_use": minutes}])
    assert usage.LENS.segments(features, STATE)["usage_segment"].tolist() == [expected]
