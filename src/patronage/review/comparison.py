"""Two runs, compared: what moved, why, and what it is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from patronage import names as c
from patronage.errors import DataError
from patronage.evaluation.intervals import Resampling
from patronage.review import comparison_figures, differences, migration
from patronage.review.largest_changes import movers
from patronage.review.migration import Answer
from patronage.review.training_run import TrainingRun, with_row_numbers

WORDS = {c.PERSONA: "personas", c.JOURNEY_STAGE: "stages", c.VALUE_TIER: "value tiers", c.RFM_SEGMENT: "RFM segments"}


@dataclass(frozen=True)
class Comparison:
    """All that is known of the step from one run to another.

    Attributes
    ----------
    lines
        The gist, as pairs of a topic and a sentence.
    notes
        What could not be told, and why.
    tables
        File name (`.json`) to frame.
    """

    baseline: TrainingRun
    candidate: TrainingRun
    lines: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    tables: dict[str, pd.DataFrame]
    metrics: dict[str, float]
    figures: dict[str, Figure]


def compare(baseline: TrainingRun, candidate: TrainingRun, resampling: Resampling, most: int) -> Comparison:
    """Hold two runs against each other.

    Parameters
    ----------
    most
        How many of the customers that changed most are named.
    """
    runs = baseline, candidate
    baseline, candidate, customers = with_row_numbers(*runs)
    if not baseline.assignments.index.isin(candidate.assignments.index).any():
        raise DataError(f"{baseline.name} and {candidate.name} share no customer; expected two runs over the same ones")
    seen, unfrozen = migration.frozen(baseline, candidate)
    answers, matching = migration.answers(baseline, candidate, seen)
    worth = [run.assignments[c.CLV].fillna(0.0) for run in (baseline, candidate)]  # nothing bought is worth nothing
    splits = {answer.name: migration.split_moves(answer, *worth) for answer in answers}
    moves = {answer.name: migration.moves(answer, *worth) for answer in answers}
    agreement = pd.concat([migration.agreement(answer) for answer in answers], ignore_index=True)
    judgement = differences.judge_together(baseline, candidate, seen)
    paired = differences.paired_differences(judgement, resampling)
    drift = differences.drift(baseline.features, candidate.features)
    tables = {
        "config_differences.json": differences.config_differences(baseline.config, candidate.config),
        "data_differences.json": differences.data_differences(baseline, candidate),
        "drift.json": drift,
        "metric_differences.json": differences.metric_differences(baseline.metrics, candidate.metrics),
        "paired_differences.json": paired,
        "migration.json": pd.concat([split.assign(answer=name) for name, split in splits.items()], ignore_index=True)[
            ["answer", *splits[c.PERSONA].columns]
        ],
        "agreement.json": agreement,
        "persona_matching.json": matching.rename(columns={"reference": "baseline", "label": "candidate"}),
        **{f"{name}_moves.json": table for name, table in moves.items()},
        "movers.json": movers(baseline, candidate, answers, most).assign(
            **{c.CUSTOMER_ID: lambda table: customers[table[c.CUSTOMER_ID].astype(int)]}
        ),
    }
    notes = []
    if unfrozen:
        notes.append(f"Behaviour and model cannot be told apart: {unfrozen}.")
    if judgement.how != differences.SAME_WINDOW:
        notes.append(f"Metrics: {judgement.how}.")
    return Comparison(
        *runs,
        tuple(_gist(baseline, candidate, splits, agreement, paired, drift, judgement.how)),
        tuple(notes),
        tables,
        _metrics(splits, agreement, paired, drift, answers),
        _figures(baseline, candidate, answers, moves, splits, paired, drift),
    )


def _metrics(
    splits: dict[str, pd.DataFrame],
    agreement: pd.DataFrame,
    paired: pd.DataFrame,
    drift: pd.DataFrame,
    answers: list[Answer],
) -> dict[str, float]:
    found = {"drift/largest_psi": float(drift["psi"].max()) if len(drift) else float("nan")}
    for name, split in splits.items():
        for row in split.itertuples(index=False):
            key = f"migration/{name}/{row.why.replace(' ', '_')}"
            found[f"{key}_share"], found[f"{key}_clv_change"] = row.share, row.clv_change
    for answer in answers:
        found[f"migration/{answer.name}/refit_share"] = migration.refit_share(answer)
    for row in agreement.itertuples(index=False):
        for measure in ("ari", "ami", "kappa"):
            found[f"agreement/{row.answer}/{row.step}_{measure}"] = getattr(row, measure)
    for row in paired.itertuples(index=False):
        model, metric = row.metric.split("/")
        found |= {f"difference/{model}_{metric}{end}": getattr(row, what) for end, what in ENDS.items()}
    return found


ENDS = {"": "difference", "_low": "low", "_high": "high"}


def _gist(
    baseline: TrainingRun,
    candidate: TrainingRun,
    splits: dict[str, pd.DataFrame],
    agreement: pd.DataFrame,
    paired: pd.DataFrame,
    drift: pd.DataFrame,
    how: str,
) -> list[tuple[str, str]]:
    """A few lines for whoever reads nothing else."""
    same = baseline.data.get("fingerprint") == candidate.data.get("fingerprint")
    cutoffs = [run.cutoff for run in (baseline, candidate)]
    when = f"both as of {cutoffs[0]}" if cutoffs[0] == cutoffs[1] else f"as of {cutoffs[0]} and {cutoffs[1]}"
    moved = drift.loc[drift["verdict"] == "moved", "feature"]
    drifted = f"; drifted: {', '.join(moved[:4])}{' ...' if len(moved) > 4 else ''}" if len(moved) else "; no drift"
    people = splits[c.PERSONA].set_index("why")["customers"]
    lines = [
        ("data", f"{'the same log' if same else 'two logs'}, {when}{drifted}"),
        ("customers", f"{people[migration.JOINED]:,} joined, {people[migration.LEFT]:,} left"),
    ]
    for name, split in splits.items():
        parts = split.set_index("why")
        quiet = (migration.STAYED, migration.BACK, migration.JOINED, migration.LEFT)
        stayed = parts["share"].reindex(list(quiet[:2])).sum()
        reasons = [kind for kind in parts.index if kind not in quiet]
        text = ", ".join(f"{kind} {parts.loc[kind, 'share']:.1%}" for kind in reasons if parts.loc[kind, "customers"])
        stake = parts.loc[reasons, "clv_after"].sum()
        ari = agreement.loc[(agreement["answer"] == name) & (agreement["step"] == "whole"), "ari"]
        tail = f" ({text}; CLV {stake:,.0f})" if text else ""
        lines.append((WORDS[name], f"{stayed:.1%} stay where they were{tail}; ARI {float(ari.iloc[0]):.3f}"))
    for metric in ("churn/log_loss", f"clv/{c.SPEND}_rmse", "journey/log_loss"):
        lines += [
            (
                metric,
                f"{row.baseline:.4g} → {row.candidate:.4g} "
                f"({row.difference:+.2g} [{row.low:+.2g}, {row.high:+.2g}]): {row.verdict}",
            )
            for row in paired[paired["metric"] == metric].itertuples(index=False)
        ]
    if paired.empty:
        lines.append(("metrics", how))
    return lines


def _figures(
    baseline: TrainingRun,
    candidate: TrainingRun,
    answers: list[Answer],
    moves: dict[str, pd.DataFrame],
    splits: dict[str, pd.DataFrame],
    paired: pd.DataFrame,
    drift: pd.DataFrame,
) -> dict[str, Figure]:
    labels = {answer.name: answer.labels for answer in answers}
    named = {WORDS[name]: split for name, split in splits.items()}
    drawn = {"migration.png": comparison_figures.migration(named)}
    for name in (c.PERSONA, c.JOURNEY_STAGE):
        drawn[f"{name}_flows.png"] = comparison_figures.alluvial(moves[name], labels[name], WORDS[name])
    drawn["drift.png"] = comparison_figures.drift(drift)
    sides = {"baseline": baseline, "candidate": candidate}
    drawn["lorenz.png"] = comparison_figures.lorenz(
        {side: run.assignments[c.CLV].fillna(0.0).to_numpy() for side, run in sides.items()}
    )
    judged = {side: run.evaluation for side, run in sides.items() if run.evaluation is not None}
    known = {
        side: frame[frame[c.CHURNED].notna() & frame[c.CHURN_PROBABILITY].notna()] for side, frame in judged.items()
    }
    if known:
        drawn["reliability.png"] = comparison_figures.reliability(
            {
                side: (np.asarray(frame[c.CHURNED], float), np.asarray(frame[c.CHURN_PROBABILITY], float))
                for side, frame in known.items()
            }
        )
    if len(paired):
        drawn["metric_differences.png"] = comparison_figures.differences(paired)
    return drawn
