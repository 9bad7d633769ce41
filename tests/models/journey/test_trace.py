"""Stays, read by hand."""

from __future__ import annotations

import numpy as np

from patronage.models.journey.paths import Paths
from patronage.models.journey.stages import AT_RISK, FIRST_TIME, NON_USER, REGULAR
from patronage.models.journey.trace import trace


def of(*customers):
    shown = np.array([stage for customer in customers for stage in customer], np.int8)
    offsets = np.cumsum([0, *map(len, customers)])
    return trace(shown, Paths(shown, offsets))


def test_stays():
    seen = of([2, 2, 3, 5, 5, 5], [], [5], [5, 3, 5], [])
    assert seen.last.tolist() == [AT_RISK, NON_USER, AT_RISK, AT_RISK, NON_USER]
    assert seen.periods_in_stage.tolist() == [3, 0, 1, 1, 0]
    assert seen.stages.tolist() == [
        "first_time > regular > at_risk", "", "at_risk", "at_risk > regular > at_risk", "",
    ]  # fmt: skip


def test_a_stay_ends_where_the_customer_does():
    seen = of([], [FIRST_TIME, REGULAR], [REGULAR, REGULAR])
    assert seen.periods_in_stage.tolist() == [0, 1, 2]
    assert seen.stages.tolist() == ["", "first_time > regular", "regular"]


def test_nobody():
    seen = of([], [])
    assert seen.last.tolist() == [NON_USER, NON_USER]
    assert seen.periods_in_stage.tolist() == [0, 0]
    assert seen.stages.tolist() == ["", ""]


def test_stays_by_hand():
    shown = np.array([2, 2, 3, 3, 3, 2, 0, 0], np.int8)  # two customers and one of whom nothing was seen
    found = trace(shown, Paths(np.zeros(8, np.int8), np.array([0, 5, 5, 8]))).stays
    assert found.customers.tolist() == [0, 0, 2, 2]
    assert found.stages.tolist() == [2, 3, 2, 0]
    assert found.periods.tolist() == [2, 3, 1, 2]
    assert found.ended.tolist() == [True, False, True, False]


def test_nobody_stays_nowhere():
    found = trace(np.empty(0, np.int8), Paths(np.empty(0, np.int8), np.zeros(2, np.int64))).stays
    assert [len(column) for column in found] == [0, 0, 0, 0]
