"""`patronage train`: fit, evaluate, assign every customer and log one run."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from datetime import datetime

import pandas as pd

from patronage import cutoff as when
from patronage import data, journal, lenses, tracking
from patronage import names as c
from patronage.bundle import Bundle
from patronage.config import TrainConfig
from patronage.config.places import project_root
from patronage.data import Tables
from patronage.data.daily_lines import daily_lines
from patronage.decisions.contact_state import contact_state
from patronage.decisions.next_action import NextActions, agreeing, next_actions
from patronage.engine import connect
from patronage.evaluation.intervals import Resampling
from patronage.evaluation.measurement import Measurement, measure
from patronage.evaluation.run import Run
from patronage.evaluation.stability import evaluate_personas
from patronage.labels import actual_totals
from patronage.models.btyd.fit import FitCache
from patronage.models.personas import PersonaModel
from patronage.models.reference import build_reference
from patronage.names import Artifact, Tag
from patronage.report import Report
from patronage.review.action_report import action_report
from patronage.review.bundle_report import bundle_report, data_report
from patronage.review.clv_report import clv_report, holidays_report
from patronage.review.journey_report import journey_report
from patronage.review.measurement_report import measurement_report
from patronage.review.past_run import PastRun
from patronage.review.persona_report import persona_report
from patronage.review.run_page.run_page import with_page
from patronage.review.segment_report import segment_report
from patronage.review.session_report import session_report
from patronage.review.training_record import NOT_EVALUATED, training_record
from patronage.training.fit import fit_bundle
from patronage.training.origins import Split, split_at


def run(config: TrainConfig) -> None:
    """Read the log, then the whole experiment."""
    when.parse(config.cutoff)  # refused before the log is read
    with closing(connect(config.engine)) as engine:
        train_and_log(data.load(engine, config.data, own_label=config.lenses.purchase.own_label), config)


def train_and_log(tables: Tables, config: TrainConfig) -> Run:
    """Fit, measure and assign, then log one MLflow run: nothing is logged before everything is computed."""
    started = time.time()
    cutoff = when.parse(config.cutoff)
    print(tables.summary(), flush=True)
    when.check_inside(cutoff, tables.first, tables.last, config.data.max_staleness_days)
    store = tracking.open_store(
        config.tracking, project_root(), log=config.data.name
    )  # before hours of work, not after
    sampler = data.sampler(tables, config.fit_sample, config.seed)
    if sampler:
        print(f"one customer in {sampler.one_in} is learned from (fit_sample={config.fit_sample})", flush=True)
    journal.step("features at the cutoff and at earlier origins")
    champion = tracking.load_champion(store)
    split = split_at(tables, cutoff, _with_taste_of(champion, config, cutoff))
    features = split.current.features
    former, origin = former_personas(champion, config, split)
    fits = FitCache()
    journal.step("fitting")
    bundle = fit_bundle(split, config, left_censored=tables.left_censored, former=former, fits=fits)
    assigned = bundle.assign(features)
    actions = next_actions(assigned, contact_state(tables, cutoff, bundle.actions.days), bundle.actions)
    assignments = agreeing(assigned, actions.frame)
    journal.step("personas refitted, to see whether they are stable")
    personas = evaluate_personas(bundle.personas, features, config.personas, config.seed)
    goods, currency = lenses.goods_bought(tables, cutoff, split.lenses), config.data.currency
    report = (
        persona_report(bundle, features, assignments, config.personas, config.seed, former, origin, goods)
        | bundle_report(bundle, assignments)
        | data_report(tables, split, config.lenses)
        | clv_report(bundle.clv, features, left_censored=tables.left_censored, currency=currency)
        | holidays_report(bundle.forecast.calendar)
        | _actions(actions, cutoff, bundle, assignments)
    )
    print(*report.messages, sep="\n", flush=True)
    journal.step("measuring on later time and on unseen customers")
    measured = measure(tables, split, bundle, assignments, config, sampler, fits)
    report |= _journey_and_sessions(tables, bundle, features, assignments, measured, config)
    if measured:
        how_good = measurement_report(measured, currency)
        how_good |= segment_report(measured, Resampling(config.evaluation.bootstraps, config.seed), config.clv.margin)
        print(*how_good.messages, sep="\n", flush=True)
        report |= how_good
    result = Run(config, bundle, features, assignments, measured)
    record = training_record(result, split, personas, report, tables, started)
    past = [_with_actual_totals(tables, run) for run in tracking.past_runs(store)]
    comparable = _comparable(champion, config, bundle, features)
    record = with_page(record, result, split, tables, report, comparable, past)
    days = daily_lines(tables, cutoff)
    bundle = replace(bundle, reference=build_reference(features.join(assigned), tables.present, tables.events, days))
    journal.step("logging the run")
    stamped = assignments.assign(**{c.CUTOFF: pd.Timestamp(cutoff)})
    logged = tracking.log_training(
        store,
        record,
        tables,
        bundle,
        features,
        stamped,
        real_example=config.real_example,
        registered=config.register if config.register is not None else not tracking.is_child(),
    )
    _print_result(store, logged, record, len(assignments), time.time() - started)
    return replace(result, bundle=bundle, run_id=logged.run_id)


def _actions(actions: NextActions, cutoff: datetime, bundle: Bundle, assignments: pd.DataFrame) -> Report:
    """What should be done next about each customer."""
    report = action_report(actions, assignments, bundle)
    for frame in report.frames.values():
        frame.insert(1, c.CUTOFF, pd.Timestamp(cutoff))
    return report


def _journey_and_sessions(
    tables: Tables,
    bundle: Bundle,
    features: pd.DataFrame,
    assignments: pd.DataFrame,
    measured: Measurement | None,
    config: TrainConfig,
) -> Report:
    """The reports of the journey and of sessions, on unseen customers where these can be measured."""
    resampling = Resampling(config.evaluation.bootstraps, config.seed)
    # the models beside it are measured over the journey's horizon
    measurable = measured and measured.holdout.split.window_days == config.horizon_days
    holdout = measured.journey_holdout if measured and measurable else None
    cutoff, unseen_share = when.parse(config.cutoff), config.evaluation.unseen_share
    journey = journey_report(bundle.journey, features, assignments, holdout, resampling)
    return journey | session_report(tables, cutoff, config.journey, unseen_share, resampling)


def _with_taste_of(champion: tracking.Champion | None, config: TrainConfig, cutoff: datetime) -> TrainConfig:
    """The settings with the champion's axes of taste: personas can only be carried on where they see the same."""
    if champion is None or champion.data != config.data.name or not when.is_past(when.parse(champion.cutoff), cutoff):
        return config
    taste = replace(config.lenses.taste, learned=champion.bundle.lenses.taste.learned)
    return replace(config, lenses=replace(config.lenses, taste=taste))


