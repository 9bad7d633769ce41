"""How good a journey's forecasts and stages are: asked about customers that it never saw, at a later time."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from patronage import names as c
from patronage import statistics as metrics
from patronage.evaluation import journey_baselines
from patronage.evaluation.intervals import Resampling, paired_difference
from patronage.evaluation.journey_survey import Findings, same
from patronage.labels import LabelledSnapshot
from patronage.models.journey import STAGES, JourneyModel
from patronage.models.journey.stages import ALPHABET, AT_RISK, CHURNED, LOYAL, REGULAR
from patronage.statistics import log_losses
from patronage.training.journey import fit_at_origin
from patronage.training.origins import Split

log = logging.getLogger(__name__)
Floats = NDArray[np.float64]

DESCENDING = (LOYAL, REGULAR, AT_RISK, CHURNED)  # stages, by what should follow
FEW = 20  # customers of whom no order of stages is read
TOUCHPOINTS = (1, 2, 3, 5, 10)
DRAWS = 20
ACTIVE = ALPHABET[1:]


@dataclass(frozen=True)
class Trial:
    """A journey, and customers that it never saw, at a time after all that it learned from.

    Attributes
    ----------
    seen, unseen
        The two sides of one split: what it learned from, and the others at the same moments.
    judged
        The others, with labels.
    said
        What the bundle of that fit says of them.
    learned
        What its lenses learned.
    """

    journey: JourneyModel
    seen: Split
    unseen: Split
    evaluated: LabelledSnapshot
    said: pd.DataFrame
    learned: Mapping[str, Any]


def judge(trial: Trial, resampling: Resampling) -> Findings:
    """Judge a journey on customers that it never saw, at a later time."""
    orders = trial.evaluated.labels[c.ORDERS].to_numpy(np.float64)
    bought, said = (orders > 0).astype(float), trial.said[c.JOURNEY_P_ORDER].to_numpy(np.float64)
    journey, features = trial.journey, trial.evaluated.features
    others = journey_baselines.forecasts(
        trial.seen.training,
        trial.seen.current.features,
        features,
        trial.said,
        trial.learned,
        journey.horizon,
        resampling.seed,
    )
    likelihood = journey.log_likelihood(features)
    found = {
        "journey/unseen/nats_per_period": float(likelihood["nats"].sum() / max(likelihood["periods"].sum(), 1)),
        "journey/unseen/ece_by_chance": error_by_chance(said, resampling.seed),
    }
    forecasts = forecast_table(bought, said, others, resampling)
    for name, row in forecasts.iloc[1:].iterrows():
        found |= {f"journey/unseen/baseline_{name}/{key}": row[key] for key in ("log_loss", "roc_auc", "ece")}
    activity = by_stage(trial.said[c.JOURNEY_STAGE], orders)
    wrong = disorder(activity)
    found["journey/unseen/stages_in_order"] = float(not wrong)
    if wrong:
        log.warning("journey: %s; believe the status segments rather than the stages", wrong)
    auc = auc_by_touchpoints(journey, features, bought)
    status = against_status(trial.said, bought, said, others["status"], resampling)
    mix = stage_mix(trial, resampling.seed)
    return Findings(
        found
        | {f"journey/unseen/roc_auc_after_{n}": value for n, value in auc.items()}
        | {
            "journey/unseen/differs_from_status": float(status["share"].iloc[1:].sum()),
            "journey/unseen/stage_mix_error": float((mix["predicted"] - mix["realised"]).abs().sum() / 2),
        },
        {
            "journey_forecasts.json": forecasts.rename_axis("forecast").reset_index(),
            "journey_activity.json": activity.rename_axis("stage").reset_index(),
            "journey_touchpoints.json": auc.rename("roc_auc").rename_axis("touchpoints").reset_index(),
            "journey_status.json": status,
            "journey_mix.json": mix.rename_axis("stage").reset_index(),
        },
        {"journey.calibration": journey.calibration.verdict} | ({"journey.warning": wrong} if wrong else {}),
    )


def forecast_table(bought: Floats, said: Floats, others: Mapping[str, Floats], resampling: Resampling) -> pd.DataFrame:
    """A row per forecast, the journey's first: log-loss, AUC, ECE, and the journey's loss minus its loss (95 %)."""
    own = log_losses(bought, said)
    rows = {}
    for name, forecast in {"journey": said, **others}.items():
        scores = metrics.classification(bought, forecast)
        row = {key: scores[key] for key in ("log_loss", "roc_auc", "ece")}
        if name != "journey":
            gap = paired_difference(own, log_losses(bought, forecast), resampling)
            row |= {"difference": gap.mean, "low": gap.low, "high": gap.high, "ratio": own.mean() / row["log_loss"]}
        rows[name] = row
    return pd.DataFrame.from_dict(rows, orient="index")


def error_by_chance(said: Floats, seed: int) -> float:
    """The ECE to expect where every probability is right: so few customers cannot show a smaller one."""
    rng = np.random.default_rng(seed)
    worlds = (metrics.calibration_error((rng.random(len(said)) < said).astype(float), said) for _ in range(DRAWS))
    return float(np.mean(list(worlds)))


def by_stage(stages: pd.Series, orders: Floats) -> pd.DataFrame:
    """Customers, mean orders in the horizon and share with any, by stage on display."""
    frame = pd.DataFrame({c.ORDERS: orders, "bought": orders > 0})
    table = frame.groupby(stages.to_numpy()).agg(
        customers=("bought", "size"), orders=(c.ORDERS, "mean"), bought=("bought", "mean")
    )
    return table.reindex([stage for stage in STAGES if stage in table.index])


def disorder(activity: pd.DataFrame) -> str:
    """What is wrong with the order loyal > regular > at_risk > churned of what followed; empty if nothing is."""
    known = [STAGES[k] for k in DESCENDING if STAGES[k] in activity.index]
    known = [stage for stage in known if activity.loc[stage, "customers"] >= FEW]
    for higher, lower in pairwise(known):
        most, least = activity.loc[higher, c.ORDERS], activity.loc[lower, c.ORDERS]
        if most <= least:
            return f"{higher} customers ordered {most:.2f} times after the cutoff and {lower} ones {least:.2f}"
    return ""


def auc_by_touchpoints(journey: JourneyModel, features: pd.DataFrame, bought: Floats) -> pd.Series:
    """AUC of P(an order) when only what began with the last n periods of activity is known."""
    paths = features[c.JOURNEY_PATH]
    found = {}
    for n in TOUCHPOINTS:
        recent = paths.str.extract(rf"((?:[{ACTIVE}]\.*){{1,{n}}}$)", expand=False).fillna("")
        beliefs = journey.filter(pd.DataFrame({c.JOURNEY_PATH: recent}))
        found[n] = metrics.classification(bought, journey.p_order(beliefs).to_numpy())["roc_auc"]
    return pd.Series(found)


def against_status(
    said: pd.DataFrame, bought: Floats, forecast: Floats, by_status: Floats, resampling: Resampling
) -> pd.DataFrame:
    """How often stage and rule-based status differ, and whose forecast was better where they do.

    Returns
    -------
    DataFrame
        A row for those who agree and one per pair that differs, the most frequent first; `difference` is the
        journey's mean log-loss minus that of the status' rate.
    """
    status, stage = said[c.STATUS_SEGMENT].to_numpy(), said[c.JOURNEY_STAGE].to_numpy()
    pair = np.where(same(said), "the same", pd.Series(status).str.cat(stage, sep=" / "))
    rows = []
    for name in ["the same", *pd.unique(pair[pair != "the same"])]:
        these = pair == name
        if not these.any():
            continue
        own, other = log_losses(bought[these], forecast[these]), log_losses(bought[these], by_status[these])
        gap = paired_difference(own, other, resampling)
        rows.append(
            {"status / stage": name, "customers": int(these.sum()), "share": these.mean()}
            | {"bought": bought[these].mean(), "journey_said": forecast[these].mean()}
            | {"status_said": by_status[these].mean(), "difference": gap.mean, "low": gap.low, "high": gap.high}
        )
    table = pd.DataFrame(rows)
    order = np.lexsort([-table["customers"], table["status / stage"] != "the same"])
    return table.iloc[order].reset_index(drop=True)


def stage_mix(trial: Trial, seed: int) -> pd.DataFrame:
    """Shares of the unseen customers by stage: at the latest earlier origin, foretold from there, and realised.

    The forecast is that of a journey fitted on what was known at the origin, over its horizon; customers who came
    after it are in neither.
    """
    before = trial.unseen.training[0].features
    there = fit_at_origin(trial.journey, trial.seen.training[0], seed=seed)
    beliefs = there.filter(before)
    after = there.stage_probabilities(there.filter(trial.evaluated.features.reindex(before.index)[[c.JOURNEY_PATH]]))
    ahead = there.stages_ahead(beliefs, round(there.horizon))
    return pd.DataFrame(
        {"before": there.stage_probabilities(beliefs).mean(), "predicted": ahead.mean(), "realised": after.mean()}
    ).reindex(STAGES)
