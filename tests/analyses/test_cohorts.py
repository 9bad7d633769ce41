"""Retention by hand: four customers of two months, and what is not over is empty."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from conftest import through_the_door
from patronage.analyses import cohorts
from patronage.config import Behaviour, LensesConfig
from patronage.lenses import look_back

ORDERS = pd.DataFrame(
    [
        ("ann", "2024-01-03"), ("ann", "2024-02-10"), ("ann", "2024-03-20"),
        ("bob", "2024-01-30"), ("bob", "2024-03-05"),
        ("cem", "2024-02-14"), ("cem", "2024-04-02"),
        ("dan", "2024-04-01"),
    ],
    columns=["customer_id", "ordered_at"],
).astype({"ordered_at": "datetime64[us]"}).assign(amount=10.0)  # fmt: skip

EVENTS = pd.DataFrame(
    [("ann", "2024-01-04", "rating"), ("ann", "2024-01-05", "rating"), ("bob", "2024-02-20", "rating")],
    columns=["customer_id", "occurred_at", "event"],
).astype({"occurred_at": "datetime64[us]"})


def history_of(cutoff, *logs):
    return look_back(through_the_door(*logs), cutoff, LensesConfig(), 7)


def retention(cutoff):
    table = cohorts.by_month(history_of(cutoff, ORDERS))
    return table.pivot_table("retention", "cohort", "month", aggfunc="first", dropna=False)


def test_the_triangle_by_hand():
    table = retention(datetime(2024, 4, 1))
    assert table.loc["2024-01"].tolist() == [1.0, 0.5, 1.0]
    assert table.loc["2024-02"].tolist()[:2] == [1.0, 0.0]  # March is over: nobody came, and that is a zero
    assert np.isnan(table.loc["2024-02", 2])  # April is not over: that is not
    assert "2024-04" not in table.index


def test_a_month_that_runs_is_not_counted():
    table = retention(datetime(2024, 4, 20))
    assert table.loc["2024-01"].dropna().tolist() == [1.0, 0.5, 1.0]
    assert table.loc["2024-02"].dropna().tolist() == [1.0, 0.0]


def test_the_future_changes_nothing():
    cutoff = datetime(2024, 3, 15)
    cut = history_of(cutoff, ORDERS[ORDERS["ordered_at"] < pd.Timestamp(cutoff)])
    pd.testing.assert_frame_equal(cohorts.by_month(history_of(cutoff, ORDERS)), cohorts.by_month(cut))


def by_behaviour(cutoff, at_least=2):
    behaviours = {"rated": Behaviour("rating", at_least, 7)}
    table = cohorts.by_behaviour(history_of(cutoff, ORDERS, EVENTS), behaviours, period_days=30, periods=3)
    return table.set_index(["group", "period"])


def test_behavioural_cohorts_by_hand():
    table = by_behaviour(datetime(2024, 4, 5))
    # ann rated twice in the first week; bob's rating is in the fourth; dan's first week is not over
    assert table.loc[("did", 0), ["customers", "active"]].tolist() == [1, 1]
    assert table.loc[("did not", 0), "customers"] == 2
    assert table.loc[("did", 1), "retention"] == 1.0  # 2 February to 3 March: the order of the 10th
    assert table.loc[("did not", 1), ["customers", "active"]].tolist() == [1, 1]  # bob on 5 March; cem's is not over
    assert table.loc[("did", 2), "customers"] == 1


def test_a_period_that_is_over_for_nobody_is_empty():
    table = by_behaviour(datetime(2024, 2, 20))
    assert table.loc[("did", 2), "customers"] == 0
    assert np.isnan(table.loc[("did", 2), "retention"])
    assert np.isnan(table.loc[("did", 2), "low"])
