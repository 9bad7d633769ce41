"""The settings of the analyses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from patronage.config.analyse import AnalyseConfig, Behaviour, CohortsConfig, CompanionsConfig, DriversConfig
from patronage.errors import ConfigError


@pytest.mark.parametrize("settings", [{"at_least": 0}, {"within_days": 0}, {"within_days": 3651}])
def test_a_behaviour_happens_at_least_once_within_some_days(settings):
    with pytest.raises(ConfigError, match="cohorts.behaviours"):
        Behaviour(event="visit", **settings).check()


@pytest.mark.parametrize(
    "config",
    [
        CohortsConfig(period_days=0), CohortsConfig(periods=121), DriversConfig(bootstraps=19),
        CompanionsConfig(least=0), CompanionsConfig(top=0),
        replace(AnalyseConfig(), movement_days=0), replace(AnalyseConfig(), seed=-1),
    ],
)  # fmt: skip
def test_numbers_out_of_range_are_refused(config):
    with pytest.raises(ConfigError, match="expected"):
        config.check()


def test_the_behaviours_of_conf_are_the_defaults():
    assert CohortsConfig().behaviours
    assert all(isinstance(behaviour, Behaviour) for behaviour in CohortsConfig().behaviours.values())
