"""`patronage train`: fit, evaluate, assign every customer and log one run."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from datetime import datetime

import pandas as pd

from patronage import cutoff as when
from patronage import data, tracking
from patronage import names as c
from patronage.bundle import Bundle
from patronage.config import TrainConfig
from patronage.config.places import project_root
from patronage.data import Tables
from patronage.engine import connect
from patronage.evaluation.coverage import judge_intervals
from patronage.evaluation.journeys import Trial
from patronage.evaluation.scorecard import Resampling, Scorecard, judge
from patronage.labels import LabelledSnapshot, buyers, weekly_orders
from patronage.models.btyd import assumptions as gate
from patronage.models.personas import PersonaModel
from patronage.models.reference import build_reference
from patronage.review import clv_figures
from patronage.review.journey_map import journey_report
from patronage.review.persona_report import persona_report
from patronage.review.session_report import session_report
from patronage.review.training_record import Judged, training_record
from patronage.training.fit import fit_bundle
from patronage.training.origins import Split, holdout_at, split_at
from patronage.training.sample import sampling_metrics


def run(config: TrainConfig) -> None:
    """The whole experiment. Nothing is logged before everything is computed."""
    started = time.time()
    cutoff = when.parse(config.cutoff)
    with closing(connect(config.engine)) as engine:
        _train(config, cutoff, data.load(engine, config.data), started)


def _train(config: TrainConfig, cutoff: datetime, tables: Tables, started: float) -> None:
    print(tables.summary(), flush=True)
    when.check_inside(cutoff, tables.first, tables.last, config.data.max_staleness_days)
    sampler = data.sampler(tables, config.fit_sample, config.seed)
    if sampler:
        print(f"one customer in {sampler.one_in} is learned from (fit_sample={config.fit_sample})", flush=True)
    split = split_at(tables, cutoff, config)
    store = tracking.open_store(config.tracking, project_root())
    former, origin = _former(store, config, cutoff, split.current.features)
    bundle = fit_bundle(split, config, left_censored=tables.left_censored, former=former)
    assignments = bundle.assign(split.current.features)
    personas = persona_report(bundle, split.current.features, assignments, config.personas, config.seed, former, origin)
    print(*personas.said, sep="\n", flush=True)
    judged = _measure(tables, split, bundle, assignments, config, sampler)
    resampling = Resampling(config.evaluation.bootstraps, config.seed)
    journey = journey_report(
        bundle.journey,
        split.current.features,
        assignments,
        # its rivals are measured over the journey's horizon
        judged.trial if judged and judged.holdout.split.window_days == config.horizon_days else None,
        resampling,
    ) | session_report(tables, cutoff, config.journey, config.evaluation.unseen_share, resampling)
    findings = _examine_clv(bundle, split.current.features, left_censored=tables.left_censored)
    record = training_record(config, tables, split, bundle, assignments, personas, judged, journey, findings, started)
    stamped = assignments.assign(**{c.CUTOFF: pd.Timestamp(cutoff)})
    counted = build_reference(split.current.features.join(assignments), tables.present, tables.events)
    bundle = replace(bundle, reference=counted)
    logged = tracking.log_training(store, record, tables, bundle, split.current.features, stamped)
    _say(store, logged, record, len(assignments), time.time() - started)


def _former(
    store: tracking.Store, config: TrainConfig, cutoff: datetime, features: pd.DataFrame
) -> tuple[PersonaModel | None, str]:
    """The personas to carry on, those of the champion if it is one of this data's past; and where they come from."""
    champion = tracking.load_champion(store)
    if champion is None:
        return None, "fresh: no champion yet"
    who = f"champion, version {champion.version}"
    if champion.data != config.data.name:
        return None, f"fresh: the {who} is of data={champion.data}"
    if not when.is_past(when.parse(champion.cutoff), cutoff):
        return None, f"fresh: the {who} was fitted at {champion.cutoff}, after this cutoff"
    lacking = [name for name in champion.bundle.personas.columns if name not in features]
    if lacking:
        return None, f"fresh: the {who} reads {', '.join(lacking)}, which this data lacks"
    return champion.bundle.personas, f"carried on from the {who}"


