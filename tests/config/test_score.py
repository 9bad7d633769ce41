"""The settings of scoring."""

from __future__ import annotations

from dataclasses import replace

import pytest

from patronage.config import ScoreConfig
from patronage.config.score import DriftConfig, LimitConfig
from patronage.errors import ConfigError


@pytest.mark.parametrize("passes", ["auto", 1, 10_000])
def test_passes_on_the_border_hold(passes):
    replace(ScoreConfig(), passes=passes).check()


@pytest.mark.parametrize("passes", [0, 10_001, 2.5, "many"])
def test_passes_beyond_it_are_refused(passes):
    with pytest.raises(ConfigError, match=f"passes={passes}; expected auto or a number from 1 to 10000"):
        replace(ScoreConfig(), passes=passes).check()


@pytest.mark.parametrize(
    ("drift", "message"),
    [
        (DriftConfig(psi=LimitConfig(-0.1, "warn")), "drift.psi.above=-0.1; expected 0 to 100"),
        (DriftConfig(unseen=LimitConfig(0.1, "stop")), "drift.unseen.then=stop; expected one of warn, fail"),
        (DriftConfig(columns_gone="stop"), "drift.columns_gone=stop"),
    ],
)
def test_a_limit_is_a_number_and_what_to_do(drift, message):
    with pytest.raises(ConfigError, match=message):
        drift.check()
