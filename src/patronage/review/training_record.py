"""The record of a training: what MLflow logs of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from omegaconf import OmegaConf

from patronage import cutoff as when
from patronage import names as c
from patronage.config import TrainConfig
from patronage.data import Tables
from patronage.evaluation.later_behaviour import MEASURE as LATER_BEHAVIOUR
from patronage.evaluation.measurement import Measurement
from patronage.evaluation.run import Run
from patronage.evaluation.scorecard import Headline, Scorecard
from patronage.names import Artifact, Metric, Tag
from patronage.report import Report
from patronage.review.model_card import card_of
from patronage.review.page.html import signed, words
from patronage.review.record import MeasuredOn, RunRecord
from patronage.training.origins import Split

NOT_EVALUATED = "none"
SAMPLE = 50  # customers
SAMPLED = (c.PERSONA, c.JOURNEY_STAGE, c.STATUS_SEGMENT, c.CHURN_PROBABILITY, c.EXPECTED_ORDERS, c.CLV, c.ACTION)


def training_record(
    run: Run, split: Split, personas: Scorecard, report: Report, tables: Tables, started: float
) -> RunRecord:
    """The record of a training.

    Parameters
    ----------
    personas
        The stability of the personas, which needs no measurement on later time.
    report
        Of all parts of the run.
    tables
        The log, whose fingerprint the customers of the holdouts share.
    """
    measurement = run.measurement
    headlines = [*(measurement.scorecard.headlines if measurement else ()), *personas.headlines]
    evaluated = f"{measurement.holdout.evaluated.cutoff:%Y-%m-%d}" if measurement else NOT_EVALUATED
    metrics = {**personas.metrics, **report.metrics, **_totals(run)}
    card = card_of(run, headlines, report, tables)
    return RunRecord(
        kind="train",
        name=run.config.name,
        started_ms=int(1000 * started),
        config=OmegaConf.to_yaml(OmegaConf.structured(run.config)),
        description=_describe(run.config, headlines, evaluated),
        question=run.config.question or "",
        model_card=card,
        params=_params(run, split),
        metrics={name: metrics[name] for name in _shown(run) if name in metrics},
        measured_on=_measured_on(run, tables, metrics),
        tags={
            c.CUTOFF: run.config.cutoff,
            Tag.EVALUATED_FROM: evaluated,
            **report.tags,
            Tag.VERDICT: verdict_tag(headlines),
        },
        tables={
            **report.tables,
            Artifact.SCORECARD: scorecard_table(headlines),
            Artifact.METRICS: pd.DataFrame(sorted(metrics.items()), columns=["metric", "value"]),
            Artifact.ASSIGNMENTS_SAMPLE: assignments_sample(run),
        },
        frames=report.frames,
        figures=report.figures,
    )


def _shown(run: Run) -> tuple[str, ...]:
    """The metrics that MLflow shows: the headlines, and the log-loss and ROC-AUC of each target."""
    own = (Metric.of(target.act.key, measure) for target in run.bundle.targets for measure in ("log_loss", "roc_auc"))
    return (*c.HEADLINES, *own)


def _totals(run: Run) -> dict[str, float]:
    """What all customers together are expected to bring."""
    return {
        Metric.EXPECTED_ORDERS: float(run.assignments[c.EXPECTED_ORDERS].sum()),
        Metric.EXPECTED_REVENUE: float(run.assignments[c.EXPECTED_SPEND].sum()),
    }


def _measured_on(run: Run, tables: Tables, metrics: Mapping[str, float]) -> list[MeasuredOn]:
    """Where each metric that MLflow shows was measured: on a holdout, or on the log that the run was fitted on.

    The holdouts are everyone later, and later those whom a second fit had not seen. How many personas there are and how
    stable they are is measured on the customers of the fit, again and again resampled: no later time belongs to it.
    """
    shown = set(_shown(run)) & set(metrics)
    parts = [] if run.measurement is None else _holdouts(run.measurement, tables, shown)
    rest = sorted(shown - {name for part in parts for name in part.metrics})
    return [*parts, MeasuredOn(tables.source, tables.fingerprint, {}, rest)]


def _holdouts(measurement: Measurement, tables: Tables, shown: set[str]) -> list[MeasuredOn]:
    holdout = measurement.holdout
    evaluated, unseen = holdout.evaluated, int(holdout.unseen.sum())
    measured = {*measurement.scorecard.metrics, Metric.SEGMENTS_HOLD}
    # what the personas tell is measured by the second fit
    by_second = {name for name in measured if "/unseen/" in name or name.startswith("personas/later")}
    parts = {
        "later": (len(evaluated.features), measured - by_second),
        "later, unseen customers": (unseen, by_second),
    }
    return [
        MeasuredOn(
            name=f"{name} @ {evaluated.cutoff:%Y-%m-%d}",
            digest=hashlib.sha256(f"{tables.fingerprint} {name} {evaluated.cutoff}".encode()).hexdigest()[:32],
            tags={
                "customers": str(customers),
                c.CUTOFF: f"{evaluated.cutoff:%Y-%m-%d}",
                "horizon_days": str(evaluated.horizon_days),
            },
            metrics=sorted(names & shown),
        )
        for name, (customers, names) in parts.items()
    ]


def assignments_sample(run: Run) -> pd.DataFrame:
    """A few assignments to look at, every so many of all; the ids are numbers, unless real examples are asked for."""
    shown = [name for name in SAMPLED if name in run.assignments]
    rows = run.assignments[shown].iloc[:: max(len(run.assignments) // SAMPLE, 1)].head(SAMPLE)
    ids = rows.index.astype(str) if run.config.real_example else [f"customer {i + 1}" for i in range(len(rows))]
    return rows.reset_index(drop=True).assign(**{c.CUSTOMER_ID: list(ids)})[[c.CUSTOMER_ID, *shown]]


def _describe(config: TrainConfig, headlines: Sequence[Headline], evaluated: str) -> str:
    """The verdicts in a sentence, then the scorecard, in Markdown."""
    rows = [
        f"| {line.model} | {line.metric} | {line.value:.4g} | {line.verdict} | "
        f"{line.baseline} {line.baseline_value:.4g} |"
        for line in headlines
    ]
    window = (
        "not evaluated: the log is too short"
        if evaluated == NOT_EVALUATED
        else f"evaluated from {evaluated} on, over {config.horizon_days} days"
    )
    question = f"**{config.question}**\n\n" if config.question else ""
    head = f"{question}Assignments as of {config.cutoff}; {window}."
    return "\n".join(
        [
            in_a_sentence(headlines),
            "",
            head,
            "",
            "| model | metric | value | | best baseline |",
            "|---|---|---|---|---|",
            *rows,
        ]
    )


def in_a_sentence(headlines: Sequence[Headline]) -> str:
    """Which models are better than their best baseline, and which are not."""
    models: dict[str, list[str]] = {}
    for line in headlines:
        models.setdefault(line.verdict, []).append(line.model)
    parts = [f"{_listed(names)} {verdict} the best baseline" for verdict, names in models.items()]
    return f"**How good**: {'; '.join(parts)}." if parts else "**How good**: not measured."


def _listed(names: Sequence[str]) -> str:
    """Names as in a sentence: churn, CLV and journey."""
    *first, last = map(words, names)
    return f"{', '.join(first)} and {last}" if first else last


def verdict_tag(headlines: Sequence[Headline]) -> str:
    """The same as short as a tag is shown, such as "better: churn, clv; worse: journey"."""
    models: dict[str, list[str]] = {}
    for line in headlines:
        models.setdefault(line.verdict.removesuffix(" than"), []).append(line.model)
    return "; ".join(f"{verdict}: {', '.join(names)}" for verdict, names in models.items()) or "not measured"


def scorecard_table(headlines: Sequence[Headline]) -> pd.DataFrame:
    """A row per model: its main metric, the verdict, the best baseline's value, and by how much, with its interval."""
    return pd.DataFrame(
        [
            {
                "model": line.model,
                "metric": line.metric,
                "value": line.value,
                "verdict": line.verdict,
                "best baseline": line.baseline,
                "its value": line.baseline_value,
                "difference, 95%": by_how_much(line),
            }
            for line in headlines
        ]
    )


