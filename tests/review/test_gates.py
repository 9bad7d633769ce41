from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from patronage.config import GatesConfig, LensesConfig
from patronage.evaluation.intervals import Resampling
from patronage.lenses import described
from patronage.models import personas
from patronage.review import gates

from .conftest import CUTOFF, configured, run_of

TIMES = Resampling(200, 0)


@pytest.fixture(scope="module")
def champion(bundle, shop_at):
    split, labels = shop_at(CUTOFF)
    return run_of("champion", bundle, split, labels)


def verdicts(candidate, champion, config: GatesConfig | None = None) -> dict[str, str]:
    return {gate.gate: gate.verdict for gate in gates.judge_gates(candidate, champion, config or GatesConfig(), TIMES)}


def test_the_same_model_again_passes_every_gate(champion):
    assert set(verdicts(champion, champion).values()) == {"passed"}


def test_without_a_champion_only_the_absolute_gates_count(champion):
    found = verdicts(champion, None)
    assert {name for name, verdict in found.items() if verdict == "no champion yet"} == {
        "churn_log_loss_worse", "spend_rmse_worse", "refit_moves",
    }  # fmt: skip
    judged = gates.judge_gates(champion, None, GatesConfig(), TIMES)
    assert gates.stopping(judged, GatesConfig()) == []


def test_a_worse_churn_model_fails_its_gate_alone(champion):
    worse = champion.evaluation.assign(churn_probability=0.5)
    assert [n for n, v in verdicts(replace(champion, evaluation=worse), champion).items() if v == "failed"] == [
        "churn_log_loss_worse"
    ]


def test_not_clearly_worse_is_not_enough_where_the_interval_is_wide(champion):
    """The upper end of the interval counts: noise that could hide a loss beyond the border fails the gate."""
    noise = np.random.default_rng(0).normal(0, 40, len(champion.evaluation))
    noisy = champion.evaluation.assign(expected_spend=champion.evaluation["expected_spend"] + noise)
    assert verdicts(replace(champion, evaluation=noisy), champion)["spend_rmse_worse"] == "failed"


@pytest.mark.parametrize(
    ("metric", "value", "gate"),
    [
        ("personas/stability_ari", 0.6, "persona_stability"),
        ("churn/ece", 0.2, "churn_ece"),
        ("clv/coverage_80", 0.5, "coverage_80"),
        ("clv/coverage_80", 0.99, "coverage_80"),
    ],
)
def test_each_absolute_gate_has_its_border(champion, metric, value, gate):
    worse = replace(champion, metrics=champion.metrics | {metric: value})
    assert [name for name, verdict in verdicts(worse, champion).items() if verdict == "failed"] == [gate]


@pytest.mark.parametrize(
    ("metric", "value", "gate"),
    [
        ("personas/stability_ari", 0.85, "persona_stability"),
        ("churn/ece", 0.05, "churn_ece"),
        ("clv/coverage_80", 0.8, "coverage_80"),
    ],
)
def test_a_value_on_the_border_passes(champion, metric, value, gate):
    config = GatesConfig(persona_stability=0.85, churn_ece=0.05, coverage_80=0.0)
    assert verdicts(replace(champion, metrics=champion.metrics | {metric: value}), champion, config)[gate] == "passed"


def test_an_ece_that_chance_alone_makes_of_few_customers_is_no_failure(champion):
    """Of right probabilities: 400 customers show an ECE of some .04 more than their model has, 40,000 one of .004."""
    few = champion.evaluation[champion.evaluation["churned"].notna()]
    many = pd.concat([few] * (40_000 // len(few)), ignore_index=True)
    metrics = champion.metrics | {"churn/ece": 0.07}
    assert len(few) == 400
    for evaluation, verdict in ((few, "passed"), (many, "failed")):
        run = replace(champion, metrics=metrics, evaluation=evaluation)
        (gate,) = [each for each in gates.judge_gates(run, None, GatesConfig(), TIMES) if each.gate == "churn_ece"]
        assert gate.verdict == verdict
        assert f"is to be expected by chance of {len(evaluation):,} customers" in gate.measured


def test_names_that_do_not_hold_stop_a_promotion_where_the_gate_is_on(champion):
    wrong = replace(champion, metrics=champion.metrics | {"segments/name_does_not_hold": 3.0})
    assert "names_failing" not in verdicts(wrong, champion)
    assert verdicts(wrong, champion, GatesConfig(names_failing=2))["names_failing"] == "failed"
    assert verdicts(wrong, champion, GatesConfig(names_failing=3))["names_failing"] == "passed"


def test_a_feature_that_knows_the_future_fails(champion):
    leaking = replace(champion, tags=champion.tags | {"leakage.finding.status": "alone ranks churn with ROC-AUC 1.000"})
    assert verdicts(leaking, champion)["leakage"] == "failed"


def test_a_refit_that_moves_customers_fails(champion):
    config = replace(configured(CUTOFF).personas, k=5)
    descriptions = described(LensesConfig())
    refit = personas.fit(champion.features, config, seed=1, descriptions=descriptions)
    other = replace(champion.bundle, personas=refit)
    assignments = champion.assignments.assign(**other.personas.predict(champion.features))
    found = verdicts(replace(champion, bundle=other, assignments=assignments), champion)
    assert [name for name, verdict in found.items() if verdict == "failed"] == ["refit_moves"]


def test_what_was_not_measured_blocks_or_passes_as_conf_says(champion):
    bare = replace(champion, evaluation=None, metrics={"personas/stability_ari": 0.95})
    judged = gates.judge_gates(bare, champion, GatesConfig(), TIMES)
    unmeasured = {gate.gate for gate in judged if gate.verdict == "not measured"}
    assert unmeasured == {"churn_log_loss_worse", "spend_rmse_worse", "churn_ece", "coverage_80", "leakage"}
    assert {gate.gate for gate in gates.stopping(judged, GatesConfig())} == unmeasured
    assert gates.stopping(judged, GatesConfig(unmeasured="pass")) == []


def test_a_gate_that_is_off_is_left_out(champion):
    off = GatesConfig(persona_stability=None, churn_ece=None, coverage_80=None, leakage=False, refit_moves=None)
    assert set(verdicts(champion, champion, off)) == {"churn_log_loss_worse", "spend_rmse_worse"}
