"""The settings of compare, promote and rollback."""

from __future__ import annotations

from dataclasses import replace

import pytest

from patronage.config.review import CompareConfig, GatesConfig, PromoteConfig
from patronage.errors import ConfigError


@pytest.mark.parametrize("reason", [None, "", "   "])
def test_force_needs_a_reason(reason):
    with pytest.raises(ConfigError, match="force=true without a reason"):
        PromoteConfig(force=True, reason=reason).check()
    PromoteConfig(force=True, reason="the old one is broken").check()


@pytest.mark.parametrize("key", ["churn_log_loss_worse", "spend_rmse_worse", "churn_ece", "coverage_80", "refit_moves"])
def test_a_gate_is_a_share_or_off(key):
    for border in (0, 1, None):
        replace(GatesConfig(), **{key: border}).check()
    for border in (-0.01, 1.01):
        with pytest.raises(ConfigError, match=f"gates.{key}={border}; expected 0 to 1"):
            replace(GatesConfig(), **{key: border}).check()


def test_a_rand_index_may_be_negative():
    GatesConfig(persona_stability=-1).check()
    with pytest.raises(ConfigError, match="gates.persona_stability=-1.1; expected -1 to 1"):
        GatesConfig(persona_stability=-1.1).check()


def test_what_is_unmeasured_blocks_or_passes():
    with pytest.raises(ConfigError, match="gates.unmeasured=warn; expected one of block, pass"):
        GatesConfig(unmeasured="warn").check()


@pytest.mark.parametrize("settings", [{"bootstraps": 19}, {"largest_changes": 0}, {"seed": -1}])
def test_numbers_out_of_range_are_refused(settings):
    with pytest.raises(ConfigError, match="expected"):
        CompareConfig(**settings).check()
