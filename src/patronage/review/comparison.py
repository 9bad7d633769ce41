"""The comparison of two runs: which customers moved, why, and what it is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from patronage import names as c
from patronage.config import GatesConfig
from patronage.errors import DataError
from patronage.evaluation.intervals import Resampling
from patronage.names import Artifact, Metric
from patronage.report import Report
from patronage.review import comparison_figures, differences, migration
from patronage.review.gates import gate_table, judge_gates
from patronage.review.labellings import Labelling, labellings, predict_frozen
from patronage.review.largest_changes import largest_changes
from patronage.review.metric_words import loss_in_words
from patronage.review.page.html import signed
from patronage.review.paired_losses import SAME_WINDOW, PairedForecasts, pair_forecasts, paired_differences
from patronage.review.training_run import TrainingRun, with_row_numbers

TOPICS = {c.PERSONA: "personas", c.JOURNEY_STAGE: "stages", c.VALUE_TIER: "value tiers", c.RFM_SEGMENT: "RFM segments"}
HEADLINES = {Metric.CHURN_LOG_LOSS: "churn", Metric.SPEND_RMSE: c.SPEND, Metric.JOURNEY_LOG_LOSS: "journey"}
MEASURES = ("ari", "ami", "kappa")
ENDS = {"": "difference", "_low": "low", "_high": "high"}
FEATURES_NAMED = 4
PERSONA_MOVES = Metric.migration(c.PERSONA, "", "").rstrip("_")


@dataclass(frozen=True)
class Comparison:
    """All that is known of the step from one run to another.

    Attributes
    ----------
    summary
        Pairs of a topic and a sentence.
    report
        Its messages are what could not be compared, and why.
    """

    baseline: TrainingRun
    candidate: TrainingRun
    summary: tuple[tuple[str, str], ...]
    report: Report


@dataclass(frozen=True)
class Changes:
    """Everything that was computed of two runs, before it is shown.

    Attributes
    ----------
    moves, by_reason
        The cross-table and the reasons of each labelling, by its column.
    """

    baseline: TrainingRun
    candidate: TrainingRun
    labellings: Sequence[Labelling]
    matching: pd.DataFrame
    moves: dict[str, pd.DataFrame]
    by_reason: dict[str, pd.DataFrame]
    agreement: pd.DataFrame
    pair: PairedForecasts
    paired: pd.DataFrame
    drift: pd.DataFrame
    not_frozen: str


def compare(baseline: TrainingRun, candidate: TrainingRun, resampling: Resampling, most: int) -> Comparison:
    """Compare two runs.

    Parameters
    ----------
    most
        How many of the customers with the largest changes are listed.

    Raises
    ------
    DataError
        The runs share no customer.
    """
    numbered_baseline, numbered_candidate, customers = with_row_numbers(baseline, candidate)
    if not numbered_baseline.assignments.index.isin(numbered_candidate.assignments.index).any():
        raise DataError(f"{baseline.name} and {candidate.name} share no customer; expected two runs over the same ones")
    changes = _changes(numbered_baseline, numbered_candidate, resampling)
    listed = largest_changes(numbered_baseline, numbered_candidate, changes.labellings, most)
    listed[c.CUSTOMER_ID] = customers[listed[c.CUSTOMER_ID].astype(int)]
    report = Report(
        metrics=_metrics(changes),
        tables=_tables(changes)
        | {
            Artifact.LARGEST_CHANGES: listed,
            Artifact.GATES: gate_table(judge_gates(candidate, baseline, GatesConfig(), resampling)),
        },
        figures=_figures(changes),
        messages=_messages(changes),
    )
    return Comparison(baseline, candidate, tuple(_summary(changes)), report)


def _changes(baseline: TrainingRun, candidate: TrainingRun, resampling: Resampling) -> Changes:
    frozen, not_frozen = predict_frozen(baseline, candidate)
    columns, matching = labellings(baseline, candidate, frozen)
    clv = [run.assignments[c.CLV].fillna(0.0) for run in (baseline, candidate)]  # no purchase, no value
    pair = pair_forecasts(baseline, candidate, frozen)
    return Changes(
        baseline,
        candidate,
        columns,
        matching,
        moves={labelling.column: migration.moves(labelling, *clv) for labelling in columns},
        by_reason={labelling.column: migration.migration_by_reason(labelling, *clv) for labelling in columns},
        agreement=pd.concat([migration.agreement(labelling) for labelling in columns], ignore_index=True),
        pair=pair,
        paired=paired_differences(pair, resampling),
        drift=differences.drift(baseline.features, candidate.features),
        not_frozen=not_frozen,
    )


def _messages(changes: Changes) -> list[str]:
    messages = []
    if changes.not_frozen:
        messages.append(f"Behaviour and model cannot be told apart: {changes.not_frozen}.")
    if changes.pair.how != SAME_WINDOW:
        messages.append(f"Metrics: {changes.pair.how}.")
    return messages


def _tables(changes: Changes) -> dict[str, pd.DataFrame]:
    baseline, candidate = changes.baseline, changes.candidate
    by_reason = [table.assign(column=column) for column, table in changes.by_reason.items()]
    return {
        Artifact.CONFIG_DIFFERENCES: differences.config_differences(baseline.config, candidate.config),
        Artifact.DATA_DIFFERENCES: differences.data_differences(baseline, candidate),
        Artifact.DRIFT: changes.drift,
        Artifact.METRIC_DIFFERENCES: differences.metric_differences(baseline.metrics, candidate.metrics),
        Artifact.PAIRED_DIFFERENCES: changes.paired,
        Artifact.MIGRATION: pd.concat(by_reason, ignore_index=True)[["column", *changes.by_reason[c.PERSONA].columns]],
        Artifact.AGREEMENT: changes.agreement,
        Artifact.PERSONA_MATCHING: changes.matching.rename(columns={"reference": "baseline", "label": "candidate"}),
        **{Artifact.moves_of(column): table for column, table in changes.moves.items()},
    }


def _metrics(changes: Changes) -> dict[str, float]:
    drift = changes.drift
    metrics = {Metric.LARGEST_PSI: float(drift["psi"].max()) if len(drift) else float("nan")}
    for column, table in changes.by_reason.items():
        for row in table.itertuples(index=False):
            metrics[Metric.migration(column, row.reason, "share")] = row.share
            metrics[Metric.migration(column, row.reason, "clv_change")] = row.clv_change
    for labelling in changes.labellings:
        metrics[Metric.migration(labelling.column, "refit", "share")] = migration.refit_share(labelling)
    for row in changes.agreement.itertuples(index=False):
        for measure in MEASURES:
            metrics[Metric.agreement(row.column, row.step, measure)] = getattr(row, measure)
    for row in changes.paired.itertuples(index=False):
        metrics |= {Metric.difference(row.metric, end): getattr(row, column) for end, column in ENDS.items()}
    return metrics


def headlines(report: Report) -> dict[str, float]:
    """Of the metrics of a comparison those that are read first: who moved, how far labels agree, what losses differ."""
    shares = [name for name in report.metrics if name.startswith(PERSONA_MOVES) and name.endswith("_share")]
    agreement = [Metric.agreement(column, "whole", "ari") for column in TOPICS]
    names = [Metric.LARGEST_PSI, *shares, *agreement, *(Metric.difference(metric) for metric in HEADLINES)]
    return {name: report.metrics[name] for name in names if name in report.metrics}


def _summary(changes: Changes) -> list[tuple[str, str]]:
    """A few sentences for a reader of nothing else."""
    customers = changes.by_reason[c.PERSONA].set_index("reason")["customers"]
    summary = [
        ("data", _data_sentence(changes)),
        ("customers", f"{customers[migration.JOINED]:,} joined, {customers[migration.LEFT]:,} left"),
    ]
    summary += [(TOPICS[column], _migration_sentence(changes, column)) for column in changes.by_reason]
    paired = changes.paired.set_index("metric")
    summary += [
        (topic, f"{loss_in_words(metric)} {_paired_sentence(paired.loc[metric])}")
        for metric, topic in HEADLINES.items()
        if metric in paired.index
    ]
    if paired.empty:
        summary.append(("metrics", changes.pair.how))
    return summary


def _data_sentence(changes: Changes) -> str:
    baseline, candidate = changes.baseline, changes.candidate
    log = "the same log" if baseline.data.get("fingerprint") == candidate.data.get("fingerprint") else "two logs"
    cutoffs = (
        f"both as of {baseline.cutoff}"
        if baseline.cutoff == candidate.cutoff
        else f"as of {baseline.cutoff} and {candidate.cutoff}"
    )
    moved = list(changes.drift.loc[changes.drift["verdict"] == "moved", "feature"])
    more = " ..." if len(moved) > FEATURES_NAMED else ""
    drift = f"drifted: {', '.join(moved[:FEATURES_NAMED])}{more}" if moved else "no drift"
    return f"{log}, {cutoffs}; {drift}"


def _migration_sentence(changes: Changes, column: str) -> str:
    table = changes.by_reason[column].set_index("reason")
    moved = table.drop([*migration.UNCHANGED, migration.JOINED, migration.LEFT], errors="ignore")
    moved = moved[moved["customers"] > 0]
    stayed = table["share"].reindex(list(migration.UNCHANGED)).sum()
    back = float(table["share"].get(migration.BACK, 0.0))
    put_back = f"; the model moved {back:.1%} back, who are among those" if back else ""
    shares = ", ".join(f"{reason} {share:.1%}" for reason, share in moved["share"].items())
    detail = f" ({shares}; CLV {moved['clv_after'].sum():,.0f})" if shares else ""
    agreement = changes.agreement.set_index(["column", "step"])
    return f"{stayed:.1%} stay where they were{detail}{put_back}; ARI {agreement.loc[(column, 'whole'), 'ari']:.3f}"


def _paired_sentence(row: pd.Series) -> str:
    difference, low, high = signed(row["difference"], row["low"], row["high"])
    return f"{row['baseline']:.4g} → {row['candidate']:.4g} ({difference} [{low}, {high}]): {row['verdict']}"


def _figures(changes: Changes) -> dict[str, Figure]:
    labels = {labelling.column: labelling.labels for labelling in changes.labellings}
    runs = {"baseline": changes.baseline, "candidate": changes.candidate}
    figures = {
        Artifact.MIGRATION_FIGURE: comparison_figures.migration(
            {TOPICS[column]: table for column, table in changes.by_reason.items()}
        ),
        **{
            Artifact.flows_figure_of(column): comparison_figures.alluvial(
                changes.moves[column], labels[column], TOPICS[column]
            )
            for column in (c.PERSONA, c.JOURNEY_STAGE)
        },
        Artifact.DRIFT_FIGURE: comparison_figures.drift(changes.drift),
        Artifact.LORENZ_FIGURE: comparison_figures.lorenz(
            {side: run.assignments[c.CLV].fillna(0.0).to_numpy() for side, run in runs.items()}
        ),
    }
    churn = {side: _churn(run.evaluation) for side, run in runs.items() if run.evaluation is not None}
    if churn:
        figures[Artifact.RELIABILITY_FIGURE] = comparison_figures.reliability(churn)
    if len(changes.paired):
        figures[Artifact.METRIC_DIFFERENCES_FIGURE] = comparison_figures.paired_differences(changes.paired)
    return figures


def _churn(evaluation: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Actual and predicted churn, of the customers who have both."""
    known = evaluation[[c.CHURNED, c.CHURN_PROBABILITY]].dropna()
    return known[c.CHURNED].to_numpy(float), known[c.CHURN_PROBABILITY].to_numpy(float)
