"""The card of a registered version: what it answers, how good it is, what it cannot do."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from patronage.data import Tables
from patronage.evaluation.run import Run
from patronage.evaluation.scorecard import Headline
from patronage.names import Artifact, Tag
from patronage.report import Report

ASSUMED = ("clv.finding.", "clv.switch.", "clv.abstain.", Tag.LEAKAGE_FINDING, Tag.JOURNEY_WARNING)


def card_of(run: Run, headlines: Sequence[Headline], report: Report, tables: Tables) -> str:
    """The card in Markdown.

    Parameters
    ----------
    headlines
        A line per model beside its best baseline.
    report
        Of all parts of the run: what was found against an assumption is among its tags.
    """
    parts = [_purpose(run, tables), _quality(run, headlines), _limits(run, report), _use()]
    return "\n\n".join(part for part in parts if part)


def _purpose(run: Run, tables: Tables) -> str:
    config = run.config
    question = f"{config.question}\n\n" if config.question else ""
    span = f"{tables.first:%Y-%m-%d} to {tables.last:%Y-%m-%d}"
    return (
        f"{question}Assigns every customer of the log `{config.data.name}` a persona, a churn risk, a value and a "
        f"journey stage, for the {config.horizon_days} days after a cutoff.\n\nLearned as of {config.cutoff} from "
        f"{len(run.features):,} customers ({tables.rows['transactions']:,} transactions from {span}); nothing after "
        "that day was seen."
    )


def _quality(run: Run, headlines: Sequence[Headline]) -> str:
    if run.measurement is None:
        return "**Not measured**: the log is too short to hold out a horizon."
    evaluated = run.measurement.holdout.evaluated.cutoff
    lines = [
        f"- {line.model}: {line.metric} {line.value:.4g}, {line.verdict} {line.baseline} ({line.baseline_value:.4g})"
        for line in headlines
    ]
    return "\n".join([f"**How good**, measured from {evaluated:%Y-%m-%d} on beside the best baseline:", "", *lines])


def _limits(run: Run, report: Report) -> str:
    findings = [f"- {text}" for name, text in sorted(report.tags.items()) if name.startswith(ASSUMED)]
    lenses = report.tables[Artifact.LENSES] if Artifact.LENSES in report.tables else pd.DataFrame({"state": []})
    absent = ", ".join(lenses.loc[lenses["state"] == "absent", "lens"])
    missing = [f"- the log has no data for the lenses {absent}: `{Artifact.LENSES}` of the run lists what they need"]
    lines = [
        *findings,
        *(missing if absent else []),
        "- forecasts and labels are associations: what a contact would change is not in them",
        f"- scoring a cutoff before {run.config.cutoff} is refused: the model knows what came later",
    ]
    return "\n".join(["**What to know**", "", *lines])


def _use() -> str:
    return "**Use**: see the description of the registered model; the run of this version has `report.html`."
