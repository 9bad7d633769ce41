from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pandas as pd
import pytest

from conftest import BY_HAND, through_the_door
from patronage.config import ActsConfig, LensesConfig
from patronage.errors import DataError
from patronage.lenses import available, features_at
from patronage.lenses.corruption import future_leaks
from patronage.training.origins import learnable

CUTOFF = datetime(2024, 3, 1)
EVENTS = pd.DataFrame(
    [
        ("anna", "2023-11-01 10:00", "upgrade"),
        ("anna", "2024-02-01 10:00", "upgrade"),
        ("anna", "2024-02-01 11:00", "upgrade"),
        ("ben", "2024-02-29 23:59:59", "upgrade"),
        ("cleo", "2024-03-01 00:00", "upgrade"),
        ("cleo", "2024-01-01 00:00", "view"),
    ],
    columns=["customer_id", "occurred_at", "event"],
).astype({"occurred_at": "datetime64[us]"})
ORDERS = BY_HAND.assign(category=["tea", "soap"] * 5)
SETTINGS = replace(LensesConfig(), acts=ActsConfig(["event:upgrade", "category:tea"]))


@pytest.fixture(scope="module")
def tables():
    return through_the_door(ORDERS, EVENTS)


def test_days_with_the_act_before_the_cutoff(tables):
    features = features_at(tables, CUTOFF, SETTINGS, 7, ["acts"])
    assert features["days_with_event_upgrade"].tolist() == [2, 1, 0]  # anna, ben, cleo
    assert features["recent_days_with_event_upgrade"].tolist() == [1, 1, 0]
    assert features["days_since_event_upgrade"].fillna(-1).tolist() == [29, 1, -1]
    assert features["days_with_category_tea"].tolist() == [2, 1, 1]


def test_it_sees_no_future(tables):
    assert future_leaks(tables, CUTOFF, SETTINGS, ["acts"]).empty


def test_without_targets_it_has_no_part(tables):
    assert "acts" not in available(tables, LensesConfig())


def test_churn_and_value_never_read_it(tables):
    features = features_at(tables, CUTOFF, SETTINGS, 7, ["acts", "rfm"])
    assert not [name for name in learnable(features, SETTINGS) if "event_upgrade" in name]


def test_a_log_without_the_column_is_refused():
    with pytest.raises(DataError, match=r"target=event:upgrade needs events.event, which the data lacks"):
        features_at(through_the_door(ORDERS), CUTOFF, SETTINGS, 7, ["acts"])
