"""The record of a training: what MLflow logs of it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from omegaconf import OmegaConf

from patronage import cutoff as when
from patronage import names as c
from patronage.config import TrainConfig
from patronage.evaluation.run import Run
from patronage.evaluation.scorecard import Headline, Scorecard
from patronage.names import Artifact, Tag
from patronage.report import Report
from patronage.review.record import RunRecord
from patronage.training.origins import Split

NOT_EVALUATED = "none"


def training_record(run: Run, split: Split, personas: Scorecard, report: Report, started: float) -> RunRecord:
    """The record of a training.

    Parameters
    ----------
    personas
        The stability of the personas, which needs no measurement on later time.
    report
        Of all parts of the run.
    """
    measurement = run.measurement
    headlines = [*(measurement.scorecard.headlines if measurement else ()), *personas.headlines]
    evaluated = f"{measurement.holdout.evaluated.cutoff:%Y-%m-%d}" if measurement else NOT_EVALUATED
    return RunRecord(
        kind="train",
        name=run.config.name,
        started_ms=int(1000 * started),
        config=OmegaConf.to_yaml(OmegaConf.structured(run.config)),
        description=_describe(run.config, headlines, evaluated),
        params=_params(run, split),
        metrics={**personas.metrics, **report.metrics},
        tags={
            c.CUTOFF: run.config.cutoff,
            Tag.EVALUATED_FROM: evaluated,
            **report.tags,
            **{Tag.verdict(line.model): f"{line.verdict} {line.baseline} ({line.metric})" for line in headlines},
        },
        tables={**report.tables, Artifact.SCORECARD: scorecard_table(headlines)},
        frames=report.frames,
        figures=report.figures,
    )


def _describe(config: TrainConfig, headlines: Sequence[Headline], evaluated: str) -> str:
    """The scorecard in Markdown."""
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
    head = f"Assignments as of {config.cutoff}; {window}."
    return "\n".join([head, "", "| model | metric | value | | best baseline |", "|---|---|---|---|---|", *rows])


def scorecard_table(headlines: Sequence[Headline]) -> pd.DataFrame:
    """A row per model: its main metric, the verdict, and the best baseline's value."""
    return pd.DataFrame(
        [
            {
                "model": line.model,
                "metric": line.metric,
                "value": line.value,
                "verdict": line.verdict,
                "best baseline": line.baseline,
                "its value": line.baseline_value,
            }
            for line in headlines
        ]
    )


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
