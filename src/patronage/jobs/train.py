"""`patronage train`: fit, evaluate, assign every customer and log one run."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from omegaconf import OmegaConf

from patronage import bundle as bundles
from patronage import columns as c
from patronage import cutoff as when
from patronage import data, lenses, sampling, tracking
from patronage.bundle import Bundle
from patronage.config import TrainConfig
from patronage.data import Tables
from patronage.engine import connect
from patronage.evaluation.baselines import churn as churn_baselines
from patronage.evaluation.coverage import judge_intervals
from patronage.evaluation.drift import refer
from patronage.evaluation.journeys import Trial
from patronage.evaluation.leakage import SUSPECT, single_auc
from patronage.evaluation.scorecard import Headline, Resampling, Scorecard, judge
from patronage.evaluation.splits import Holdout, Split, holdout_at, split_at
from patronage.labels import Snapshot, weekly_orders
from patronage.models.clv import Clv, gate
from patronage.models.decision import Curve, empc, profit_curve
from patronage.models.hybrid.outlook import CONTRACT, buyers
from patronage.models.journey import STAGES
from patronage.models.personas import Personas
from patronage.places import project_root
from patronage.review import clv_figures, figures, hybrid_figures
from patronage.review.journey_map import JourneyReport, journey_report
from patronage.review.persona_report import PersonaReport, persona_report
from patronage.review.session_report import session_report


@dataclass(frozen=True)
class Judged:
    """A measurement: the holdout, what was said of its customers, and how good that was."""

    holdout: Holdout
    said: pd.DataFrame
    card: Scorecard
    trial: Trial
    figures: dict[str, Figure]


def run(config: TrainConfig) -> None:
    """The whole experiment. Nothing is logged before everything is computed."""
    started = time.time()
    cutoff = when.parse(config.cutoff)
    tables = data.load(connect(config.engine), config.data)
    print(tables.summary(), flush=True)
    when.check_inside(cutoff, tables.first, tables.last, config.data.max_staleness_days)
    sampler = data.sampler(tables, config.fit_sample, config.seed)
    if sampler:
        print(f"one customer in {sampler.one_in} is learned from (fit_sample={config.fit_sample})", flush=True)
    split = split_at(tables, cutoff, config)
    store = tracking.open_store(config.tracking, project_root())
    former, origin = _former(store, config, cutoff, split.now.features)
    bundle = bundles.fit(split, config, left_censored=tables.left_censored, former=former)
    assignments = bundle.assign(split.now.features)
    personas = persona_report(bundle, split.now.features, assignments, config.personas, config.seed, former, origin)
    print(*personas.said, sep="\n", flush=True)
    judged = _measure(tables, split, bundle, assignments, config, sampler)
    resampling = Resampling(config.evaluation.bootstraps, config.seed)
    journey = journey_report(
        bundle.journey,
        split.now.features,
        assignments,
        # its rivals are measured over the journey's horizon
        judged.trial if judged and judged.holdout.split.window_days == config.horizon_days else None,
        resampling,
    ) | session_report(tables, cutoff, config.journey, config.evaluation.unseen_share, resampling)
    record = _record(config, tables, split, bundle, assignments, personas, judged, journey, started)
    stamped = assignments.assign(**{c.CUTOFF: pd.Timestamp(cutoff)})
    bundle = replace(bundle, reference=refer(split.now.features.join(assignments), tables.present, tables.events))
    logged = tracking.log_training(store, record, tables, bundle, split.now.features, stamped)
    _say(store, logged, record, len(assignments), time.time() - started)


def _former(
    store: tracking.Store, config: TrainConfig, cutoff: datetime, features: pd.DataFrame
) -> tuple[Personas | None, str]:
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
        bundle = bundles.fit(holdout.split, _lenient(config, config.personas.k), left_censored=tables.left_censored)
        said = bundle.assign(holdout.judged.features)
    card = _judge(bundle, said, holdout.split, holdout.judged, resampling, config)
    intervals = _intervals(bundle, holdout.judged)
    seen = holdout.split.select(~holdout.unseen)
    strangers = holdout.judged.select(holdout.unseen)
    other = bundles.fit(seen, _lenient(config, bundle.personas.k), left_censored=tables.left_censored)
    of_strangers = other.assign(strangers.features)
    unseen = _judge(other, of_strangers, seen, strangers, resampling, config)
    others = holdout.split.select(holdout.unseen)
    trial = Trial(other.journey, seen, others, strangers, of_strangers, other.learned)
    renamed = {name.replace("/", "/unseen/", 1): value for name, value in unseen.metrics.items()}
    found = intervals | renamed | sampling.errors(bundle, holdout, config, sampler)
    now = holdout.judged
    weekly = weekly_orders(tables, now.cutoff, now.horizon_days, now.features.index)
    drawn = clv_figures.of_measurement(bundle.clv, now, weekly, said)
    return Judged(holdout, said, Scorecard(card.metrics | found, card.headlines), trial, drawn)


def _judge(
    bundle: Bundle, said: pd.DataFrame, split: Split, judged: Snapshot, resampling: Resampling, config: TrainConfig
) -> Scorecard:
    structural = bundle.outlook.btyd.expect(buyers(judged).features, config.horizon_days)[c.P_ORDER]
    contractual = config.churn.contractual
    return judge(said, structural, bundle.learned, split.past, judged, resampling, contractual=contractual)


def _lenient(config: TrainConfig, k: int | str) -> TrainConfig:
    """For the fits that only measure: their personas are judged by nothing, and may be unstable."""
    return replace(config, personas=replace(config.personas, k=k, allow_unstable=True))


def _intervals(bundle: Bundle, judged: Snapshot) -> dict[str, float]:
    """How well the CLV model's intervals cover, of whoever ever bought."""
    if judged.labels is None:
        return {}
    read, multiplier = bundle.outlook.foretell(buyers(judged).features).law_reads
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


