"""The sentence about what contacts changed, by hand."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from patronage.review.effect_report import effect_finding


@pytest.mark.parametrize(
    ("policy", "best", "end"),
    [
        ("by effect", "treat none", "beside 'treat none'."),
        ("treat none", "treat none", "which is not surely more, so the simple policy stays."),
        ("treat none", "treat all: mail", "nor does that one surely pay, so nobody is contacted."),
    ],
)
def test_it_says_which_policy_is_followed_and_why(policy, best, end):
    model = SimpleNamespace(
        average_=pd.DataFrame({"effect": [0.2], "low": [-0.1], "high": [0.5]}, index=["mail"]),
        gain_=(5.0, -1.0, 11.0),
        policy_=policy,
        best_simple_=best,
        learned_=SimpleNamespace(rule=None),
    )
    found = effect_finding(model)
    assert found.startswith("no average effect is found")
    assert found.endswith(end)
