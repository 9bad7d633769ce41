"""Daily rituals: planted ones are named with their hours, who acts all day has none, later time judges."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from conftest import through_the_door
from patronage.analyses import rituals
from patronage.analyses.contract import Population, View
from patronage.config import LensesConfig
from patronage.errors import DataError
from patronage.lenses import look_back

CUTOFF = pd.Timestamp("2024-01-01")
COFFEE, ANY_HOUR, ALL_DAY, OTHERS = 60, 60, 35, 160


def shop(*, planted: bool = True, kept: bool = True) -> View:
    """Coffee between 7 and 9 on working days; as many orders at any hour; visits in every hour; few orders."""
    rng = np.random.default_rng(0)
    days = pd.date_range(CUTOFF - pd.Timedelta(days=200), CUTOFF - pd.Timedelta(days=1))
    orders, events = [], []
    for number in range(COFFEE + ANY_HOUR + OTHERS):
        coffee, frequent = planted and number < COFFEE, number < COFFEE + ANY_HOUR
        for day in days:
            is_late = day >= CUTOFF - pd.Timedelta(days=91)
            at_work = day.weekday() < 5
            if rng.random() > ((0.85 if at_work else 0.1) if coffee else 0.8 if frequent else 0.05):
                continue
            hour = rng.integers(7, 9) if coffee and (kept or not is_late) else rng.integers(6, 22)
            orders.append((f"c{number:03d}", day + pd.Timedelta(hours=int(hour), minutes=5), 3.0, f"{number}-{day}"))
    for number in range(ALL_DAY):
        events += [(f"c{number + 120:03d}", day + pd.Timedelta(hours=hour, minutes=1), "visit")
                   for day in days for hour in range(6, 22)]  # fmt: skip
    transactions = pd.DataFrame(orders, columns=["customer_id", "ordered_at", "amount", "order_id"])
    log = pd.DataFrame(events, columns=["customer_id", "occurred_at", "event"])
    tables = through_the_door(
        transactions.astype({"ordered_at": "datetime64[us]"}), log.astype({"occurred_at": "datetime64[us]"})
    )
    nobody = Population(pd.DataFrame(), pd.DataFrame())
    return View(look_back(tables, datetime(2024, 1, 1), LensesConfig(), 7), nobody, None, 91, 0)


@pytest.fixture(scope="module")
def planted():
    return shop()


@pytest.fixture(scope="module")
def result(planted):
    return rituals.run(planted, None)


def test_the_planted_ritual_is_named_with_its_hours_and_kept_since(result):
    (row,) = result.tables["rituals"].to_dict("records")  # visits all day long are none
    assert (row["act"], row["customers"], row["until_then"], row["verdict"]) == ("order", COFFEE, COFFEE, "more")
    assert row["commonest"] in ("from 6 to 9 o'clock", "from 7 to 10 o'clock")  # both hold 7 to 9
    assert row["since_share"] == pytest.approx(0.85, abs=0.03)
    assert row["low"] > 1.5
    assert result.finding.startswith("60 customers have a daily ritual (order, most of them from ")


def test_the_list_tells_each_customers_own_days(planted, result):
    listed = result.lists["daily_rituals"]
    assert set(listed["customer_id"]) == {f"c{number:03d}" for number in range(COFFEE)}
    first = listed.iloc[0]
    orders = planted.history.frame(f"SELECT ordered_at FROM orders WHERE customer_id = '{first['customer_id']}'")
    at = pd.to_datetime(orders["ordered_at"])
    mine = at[(at >= CUTOFF - pd.Timedelta(days=91)) & (at.dt.day_of_week < 5)]
    assert f"on {mine.dt.normalize().nunique()} of 65 working days" in first["reason"]
    assert (listed["measured_lift"] == result.tables["rituals"]["value"].iloc[0]).all()


def test_what_the_hours_of_everybody_give_is_by_hand(planted, result):
    """Expected since: over each customer's days, one less the chance that all acts of the day fall outside."""
    frame = planted.history.frame("SELECT customer_id, ordered_at FROM orders")
    at = pd.to_datetime(frame["ordered_at"])
    late = frame.assign(at=at, hour=at.dt.hour, off=at.dt.day_of_week >= 5)[at >= CUTOFF - pd.Timedelta(days=91)]
    log = rituals._log(planted)
    then = rituals._best(log)
    one = rituals._since(log, then[then["is_late"] == 0]).iloc[0]  # at most one order a day
    work = late[~late["off"]]
    share = work["hour"].between(one["first_hour"], one["first_hour"] + 2).mean()
    assert one["scope"] == "working days"
    assert one["expected"] == pytest.approx(share * (work["customer_id"] == one["customer_id"]).sum())
    assert one["length"] == 65


def test_no_hour_is_drawn_twice():
    """Who acts in two of four hours misses two of them with 1 in 6, in three of them never."""
    two, three = rituals._chance(np.array([0.5, 0.5]), np.array([4.0, 4.0]), np.array([2.0, 3.0]))
    assert two == pytest.approx(5 / 6)
    assert three == 1


def test_without_a_time_of_their_own_nobody_has_a_ritual():
    with pytest.raises(DataError, match="0 customers did the same at the same time on most days"):
        rituals.run(shop(planted=False), None)


def test_a_ritual_that_was_given_up_is_no_finding():
    """The days by which the hours were chosen do not tell whether they hold."""
    result = rituals.run(shop(kept=False), None)
    (row,) = result.tables["rituals"].to_dict("records")
    assert (row["until_then"], row["customers"], row["verdict"]) == (COFFEE, 0, "no more than chance")
    assert result.finding.startswith("no daily ritual was kept since")
    assert not result.lists


def test_a_short_span_is_refused(planted):
    with pytest.raises(DataError, match="movement_days is 20; rituals need 28"):
        rituals.run(replace(planted, since_days=20), None)
