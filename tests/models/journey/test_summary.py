"""The summary of a log, on paths that can be counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage.models.journey.paths import encode
from patronage.models.journey.summary import TYPICAL_PATIENCE, TYPICAL_RATES, PathSummary, summarise


def summary_of(**customers: int) -> PathSummary:
    """Of so many customers with each path; _ stands for a silent period."""
    paths = pd.Series([path.replace("_", ".") for path in customers])
    return summarise(encode(paths), np.array(list(customers.values())))


def test_by_hand():
    summary = summary_of(p__p______=10, pp__=20, p___=100, e_=50)
    # rates .2 (ten times) and .5 (twenty); second purchases after 3 and 1 periods
    assert np.allclose(np.sort(summary.rates), [0.2] * 10 + [0.5] * 20)
    assert summary.patience == 3.0
    assert summary.loyal_rate == 0.5
    quiet = 8 * 10 + 2 * 20 + 3 * 100 + 2 * 50
    assert np.isclose(summary.engagement_share, 50 / quiet)
    assert summary.intent_share == 1e-4  # absent from the log, yet possible


def test_cadences_are_apart():
    hazards = summary_of(pp__=50).cadences(3)
    assert np.allclose(hazards, -np.log(0.5) * 1.5 ** np.arange(3))


def test_second_purchases_take_two_periods_at_least():
    assert summary_of(pp__=50).patience == 2.0


def test_twenty_repeat_buyers_are_measured_and_nineteen_are_not():
    few = summary_of(pp__=19, p___=500)
    assert np.array_equal(few.rates, TYPICAL_RATES)
    assert few.patience == TYPICAL_PATIENCE
    assert np.allclose(summary_of(pp__=20, p___=500).rates, 0.5)
