"""`patronage score`: assign every customer by a registered model."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import pandas as pd
from omegaconf import OmegaConf

from patronage import cutoff as when
from patronage import data, journal, scoring, tracking
from patronage import names as c
from patronage.config import ScoreConfig
from patronage.config.places import conf_dir, project_root
from patronage.data import Tables
from patronage.data.daily_lines import daily_lines
from patronage.engine import DuckDB, connect, held_by_another, shortage
from patronage.errors import ConfigError, DataError, OutputError, TrackingError
from patronage.evaluation import drift as drifting
from patronage.lenses import Part
from patronage.names import Artifact, Metric, Tag
from patronage.report import Report
from patronage.review.action_report import action_report
from patronage.scoring import Claim, Extent, Verdict, Work
from patronage.tracking import Registered, RunRecord, Scored, Store

log = logging.getLogger(__name__)

USUAL_STALENESS = 1  # days without a row that need no line: a shop may close on Sundays
PENDING = Path("mlruns") / "pending"


@dataclass(frozen=True)
class ActionOutput:
    """Where the next actions go, and the folder in which they grow."""

    claim: Claim
    folder: Path


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
    actions: ActionOutput | None = None


@dataclass(frozen=True)
class Findings:
    """What is known of the result as a whole."""

    extent: Extent
    drift: pd.DataFrame
    movements: pd.DataFrame | None
    warnings: tuple[str, ...]
    resumed: int
    recommended: Report = field(default_factory=Report)


def run(config: ScoreConfig) -> None:
    """Whole or not at all: the output is replaced at the very end, in one step."""
    started = time.time()
    cutoff = when.parse(config.cutoff)
    claim = _claim(config, config.output)
    scoring.check_place(claim.target, config.engine.name)
    if config.engine.name != "spark":  # whose catalogue must be open first
        _announce(claim.check())
    try:
        with scoring.alone(claim.target) as folder, _beside(config, claim) as actions:
            job, findings = _score(config, cutoff, claim, folder, actions)
    except OSError as error:
        raise OutputError(
            f"{claim.target}: {error.strerror or error}; the old result is untouched, and what is finished is kept for "
            "the next start"
        ) from error
    _log(job, findings, started)


def _claim(config: ScoreConfig, output: str) -> Claim:
    needed = (*tracking.places_of(config.tracking, project_root()), conf_dir())
    return Claim(scoring.parse(output), config.data, config.force, needed)


@contextlib.contextmanager
def _beside(config: ScoreConfig, claim: Claim) -> Iterator[ActionOutput | None]:
    """Hold the place of the next actions, if they are asked for.

    Raises
    ------
    ConfigError
        It is the place of the assignments.
    OutputError
        What stands there is not ours.
    """
    if config.next_actions is None:
        yield None
        return
    own = _claim(config, config.next_actions)
    if own.target == claim.target:
        raise ConfigError(f"next_actions={config.next_actions} is the output of the assignments; give another place")
    if _inside(own, claim) or _inside(claim, own):
        raise ConfigError(
            f"next_actions={config.next_actions} and output={config.output} lie one inside the other; give two places"
        )
    scoring.check_place(own.target, config.engine.name)
    if config.engine.name != "spark":
        _announce(own.check())
    with scoring.alone(own.target) as folder:
        yield ActionOutput(own, folder)


def _inside(one: Claim, other: Claim) -> bool:
    return other.target.path in one.target.path.parents


def _announce(destroyed: str | None) -> None:
    if destroyed:
        print(f"force=true destroys {destroyed}", flush=True)


def _score(
    config: ScoreConfig, cutoff: datetime, claim: Claim, folder: Path, actions: ActionOutput | None
) -> tuple[Job, Findings]:
    store = tracking.open_store(config.tracking, project_root(), log=config.data.name, reading=True)
    model = tracking.load_registered(store, config.model, cutoff)
    _check_past(model, cutoff)
    model.bundle.check_horizons(config.horizons)
    if actions is not None and not model.bundle.actions.catalogue:
        raise ConfigError("next_actions: the model has no catalogue; train it with actions=retail, or with your own")
    print(f"{model.uri} of run {model.run_id}", flush=True)
    with closing(connect(config.engine, folder)) as engine:
        if engine.cluster is not None:
            _announce(claim.check(engine.cluster))
        tables = data.load(engine, config.data, own_label=model.bundle.lenses.purchase.own_label)
        print(tables.summary(), flush=True)
        when.check_inside(cutoff, tables.first, tables.last, config.data.max_staleness_days)
        form = scoring.check_form(model.bundle.reference, tables, config.drift)
        _refuse(form)
        passes = scoring.how_many(config.passes, tables)
        job = Job(config, cutoff, claim, store, model, tables, passes, actions)
        doubts = _doubts(
            [scoring.judge_log(daily_lines(tables, cutoff), model.bundle.reference, config.plausible)], job
        )
        return job, _assign(job, folder, replace(form, warnings=(*form.warnings, *doubts)))


def _check_past(model: Registered, cutoff: datetime) -> None:
    """Refuse a backfill by a model that has seen what came after."""
    if model.cutoff and not when.is_past(when.parse(model.cutoff), cutoff):
        raise ConfigError(
            f"{model.uri} was trained as of {model.cutoff}, after cutoff={cutoff:%Y-%m-%d}: it knows what came later; "
            "give model=as_of for the champion of that day, or a later cutoff"
        )


def _assign(job: Job, folder: Path, form: Verdict) -> Findings:
    engine = job.tables.engine
    files = engine.files
    try:
        work, resumed = _compute(job, folder)
        findings = _examine(job, work, files, form, resumed)
        recommended, chosen = _recommend(job, work, files)
        scoring.publish(work, job.claim, files, engine.cluster)
        if chosen is not None and job.actions is not None:
            scoring.publish(chosen, job.actions.claim, files, engine.cluster)
    except (engine.failure, files.failure) as error:
        if short := shortage(error):
            raise short from error
        if busy := held_by_another(error):
            raise OutputError(f"{busy}; what is finished is kept", retry=True) from error
        raise OutputError(f"the engine stopped: {tracking.first_line(error)}; what is finished is kept") from error
    return replace(findings, recommended=recommended)


def _recommend(job: Job, work: Work, files: DuckDB) -> tuple[Report, Work | None]:
    """The next actions, ready to be published, and their report."""
    if job.actions is None:
        return Report(), None
    plan = job.model.bundle.actions
    journal.step("the next actions")
    actions, assignments = scoring.plan_scored(work, files, job.tables, job.cutoff, plan, job.config.budget)
    scoring.agree(work, actions)
    report = action_report(actions, assignments, job.model.bundle)
    print(*report.messages, sep="\n", flush=True)
    return report, scoring.keep_actions(Work(job.actions.folder), actions, job.cutoff, _stamps(job))


def _stamps(job: Job) -> dict[str, str]:
    return {c.RUN_ID: job.model.run_id, c.MODEL_VERSION: job.model.version}


def _compute(job: Job, folder: Path) -> tuple[Work, int]:
    """Every share that is not there yet; gives how many were."""
    plan = {
        "model": job.model.uri,
        "checksum": job.model.checksum,
        "data": job.tables.fingerprint,
        "cutoff": job.config.cutoff,
        "passes": job.passes,
        "horizons": list(job.config.horizons),
        "next_actions": job.actions is not None,
        "versions": [version(name) for name in ("patronage", "duckdb", "pyarrow")],
    }
    work = scoring.begin(folder, plan)
    stamps = _stamps(job)
    resumed = work.done
    if resumed:
        log.info("going on after %s of %s passes of an interrupted job", resumed, job.passes)
    cluster = job.tables.engine.cluster
    if cluster is not None and not work.is_done(0):
        scoring.score_with_spark(work, cluster, job.model.bundle, job.tables, job.cutoff, stamps, job.config.horizons)
    for number in range(job.passes):
        if not work.is_done(number):
            journal.step(f"pass {number + 1} of {job.passes}")
            part = Part(number, job.passes)
            scoring.score_part(work, job.model.bundle, job.tables, job.cutoff, part, stamps, job.config.horizons)
    return work, resumed


def _examine(job: Job, work: Work, files: DuckDB, form: Verdict, resumed: int) -> Findings:
    """Hold the result against training and against the last one.

    Raises
    ------
    DataError
        It is empty, or has drifted where the configuration says fail.
    """
    scoring.count_customers(work, files, job.tables.source)
    reference, limits = job.model.bundle.reference, job.config.plausible
    warnings, drift = (*_another_log(job), *_staleness(job), *form.warnings), pd.DataFrame()
    if reference is not None:
        drift = drifting.compare(reference, work.counts(job.passes))
        verdict = scoring.judge_drift(drift, job.config.drift)
        _refuse(verdict)
        warnings += verdict.warnings
    last, before, unknown = _last(job)
    extent = scoring.extent_of(work, files)
    verdicts = [scoring.judge_extent(extent, each, limits) for each in before]
    warnings += unknown + _doubts([*verdicts, *([] if drift.empty else [scoring.judge_shift(drift, limits)])], job)
    moved = None
    if last is not None:
        moved = scoring.movements(files, work, scoring.parse(last[Tag.OUTPUT]), job.model.version)
    return Findings(extent, drift, moved, warnings, resumed)


def _last(job: Job) -> tuple[Mapping[str, str] | None, list[Extent], tuple[str, ...]]:
    """The last scoring by this model, what this result is held against, and a line if the store cannot tell."""
    training = scoring.extent_of_training(job.model.bundle.reference)
    before = [] if training is None else [training]
    try:
        last = tracking.last_scoring(job.store, job.model.uri)
        former = tracking.last_extent(job.store, str(job.claim.target), job.cutoff)
    except TrackingError as error:  # all passes are done: what is finished is worth more than a comparison
        return None, before, (f"not held against the last result: {error}",)
    return last, [former, *before] if former else before, ()


def _another_log(job: Job) -> tuple[str, ...]:
    if job.model.data in ("", job.config.data.name):
        return ()
    return (
        f"{job.model.uri} was trained on data.name={job.model.data}, and this log is {job.config.data.name}: "
        "give a model of this log, or one name to both if they are the same log",
    )


def _staleness(job: Job) -> tuple[str, ...]:
    days = when.days_stale(job.cutoff, job.tables.last)
    if days <= USUAL_STALENESS:
        return ()
    return (f"the log ends on {job.tables.last:%Y-%m-%d}, {days} days before the cutoff",)


def _doubts(verdicts: list[Verdict], job: Job) -> tuple[str, ...]:
    """The lines about what is not plausible, if it is to be published all the same.

    Raises
    ------
    DataError
        It is not.
    """
    fatal = tuple(line for verdict in verdicts for line in verdict.fatal)
    if fatal and not job.config.force:
        raise DataError(
            f"this result is not plausible: {'; '.join(fatal)}: the old result is untouched; look at the log, or "
            "force=true publishes it"
        )
    return (*(line for verdict in verdicts for line in verdict.warnings), *fatal)


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
        log.warning(line)
    if job.actions is not None:
        print(f"actions      {job.actions.claim.target}")
    print(f"assignments  {job.claim.target} ({findings.extent.customers:,} customers, {took:.0f} s)")
    try:
        run_id = tracking.log_scoring(job.store, scored)
        print(f"look at it   {tracking.run_link(job.store, run_id)}")
    except TrackingError as error:
        _keep(job, scored, error)


def _keep(job: Job, scored: Scored, error: TrackingError) -> None:
    """Let a run wait on disk."""
    try:
        path = tracking.keep_pending(project_root() / PENDING, scored)
    except OSError as full:
        raise OutputError(
            f"{job.claim.target} is complete, but its run could neither be logged ({error}) nor be kept "
            f"({project_root() / PENDING}: {full.strerror or full})"
        ) from error
    log.warning("%s is complete; %s; it waits in %s: patronage relog logs it", job.claim.target, error, path)


def _record(job: Job, findings: Findings, started: float, took: float) -> RunRecord:
    tables = dict(findings.recommended.tables)
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
        Metric.SCORE_CUSTOMERS: float(findings.extent.customers),
        Metric.SCORE_SECONDS: took,
        Metric.SCORE_PASSES: float(job.passes),
        **{Metric.score_mean(name): mean for name, mean in findings.extent.means.items()},
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
