"""Technographic: platforms and channels by hand."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from conftest import through_the_door
from patronage import lenses
from patronage.config import LensesConfig

ORDERS = [
    ("anna", "2024-02-01 10:00", 9.0, "store", None),
    ("ben", "2024-02-02 10:00", 9.0, "web", "Laptop"),
    ("cleo", "2024-02-03 10:00", 9.0, "web", "fridge"),
]
ACTS = [
    *[("anna", f"2024-02-1{day} 09:00", "visit", "web", "iPhone") for day in range(3)],
    ("anna", "2024-02-20 09:00", "message_sent", "email", "desktop"),
    ("ben", "2024-02-11 09:00", "visit", "app", "android"),
    ("ben", "2024-02-12 09:00", "visit", "app", "ipad"),
]


@pytest.mark.slow
def test_platforms_are_told_by_a_vocabulary_and_channels_by_orders_first(ask):
    people = pd.DataFrame({"customer_id": ["anna", "ben"], "acquisition_channel": ["referral", None]})
    features, labels = ask(ORDERS, ACTS, ["channel", "device"], ["channel", "device"], people)
    assert features["device_acts"].to_dict() == {"anna": 3, "ben": 3, "cleo": 0}
    assert features["mobile_share"].tolist() == pytest.approx([1, 1 / 3, math.nan], nan_ok=True)
    assert labels["platform_segment"].to_dict() == {"anna": "mobile", "ben": "multi_device", "cleo": "unknown"}
    assert labels["channel_segment"].to_dict() == {"anna": "store", "ben": "web", "cleo": "web"}
    assert labels["acquisition_segment"].to_dict() == {"anna": "referral", "ben": "unknown", "cleo": "unknown"}


def test_a_log_of_neither_devices_nor_channels_goes_without_the_lens():
    log = pd.DataFrame([("anna", "2024-02-01", 9.0)], columns=["customer_id", "ordered_at", "amount"])
    assert "technographic" not in lenses.available(through_the_door(log), LensesConfig())


def test_the_planted_platform_and_channel_are_found(recovered):
    known = recovered.segments["platform_segment"] != "unknown"
    assert (recovered.segments["platform_segment"] == recovered.truth["true_device"])[known].mean() > 0.95
    bought = recovered.features["n_orders"] > 2
    assert (recovered.segments["channel_segment"] == recovered.truth["true_channel"])[bought].mean() > 0.9
