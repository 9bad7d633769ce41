"""Own dates bring orders where this is planted, and no more than usual where it is not; so do windows."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

import patronage as pt
from patronage import lenses
from patronage.analyses import timing
from patronage.analyses.contract import Population, View
from patronage.config import LensesConfig, TimingConfig

CUTOFF, FIRST = datetime(2024, 1, 1), pd.Timestamp("2021-01-01")
CUSTOMERS = 400


def log(planted: bool, seed: int = 0) -> pt.Tables:
    """Orders at random, with one more on most birthdays, if planted; messages at 9 and 20, answered in the evening."""
    rng = np.random.default_rng(seed)
    ids = np.array([f"c{number:03d}" for number in range(CUSTOMERS)])
    birthdays = pd.Timestamp("1980-01-01") + pd.to_timedelta(rng.integers(0, 3650, CUSTOMERS), unit="D")
    orders = pd.DataFrame({"customer_id": np.repeat(ids, 15)})
    orders["ordered_at"] = FIRST + pd.to_timedelta(rng.integers(0, 1095 * 24, len(orders)), unit="h")
    if planted:
        more = [
            (name, pd.Timestamp(year, day.month, min(day.day, 28), 12))
            for name, day in zip(ids, birthdays, strict=True)
            for year in (2021, 2022, 2023)
            if rng.random() < 0.5
        ]
        orders = pd.concat([orders, pd.DataFrame(more, columns=list(orders))])
    sent = pd.DataFrame({"customer_id": np.repeat(ids, 20), "event": "message_sent"})
    hour = np.where(rng.random(len(sent)) < 0.5, 9, 20)
    sent["occurred_at"] = (
        pd.Timestamp("2023-11-01")
        + pd.to_timedelta(rng.integers(0, 50, len(sent)), unit="D")
        + pd.to_timedelta(hour, unit="h")
    )
    answered = rng.random(len(sent)) < np.where((hour == 20) & planted, 0.5, 0.3)
    opened = sent[answered].assign(
        event="message_opened", occurred_at=lambda rows: rows["occurred_at"] + pd.Timedelta("1h")
    )
    return pt.read(
        orders.assign(amount=5.0),
        events=pd.concat([sent, opened]),
        customers=pd.DataFrame({"customer_id": ids, "birthday": birthdays}),
        attributes={"birthday": "date"},
        on_duplicate_rows="keep",
    )


def result(tables: pt.Tables) -> timing.Result:
    with lenses.look_back(tables, CUTOFF, LensesConfig(), 7) as history:
        nobody = pd.DataFrame(index=pd.Index([f"c{number:03d}" for number in range(CUSTOMERS)], name="customer_id"))
        best = Population(nobody, nobody.assign(best_contact_window="weekday evening"))
        return timing.run(View(history, best, best, 91, 0), TimingConfig())


@pytest.mark.slow
def test_a_birthday_that_brings_orders_is_found_with_its_list_and_the_window_is_proved():
    found = result(log(planted=True))
    dates = found.tables["own_dates"].set_index("personal_date")
    assert dates.loc["birthday", "low"] > 1.5
    assert dates.loc["birthday", "verdict"] == "more"
    windows = found.tables["contact_windows"].set_index("window")
    assert windows.loc["all", "low"] > 0.1
    points = 100 * windows.loc["all", "value"]
    assert f"best window are answered more often by {points:.1f} points [+" in found.finding
    coming = found.lists["own_dates_to_come"]
    assert coming["reason"].str.match(r"(birthday|first_order) on 2024-01-\d\d").all()
    assert coming["measured_lift"].max() == pytest.approx(dates["value"].max())


def test_customers_who_fade_do_not_avoid_their_anniversary():
    rng = np.random.default_rng(3)
    ids = np.repeat([f"c{number:03d}" for number in range(CUSTOMERS)], 30)
    began = np.repeat(rng.integers(0, 600, CUSTOMERS), 30)
    days = began + np.where(np.arange(len(ids)) % 30 == 0, 0, rng.exponential(400, len(ids)))
    orders = pd.DataFrame({"customer_id": ids, "ordered_at": FIRST + pd.to_timedelta(days, unit="D"), "amount": 5.0})
    tables = pt.read(orders[orders["ordered_at"] < CUTOFF], on_duplicate_rows="keep")
    (row,) = result(tables).tables["own_dates"].to_dict("records")
    assert row["personal_date"] == "first_order"
    assert row["usual_orders"] > 200  # enough to see a change of a fifth
    assert row["verdict"] == "no more than chance"


@pytest.mark.slow
def test_where_nothing_is_planted_intervals_hold_one_at_their_level():
    held = [
        (low, high)
        for seed in range(1, 7)
        for low, high in result(log(False, seed)).tables["own_dates"][["low", "high"]].to_numpy()
    ]
    assert np.mean([low < 1 < high for low, high in held]) > 0.75
    windows = result(log(planted=False)).tables["contact_windows"].set_index("window")
    assert windows.loc["all", "low"] < 0.02
