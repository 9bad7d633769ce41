"""May this model become the champion? Gate by gate: what is asked, what was found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from patronage import names as c
from patronage.config import GatesConfig
from patronage.evaluation.intervals import Resampling
from patronage.review import differences, migration
from patronage.review.training_run import TrainingRun, with_row_numbers

PASSED, FAILED, UNMEASURED, NO_CHAMPION = "passed", "failed", "not measured", "no champion yet"


@dataclass(frozen=True)
class Gate:
    """One condition, and whether it holds."""

    gate: str
    asked: str
    found: str
    verdict: str


def judge_gates(
    candidate: TrainingRun, champion: TrainingRun | None, config: GatesConfig, resampling: Resampling
) -> list[Gate]:
    """Every gate that is on, in the order of the configuration."""
    seen, unfrozen = None, ""
    if champion is not None:
        champion, candidate, _ = with_row_numbers(champion, candidate)
        seen, unfrozen = migration.frozen(champion, candidate)
    gates = _beside(candidate, champion, seen, config, resampling)
    found = candidate.metrics
    if (least := config.persona_stability) is not None:
        value = found.get("personas/stability_ari", math.nan)
        gates.append(_measured("persona_stability", f"at least {least:g}", value, value >= least))
    if (most := config.churn_ece) is not None:
        value = found.get("churn/ece", math.nan)
        gates.append(_measured("churn_ece", f"at most {most:g}", value, value <= most))
    if (most := config.coverage_80) is not None:
        value = found.get("clv/coverage_80", math.nan)
        gates.append(_measured("coverage_80", f"within {most:g} of 0.8", value, abs(value - 0.8) <= most))
    if config.leakage:
        gates.append(_leakage(candidate))
    if (most := config.refit_moves) is not None:
        gates.append(_refit(candidate, champion, seen, unfrozen, most))
    return gates


def stopping(gates: Sequence[Gate], config: GatesConfig) -> list[Gate]:
    """The gates that stand against a promotion."""
    stops = {FAILED, UNMEASURED} if config.unmeasured == "block" else {FAILED}
    return [gate for gate in gates if gate.verdict in stops]


def table(gates: Sequence[Gate]) -> pd.DataFrame:
    """A row per gate."""
    return pd.DataFrame([vars(gate) for gate in gates], columns=["gate", "asked", "found", "verdict"])


def _measured(name: str, asked: str, value: float, holds: bool) -> Gate:
    if math.isnan(value):
        return Gate(name, asked, "the run has no such metric", UNMEASURED)
    return Gate(name, asked, f"{value:.4g}", PASSED if holds else FAILED)


def _beside(
    candidate: TrainingRun,
    champion: TrainingRun | None,
    seen: pd.DataFrame | None,
    config: GatesConfig,
    resampling: Resampling,
) -> list[Gate]:
    """Not worse than the champion, on customers of whom it is known what came."""
    borders = {
        "churn_log_loss_worse": ("churn/log_loss", config.churn_log_loss_worse),
        "spend_rmse_worse": (f"clv/{c.SPEND}_rmse", config.spend_rmse_worse),
    }
    wanted = {name: (metric, border) for name, (metric, border) in borders.items() if border is not None}
    asked = {name: f"{metric} at most {border:.1%} worse, at 95 %" for name, (metric, border) in wanted.items()}
    if champion is None:
        return [Gate(name, asked[name], "", NO_CHAMPION) for name in wanted]
    judgement = differences.judge_together(champion, candidate, seen)
    paired = differences.paired_differences(judgement, resampling).set_index("metric")
    gates = []
    for name, (metric, border) in wanted.items():
        if metric not in paired.index:
            gates.append(Gate(name, asked[name], judgement.how, UNMEASURED))
            continue
        row = paired.loc[metric]
        middle, low, high = (float(row[key]) / max(float(row["baseline"]), 1e-12) for key in ENDS)
        said = f"{row['candidate']:.4g} against {row['baseline']:.4g}: {middle:+.1%} [{low:+.1%}, {high:+.1%}]"
        how = "" if judgement.how == differences.SAME_WINDOW else f" ({judgement.how})"
        gates.append(Gate(name, asked[name], said + how, PASSED if high <= border else FAILED))
    return gates


ENDS = ("difference", "low", "high")


def _leakage(candidate: TrainingRun) -> Gate:
    asked = "no feature that knows the future"
    if "leakage/best_single_auc" not in candidate.metrics:
        return Gate("leakage", asked, "the run was not measured", UNMEASURED)
    found = [name for name in candidate.tags if name.startswith("leakage.finding.")]
    if found:
        return Gate("leakage", asked, "; ".join(candidate.tags[name] for name in found), FAILED)
    return Gate("leakage", asked, f"best single ROC-AUC {candidate.metrics['leakage/best_single_auc']:.3f}", PASSED)


def _refit(
    candidate: TrainingRun, champion: TrainingRun | None, seen: pd.DataFrame | None, unfrozen: str, most: float
) -> Gate:
    asked = f"at most {most:.1%} change persona by the refit alone"
    if champion is None:
        return Gate("refit_moves", asked, "", NO_CHAMPION)
    answers, _ = migration.answers(champion, candidate, seen)
    share = migration.refit_share(answers[0])
    if math.isnan(share):
        return Gate("refit_moves", asked, unfrozen, UNMEASURED)
    return Gate("refit_moves", asked, f"{share:.1%}", PASSED if share <= most else FAILED)
