"""The gates of a promotion: whether each condition holds for a candidate, beside the champion where there is one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from patronage import names as c
from patronage.config import GatesConfig
from patronage.evaluation.intervals import Resampling
from patronage.names import Metric, Tag
from patronage.review import labellings, migration, paired_losses
from patronage.review.metric_words import loss_in_words
from patronage.review.training_run import TrainingRun, with_row_numbers
from patronage.statistics import calibration_error_by_chance

PASSED, FAILED, UNMEASURED, NO_CHAMPION = "passed", "failed", "not measured", "no champion yet"
TARGET_COVERAGE = 0.8


@dataclass(frozen=True)
class Gate:
    """One condition of a promotion, what was measured, and whether the condition holds."""

    gate: str
    required: str
    measured: str
    verdict: str


def judge_gates(
    candidate: TrainingRun, champion: TrainingRun | None, config: GatesConfig, resampling: Resampling
) -> list[Gate]:
    """Every gate that is on."""
    frozen, not_frozen = None, ""
    if champion is not None:
        champion, candidate, _ = with_row_numbers(champion, candidate)
        frozen, not_frozen = labellings.predict_frozen(champion, candidate)
    gates = _loss_gates(candidate, champion, frozen, config, resampling)
    gates += _metric_gates(candidate, config, resampling.seed)
    if config.leakage:
        gates.append(_leakage(candidate))
    if config.refit_moves is not None:
        gates.append(_refit(candidate, champion, frozen, not_frozen, config.refit_moves))
    return gates


def stopping(gates: Sequence[Gate], config: GatesConfig) -> list[Gate]:
    """The gates that forbid the promotion."""
    stops = {FAILED, UNMEASURED} if config.unmeasured == "block" else {FAILED}
    return [gate for gate in gates if gate.verdict in stops]


def gate_table(gates: Sequence[Gate]) -> pd.DataFrame:
    """A row per gate."""
    return pd.DataFrame([vars(gate) for gate in gates], columns=["gate", "required", "measured", "verdict"])


def _metric_gates(candidate: TrainingRun, config: GatesConfig, seed: int) -> list[Gate]:
    """The borders of the candidate's own metrics."""
    gates, metrics = [], candidate.metrics
    if (least := config.persona_stability) is not None:
        value = metrics.get(Metric.PERSONA_STABILITY_ARI, math.nan)
        gates.append(_metric_gate("persona_stability", f"at least {least:g}", value, value >= least))
    if (most := config.churn_ece) is not None:
        gates.append(_churn_ece(candidate, most, seed))
    if (most := config.coverage_80) is not None:
        value = metrics.get(Metric.COVERAGE_80, math.nan)
        near = abs(value - TARGET_COVERAGE) <= most
        gates.append(_metric_gate("coverage_80", f"within {most:g} of {TARGET_COVERAGE:g}", value, near))
    if (most := config.names_failing) is not None:
        value = metrics.get(Metric.SEGMENTS_NAME_FAILS, math.nan)
        gates.append(_metric_gate("names_failing", f"at most {most}", value, value <= most))
    return gates


def _churn_ece(candidate: TrainingRun, most: float, seed: int) -> Gate:
    """Whether the ECE of churn is within the border, but for what chance alone makes of right probabilities."""
    value, by_chance, shown = candidate.metrics.get(Metric.CHURN_ECE, math.nan), 0.0, ""
    if candidate.evaluation is not None:
        could = candidate.evaluation[c.CHURNED].notna()
        p_churn = candidate.evaluation.loc[could, c.CHURN_PROBABILITY].to_numpy(float)
        by_chance = calibration_error_by_chance(p_churn, seed)
        shown = f", of which {by_chance:.2g} is to be expected by chance of {len(p_churn):,} customers"
    gate = _metric_gate("churn_ece", f"at most {most:g} beyond chance", value, value - by_chance <= most)
    return gate if gate.verdict == UNMEASURED else replace(gate, measured=gate.measured + shown)


def _metric_gate(name: str, required: str, value: float, holds: bool) -> Gate:
    if math.isnan(value):
        return Gate(name, required, "the run has no such metric", UNMEASURED)
    return Gate(name, required, f"{value:.4g}", PASSED if holds else FAILED)


def _loss_gates(
    candidate: TrainingRun,
    champion: TrainingRun | None,
    frozen: pd.DataFrame | None,
    config: GatesConfig,
    resampling: Resampling,
) -> list[Gate]:
    """The candidate's losses are not worse than the champion's, on the same customers."""
    borders = {
        "churn_log_loss_worse": (Metric.CHURN_LOG_LOSS, config.churn_log_loss_worse),
        "spend_rmse_worse": (Metric.SPEND_RMSE, config.spend_rmse_worse),
    }
    on = {name: (metric, border) for name, (metric, border) in borders.items() if border is not None}
    if champion is None:
        return [Gate(name, _loss_required(*gate), "", NO_CHAMPION) for name, gate in on.items()]
    pair = paired_losses.pair_forecasts(champion, candidate, frozen)
    table = paired_losses.paired_differences(pair, resampling).set_index("metric")
    return [_loss_gate(name, metric, border, table, pair.how) for name, (metric, border) in on.items()]


def _loss_required(metric: str, border: float) -> str:
    return f"{loss_in_words(metric)} at most {border:.1%} larger, at 95%"


def _loss_gate(name: str, metric: str, border: float, table: pd.DataFrame, how: str) -> Gate:
    """Whether the upper end of the interval of the relative difference lies within the border."""
    required = _loss_required(metric, border)
    if metric not in table.index:
        return Gate(name, required, how, UNMEASURED)
    row = table.loc[metric]
    difference, low, high = (
        float(row[column]) / max(float(row["baseline"]), 1e-12) for column in ("difference", "low", "high")
    )
    measured = f"{row['candidate']:.4g} against {row['baseline']:.4g}: {difference:+.1%} [{low:+.1%}, {high:+.1%}]"
    window = "" if how == paired_losses.SAME_WINDOW else f" ({how})"
    return Gate(name, required, measured + window, PASSED if high <= border else FAILED)


def _leakage(candidate: TrainingRun) -> Gate:
    required = "no feature that alone predicts churn too well"
    if Metric.LEAKAGE_BEST_SINGLE_AUC not in candidate.metrics:
        return Gate("leakage", required, "the run was not measured", UNMEASURED)
    findings = [text for name, text in candidate.tags.items() if name.startswith(Tag.LEAKAGE_FINDING)]
    if findings:
        return Gate("leakage", required, "; ".join(findings), FAILED)
    best = candidate.metrics[Metric.LEAKAGE_BEST_SINGLE_AUC]
    return Gate("leakage", required, f"best single ROC-AUC {best:.3f}", PASSED)


def _refit(
    candidate: TrainingRun, champion: TrainingRun | None, frozen: pd.DataFrame | None, not_frozen: str, most: float
) -> Gate:
    required = f"at most {most:.1%} change persona by the refit alone"
    if champion is None:
        return Gate("refit_moves", required, "", NO_CHAMPION)
    columns, _ = labellings.labellings(champion, candidate, frozen)
    share = migration.refit_share(columns[0])
    if math.isnan(share):
        return Gate("refit_moves", required, not_frozen, UNMEASURED)
    return Gate("refit_moves", required, f"{share:.1%}", PASSED if share <= most else FAILED)
