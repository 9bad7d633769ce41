"""What else they will do: the run's targets, how many customers are expected to, and how well it was told last time."""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.models.targets.act_model import ActModel
from patronage.names import Artifact, Metric
from patronage.review.page import charts
from patronage.review.page.blocks import Block, Chart, Section, Table, Text
from patronage.review.run_page.inputs import RunView, calibration_rows, count
from patronage.statistics import calibration_error

TITLE = "What else they will do"


def targets(view: RunView) -> Section:
    """A line per target, and each probability beside what came."""
    models = view.bundle.targets
    days = view.config.horizon_days
    expected = [
        f"{count(float(view.assignments[c.p_act(model.act.key)].sum()))} customers are expected to do {model.act}"
        for model in models
    ]
    finding = f"In {days} days " + "; ".join(expected) + "."
    blocks: list[Block] = [_totals(view, models)]
    told = view.table(Artifact.TARGETS)
    if told is None:
        blocks.append(Text("Not measured: the log shows no horizon after a cutoff in which these were recorded."))
        return Section(TITLE, finding, blocks)
    verdicts = told[told["verdict"] != ""]
    words = "; ".join(f"{row['target']} {row['verdict']}" for _, row in verdicts.iterrows())
    caption = (
        "Each probability last time, beside the baselines that need no model; difference to the best of them by "
        "log-loss, with its 95% interval"
    )
    blocks += [Text(f"Last time the probability of {words}."), Table(told, caption, most=30)]
    blocks += [chart for model in models for chart in _calibration(view, model)]
    blocks.append(Text("Each customer's own reasons stand in the columns that end in _reasons of the assignments."))
    return Section(TITLE, finding, blocks)


def _totals(view: RunView, models: tuple[ActModel, ...]) -> Table:
    rows = []
    for model in models:
        key, p = model.act.key, view.assignments[c.p_act(model.act.key)]
        metrics = view.measurement.scorecard.metrics if view.measurement else {}
        rows.append(
            {
                "target": str(model.act),
                "customers": len(p),
                "expected to": float(p.sum()),
                "mean probability": float(p.mean()),
                "expected last time": metrics.get(Metric.of(key, "expected"), np.nan),
                "did last time": metrics.get(Metric.of(key, "actual"), np.nan),
            }
        )
    whole = ("customers", "expected to", "expected last time", "did last time")
    formats = {**dict.fromkeys(whole, ",.0f"), "mean probability": ".1%"}
    return Table(pd.DataFrame(rows), "The targets of the run", formats)


def _calibration(view: RunView, model: ActModel) -> list[Chart]:
    """Predicted beside actual, by tenths, on the holdout."""
    if view.measurement is None:
        return []
    labels = view.measurement.holdout.evaluated.labels[c.did_act(model.act.key)].dropna()
    if labels.empty:
        return []
    y_true = labels.to_numpy(float)
    y_pred = view.measurement.assignments.loc[labels.index, c.p_act(model.act.key)].to_numpy(float)
    rows, axes = calibration_rows(y_true, y_pred), ("predicted probability", "share that did it")
    spec = charts.calibration(rows, "predicted", "actual", "low", "high", *axes)
    since = f"{view.measurement.holdout.evaluated.cutoff:%Y-%m-%d}"
    description = (
        f"Tenths of the customers of {since} by predicted probability, beside the share that did it; bars are 95% "
        f"intervals; on the dotted line both are equal; n = {count(len(y_true))}."
    )
    error = 100 * calibration_error(y_true, y_pred)
    return [Chart(f"Last time {model.act} was off by {error:.1f} points on average", spec, description)]
