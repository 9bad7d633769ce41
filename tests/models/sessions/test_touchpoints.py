"""Touchpoints by hand, and a future that changes nothing."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from patronage import names as c
from patronage.models.sessions import frequent_events, path_names, session_table, touchpoint_features
from patronage.models.sessions.clickstream import build_clickstream

CUTOFF = datetime(2024, 3, 1)


def test_by_hand(clickstream, sessions):
    events = ("view", "visit", "add_to_cart")
    features, keys = touchpoint_features(clickstream, sessions, events)
    assert keys["ordered_later"].tolist() == [0, 0, 1, 1, 1, 0, 0, 0]
    assert features["position"].tolist() == [1, 2, 1, 2, 3, 1, 1, 2]
    assert features["minutes"].tolist() == [0, 5, 0, 10, 12, 0, 0, 1]
    assert features["last"].tolist() == [1, 0, 1, 2, 3, 2, 2, 0]  # 3: an event that is not told apart
    assert features["before"].tolist() == [-1, 1, -1, 1, 2, -1, -1, 2]
    assert features["n_add_to_cart"].tolist() == [0, 0, 0, 1, 1, 1, 1, 1]
    assert path_names(features, keys, events)[4] == "visit > add_to_cart > other"


def test_the_most_frequent_events_come_first_and_equal_ones_by_name(clickstream):
    assert frequent_events(clickstream) == ("add_to_cart", "view", "visit", "checkout_started")


def test_later_rows_change_nothing_before(random_log):
    touchpoints, orders, _ = random_log(2_000, seed=2, customers=50)
    middle = pd.Timestamp("2023-09-01")

    def features(touchpoints, orders):
        clickstream = build_clickstream(touchpoints, orders, CUTOFF)
        rows, keys = touchpoint_features(clickstream, session_table(clickstream), ("view", "search", "visit"))
        moment = (middle - pd.Timestamp(CUTOFF)).total_seconds()
        return rows[(keys["at"] < moment).to_numpy()].reset_index(drop=True), clickstream.customers

    whole, customers = features(touchpoints, orders)
    cut, known = features(touchpoints[touchpoints[c.OCCURRED_AT] < middle], orders[orders[c.ORDERED_AT] < middle])
    assert known.equals(customers)
    pd.testing.assert_frame_equal(cut, whole)
