"""The settings of the analyses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from patronage.config.analyse import (
    AnalyseConfig,
    Behaviour,
    CohortsConfig,
    CompanionsConfig,
    DriversConfig,
    FirstDaysConfig,
    ListsConfig,
    PressureConfig,
    ProductsConfig,
    SequencesConfig,
    StayTarget,
    TurnsConfig,
    TurnTarget,
    VoiceConfig,
)
from patronage.errors import ConfigError


@pytest.mark.parametrize("settings", [{"at_least": 0}, {"within_days": 0}, {"within_days": 3651}])
def test_a_behaviour_happens_at_least_once_within_some_days(settings):
    with pytest.raises(ConfigError, match="cohorts.behaviours"):
        Behaviour(event="visit", **settings).check()


@pytest.mark.parametrize(
    "config",
    [
        CohortsConfig(period_days=0), CohortsConfig(periods=121), DriversConfig(bootstraps=19),
        CompanionsConfig(least=0), CompanionsConfig(top=0), FirstDaysConfig(least=1), TurnsConfig(shuffles=-1),
        VoiceConfig(most=1), PressureConfig(cap=0), SequencesConfig(offers=0), ProductsConfig(least=1),
        ListsConfig(holdout=0.95),
        replace(AnalyseConfig(), movement_days=0), replace(AnalyseConfig(), seed=-1),
    ],
)  # fmt: skip
def test_numbers_out_of_range_are_refused(config):
    with pytest.raises(ConfigError, match="expected"):
        config.check()


def test_the_targets_of_conf_are_the_defaults():
    assert all(isinstance(target, StayTarget) for target in FirstDaysConfig().targets.values())
    assert all(isinstance(target, TurnTarget) for target in TurnsConfig().targets.values())


def test_first_days_end_before_the_days_that_are_judged():
    with pytest.raises(ConfigError, match="the first days must end before"):
        FirstDaysConfig(targets={"soon": StayTarget("order", 1, 3, 30)}, within_days=[7, 30]).check()


@pytest.mark.parametrize("target", [TurnTarget(), TurnTarget(event="order", survey="nps"), TurnTarget(column="x")])
def test_a_turn_has_one_definition(target):
    with pytest.raises(ConfigError, match=r"turns\.targets"):
        target.check()
