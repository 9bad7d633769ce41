"""Acts met after a step, against a count by hand of a log of chance; and that nothing stays in the engine."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from conftest import through_the_door
from patronage.analyses.like_customers import keep_met
from patronage.analyses.steps import REACH, steps_of
from patronage.config import LensesConfig, ObstaclesConfig
from patronage.lenses import look_back

CUTOFF = datetime(2023, 9, 1)


@pytest.fixture(scope="module")
def history():
    """40 customers; a page is read exactly one reach, and one second more, after every third visit."""
    rng = np.random.default_rng(3)
    orders, events = [], []
    for number in range(40):
        customer = f"c{number:02d}"
        for day in rng.choice(150, 25, replace=False):
            moment = pd.Timestamp("2023-02-01") + pd.Timedelta(seconds=int(day) * 86_400 + int(rng.integers(86_400)))
            events.append((customer, moment, str(rng.choice(["visit", "visit", "help", "share"]))))
            if day % 3 == 0:
                late = int(rng.integers(0, 2))
                events.append((customer, moment + pd.Timedelta(seconds=REACH + late), f"read {late}"))
            if rng.random() < 0.2:
                ordered = moment + pd.Timedelta(seconds=int(rng.integers(1, 9 * 86_400)))
                orders += [(customer, ordered, 5.0)] * int(rng.integers(1, 3))  # some two in the same second
    transactions = pd.DataFrame(orders, columns=["customer_id", "ordered_at", "amount"])
    log = pd.DataFrame(events, columns=["customer_id", "occurred_at", "event"])
    transactions["order_id"] = [f"o{number}" for number in range(len(transactions))]
    tables = through_the_door(
        transactions.astype({"ordered_at": "datetime64[us]"}), log.astype({"occurred_at": "datetime64[us]"})
    )
    with look_back(tables, CUTOFF, LensesConfig(), 7) as past:
        yield past


@pytest.mark.slow
def test_each_act_is_met_at_its_first_time_within_reach_and_before_the_next_order(history):
    with steps_of(history, ObstaclesConfig()) as steps:
        keep_met(steps, ["visit", "help", "order"])
        arrived, arrivals = steps.frame("SELECT * FROM arrived"), steps.frame("SELECT * FROM timeline")
        met = steps.frame("SELECT * FROM first_met")
    by_hand = {}
    for row in arrived.itertuples():
        own = arrivals[(arrivals["customer"] == row.customer) & ~arrivals["act"].isin([row.act, "order"])]
        after = own[own["moment"].between(row.moment, row.moment + REACH)]
        if not pd.isna(row.next_order):
            after = after[after["moment"] < row.next_order]
        for act, moment in after.groupby("act")["moment"].min().items():
            knows = int((own.loc[own["act"] == act, "moment"] < row.moment).any())
            by_hand[row.customer, row.act, row.moment, act] = (moment - row.moment, knows, row.passed, row.place)
    columns = [met[name] for name in ("customer", "act", "moment", "other")]
    values = zip(met["elapsed"], met["knows"], met["passed"], met["place"], strict=True)
    assert dict(zip(zip(*columns, strict=True), values, strict=True)) == by_hand
    assert (met["elapsed"] == REACH).any()
    assert met["elapsed"].max() == REACH
    assert set(met["act"]) == {"visit", "help", "order"}


def test_of_two_orders_of_the_same_second_the_later_one_counts_the_other(history):
    with steps_of(history, ObstaclesConfig()) as steps:
        keep_met(steps, ["order"])
        orders = steps.frame("SELECT * FROM arrived JOIN timeline USING (customer, act, moment, next_order)")
    assert (orders["next_order"] == orders["moment"]).any()
    assert (orders["times_before"] == orders["orders_before"]).all()


def test_customers_and_acts_are_numbers_by_the_order_of_their_names(history):
    with steps_of(history, ObstaclesConfig()) as steps:
        people = steps.frame("SELECT * FROM people ORDER BY customer")
        assert list(steps.codes) == sorted(steps.codes)
        assert list(steps.codes.values()) == list(range(1, len(steps.codes) + 1))
        kinds = steps.frame("SELECT DISTINCT act FROM timeline ORDER BY act")["act"]
        assert steps.frame(f"SELECT 1 AS one WHERE 1 IN ({steps.among(['never done'])})").empty
    assert list(people["customer_id"]) == [f"c{number:02d}" for number in range(40)]
    assert list(people["customer"]) == list(range(1, 41))
    assert list(kinds) == list(steps.codes)


def test_what_is_kept_is_dropped_also_after_an_error(history):
    names = []

    def read():
        with steps_of(history, ObstaclesConfig()) as steps:
            names.extend(steps.tables)
            steps.frame("SELECT nothing FROM timeline")

    with pytest.raises(history.engine.failure, match="nothing"):
        read()
    assert names
    for table in names:
        with pytest.raises(history.engine.failure, match=table):
            history.engine.frame(f"SELECT * FROM {table}")
