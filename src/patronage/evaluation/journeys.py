"""How good a journey's forecasts and stages are, on unseen customers at a later time."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.evaluation import journey_baselines
from patronage.evaluation.intervals import Resampling, paired_difference
from patronage.evaluation.journey_survey import agrees_with_status
from patronage.labels import LabelledSnapshot
from patronage.lenses import FittedLenses
from patronage.models.journey import STAGES, JourneyModel
from patronage.models.journey.stages import ALPHABET, AT_RISK, CHURNED, LOYAL, REGULAR
from patronage.names import Artifact, Metric, Tag
from patronage.report import Report
from patronage.statistics import calibration_error_by_chance, classification, log_losses
from patronage.training.journey import fit_at_origin
from patronage.training.origins import Split
from patronage.typing import Array

log = logging.getLogger(__name__)

JOURNEY = "journey"
MEASURES = ("log_loss", "roc_auc", "ece")
DESCENDING = (LOYAL, REGULAR, AT_RISK, CHURNED)  # stages, by the orders that should follow
FEW = 20  # a stage of fewer customers is left out of the order
TOUCHPOINTS = (1, 2, 3, 5, 10)
ACTIVE = ALPHABET[1:]
AGREE = "the same"  # stage and status


@dataclass(frozen=True)
class JourneyHoldout:
    """A journey, and unseen customers at a time after everything that it learned from.

    Attributes
    ----------
    learned_from, unseen
        The two sides of one split: the customers of the fit, and the unseen ones at the same moments.
    evaluated
        The unseen customers, with labels.
    assignments
        Of the evaluated customers, by the bundle of that fit.
    by_btyd
        P(an order in the horizon) by BTYD alone, of those of them who have bought.
    lens_states
        What its lenses learned.
    """

    journey: JourneyModel
    learned_from: Split
    unseen: Split
    evaluated: LabelledSnapshot
    assignments: pd.DataFrame
    by_btyd: pd.Series
    lens_states: FittedLenses


def evaluate_journey(holdout: JourneyHoldout, resampling: Resampling) -> Report:
    """Evaluate a journey on unseen customers at a later time, beside every baseline."""
    journey, assignments, features = holdout.journey, holdout.assignments, holdout.evaluated.features
    orders = holdout.evaluated.labels[c.ORDERS].to_numpy(np.float64)
    y_true, y_pred = (orders > 0).astype(float), assignments[c.JOURNEY_P_ORDER].to_numpy(np.float64)
    baselines = journey_baselines.forecasts(
        holdout.learned_from.training,
        holdout.learned_from.current.features,
        features,
        holdout.by_btyd,
        holdout.lens_states,
        journey.horizon,
        resampling.seed,
    )
    forecasts = forecast_table(y_true, y_pred, baselines, resampling)
    activity = by_stage(assignments[c.JOURNEY_STAGE], orders)
    areas = auc_by_touchpoints(journey, features, y_true)
    status = against_status(assignments, y_true, y_pred, baselines["status"], resampling)
    mix = stage_mix(holdout, resampling.seed)
    warning = disorder(activity)
    if warning:
        log.warning("journey: %s; rely on the status segments rather than on the stages", warning)
    likelihood = journey.log_likelihood(features)
    metrics = {
        Metric.JOURNEY_UNSEEN_NATS_PER_PERIOD: float(likelihood["nats"].sum() / max(likelihood["periods"].sum(), 1)),
        Metric.JOURNEY_UNSEEN_ECE_BY_CHANCE: calibration_error_by_chance(y_pred, resampling.seed),
        Metric.JOURNEY_UNSEEN_STAGES_IN_ORDER: float(not warning),
        Metric.JOURNEY_UNSEEN_DIFFERS_FROM_STATUS: float(status.loc[status["status / stage"] != AGREE, "share"].sum()),
        Metric.JOURNEY_UNSEEN_STAGE_MIX_ERROR: float((mix["predicted"] - mix["realised"]).abs().sum() / 2),
        **{Metric.unseen(Metric.of(JOURNEY, f"roc_auc_after_{n}")): area for n, area in areas.items()},
        **_baseline_metrics(forecasts.loc[list(baselines)]),
    }
    tables = {
        Artifact.JOURNEY_FORECASTS: forecasts.rename_axis("forecast").reset_index(),
        Artifact.JOURNEY_ACTIVITY: activity.rename_axis("stage").reset_index(),
        Artifact.JOURNEY_TOUCHPOINTS: areas.rename("roc_auc").rename_axis("touchpoints").reset_index(),
        Artifact.JOURNEY_STATUS: status,
        Artifact.JOURNEY_MIX: mix.rename_axis("stage").reset_index(),
    }
    tags = {Tag.JOURNEY_CALIBRATION: journey.calibration.verdict}
    return Report(metrics, tables, tags | ({Tag.JOURNEY_WARNING: warning} if warning else {}))


def _baseline_metrics(forecasts: pd.DataFrame) -> dict[str, float]:
    return {
        Metric.unseen(Metric.baseline(JOURNEY, str(name), measure)): float(value)
        for name, row in forecasts[list(MEASURES)].iterrows()
        for measure, value in row.items()
    }


def forecast_table(
    y_true: Array, y_pred: Array, baselines: Mapping[str, Array], resampling: Resampling
) -> pd.DataFrame:
    """A row per forecast, the journey's first: log-loss, AUC, ECE, and the journey's loss minus its loss (95 %)."""
    own = log_losses(y_true, y_pred)
    rows = {}
    for name, forecast in {JOURNEY: y_pred, **baselines}.items():
        scores = classification(y_true, forecast)
        row = {measure: scores[measure] for measure in MEASURES}
        if name != JOURNEY:
            gap = paired_difference(own, log_losses(y_true, forecast), resampling)
            row |= {"difference": gap.mean, "low": gap.low, "high": gap.high, "ratio": own.mean() / row["log_loss"]}
        rows[name] = row
    return pd.DataFrame.from_dict(rows, orient="index")


def by_stage(stages: pd.Series, orders: Array) -> pd.DataFrame:
    """Customers, mean orders in the horizon and share with any, by stage on display."""
    frame = pd.DataFrame({c.ORDERS: orders, "bought": orders > 0})
    table = frame.groupby(stages.to_numpy()).agg(
        customers=("bought", "size"), orders=(c.ORDERS, "mean"), bought=("bought", "mean")
    )
    return table.reindex([stage for stage in STAGES if stage in table.index])


def disorder(activity: pd.DataFrame) -> str:
    """What contradicts the order loyal > regular > at_risk > churned of later orders; empty if nothing does."""
    known = [STAGES[k] for k in DESCENDING if STAGES[k] in activity.index]
    known = [stage for stage in known if activity.loc[stage, "customers"] >= FEW]
    for higher, lower in pairwise(known):
        most, least = activity.loc[higher, c.ORDERS], activity.loc[lower, c.ORDERS]
        if most <= least:
            return f"{higher} customers ordered {most:.2f} times after the cutoff and {lower} ones {least:.2f}"
    return ""


def auc_by_touchpoints(journey: JourneyModel, features: pd.DataFrame, y_true: Array) -> pd.Series:
    """AUC of P(an order) when the path is known only from the last n periods of activity on."""
    paths = features[c.JOURNEY_PATH]
    areas = {}
    for n in TOUCHPOINTS:
        recent = paths.str.extract(rf"((?:[{ACTIVE}]\.*){{1,{n}}}$)", expand=False).fillna("")
        states = journey.filter(pd.DataFrame({c.JOURNEY_PATH: recent}))
        areas[n] = classification(y_true, journey.p_order(states).to_numpy())["roc_auc"]
    return pd.Series(areas)


def against_status(
    assignments: pd.DataFrame, y_true: Array, y_pred: Array, by_status: Array, resampling: Resampling
) -> pd.DataFrame:
    """How often stage and rule-based status differ, and whose forecast was better where they do.

    Parameters
    ----------
    y_pred, by_status
        P(an order) by the journey, and the rate of the customer's status.

    Returns
    -------
    DataFrame
        A row for the customers whose stage and status agree, and one per pair that differs, the most frequent first;
        `difference` is the journey's mean log-loss minus that of the status' rate.
    """
    pair = assignments[c.STATUS_SEGMENT].astype(str).str.cat(assignments[c.JOURNEY_STAGE].astype(str), sep=" / ")
    names = np.where(agrees_with_status(assignments), AGREE, pair)
    rows = []
    for name in pd.unique(names):
        these = names == name
        losses = log_losses(y_true[these], y_pred[these]), log_losses(y_true[these], by_status[these])
        gap = paired_difference(*losses, resampling)
        rows.append(
            {
                "status / stage": name,
                "customers": int(these.sum()),
                "share": these.mean(),
                "bought": y_true[these].mean(),
                "journey_predicted": y_pred[these].mean(),
                "status_predicted": by_status[these].mean(),
                "difference": gap.mean,
                "low": gap.low,
                "high": gap.high,
            }
        )
    table = pd.DataFrame(rows)
    order = np.lexsort([-table["customers"], table["status / stage"] != AGREE])
    return table.iloc[order].reset_index(drop=True)


def stage_mix(holdout: JourneyHoldout, seed: int) -> pd.DataFrame:
    """Shares of the unseen customers by stage: at the latest earlier origin, predicted from there, and realised.

    The forecast is that of a journey fitted on what was known at the origin, over its horizon; customers who came
    after it are in neither.
    """
    features = holdout.unseen.training[0].features
    journey = fit_at_origin(holdout.journey, holdout.learned_from.training[0], seed=seed)
    states = journey.filter(features)
    later = holdout.evaluated.features.reindex(features.index)[[c.JOURNEY_PATH]]
    shares = {
        "before": journey.stage_probabilities(states).mean(),
        "predicted": journey.stages_ahead(states, round(journey.horizon)).mean(),
        "realised": journey.stage_probabilities(journey.filter(later)).mean(),
    }
    return pd.DataFrame(shares).reindex(STAGES)
