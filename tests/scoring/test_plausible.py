"""A result beside the last one: what no market does is not published."""

from __future__ import annotations

import pandas as pd
import pytest

from patronage.config.score import WARN, PlausibleConfig
from patronage.scoring.plausible import Extent, judge_extent, judge_shift, series

BEFORE = Extent("training", 1000, {"clv": 50.0, "expected_orders": 2.0})


@pytest.mark.parametrize(
    ("now", "line"),
    [
        (Extent("", 1000, {"clv": 50.0}), None),
        (Extent("", 700, {"clv": 499.0}), None),
        (Extent("", 699, {}), "699 customers, and 1,000 in training (plausible.customers_left=0.7)"),
        (Extent("", 1, {}), "1 customers, and 1,000 in training"),
        (Extent("", 1000, {"clv": 0.0}), "clv is 0 per customer, and 50 in training (plausible.times=10)"),
        (Extent("", 1000, {"clv": 5e10}), "clv is 5e+10 per customer"),
        (Extent("", 1000, {"expected_spend": 9.0}), None),  # nothing is known of it
    ],
)
def test_extremes_are_named(now, line):
    verdict = judge_extent(now, BEFORE, PlausibleConfig())
    assert verdict.warnings == ()
    assert verdict.fatal == () if line is None else verdict.fatal[0].startswith(line)
    assert judge_extent(now, BEFORE, PlausibleConfig(then=WARN)).warnings == verdict.fatal


def test_a_shift_counts_of_what_matters_and_beyond_chance():
    drift = pd.DataFrame(
        {"column": ["n_orders", "persona", "week_rhythm"], "psi": [5.0, 6.0, 9.0], "chance": [0.1, 7.0, 0.1]}
    )
    assert judge_shift(drift, PlausibleConfig()).fatal == ("psi above 4 in n_orders 5.00 (plausible.psi)",)


def test_a_dated_name_is_one_series():
    assert series("/data/scores-2025-01-01.parquet") == series("/data/scores-2025-02-28.parquet")
    assert series("/data/scores-de.parquet") != series("/data/scores-fr.parquet")
