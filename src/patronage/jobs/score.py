"""`patronage score`: assign every customer by a registered model."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import pandas as pd
from omegaconf import OmegaConf

from patronage import cutoff as when
from patronage import data, scoring, tracking
from patronage import names as c
from patronage.config import ScoreConfig
from patronage.config.places import project_root
from patronage.data import Tables
from patronage.engine import DuckDB, connect
from patronage.errors import DataError, OutputError, TrackingError
from patronage.evaluation import drift as drifting
from patronage.lenses import Part
from patronage.names import Artifact, Metric, Tag
from patronage.scoring import Claim, Verdict, Work
from patronage.tracking import Registered, RunRecord, Scored, Store

PENDING = Path("mlruns") / "pending"


@dataclass(frozen=True)
class Job:
    """One scoring: its settings, and what it has opened."""

    config: ScoreConfig
    cutoff: datetime
    claim: Claim
    store: Store
    model: Registered
    tables: Tables
    passes: int


@dataclass(frozen=True)
class Findings:
    """What is known of the result as a whole."""

    customers: int
    drift: pd.DataFrame
    movements: pd.DataFrame | None
    warnings: tuple[str, ...]
    resumed: int


def run(config: ScoreConfig) -> None:
    """Whole or not at all: the output is replaced at the very end, in one step."""
    started = time.time()
    cutoff = when.parse(config.cutoff)
    claim = Claim(scoring.parse(config.output), config.data, config.force)
    scoring.check_place(claim.target, config.engine.name)
    if config.engine.name != "spark":  # whose catalogue must be open first
        _announce(claim.check())
    try:
        with scoring.alone(claim.target) as folder:
            _score(config, cutoff, claim, folder, started)
    except OSError as error:
        raise OutputError(
            f"{claim.target}: {error.strerror or error}; the old result is untouched, and what is finished is kept for "
            "the next start"
        ) from error


def _announce(destroyed: str | None) -> None:
    if destroyed:
        print(f"force=true destroys {destroyed}", flush=True)


def _score(config: ScoreConfig, cutoff: datetime, claim: Claim, folder: Path, started: float) -> None:
    store = tracking.open_store(config.tracking, project_root())
    model = tracking.load_registered(store, config.model)
    print(f"{model.uri} of run {model.run_id}", flush=True)
    with closing(connect(config.engine, folder)) as engine:
        if engine.cluster is not None:
            _announce(claim.check(engine.cluster))
        tables = data.load(engine, config.data)
        print(tables.summary(), flush=True)
        when.check_inside(cutoff, tables.first, tables.last, config.data.max_staleness_days)
        form = scoring.check_form(model.bundle.reference, tables, config.drift)
        _refuse(form)
        passes = scoring.how_many(config.passes, tables)
        _assign(Job(config, cutoff, claim, store, model, tables, passes), folder, form, started)


def _assign(job: Job, folder: Path, form: Verdict, started: float) -> None:
    engine = job.tables.engine
    files = engine.files
    try:
        work, resumed = _compute(job, folder)
        findings = _examine(job, work, files, form, resumed)
        scoring.publish(work, job.claim, files, engine.cluster)
    except (engine.failure, files.failure) as error:
        raise OutputError(f"the engine stopped: {tracking.first_line(error)}; what is finished is kept") from error
    _log(job, findings, started)


def _compute(job: Job, folder: Path) -> tuple[Work, int]:
    """Every share that is not there yet; gives how many were."""
    plan = {
        "model": job.model.uri,
        "checksum": job.model.checksum,
        "data": job.tables.fingerprint,
        "cutoff": job.config.cutoff,
        "passes": job.passes,
        "versions": [version(name) for name in ("patronage", "duckdb", "pyarrow")],
    }
    work = scoring.begin(folder, plan)
    stamps = {c.RUN_ID: job.model.run_id, c.MODEL_VERSION: job.model.version}
    resumed = work.done
    if resumed:
        print(f"going on after {resumed} of {job.passes} passes of an interrupted job", flush=True)
    cluster = job.tables.engine.cluster
    if cluster is not None and not work.is_done(0):
        scoring.score_with_spark(work, cluster, job.model.bundle, job.tables, job.cutoff, stamps)
    for number in range(job.passes):
        if not work.is_done(number):
            scoring.score_part(work, job.model.bundle, job.tables, job.cutoff, Part(number, job.passes), stamps)
    return work, resumed


def _examine(job: Job, work: Work, files: DuckDB, form: Verdict, resumed: int) -> Findings:
    """Hold the result against training and against the last one.

    Raises
    ------
    DataError
        It is empty, or has drifted where the configuration says fail.
    """
    customers = scoring.count_customers(work, files, job.tables.source)
    reference = job.model.bundle.reference
    warnings, drift = form.warnings, pd.DataFrame()
    if reference is not None:
        drift = drifting.compare(reference, work.counts(job.passes))
        verdict = scoring.judge_drift(drift, job.config.drift)
        _refuse(verdict)
        warnings += verdict.warnings
    last = tracking.last_scoring(job.store, job.model.uri)
    moved = None
    if last is not None:
        moved = scoring.movements(files, work, scoring.parse(last[Tag.OUTPUT]), job.model.version)
    return Findings(customers, drift, moved, warnings, resumed)


def _refuse(verdict: Verdict) -> None:
    if verdict.fatal:
        raise DataError(
            f"{'; '.join(verdict.fatal)}: the old result is untouched; look at the data, train again, or set the "
            "threshold to warn"
        )


def _log(job: Job, findings: Findings, started: float) -> None:
    """Print and log what was made; where the store is away the run waits on disk."""
    took = time.time() - started
    scored = Scored(_record(job, findings, started, took), tracking.describe(job.tables), job.model.model_id)
    for line in findings.warnings:
        print(f"warning      {line}")
    print(f"assignments  {job.claim.target} ({findings.customers:,} customers, {took:.0f} s)")
    try:
        run_id = tracking.log_scoring(job.store, scored)
        print(f"look at it   {tracking.run_link(job.store, run_id)}")
    except TrackingError as error:
        path = tracking.keep_pending(project_root() / PENDING, scored)
        print(f"patronage: {error}; it waits in {path}: patronage relog logs it", file=sys.stderr)


def _record(job: Job, findings: Findings, started: float, took: float) -> RunRecord:
    tables = {}
    if not findings.drift.empty:
        tables[Artifact.DRIFT] = findings.drift
    if findings.movements is not None:
        tables[Artifact.MOVEMENTS] = findings.movements
    return RunRecord(
        kind="score",
        name=job.config.name,
        started_ms=int(1000 * started),
        config=OmegaConf.to_yaml(OmegaConf.structured(job.config)),
        params={"model": job.model.uri, "data": job.tables.source, "cutoff": job.config.cutoff, "passes": job.passes},
        metrics=_metrics(job, findings, took),
        tags={
            c.CUTOFF: job.config.cutoff,
            Tag.MODEL: job.model.uri,
            Tag.MODEL_RUN: job.model.run_id,
            Tag.OUTPUT: str(job.claim.target),
            Tag.RESUMED_PASSES: str(findings.resumed),
            **{Tag.warning(number): line[:500] for number, line in enumerate(findings.warnings)},
        },
        tables=tables,
    )


def _metrics(job: Job, findings: Findings, took: float) -> dict[str, float]:
    metrics = {
        Metric.SCORE_CUSTOMERS: float(findings.customers),
        Metric.SCORE_SECONDS: took,
        Metric.SCORE_PASSES: float(job.passes),
    }
    if not findings.drift.empty:
        measures = ("psi", "unseen", "missing")
        metrics |= {Metric.largest_drift(name): float(findings.drift[name].max()) for name in measures}
    if findings.movements is not None:
        before, after = findings.movements["before"], findings.movements["after"]
        stayed = findings.movements[before.ne(scoring.NEW) & after.ne(scoring.GONE)]
        for what, rows in stayed.groupby("what"):
            moved = rows.loc[rows["before"] != rows["after"], "customers"].sum()
            metrics[Metric.score_moved(what)] = float(moved / rows["customers"].sum())
    return metrics