def _measure(
    tables: Tables, split: Split, bundle: Bundle, said: pd.DataFrame, config: TrainConfig, sampler: data.Sampler | None
) -> Judged | None:
    """On later time: the assignments themselves, and those of a second fit on customers that it never saw."""
    holdout = holdout_at(tables, split, config)
    if holdout is None:
        return None
    resampling = Resampling(config.evaluation.bootstraps, config.seed)
    if holdout.split is not split:
        bundle = fit_bundle(holdout.split, _lenient(config, config.personas.k), left_censored=tables.left_censored)
        said = bundle.assign(holdout.evaluated.features)
    card = _judge(bundle, said, holdout.split, holdout.evaluated, resampling, config)
    intervals = _intervals(bundle, holdout.evaluated)
    seen = holdout.split.select(~holdout.unseen)
    strangers = holdout.evaluated.select(holdout.unseen)
    other = fit_bundle(seen, _lenient(config, bundle.personas.k), left_censored=tables.left_censored)
    of_strangers = other.assign(strangers.features)
    unseen = _judge(other, of_strangers, seen, strangers, resampling, config)
    others = holdout.split.select(holdout.unseen)
    trial = Trial(other.journey, seen, others, strangers, of_strangers, other.learned)
    renamed = {name.replace("/", "/unseen/", 1): value for name, value in unseen.metrics.items()}
    found = intervals | renamed | sampling_metrics(bundle, holdout, config, sampler)
    now = holdout.evaluated
    weekly = weekly_orders(tables, now.cutoff, now.horizon_days, now.features.index)
    drawn = clv_figures.of_measurement(bundle.clv, now, weekly, said)
    return Judged(holdout, said, Scorecard(card.metrics | found, card.headlines), trial, drawn)


def _judge(
    bundle: Bundle,
    said: pd.DataFrame,
    split: Split,
    judged: LabelledSnapshot,
    resampling: Resampling,
    config: TrainConfig,
) -> Scorecard:
    structural = bundle.forecast.btyd.expect(buyers(judged).features, config.horizon_days)[c.P_ORDER]
    contractual = config.churn.contractual
    return judge(said, structural, bundle.learned, split.training, judged, resampling, contractual=contractual)


def _lenient(config: TrainConfig, k: int | str) -> TrainConfig:
    """For the fits that only measure: their personas are judged by nothing, and may be unstable."""
    return replace(config, personas=replace(config.personas, k=k, allow_unstable=True))


def _intervals(bundle: Bundle, judged: LabelledSnapshot) -> dict[str, float]:
    """How well the CLV model's intervals cover, of whoever ever bought."""
    if judged.labels is None:
        return {}
    read, multiplier = bundle.forecast.law_inputs(buyers(judged).features)
    return judge_intervals(bundle.clv, read, judged.labels.loc[read.index, c.ORDERS], multiplier)


def _examine_clv(bundle: Bundle, features: pd.DataFrame, *, left_censored: bool) -> tuple[gate.Finding, ...]:
    """What speaks against the CLV model; what is more than a note is said at once."""
    buyers = features[features[c.N_ORDERS] > 0]
    paid, kept = buyers[c.REVENUE].sum(), buyers[c.NET_REVENUE].sum()
    refund_share = float(1 - kept / paid) if paid > 0 else 0.0
    findings = gate.examine(bundle.clv, buyers, left_censored=left_censored, refund_share=refund_share)
    for finding in findings:
        if finding.severity != gate.NOTE:
            shown = finding.show.replace("\n", "\n             ")
            print(f"clv          {finding.severity}: {finding.found}\n             {shown}", flush=True)
    for deed in bundle.clv.deeds:
        print(f"clv          {deed.deed}: {deed.said}", flush=True)
    return findings


def _say(
    store: tracking.Store, logged: tracking.Logged, record: tracking.RunRecord, customers: int, took: float
) -> None:
    """The last lines: how good, what was made and where."""
    evaluated = record.tags["evaluated_from"]
    print()
    if evaluated == "none":
        print("not evaluated: the log is too short to hold out a horizon")
    else:
        print(f"measured from {evaluated} on, beside what anyone could say:")
    print(record.tables["scorecard.json"].to_string(index=False, float_format=lambda value: f"{value:.4g}"))
    print()
    print(f"assignments  {logged.assignments} ({customers:,} customers)")
    print(f"model        models:/{store.registered_model}/{logged.model_version}")
    print(f"look at it   {tracking.run_link(store, logged.run_id)}")
    print(f"took         {took:.0f} s")
