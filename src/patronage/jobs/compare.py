"""`patronage compare`: what moved between two runs, why, and what it is worth."""

from __future__ import annotations

import time

from patronage import names as c
from patronage import tracking
from patronage.config import CompareConfig
from patronage.config.places import project_root
from patronage.evaluation.intervals import Resampling
from patronage.review.comparison import Comparison, compare
from patronage.review.comparison_page import render
from patronage.review.training_run import TrainingRun


def run(config: CompareConfig) -> None:
    """Read both runs back, compare them, and log one run of kind `comparison` beside the candidate."""
    started = time.time()
    store = tracking.find_store(config.tracking, project_root())
    baseline = tracking.read_run(store, config.baseline)
    candidate = tracking.read_run(store, config.candidate)
    found = compare(baseline, candidate, Resampling(config.bootstraps, config.seed), config.movers)
    record = tracking.RunRecord(
        kind="comparison",
        name=config.name or f"{baseline.name} to {candidate.name}",
        started_ms=int(1000 * started),
        description=_describe(found),
        params={"baseline": baseline.run_id, "candidate": candidate.run_id},
        metrics=found.metrics,
        tags={f"{side}.{key}": value for side, run in _sides(found).items() for key, value in _identity(run).items()},
        tables=found.tables,
        figures=found.figures,
        texts={"report.html": render(found)},
    )
    beside = tracking.in_experiment(store, candidate.experiment_id)
    run_id = tracking.log_run(beside, record)
    print(f"{baseline.name} ({baseline.run_id[:8]}) to {candidate.name} ({candidate.run_id[:8]})\n")
    for topic, sentence in found.lines:
        print(f"{topic:<17}{sentence}")
    print(f"\n{'report':<17}{tracking.artifact(beside, run_id, 'report.html')}")
    print(f"{'look at it':<17}{tracking.run_link(beside, run_id)}")
    print(f"{'side by side':<17}{tracking.compare_link(beside, [baseline.run_id, candidate.run_id])}")
    print(f"{'took':<17}{time.time() - started:.0f} s")


def _describe(found: Comparison) -> str:
    """The gist in Markdown, with the way to both runs."""
    links = [f"- {side}: [{run.name}]({run.link}), as of {run.cutoff}" for side, run in _sides(found).items()]
    rows = [f"| {topic} | {sentence} |" for topic, sentence in found.lines]
    head = "`report.html` among the artifacts tells the whole story."
    return "\n".join([head, "", *links, "", "| | |", "|---|---|", *rows])


def _sides(found: Comparison) -> dict[str, TrainingRun]:
    return {"baseline": found.baseline, "candidate": found.candidate}


def _identity(run: TrainingRun) -> dict[str, str]:
    return {c.RUN_ID: run.run_id, "name": run.name, c.CUTOFF: run.cutoff, c.MODEL_VERSION: run.model_version}