def _record(
    config: TrainConfig,
    tables: Tables,
    split: Split,
    bundle: Bundle,
    assignments: pd.DataFrame,
    personas: PersonaReport,
    judged: Judged | None,
    journey: JourneyReport,
    started: float,
) -> tracking.Record:
    """What MLflow is told of the run."""
    lines = [*(judged.card.headlines if judged else ()), *personas.headlines]
    findings = _examine_clv(bundle, split.now.features, left_censored=tables.left_censored)
    evaluated = "none" if judged is None else f"{judged.holdout.judged.cutoff:%Y-%m-%d}"
    single = pd.Series(dtype=float) if judged is None else single_auc(judged.holdout.judged)
    return tracking.Record(
        kind="train",
        name=config.name,
        started_ms=int(1000 * started),
        config=OmegaConf.to_yaml(OmegaConf.structured(config)),
        description=_describe(config, lines, evaluated),
        params=_params(config, bundle, split),
        metrics={
            **personas.metrics,
            **journey.metrics,
            **(judged.card.metrics | _decisions(judged, bundle) if judged else {}),
            **({"leakage/best_single_auc": float(single.iloc[0])} if len(single) else {}),
        },
        tags={
            c.CUTOFF: config.cutoff,
            "evaluated_from": evaluated,
            **_base_rates(split),
            **personas.tags,
            **journey.tags,
            **{f"clv.finding.{one.finding}": f"{one.severity}: {one.found}"[:500] for one in findings},
            **_clv_tags(bundle.clv),
            **{
                f"leakage.finding.{name}": f"alone ranks churn with ROC-AUC {area:.3f}: does it know the future?"
                for name, area in single[single >= SUSPECT].items()
            },
            **{f"verdict.{line.model}": f"{line.verdict} ({line.baseline}, {line.metric})" for line in lines},
        },
        tables={
            **personas.tables,  # first: MLflow's table view opens on the first one
            "scorecard.json": _scorecard(lines),
            "stages.json": _counts(assignments[c.JOURNEY_STAGE]),
            "split.json": split.record(),
            "lenses.json": lenses.support(tables),
            "churn_importance.json": bundle.outlook.hybrid.importance().rename_axis("feature").reset_index(),
            **journey.tables,
            "clv_findings.json": gate.table(findings),
            **_clv_tables(bundle.clv),
        },
        frames={
            f"quarantine_{name}.parquet": tables.engine.frame(f"SELECT * FROM quarantine_{name}")
            for name in tables.quarantined
        }
        | journey.frames
        | _evaluation(judged),
        figures=_figures(bundle, assignments, judged)
        | clv_figures.of_model(bundle.clv, split.now.features)
        | personas.figures
        | journey.figures,
    )