def by_how_much(line: Headline) -> str:
    """The model's value less the baseline's, with the interval that the verdict comes from, in the metric's unit."""
    ends = line.difference
    if line.metric.endswith("rmse"):  # the interval is of the squared errors
        base = line.baseline_value
        parts = [float(np.sqrt(max(base**2 + end, 0.0))) - base for end in ends]
    elif line.metric == LATER_BEHAVIOUR:  # more is better, and the difference is kept as a loss
        parts = [-ends.mean, -ends.high, -ends.low]
    else:
        parts = list(ends)
    mean, low, high = signed(*parts)
    return f"{mean} [{low}, {high}]"


def _params(run: Run, split: Split) -> dict[str, object]:
    config, bundle = run.config, run.bundle
    ensemble = bundle.forecast.ensemble
    return {
        "data": config.data.name,
        "cutoff": config.cutoff,
        "horizon_days": config.horizon_days,
        "lookback_days": config.lookback_days,
        "seed": config.seed,
        "customers": len(run.features),
        "fit_sample": config.fit_sample,
        "origins": len(split.training),
        "personas.method": config.personas.method,
        "personas.k": bundle.personas.k,
        "personas.k_config": config.personas.k,
        "churn.members": "+".join(member.name for member in ensemble.churn.members),
        **{
            f"{target.target.label}.rounds": "+".join(str(member.rounds) for member in target.members)
            for target in ensemble.targets
        },
        "churn_source": bundle.forecast.churn_source,
        "churn.season": bundle.forecast.season_at(when.days_since_epoch(split.current.cutoff)),
        "origins.window_days": split.window_days,
        "clv.model": bundle.clv.settings.model,
        "clv.discount_rate": config.clv.discount_rate,
        "clv.margin": config.clv.margin,
        "journey.period_days": split.period_days,
        **{f"clv.{name}": value for name, value in vars(bundle.clv.law).items()},
    }
