"""The settings of the ensemble: each border, one step beyond it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from patronage.config import ChurnConfig
from patronage.errors import ConfigError

BTYD_ONLY = {"btyd": True, "plain": False, "features": False, "offset": False}


@pytest.mark.parametrize(
    "setting",
    [
        {"num_leaves": 2}, {"learning_rate": 1e-4}, {"learning_rate": 1.0}, {"feature_share": 1.0},
        {"validation_share": 0.05}, {"validation_share": 0.5}, {"fit_sample": 100}, {"fit_sample": None},
        {"members": BTYD_ONLY}, {"bands": {"all": 1.0}},
    ],
)  # fmt: skip
def test_a_value_on_the_border_holds(setting):
    replace(ChurnConfig(), **setting).check()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"num_leaves": 1}, "churn.num_leaves=1; expected 2 to 10000"),
        ({"learning_rate": 0}, "churn.learning_rate=0"),
        ({"feature_share": 1.01}, "churn.feature_share=1.01"),
        ({"row_share": 0}, "churn.row_share=0"),
        ({"validation_share": 0.51}, "churn.validation_share=0.51"),
        ({"fit_sample": 99}, "churn.fit_sample=99; expected 100"),
        ({"members": {"trees": True}}, "churn.members=trees; expected one of btyd, plain, features, offset"),
        ({"members": dict.fromkeys(BTYD_ONLY, False)}, "churn.members: none is on"),
        ({"laws": {"poisson": True}}, "churn.laws=poisson"),
        ({"bands": {"low": 0.5, "high": 0.4, "all": 1}}, "expected upper borders that rise to 1"),
        ({"bands": {"low": 0.5, "also": 0.5, "all": 1}}, "expected upper borders that rise to 1"),
        ({"bands": {"low": 0.5}}, "expected upper borders that rise to 1"),
        ({"bands": {}}, "expected upper borders that rise to 1"),
    ],
)
def test_a_value_beyond_it_is_refused(setting, message):
    with pytest.raises(ConfigError, match=message):
        replace(ChurnConfig(), **setting).check()


def test_contracts_need_a_member_that_learns_cancellations():
    with pytest.raises(ConfigError, match="BTYD predicts no cancellation"):
        replace(ChurnConfig(), contractual=True, members=BTYD_ONLY).check()
    replace(ChurnConfig(), contractual=True, members={**BTYD_ONLY, "plain": True}).check()
