"""What MLflow is told of a training: its parameters, how good it is, what it found, and the figures."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from omegaconf import OmegaConf

from patronage import lenses
from patronage import names as c
from patronage.bundle import Bundle
from patronage.config import TrainConfig
from patronage.data import Tables
from patronage.decisions.offer import ProfitCurve, empc, profit_curve
from patronage.evaluation.baselines import churn as churn_baselines
from patronage.evaluation.leakage import SUSPECT, single_auc
from patronage.evaluation.measurement import Measurement
from patronage.evaluation.scorecard import Headline
from patronage.models.btyd import assumptions as gate
from patronage.models.btyd.clv import CLVModel
from patronage.models.forecast import CONTRACT
from patronage.models.journey import STAGES
from patronage.review import clv_figures, ensemble_figures, figures
from patronage.review.journey_report import JourneyReport
from patronage.review.persona_report import PersonaReport
from patronage.review.record import RunRecord
from patronage.training.origins import Split


def training_record(
    config: TrainConfig,
    tables: Tables,
    split: Split,
    bundle: Bundle,
    assignments: pd.DataFrame,
    personas: PersonaReport,
    judged: Measurement | None,
    journey: JourneyReport,
    findings: tuple[gate.Finding, ...],
    started: float,
) -> RunRecord:
    """What MLflow is told of the run."""
    lines = [*(judged.scorecard.headlines if judged else ()), *personas.headlines]
    evaluated = "none" if judged is None else f"{judged.holdout.evaluated.cutoff:%Y-%m-%d}"
    single = pd.Series(dtype=float) if judged is None else single_auc(judged.holdout.evaluated)
    return RunRecord(
        kind="train",
        name=config.name,
        started_ms=int(1000 * started),
        config=OmegaConf.to_yaml(OmegaConf.structured(config)),
        description=_describe(config, lines, evaluated),
        params=_params(config, bundle, split),
        metrics={
            **personas.metrics,
            **journey.metrics,
            **(judged.scorecard.metrics | _decisions(judged, bundle) if judged else {}),
            **({"leakage/best_single_auc": float(single.iloc[0])} if len(single) else {}),
        },
        tags={
            c.CUTOFF: config.cutoff,
            "evaluated_from": evaluated,
            **_base_rates(split),
            **personas.tags,
            **journey.tags,
            **{f"clv.finding.{one.finding}": f"{one.severity}: {one.observed}"[:500] for one in findings},
            **_clv_tags(bundle.clv),
            **{
                f"leakage.finding.{name}": f"alone ranks churn with ROC-AUC {area:.3f}: does it know the future?"
                for name, area in single[single >= SUSPECT].items()
            },
            **{f"verdict.{line.model}": f"{line.verdict} {line.baseline} ({line.metric})" for line in lines},
        },
        tables={
            **personas.tables,  # first: MLflow's table view opens on the first one
            "scorecard.json": _scorecard(lines),
            "stages.json": _counts(assignments[c.JOURNEY_STAGE]),
            "split.json": split.record(),
            "lenses.json": lenses.support(tables, config.lenses),
            "churn_importance.json": bundle.forecast.ensemble.importance().rename_axis("feature").reset_index(),
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
        | clv_figures.of_model(bundle.clv, split.current.features)
        | personas.figures
        | journey.figures,
    )


def _clv_tags(model: CLVModel) -> dict[str, str]:
    """What was decided about the CLV model."""
    tags = {f"clv.{decision.action}.{decision.finding}": decision.message[:500] for decision in model.decisions}
    if model.candidates:
        best, *others = model.candidates
        behind = ", ".join(f"{one.model} +{one.behind:.4f}" for one in others if one.behind is not None)
        tags["clv.chosen"] = f"{best.model} by log score {best.log_score:.4f} at an earlier origin; {behind or 'alone'}"
    return tags


def _clv_tables(model: CLVModel) -> dict[str, pd.DataFrame]:
    named = {"clv_choice.json": model.candidates, "clv_decisions.json": model.decisions}
    return {name: pd.DataFrame(map(vars, rows)) for name, rows in named.items() if rows}


def _evaluation(judged: Measurement | None) -> dict[str, pd.DataFrame]:
    """What came and what had been said, customer by customer: two runs can be compared on those whom they share."""
    if judged is None or judged.holdout.evaluated.labels is None:
        return {}
    said = judged.assignments[[c.CHURN_PROBABILITY, c.EXPECTED_ORDERS, c.EXPECTED_SPEND, c.JOURNEY_P_ORDER]]
    return {"evaluation.parquet": judged.holdout.evaluated.labels.join(said).reset_index()}


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
        "customers": len(split.current.features),
        "fit_sample": config.fit_sample,
        "origins": len(split.training),
        "personas.method": config.personas.method,
        "personas.k": bundle.personas.k,
        "personas.k_asked": config.personas.k,
        "churn.members": "+".join(member.name for member in bundle.forecast.ensemble.churn.members),
        **{
            f"{answer.target.label}.rounds": "+".join(str(member.rounds) for member in answer.members)
            for answer in bundle.forecast.ensemble.targets
        },
        "churn.by": bundle.forecast.churn_source,
        "churn.season": bundle.forecast.season.factor,
        "origins.window_days": split.window_days,
        "clv.model": bundle.clv.settings.model,
        "clv.discount_rate": config.clv.discount_rate,
        "clv.margin": config.clv.margin,
        "journey.period_days": split.period_days,
    } | {f"clv.{name}": value for name, value in vars(bundle.clv.law).items()}


def _base_rates(split: Split) -> dict[str, str]:
    """The share that churned, of those who could, at each origin that was learned from."""
    rates = {f"{one.cutoff:%Y-%m-%d}": one.labels[c.CHURNED].mean() for one in split.training if one.labels is not None}
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


def _figures(bundle: Bundle, assignments: pd.DataFrame, judged: Measurement | None) -> dict[str, Figure]:
    drawn = {
        "rfm_grid.png": figures.rfm_grid(assignments[c.RFM_SCORE]),
        "churn_importance.png": ensemble_figures.importance_by_lens(
            bundle.forecast.ensemble.importance(), bundle.lenses
        ),
        "stage_counts.png": figures.stage_counts(assignments[c.JOURNEY_STAGE], STAGES),
        **(_measurement_figures(judged) if judged else {}),
    }
    if judged is None or judged.holdout.evaluated.labels is None:
        return drawn
    labels, horizon = judged.holdout.evaluated.labels, judged.holdout.evaluated.horizon_days
    known = labels[c.CHURNED].notna()
    naive = churn_baselines(
        judged.holdout.split.training,
        judged.holdout.evaluated.select(known).features,
        judged.assignments.loc[known, c.P_ORDER],
        horizon,
        contractual=bundle.forecast.churn_source == CONTRACT,
    )
    drawn["churn_calibration.png"] = figures.calibration(
        labels.loc[known, c.CHURNED].to_numpy(),
        judged.assignments.loc[known, c.CHURN_PROBABILITY].to_numpy(),
        {"recency": naive["recency"]},
        f"P({'cancelled' if bundle.forecast.churn_source == CONTRACT else 'no order'} in {horizon} days)",
    )
    expected = judged.assignments[c.EXPECTED_SPEND].dropna()  # of those who ever bought, and are valued
    if expected.empty:
        return drawn
    profits = _profits(judged, bundle)
    drawn["profit.png"] = ensemble_figures.profit_by_share(*profits, int(known.sum()))
    drawn["clv_by_decile.png"] = figures.value_by_decile(expected, labels.loc[expected.index, c.SPEND], horizon)
    return drawn


def _measurement_figures(judged: Measurement) -> dict[str, Figure]:
    return clv_figures.of_measurement(judged.bundle.clv, judged.holdout.evaluated, judged.weekly, judged.assignments)


def _profits(judged: Measurement, bundle: Bundle) -> tuple[ProfitCurve, ProfitCurve]:
    """The profit expected of contacts on the measured customers, and what it had been with who churned in truth."""
    happened, said = _asked(judged)
    expected = said[c.EXPECTED_PROFIT].to_numpy()
    realised = bundle.offer.profit(happened, said[c.CLV].to_numpy())
    return profit_curve(expected), profit_curve(expected, realised)


def _asked(judged: Measurement) -> tuple[np.ndarray, pd.DataFrame]:
    """Who churned, of those of whom it is asked, and what was said of them."""
    labels = judged.holdout.evaluated.labels
    if labels is None:
        raise ValueError("a measurement has no labels")
    known = labels[c.CHURNED].notna()
    return labels.loc[known, c.CHURNED].to_numpy(), judged.assignments[known]


def _decisions(judged: Measurement, bundle: Bundle) -> dict[str, float]:
    """EMPC of the churn model with everyone's mean CLV, and the shares worth contacting."""
    happened, said = _asked(judged)
    found = empc(happened, said[c.CHURN_PROBABILITY].to_numpy(), float(said[c.CLV].mean()), bundle.offer)
    expected, _ = _profits(judged, bundle)
    return {
        "decision/empc": found.profit,
        "decision/empc_share": found.share,
        "decision/best_share": expected.best_share,
    }