def _clv_tags(model: Clv) -> dict[str, str]:
    """What was decided about the CLV model."""
    tags = {f"clv.{deed.deed}.{deed.finding}": deed.said[:500] for deed in model.deeds}
    if model.candidates:
        best, *others = model.candidates
        behind = ", ".join(f"{one.model} +{one.behind:.4f}" for one in others if one.behind is not None)
        tags["clv.chosen"] = f"{best.model} by log score {best.log_score:.4f} at an earlier origin; {behind or 'alone'}"
    return tags


def _clv_tables(model: Clv) -> dict[str, pd.DataFrame]:
    named = {"clv_choice.json": model.candidates, "clv_deeds.json": model.deeds}
    return {name: pd.DataFrame(map(vars, rows)) for name, rows in named.items() if rows}


def _evaluation(judged: Judged | None) -> dict[str, pd.DataFrame]:
    """What came and what had been said, customer by customer: two runs can be compared on those whom they share."""
    if judged is None or judged.holdout.judged.labels is None:
        return {}
    said = judged.said[[c.CHURN_PROBABILITY, c.EXPECTED_ORDERS, c.EXPECTED_SPEND, c.JOURNEY_P_ORDER]]
    return {"evaluation.parquet": judged.holdout.judged.labels.join(said).reset_index()}


def _describe(config: TrainConfig, lines: list[Headline], evaluated: str) -> str:
    """The scorecard in Markdown."""
    rows = [
        f"| {line.model} | {line.metric} | {line.value:.4g} | "
        f"{line.baseline} {line.baseline_value:.4g} | {line.verdict} |"
        for line in lines
    ]
    head = f"Assignments as of {config.cutoff}; measured from {evaluated} on, over {config.horizon_days} days."
    return "\n".join([head, "", "| model | metric | value | best baseline | |", "|---|---|---|---|---|", *rows])


def _params(config: TrainConfig, bundle: Bundle, split: Split) -> dict[str, object]:
    return {
        "data": config.data.name,
        "cutoff": config.cutoff,
        "horizon_days": config.horizon_days,
        "lookback_days": config.lookback_days,
        "seed": config.seed,
        "customers": len(split.now.features),
        "fit_sample": config.fit_sample,
        "origins": len(split.past),
        "personas.method": config.personas.method,
        "personas.k": bundle.personas.k,
        "personas.k_asked": config.personas.k,
        "churn.members": "+".join(member.name for member in bundle.outlook.hybrid.churn.members),
        **{
            f"{answer.target.label}.rounds": "+".join(str(member.rounds) for member in answer.members)
            for answer in bundle.outlook.hybrid.answers
        },
        "churn.by": bundle.outlook.churn_by,
        "churn.season": bundle.outlook.season.factor,
        "origins.window_days": split.window_days,
        "clv.model": bundle.clv.settings.model,
        "clv.discount_rate": config.clv.discount_rate,
        "clv.margin": config.clv.margin,
        "journey.period_days": split.period_days,
    } | {f"clv.{name}": value for name, value in vars(bundle.clv.law).items()}