def former_personas(
    champion: tracking.Champion | None, config: TrainConfig, split: Split
) -> tuple[PersonaModel | None, str]:
    """The personas to carry on, those of the champion if it is one of this data's past; and where they come from."""
    cutoff, features = split.current.cutoff, split.current.features
    if champion is None:
        return None, "fresh: no champion yet"
    source = f"champion, version {champion.version}"
    if champion.data != config.data.name:
        return None, f"fresh: the {source} is of data={champion.data}"
    if not when.is_past(when.parse(champion.cutoff), cutoff):
        return None, f"fresh: the {source} was fitted at {champion.cutoff}, after this cutoff"
    lacking = [name for name in champion.bundle.personas.reads if name not in features]
    if lacking:
        return None, f"fresh: the {source} reads {', '.join(lacking)}, which this data lacks"
    learned = champion.bundle.lenses.taste.learned
    if learned != split.lenses.taste.learned and set(c.TASTES) & set(champion.bundle.personas.columns):
        return None, f"fresh: what is bought has changed too much for the taste of the {source}"
    return champion.bundle.personas, f"carried on from the {source}"


def _comparable(
    champion: tracking.Champion | None, config: TrainConfig, bundle: Bundle, features: pd.DataFrame
) -> tuple[Bundle, str] | None:
    """The champion and its version, where it is of this log and can label these customers."""
    if champion is None or champion.data != config.data.name:
        return None
    reads = set(champion.bundle.columns) <= set(features) and champion.bundle.period_days == bundle.period_days
    return (champion.bundle, champion.version) if reads else None


def _with_actual_totals(tables: Tables, past: PastRun) -> PastRun:
    """An earlier training with what its customers brought since, where the log shows its whole horizon."""
    cutoff = when.parse(past.cutoff)
    if not when.is_observed(cutoff, past.horizon_days, tables.last):
        return past
    orders, revenue = actual_totals(tables, cutoff, past.horizon_days)
    return replace(past, actual_orders=orders, actual_revenue=revenue)


def _print_result(
    store: tracking.Store, logged: tracking.Logged, record: tracking.RunRecord, customers: int, took: float
) -> None:
    """The last lines: how good, what was made and where."""
    evaluated = record.tags[Tag.EVALUATED_FROM]
    print()
    if evaluated == NOT_EVALUATED:
        print("not evaluated: the log is too short to hold out a horizon")
    else:
        print(f"measured from {evaluated} on, beside the best baseline:")
    print(record.tables[Artifact.SCORECARD].to_string(index=False, float_format=lambda value: f"{value:.4g}"))
    print()
    print(f"report       {tracking.artifact(store, logged.run_id, Artifact.REPORT)}")
    print(f"assignments  {logged.assignments} ({customers:,} customers)")
    version = f"models:/{store.registered_model}/{logged.model_version}"
    print(f"model        {version if logged.model_version else 'not registered; patronage promote registers it'}")
    print(f"look at it   {tracking.run_link(store, logged.run_id)}")
    print(f"took         {took:.0f} s")
