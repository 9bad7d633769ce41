"""The settings of the laws."""

from __future__ import annotations

from dataclasses import replace

import pytest

from patronage.config import ClvConfig
from patronage.errors import ConfigError


@pytest.mark.parametrize(
    "setting",
    [{"margin": 0}, {"margin": 1}, {"level": 0.01}, {"level": 0.999}, {"discount_rate": 0}, {"value_horizon_days": 1},
     {"model": "auto"}, {"candidates": ["pareto_nbd"]}],
)  # fmt: skip
def test_a_value_on_the_border_holds(setting):
    replace(ClvConfig(), **setting).check()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"model": "poisson"}, "clv.model=poisson; expected one of bg_nbd, mbg_nbd, pareto_nbd, abe, auto"),
        ({"candidates": []}, "expected at least one law, each once"),
        ({"candidates": ["bg_nbd", "bg_nbd"]}, "expected at least one law, each once"),
        ({"candidates": ["bg_nbd", "auto"]}, "clv.candidates=auto"),
        ({"fallback": "guess"}, "clv.fallback=guess; expected one of switch, leave_empty, fail"),
        ({"margin": 1.01}, "clv.margin=1.01; expected 0 to 1"),
        ({"level": 1}, "clv.level=1"),
        ({"discount_rate": -0.1}, "clv.discount_rate=-0.1"),
        ({"value_horizon_days": 0}, "clv.value_horizon_days=0"),
    ],
)
def test_a_value_beyond_it_is_refused(setting, message):
    with pytest.raises(ConfigError, match=message):
        replace(ClvConfig(), **setting).check()
