"""Obstacles: a payment that fails after the checkout loses customers; a fast order makes no obstacle of anything."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from conftest import through_the_door
from patronage.analyses import obstacles
from patronage.analyses.contract import Population, View
from patronage.config import LensesConfig, ObstaclesConfig
from patronage.lenses import look_back


def shop(matters: bool) -> View:
    """1,200 customers with three checkouts each: in a quarter a payment fails, in a quarter a page is read."""
    rng = np.random.default_rng(1)
    orders, events = [], []
    for number in range(1200):
        customer = f"c{number:04d}"
        for visit in range(3):
            begins = pd.Timestamp("2023-02-01 10:00") + pd.Timedelta(days=int(60 * visit + rng.integers(0, 40)))
            failed, read = rng.random(2) < 0.25
            events += [(customer, begins, "checkout_started")]
            events += [(customer, begins + pd.Timedelta(seconds=30), "payment_failed")] if failed else []
            events += [(customer, begins + pd.Timedelta(seconds=45), "terms_read")] if read else []
            if rng.random() < (0.4 if failed and matters else 0.8):
                wait = int(rng.integers(60, 3000))
                orders.append((customer, begins + pd.Timedelta(seconds=wait), 30.0, f"{customer}-{visit}"))
    return _view(orders, events)


def _view(orders: list, events: list) -> View:
    transactions = pd.DataFrame(orders, columns=["customer_id", "ordered_at", "amount", "order_id"])
    log = pd.DataFrame(events, columns=["customer_id", "occurred_at", "event"])
    tables = through_the_door(
        transactions.astype({"ordered_at": "datetime64[us]"}), log.astype({"occurred_at": "datetime64[us]"})
    )
    nobody = Population(pd.DataFrame(), pd.DataFrame())
    return View(look_back(tables, datetime(2023, 9, 1), LensesConfig(), 7), nobody, None, 91, 0)


@pytest.fixture(scope="module")
def planted_obstacle():
    return obstacles.run(shop(matters=True), ObstaclesConfig())


@pytest.mark.slow
def test_the_planted_obstacle_is_found_with_its_size_and_its_money(planted_obstacle):
    table = planted_obstacle.tables["obstacles"].set_index(["step", "obstacle"])
    row = table.loc[("checkout_started", "payment_failed")]
    assert row["verdict"] == "obstacle"
    assert row["low"] < -0.4 < row["high"]
    assert row["lost_value"] == pytest.approx(-row["effect"] * row["met"] * 30, rel=0.01)
    assert table.loc[("checkout_started", "terms_read"), "verdict"] == ""


@pytest.mark.slow
def test_steps_are_named_and_counted(planted_obstacle):
    steps = planted_obstacle.tables["steps"].set_index("step")
    assert steps.loc["checkout_started", "episodes"] == 3600
    assert steps.loc["checkout_started", "passed_share"] == pytest.approx(0.7, abs=0.03)
    stages = planted_obstacle.tables["steps_by"]
    assert set(stages["by"]) == {"stage"}


@pytest.mark.slow
def test_a_failure_without_an_effect_is_no_obstacle():
    table = obstacles.run(shop(matters=False), ObstaclesConfig()).tables["obstacles"].set_index(["step", "obstacle"])
    row = table.loc[("checkout_started", "payment_failed")]
    assert row["verdict"] == ""
    assert abs(row["effect"]) < 0.06


@pytest.mark.slow
def test_an_act_of_customers_who_seldom_order_is_no_obstacle():
    """Readers order little, whether they read at a visit or not."""
    rng = np.random.default_rng(2)
    orders, events = [], []
    for number in range(800):
        customer, reader = f"c{number:04d}", number % 2 == 0
        for visit in range(6):
            begins = pd.Timestamp("2023-02-01 10:00") + pd.Timedelta(days=int(30 * visit + rng.integers(0, 10)))
            events.append((customer, begins, "visit"))
            if rng.random() < (0.5 if reader else 0.1):
                events.append((customer, begins + pd.Timedelta(seconds=30), "newsletter_read"))
            if rng.random() < (0.2 if reader else 0.7):
                orders.append((customer, begins + pd.Timedelta(seconds=600), 30.0, f"{customer}-{visit}"))
    table = obstacles.run(_view(orders, events), ObstaclesConfig()).tables["obstacles"].set_index("obstacle")
    row = table[table["step"] == "visit"].loc["newsletter_read"]
    assert row["high"] < 0
    assert row["same_customer_low"] < 0 < row["same_customer_high"]
    assert row["verdict"] == "marks the customer"


def test_the_passes_of_one_customer_are_alike_and_channels_by_lot_make_no_difference():
    """Customers who nearly always or hardly ever order, each with one of six channels: no channel stands out."""
    rng = np.random.default_rng(4)
    orders, events = [], []
    for number in range(120):
        customer, keen, channel = f"c{number:03d}", number % 2, f"channel {rng.integers(0, 6)}"
        for visit in range(20):
            begins = pd.Timestamp("2023-01-01 10:00") + pd.Timedelta(days=int(10 * visit))
            events.append((customer, begins, "visit", channel))
            if rng.random() < (0.9 if keen else 0.1):
                orders.append((customer, begins + pd.Timedelta(minutes=9), 30.0, f"{customer}-{visit}"))
    log = pd.DataFrame(events, columns=["customer_id", "occurred_at", "event", "channel"])
    transactions = pd.DataFrame(orders, columns=["customer_id", "ordered_at", "amount", "order_id"])
    tables = through_the_door(
        transactions.astype({"ordered_at": "datetime64[us]"}), log.astype({"occurred_at": "datetime64[us]"})
    )
    nobody = Population(pd.DataFrame(), pd.DataFrame())
    view = View(look_back(tables, datetime(2023, 9, 1), LensesConfig(), 7), nobody, None, 91, 0)
    result = obstacles.run(view, ObstaclesConfig(pass_days=5))
    by = result.tables["steps_by"]
    assert len(by[by["by"] == "channel"]) == 6
    assert (by.loc[by["by"] == "channel", "stands_out"] == "").all()
    assert "no order came in the 5 days after it" in result.finding
