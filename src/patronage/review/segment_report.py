"""What a run reports of its segments on trial: tables that a page or a notebook can draw, metrics, and one line."""

from __future__ import annotations

import pandas as pd

from patronage import names as c
from patronage.evaluation.intervals import Resampling
from patronage.evaluation.measurement import Measurement
from patronage.evaluation.segment_answers import (
    benefits_sought,
    columns_in_short,
    profitable,
    same_labels,
    too_narrow,
)
from patronage.evaluation.segment_trial import HOLDS, NAME_FAILS, SAYS_NOTHING, TOO_FEW, tried_columns, try_segments
from patronage.names import Artifact, Metric
from patronage.report import Report

VERDICTS = (HOLDS, SAYS_NOTHING, TOO_FEW, NAME_FAILS)
# Eight columns of the first part of the table, then those of the second, which repeats the first two.
SHOWN_FIRST = (
    "column", "label", "customers", "verdict", "claim", "bought_lift", "bought_lift_low", "bought_lift_high",
    "orders_lift", "orders_lift_low", "orders_lift_high", "spend_lift", "spend_lift_low", "spend_lift_high",
)  # fmt: skip
IN_PLURAL = ("hold", "say nothing", "have too few customers", "have a name that does not hold")


def segment_report(measured: Measurement, resampling: Resampling, margin: float) -> Report:
    """The trial on the customers that the run is measured on: everyone known at the evaluated cutoff."""
    assignments, evaluated = measured.assignments, measured.holdout.evaluated
    lens_columns = measured.bundle.fitted_lenses.segments(evaluated.features.iloc[:1])
    trial = try_segments(assignments, evaluated, tried_columns(assignments, list(lens_columns)), resampling)
    counts = trial.segments["verdict"].value_counts()
    tried = int(sum(counts.get(verdict, 0) for verdict in VERDICTS))
    metrics = {
        Metric.SEGMENTS_TRIED: float(tried),
        **{Metric.segments(verdict): float(counts.get(verdict, 0)) for verdict in VERDICTS},
    }
    line = (
        f"segments     {tried} labels held against the {evaluated.horizon_days} days from "
        f"{evaluated.cutoff:%Y-%m-%d} on, {trial.customers:,} customers: "
        + ", ".join(f"{counts.get(verdict, 0)} {plural}" for verdict, plural in zip(VERDICTS, IN_PLURAL, strict=True))
    )
    stamp = {"from": f"{evaluated.cutoff:%Y-%m-%d}", "days": evaluated.horizon_days, "of_customers": trial.customers}
    tables: dict[str, pd.DataFrame] = {
        Artifact.SEGMENTS: _first_what_matters(trial.segments).assign(**stamp),
        Artifact.SEGMENT_COLUMNS: columns_in_short(trial, VERDICTS),
        Artifact.SEGMENT_PROFITS: profitable(trial, margin),
        Artifact.SEGMENT_BENEFITS: benefits_sought(assignments, evaluated.labels[c.CHURNED]),
        Artifact.SEGMENTS_ALIKE: same_labels(assignments, trial),
        Artifact.SEGMENTS_NARROW: too_narrow(trial),
    }
    return Report(metrics, {name: table for name, table in tables.items() if len(table)}, messages=(line,))


def _first_what_matters(segments: pd.DataFrame) -> pd.DataFrame:
    """The same table, with what its first parts shall show first: a page of MLflow has room for few columns."""
    return segments[[*SHOWN_FIRST, *(name for name in segments if name not in SHOWN_FIRST)]]


def failing_names(segments: pd.DataFrame) -> list[str]:
    """The labels of a table of segments whose names do not hold, each with its column."""
    wrong = segments[segments["verdict"] == NAME_FAILS]
    return [f"{column} {label}" for column, label in zip(wrong["column"], wrong["label"], strict=True)]
