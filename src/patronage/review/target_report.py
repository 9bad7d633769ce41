"""How good the probabilities of a run's targets are: a line per target and measure, beside the best baseline."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from patronage.config.target import ChosenAct
from patronage.evaluation.measurement import Measurement
from patronage.evaluation.scorecard import Headline
from patronage.evaluation.targets import BASELINES, MEASURES, in_words
from patronage.names import Artifact, Metric
from patronage.report import Report


def target_report(measurement: Measurement) -> Report:
    """The report of the targets; empty without any, or where nobody's label was known."""
    acts = {target.act.key: target.act for target in measurement.bundle.targets}
    rows = [
        _row(acts[line.model], line, measure, measurement.scorecard.metrics)
        for line in measurement.scorecard.headlines
        if line.model in acts
        for measure in MEASURES
    ]
    return Report(tables={Artifact.TARGETS: pd.DataFrame(rows)} if rows else {})


def _row(act: ChosenAct, line: Headline, measure: str, metrics: Mapping[str, float]) -> dict[str, object]:
    value = metrics[Metric.of(line.model, measure)]
    naive = {name: metrics[Metric.baseline(line.model, name, measure)] for name in BASELINES}
    return {
        "target": str(act),
        "measure": measure,
        "value": value,
        **{words: naive[name] for name, words in BASELINES.items()},
        "difference": value - naive[line.baseline],
        "low": metrics[Metric.difference_low(line.model, measure)],
        "high": metrics[Metric.difference_high(line.model, measure)],
        "verdict": in_words(line) if measure == line.metric else "",
    }
