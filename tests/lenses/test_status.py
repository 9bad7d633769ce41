"""Status: the usual gap, shrunk, and the borders of lateness."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from patronage.lenses import status

STATE = status.StatusState(typical_gap=10.0, at_risk_after=2.0, defector_after=4.0)
REGULAR = {
    "active_days": 2, "days_since_last_order": 0.0, "n_gaps": 1, "mean_gap_days": 30.0,
    "longest_gap_days": 30.0, "days_since_longest_gap": 0.0,
    "n_trials": 0, "n_acts": 0, "refunds": 0.0,
}  # fmt: skip


def label(**features):
    (column,) = status.LENS.segments(pd.DataFrame([REGULAR | features]), STATE).values()
    return column[0]


@pytest.mark.parametrize(
    ("since", "expected"), [(0, "regular"), (40, "regular"), (41, "at_risk"), (80, "at_risk"), (81, "defector")]
)
def test_lateness_counts_in_usual_gaps_of_which_one_is_everyones(since, expected):
    # one own gap of 30 days and one typical gap of 10: 20 days are usual
    assert label(days_since_last_order=since) == expected


def test_the_more_own_gaps_the_less_the_typical_one_weighs():
    # (3 * 30 + 10) / 4 = 25
    assert label(n_gaps=3, active_days=4, days_since_last_order=50) == "regular"
    assert label(n_gaps=3, active_days=4, days_since_last_order=51) == "at_risk"


def returned(other_gaps, silence, ended=0.0):
    n = len(other_gaps) + 1
    return label(
        active_days=n + 1, n_gaps=n, mean_gap_days=(sum(other_gaps) + silence) / n, longest_gap_days=silence,
        days_since_longest_gap=ended,
    )  # fmt: skip


def test_the_silence_is_held_against_the_other_gaps_alone():
    # without the silence 30 and 30 and the typical 10 are 70 / 3 = 23.3 days; the longest of three gaps exceeds
    # ln(3 / .05) = 4.09 of them by chance one time in twenty: 95.5 days
    assert returned([30, 30], 95) == "regular"
    assert returned([30, 30], 96) == "reactivated"


def test_one_of_many_gaps_is_long_by_chance():
    assert returned([10] * 99, 60) == "regular"  # ln(100 / .05) = 7.6 gaps
    assert returned([10] * 99, 77) == "reactivated"


@pytest.mark.parametrize(("ended", "expected"), [(100, "reactivated"), (101, "regular")])
def test_a_customer_is_back_for_as_long_as_the_silence_was(ended, expected):
    others = [20] * 5
    n = len(others) + 1
    row = {"active_days": n + 1, "n_gaps": n, "mean_gap_days": 200 / n, "longest_gap_days": 100.0}
    assert label(**row, days_since_longest_gap=ended) == expected


def test_without_an_own_gap_the_typical_one_is_usual():
    once = {"active_days": 1, "n_gaps": 0, "mean_gap_days": math.nan, "longest_gap_days": math.nan,
            "days_since_longest_gap": math.nan}  # fmt: skip
    assert label(**once, days_since_last_order=20) == "first_time"
    assert label(**once, days_since_last_order=21) == "at_risk"


def test_a_usual_gap_is_at_least_a_day():
    daily = {"n_gaps": 99, "active_days": 100, "mean_gap_days": 0.1, "longest_gap_days": 0.1}
    assert label(**daily, days_since_last_order=2) == "regular"
    assert label(**daily, days_since_last_order=3) == "at_risk"


@pytest.mark.parametrize(
    ("features", "expected"),
    [({}, "non_user"), ({"n_acts": 1}, "prospect"), ({"refunds": 0.01}, "prospect"),
     ({"n_acts": 1, "n_trials": 1}, "trial")],
)  # fmt: skip
def test_what_makes_a_prospect_of_a_customer_who_never_bought(features, expected):
    never = {"active_days": 0, "n_gaps": 0, "mean_gap_days": math.nan, "days_since_last_order": math.nan}
    assert label(**never | features) == expected