def _base_rates(split: Split) -> dict[str, str]:
    """The share that churned, of those who could, at each origin that was learned from."""
    rates = {f"{one.cutoff:%Y-%m-%d}": one.labels[c.CHURNED].mean() for one in split.past if one.labels is not None}
    return {f"churn.rate_{origin}": f"{rate:.4f}" for origin, rate in rates.items()}


def _scorecard(lines: list[Headline]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "model": line.model,
                "metric": line.metric,
                "value": line.value,
                "best baseline": line.baseline,
                "its value": line.baseline_value,
                "verdict": line.verdict,
            }
            for line in lines
        ]
    )


def _counts(labels: pd.Series) -> pd.DataFrame:
    counts = labels.value_counts().rename("customers").rename_axis("label").reset_index()
    return counts.assign(share=counts["customers"] / counts["customers"].sum())


def _figures(bundle: Bundle, assignments: pd.DataFrame, judged: Judged | None) -> dict[str, Figure]:
    drawn = {
        "rfm_grid.png": figures.rfm_grid(assignments[c.RFM_SCORE]),
        "churn_importance.png": hybrid_figures.importance_by_lens(bundle.outlook.hybrid.importance()),
        "stage_counts.png": figures.stage_counts(assignments[c.JOURNEY_STAGE], STAGES),
        **(judged.figures if judged else {}),
    }
    if judged is None or judged.holdout.judged.labels is None:
        return drawn
    labels, horizon = judged.holdout.judged.labels, judged.holdout.judged.horizon_days
    known = labels[c.CHURNED].notna()
    naive = churn_baselines(
        judged.holdout.split.past,
        judged.holdout.judged.select(known).features,
        judged.said.loc[known, c.P_ORDER],
        horizon,
        contractual=bundle.outlook.churn_by == CONTRACT,
    )
    drawn["churn_calibration.png"] = figures.calibration(
        labels.loc[known, c.CHURNED].to_numpy(),
        judged.said.loc[known, c.CHURN_PROBABILITY].to_numpy(),
        {"recency": naive["recency"]},
        f"P({'cancelled' if bundle.outlook.churn_by == CONTRACT else 'no order'} in {horizon} days)",
    )
    expected = judged.said[c.EXPECTED_SPEND].dropna()  # of those who ever bought, and are valued
    if expected.empty:
        return drawn
    profits = _profits(judged, bundle)
    drawn["profit.png"] = hybrid_figures.profit_by_share(*profits, int(known.sum()))
    drawn["clv_by_decile.png"] = figures.value_by_decile(expected, labels.loc[expected.index, c.SPEND], horizon)
    return drawn


def _profits(judged: Judged, bundle: Bundle) -> tuple[Curve, Curve]:
    """The profit expected of contacts on the measured customers, and what it had been with who churned in truth."""
    happened, said = _asked(judged)
    expected = said[c.EXPECTED_PROFIT].to_numpy()
    realised = bundle.offer.profit(happened, said[c.CLV].to_numpy())
    return profit_curve(expected), profit_curve(expected, realised)


def _asked(judged: Judged) -> tuple[np.ndarray, pd.DataFrame]:
    """Who churned, of those of whom it is asked, and what was said of them."""
    labels = judged.holdout.judged.labels
    if labels is None:
        raise ValueError("a measurement has no labels")
    known = labels[c.CHURNED].notna()
    return labels.loc[known, c.CHURNED].to_numpy(), judged.said[known]


def _decisions(judged: Judged, bundle: Bundle) -> dict[str, float]:
    """EMPC of the churn model with everyone's mean CLV, and the shares worth contacting."""
    happened, said = _asked(judged)
    found = empc(happened, said[c.CHURN_PROBABILITY].to_numpy(), float(said[c.CLV].mean()), bundle.offer)
    expected, _ = _profits(judged, bundle)
    return {
        "decision/empc": found.profit,
        "decision/empc_share": found.share,
        "decision/best_share": expected.best_share,
    }


def _say(store: tracking.Store, logged: tracking.Logged, record: tracking.Record, customers: int, took: float) -> None:
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
