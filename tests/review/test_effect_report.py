"""The sentence about what contacts changed, by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from patronage.evaluation.effects import effects_by_days, effects_by_pressure
from patronage.review.effect_report import _fading, _harmed, _largest_first, _under_pressure, effect_finding

LOT = {  # two customers in control, three in the arm
    "arms_": ("control", "mail"),
    "effects_": np.zeros((5, 1)),
    "cross_fit_": SimpleNamespace(weights=np.array([[2.5, 0], [2.5, 0], [0, 1.7], [0, 1.7], [0, 1.7]])),
}
SIZES = "in a lot of 5 (2 control, 3 mail) "


@pytest.mark.parametrize(
    ("policy", "best", "end"),
    [
        ("by effect", "treat none", "which is not surely more, but enough for a confidence of 50%: it is followed."),
        ("treat none", "treat none", "which is not surely more, so the simple policy stays."),
        ("treat none", "treat all: mail", "nor does that one surely pay, so nobody is contacted."),
    ],
)
def test_it_says_which_policy_is_followed_and_why(policy, best, end):
    model = SimpleNamespace(
        average_=pd.DataFrame({"effect": [0.2], "low": [-0.1], "high": [0.5], "p": [0.2]}, index=["mail"]),
        gain_=(5.0, -1.0, 11.0),
        policy_=policy,
        best_simple_=best,
        learned_=SimpleNamespace(rule=None),
        confidence=0.5,
        **LOT,
    )
    found = effect_finding(model)
    assert found.startswith(f"{SIZES}no average effect is found")
    assert found.endswith(end)


def null(number: int, customers: int = 400) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Orders of five spans that no arm of two changes, the weights of their lot, and contacts before."""
    rng = np.random.default_rng(number)
    given = rng.integers(0, 3, customers)
    spans = {(day, day + 7): rng.poisson(0.5, customers) * 1.0 for day in range(0, 35, 7)}
    return pd.DataFrame(spans), pd.Series(rng.integers(0, 8, customers)), 3.0 * (given[:, None] == [0, 1, 2])


@pytest.mark.slow
def test_of_several_spans_and_arms_none_shows_an_effect_by_chance_alone():
    """By their own intervals a third of such nulls had a span that showed one."""
    arms, spans, doublings = ["control", "mail", "sms"], 0, 0
    for number in range(60):
        outcomes, before, weights = null(number)
        faded = effects_by_days(outcomes, arms, weights)
        spans += any("is seen until" in line for line in _fading(faded))
        doublings += bool(_under_pressure(effects_by_pressure(before, arms, weights * outcomes[[(0, 7)]].to_numpy())))
    assert spans <= 6  # one in twenty, and what chance adds to sixty
    assert doublings <= 6


def test_one_of_several_arms_is_no_effect_by_its_own_interval_alone():
    average = pd.DataFrame(
        {"effect": [0.2, 0.0, 0.1], "low": [0.01, -0.1, -0.1], "high": [0.4, 0.1, 0.3], "p": [0.04, 0.9, 0.4]},
        index=["mail", "sms", "call"],
    )
    model = SimpleNamespace(
        average_=average, gain_=(0.0, 0.0, 0.0), policy_="treat none", best_simple_="treat none",
        learned_=SimpleNamespace(rule=None), **LOT,
    )  # fmt: skip
    assert effect_finding(model).startswith(f"{SIZES}no average effect is found")
    sure = effect_finding(SimpleNamespace(**{**vars(model), "average_": average.assign(p=[0.0004, 0.9, 0.4])}))
    assert sure.startswith(f"{SIZES}mail changes the outcome by +0.2 [+0.01, +0.4] per customer; contacting")


def test_large_numbers_have_no_exponent():
    model = SimpleNamespace(
        average_=pd.DataFrame({"effect": [2.0], "low": [1.0], "high": [3.0], "p": [0.001]}, index=["mail"]),
        gain_=(1463.2, -2741.0, 180.4), policy_="treat none", best_simple_="treat none",
        learned_=SimpleNamespace(rule=None), **LOT,
    )  # fmt: skip
    assert "earns +1,463 [-2,741, +180] per 1,000" in effect_finding(model)


def labels_of(n: int) -> pd.DataFrame:
    return pd.DataFrame(
        {"labels": "stage", "label": [f"l{k}" for k in range(n)], "arm": "mail", "effect": [-0.1 * k for k in range(n)],
         "finding": "is harmed"}
    )  # fmt: skip


def test_a_few_harmed_have_a_line_each_and_of_many_the_worst_are_told():
    assert _harmed(labels_of(2)) == ["l0 (stage) is harmed by mail", "l1 (stage) is harmed by mail"]
    (line,) = _harmed(labels_of(60))
    assert line.startswith("60 of 60 groups are harmed by mail, most l59 (stage), l58 (stage), l57 (stage)")
    assert line.endswith("effects_by_label.json has all of them")
    assert _harmed(labels_of(3).assign(finding="gains")) == []


def test_the_features_that_differ_most_lead():
    balance = pd.DataFrame({"feature": ["one", "two", "three"], "z": [0.1, -2.0, 1.0]})
    assert _largest_first(balance)["feature"].tolist() == ["two", "three", "one"]
