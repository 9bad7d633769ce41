"""The report of sessions, where there are many, few and none."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from conftest import through_the_door
from patronage import names as c
from patronage.config.journey import JourneyConfig
from patronage.data.simulated import simulate
from patronage.evaluation.intervals import Resampling
from patronage.report import Report
from patronage.review.session_report import abandoned_carts, auc_by_touchpoints, session_report

pytestmark = pytest.mark.slow

CUTOFF = datetime(2023, 7, 1)
CONFIG = JourneyConfig()


@pytest.fixture(scope="module")
def shop_log():
    return simulate(1_500, 12)


def report(tables):
    return session_report(tables, CUTOFF, CONFIG, 0.3, Resampling(20, 0))


def test_a_clickstream_has_forecasts_carts_and_figures(shop_log):
    found = report(through_the_door(shop_log.transactions, shop_log.events, on_duplicate_rows="keep"))
    assert found.tags == {}
    assert found.metrics["sessions/unseen/roc_auc"] > found.metrics["sessions/unseen/baseline_last_event/roc_auc"]
    assert {"session_forecasts.json", "session_paths.json", "cart_forecasts.json"} <= set(found.tables)
    assert list(found.figures) == ["session_touchpoints.png"]
    carts = found.frames["abandoned_carts.parquet"]
    assert carts[c.CUSTOMER_ID].is_unique
    assert carts["expected_return"].is_monotonic_decreasing
    assert carts["left_at"].between(pd.Timestamp("2023-06-23"), pd.Timestamp(CUTOFF)).all()
    orders = shop_log.transactions[shop_log.transactions[c.AMOUNT] > 0]
    later = orders.merge(carts, on=c.CUSTOMER_ID).query("ordered_at > left_at & ordered_at < @CUTOFF")
    assert later.empty  # a customer who ordered since has abandoned nothing


def test_the_figure_says_of_how_many_sessions_and_stands_without_any():
    table = pd.DataFrame({"touchpoints": [1, 2], "sessions": [1200, 800], "model": [0.6, 0.7], "counts": [0.6, 0.65],
                          "last_event": 0.5})  # fmt: skip
    axes = auc_by_touchpoints(table).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1\n1,200", "2\n800"]
    title = auc_by_touchpoints(pd.DataFrame()).axes[0].get_title(loc="left")
    assert title == "Too few sessions to measure the forecast of an order"


def test_too_few_sessions_are_reported(shop_log):
    some = shop_log.customers[c.CUSTOMER_ID].head(8)
    orders, events = (rows[rows[c.CUSTOMER_ID].isin(some)] for rows in (shop_log.transactions, shop_log.events))
    found = report(through_the_door(orders, events, on_duplicate_rows="keep"))
    assert found.tags["carts.verdict"].startswith("not learned: an order after an abandoned cart: ")
    assert not found.metrics
    assert not found.figures


def test_without_sessions_the_report_is_empty(by_hand, shop_log):
    assert report(by_hand) == Report()
    unnamed = through_the_door(
        shop_log.transactions.head(2000), shop_log.events.head(500).assign(session_id=None), on_duplicate_rows="keep"
    )
    assert not report(unnamed).metrics


def test_expected_return_is_chance_times_mean_order():
    class Half:
        def predict(self, features):
            return {"probability": np.full(len(features), 0.5)}

    orders = pd.DataFrame(
        [("anna", "2023-01-01", 10.0, "1"), ("anna", "2023-02-01", 30.0, "2"), ("ben", "2023-06-29", 5.0, "3")],
        columns=[c.CUSTOMER_ID, c.ORDERED_AT, c.AMOUNT, c.ORDER_ID],
    )
    events = pd.DataFrame(
        [("anna", "s1", "2023-06-28 10:00"), ("ben", "s2", "2023-06-28 10:00"), ("cleo", "s3", "2023-06-29 08:00")],
        columns=[c.CUSTOMER_ID, c.SESSION_ID, c.OCCURRED_AT],
    ).assign(event="add_to_cart")
    carts = abandoned_carts(through_the_door(orders, events), CUTOFF, CONFIG, Half())
    assert carts[c.CUSTOMER_ID].tolist() == ["anna", "cleo"]  # ben ordered the day after
    assert carts["expected_return"].tolist() == pytest.approx([10.0, 0.5 * 45 / 3])
