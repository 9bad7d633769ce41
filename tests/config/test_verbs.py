"""Rules between the settings of a verb."""

from __future__ import annotations

from dataclasses import replace

import pytest

from patronage.config import BacktestConfig, SearchConfig, TrainConfig
from patronage.config.verbs import OriginsConfig
from patronage.errors import ConfigError


def test_a_backtest_needs_an_origin():
    with pytest.raises(ConfigError, match="no origin: give rolling.first="):
        BacktestConfig().check()
    BacktestConfig(cutoffs={"1998-01-01": 90}).check()


@pytest.mark.parametrize("days", [0, 3651])
def test_every_horizon_of_a_backtest_is_checked(days):
    with pytest.raises(ConfigError, match=f"horizon_days={days}; expected 1 to 3650"):
        BacktestConfig(cutoffs={"1998-01-01": days}).check()


def test_the_settings_of_one_origin_keep_those_of_the_backtest():
    backtest = BacktestConfig(cutoffs={"1998-01-01": 90}, seed=7, lookback_days=300)
    at = backtest.at("1998-01-01", 90)
    assert isinstance(at, TrainConfig)
    assert (at.cutoff, at.horizon_days, at.lookback_days, at.seed) == ("1998-01-01", 90, 300, 7)


def test_the_window_of_the_labels_is_no_longer_than_the_horizon():
    backtest = BacktestConfig(cutoffs={"1998-01-01": 30}, origins=OriginsConfig(window_days=60))
    assert backtest.at("1998-01-01", 30).origins.window_days == 30
    assert backtest.at("1998-01-01", 90).origins.window_days == 60


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({}, "space: nothing to vary"),
        ({"trees": [1, 2]}, "space=trees; expected one of"),
        ({"num_leaves": [2]}, "expected two numbers"),
        ({"num_leaves": [2, "many"]}, "expected two numbers"),
        ({"num_leaves": [8, 8]}, "expected the lower one first"),
        ({"num_leaves": [1, 8]}, "churn.num_leaves=1; expected 2"),
        ({"num_leaves": [2, 10_001]}, "churn.num_leaves=10001"),
    ],
)
def test_what_a_search_varies_lies_in_the_ranges_of_the_ensemble(space, message):
    with pytest.raises(ConfigError, match=message):
        replace(SearchConfig(), cutoffs={"1998-01-01": 90}, space=space).check()
