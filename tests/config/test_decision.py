"""The settings of the decision."""

from __future__ import annotations

from dataclasses import replace

import pytest

from patronage.config import DecisionConfig
from patronage.errors import ConfigError


@pytest.mark.parametrize(
    "setting", [{"contact_cost": 0}, {"offer_cost": 0}, {"value_saved": 100}, {"holdout_share": 0.9}]
)
def test_a_value_on_the_border_holds(setting):
    replace(DecisionConfig(), **setting).check()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"contact_cost": -1}, "decision.contact_cost=-1"),
        ({"acceptance_rate": 0}, "decision.acceptance_rate=0"),
        ({"acceptance_rate": 1}, "decision.acceptance_rate=1"),
        ({"holdout_share": 0.91}, "decision.holdout_share=0.91; expected 0 to 0.9"),
    ],
)
def test_a_value_beyond_it_is_refused(setting, message):
    with pytest.raises(ConfigError, match=message):
        replace(DecisionConfig(), **setting).check()


def test_a_rate_of_one_half_spreads_by_less_than_one_half():
    replace(DecisionConfig(), acceptance_rate=0.5, acceptance_sd=0.49).check()
    with pytest.raises(ConfigError, match="decision.acceptance_sd=0.5"):
        replace(DecisionConfig(), acceptance_rate=0.5, acceptance_sd=0.5).check()
