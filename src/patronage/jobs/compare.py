"""`patronage compare`: what moved between two runs, why, and what it is worth."""

from __future__ import annotations

import time

import pandas as pd

from patronage import names as c
from patronage import tracking
from patronage.config import CompareConfig
from patronage.config.places import project_root
from patronage.evaluation.intervals import Resampling
from patronage.names import Artifact, Tag
from patronage.review.comparison import Comparison, compare, headlines
from patronage.review.comparison_page import render
from patronage.review.training_run import TrainingRun


def run(config: CompareConfig) -> None:
    """Read both runs back, compare them, and log one run of kind `comparison` in the candidate's experiment."""
    started = time.time()
    store = tracking.find_store(config.tracking, project_root())
    baseline, candidate = _both(store, config.baseline, config.candidate)
    comparison = compare(baseline, candidate, Resampling(config.bootstraps, config.seed), config.largest_changes)
    store = tracking.in_experiment(store, candidate.experiment_id)
    run_id = tracking.log_run(store, _record(comparison, config.name, started))
    _print_result(store, comparison, run_id, time.time() - started)


def _both(store: tracking.Store, baseline: str, candidate: str) -> tuple[TrainingRun, TrainingRun]:
    """Both runs; a bare `@champion` is that of the other run's model."""
    if baseline.startswith("@") and not candidate.startswith("@"):
        second = tracking.read_run(store, candidate)
        return tracking.read_run(tracking.with_model(store, second.registered_model), baseline), second
    first = tracking.read_run(store, baseline)
    return first, tracking.read_run(tracking.with_model(store, first.registered_model), candidate)


def _record(comparison: Comparison, name: str | None, started: float) -> tracking.RunRecord:
    runs, report = _runs(comparison), comparison.report
    return tracking.RunRecord(
        kind="comparison",
        name=name or f"{comparison.baseline.name} to {comparison.candidate.name}",
        started_ms=int(1000 * started),
        description=_describe(comparison),
        params={side: run.run_id for side, run in runs.items()},
        metrics=headlines(report),
        tags={Tag.of_side(side, key): value for side, run in runs.items() for key, value in _identity(run).items()},
        tables={
            **report.tables,
            Artifact.METRICS: pd.DataFrame(sorted(report.metrics.items()), columns=["metric", "value"]),
        },
        figures=report.figures,
        texts={Artifact.REPORT: render(comparison)},
    )


def _describe(comparison: Comparison) -> str:
    """The summary in Markdown, with links to both runs."""
    links = [f"- {side}: [{run.name}]({run.link}), as of {run.cutoff}" for side, run in _runs(comparison).items()]
    rows = [f"| {topic} | {sentence} |" for topic, sentence in comparison.summary]
    head = f"`{Artifact.REPORT}` among the artifacts has everything on one page."
    return "\n".join([head, "", *links, "", "| | |", "|---|---|", *rows])


def _print_result(store: tracking.Store, comparison: Comparison, run_id: str, seconds: float) -> None:
    baseline, candidate = comparison.baseline, comparison.candidate
    print(f"{baseline.name} ({baseline.run_id[:8]}) to {candidate.name} ({candidate.run_id[:8]})\n")
    for topic, sentence in comparison.summary:
        print(f"{topic:<17}{sentence}")
    print(f"\n{'report':<17}{tracking.artifact(store, run_id, Artifact.REPORT)}")
    print(f"{'look at it':<17}{tracking.run_link(store, run_id)}")
    print(f"{'side by side':<17}{tracking.compare_link(store, [baseline.run_id, candidate.run_id])}")
    print(f"{'took':<17}{seconds:.0f} s")


def _runs(comparison: Comparison) -> dict[str, TrainingRun]:
    return {"baseline": comparison.baseline, "candidate": comparison.candidate}


def _identity(run: TrainingRun) -> dict[str, str]:
    return {c.RUN_ID: run.run_id, "name": run.name, c.CUTOFF: run.cutoff, c.MODEL_VERSION: run.model_version}
