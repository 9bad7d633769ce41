"""Stays, read by hand."""

from __future__ import annotations

import numpy as np

from patronage.models.journey.paths import Paths
from patronage.models.journey.stages import AT_RISK, FIRST_TIME, NON_USER, REGULAR
from patronage.models.journey.stays import stage_history


def of(*customers):
    shown = np.array([stage for customer in customers for stage in customer], np.int8)
    offsets = np.cumsum([0, *map(len, customers)])
    return stage_history(shown, Paths(shown, offsets))


def test_stays():
    history = of([2, 2, 3, 5, 5, 5], [], [5], [5, 3, 5], [])
    assert history.last.tolist() == [AT_RISK, NON_USER, AT_RISK, AT_RISK, NON_USER]
    assert history.periods_in_stage.tolist() == [3, 0, 1, 1, 0]
    assert history.stages.tolist() == [
        "first_time > regular > at_risk", "", "at_risk", "at_risk > regular > at_risk", "",
    ]  # fmt: skip


def test_a_stay_ends_where_the_customer_does():
    history = of([], [FIRST_TIME, REGULAR], [REGULAR, REGULAR])
    assert history.periods_in_stage.tolist() == [0, 1, 2]
    assert history.stages.tolist() == ["", "first_time > regular", "regular"]


def test_empty_paths_have_no_stays():
    history = of([], [])
    assert history.last.tolist() == [NON_USER, NON_USER]
    assert history.periods_in_stage.tolist() == [0, 0]
    assert history.stages.tolist() == ["", ""]


def test_stays_by_hand():
    shown = np.array([2, 2, 3, 3, 3, 2, 0, 0], np.int8)  # two customers, and between them one with an empty path
    stays = stage_history(shown, Paths(np.zeros(8, np.int8), np.array([0, 5, 5, 8]))).stays
    assert stays.customers.tolist() == [0, 0, 2, 2]
    assert stays.stages.tolist() == [2, 3, 2, 0]
    assert stays.periods.tolist() == [2, 3, 1, 2]
    assert stays.ended.tolist() == [True, False, True, False]


def test_without_customers_there_are_no_stays():
    stays = stage_history(np.empty(0, np.int8), Paths(np.empty(0, np.int8), np.zeros(2, np.int64))).stays
    assert [len(column) for column in stays] == [0, 0, 0, 0]
