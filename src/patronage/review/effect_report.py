"""What contacts changed, as tables, metrics and one sentence; a null is told as a null."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.evaluation.effects import GAINS, HARMS, effects_by_label, ranking, separation
from patronage.evaluation.simple_policies import BEST_LABEL, beside, by_best_label, by_number
from patronage.models.effects.estimator import BY_EFFECT, TREAT_NONE, ContactEffects
from patronage.models.effects.policy import best_arm, profits
from patronage.names import Artifact, Metric
from patronage.report import Report
from patronage.typing import Array

NUMBERS = {  # what policies without a model of effects go by: the first column that is there
    "by churn risk": (c.CHURN_PROBABILITY, c.DAYS_SINCE_LAST_ORDER),
    "by value": (c.CLV, c.EXPECTED_SPEND, c.MONETARY_VALUE),
}


def effect_report(model: ContactEffects, labels: pd.DataFrame, features: pd.DataFrame | None = None) -> Report:
    """The report of a fitted estimator.

    Parameters
    ----------
    labels
        A column per labelling of the customers of the fit, in their order; it may have none.
    features
        Of the same customers: policies by churn risk and by value are made of them, as far as they tell these.
    """
    differences = model.cross_fit_.scores[:, 1:] - model.cross_fit_.scores[:, [0]]
    ranked = _ranking(model, differences)
    policies = all_policies(model, labels, features)
    tables = {
        Artifact.EFFECTS_AVERAGE: model.average_.reset_index(),
        Artifact.EFFECT_POLICIES: policies.reset_index(),
        Artifact.EFFECT_RANKING: ranked,
        Artifact.EFFECT_BALANCE: model.randomness_.balance,
    }
    messages = [*_not_surely_better(policies)]
    if len(labels.columns):
        by_label = effects_by_label(labels, model.arms_, model.cross_fit_.scores)
        tables |= {
            Artifact.EFFECTS_BY_LABEL: by_label,
            Artifact.EFFECT_SEPARATION: separation(labels, model.arms_, model.cross_fit_.scores),
        }
        harmed = by_label[by_label["finding"] == HARMS]
        messages += [f"{row['label']} ({row['labels']}) is harmed by {row[c.ARM]}" for row in harmed.to_dict("records")]
        if not by_label["finding"].isin([GAINS, HARMS]).any():
            messages.append("no label is found to gain or to be harmed, with one false finding in twenty allowed")
    return Report(metrics=_metrics(model, ranked), tables=tables, messages=messages)


def all_policies(model: ContactEffects, labels: pd.DataFrame, features: pd.DataFrame | None) -> pd.DataFrame:
    """The policy by effect beside contacting nobody and everybody, by churn risk, by value and by the best label."""
    scores, fold, costs = model.cross_fit_.scores, model.cross_fit_.fold, model.costs_
    profit, learned = profits(scores, costs), best_arm(model.effects_, costs)
    policies = {BY_EFFECT: learned, TREAT_NONE: np.zeros(len(profit), np.intp)}
    policies |= {f"treat all: {arm}": np.full(len(profit), number) for number, arm in enumerate(model.arms_) if number}
    for name, columns in NUMBERS.items():
        column = next((each for each in columns if features is not None and each in features), None)
        if column is not None and features is not None:
            values = features[column].to_numpy(np.float64, na_value=np.nan)
            policies[f"{name}: {column}"] = by_number(values, profit, fold)
    if len(labels.columns):
        policies[BEST_LABEL] = by_best_label(labels, profit, fold)
    return beside(policies, learned, profit)


def _not_surely_better(policies: pd.DataFrame) -> list[str]:
    """The best policy without a model of effects, where the one by effect does not surely earn more."""
    simple = policies.drop(index=BY_EFFECT)
    name = simple["profit_per_1000"].idxmax()
    row = simple.loc[name]
    if row["learned_gain_low"] > 0:
        return []
    return [
        f"the policy {name!r} is as good as any: by effect {row['learned_gain']:+.4g} "
        f"[{row['learned_gain_low']:+.4g}, {row['learned_gain_high']:+.4g}] per 1,000 customers is not surely more"
    ]


def effect_finding(model: ContactEffects) -> str:
    """One sentence: the average effects that are more than chance, and the policy that may be followed."""
    sure = model.average_[(model.average_["low"] > 0) | (model.average_["high"] < 0)]
    effects = [
        f"{arm} changes the outcome by {row['effect']:+.4g} [{row['low']:+.4g}, {row['high']:+.4g}] per customer"
        for arm, row in sure.iterrows()
    ]
    average = "; ".join(effects) if effects else "no average effect is found: every interval holds 0"
    gain, low, high = model.gain_
    best = f"contacting by effect earns {gain:+.4g} [{low:+.4g}, {high:+.4g}] per 1,000 customers beside"
    verdict = "" if model.policy_ == BY_EFFECT else ", which is not surely more, so the simple policy stays"
    return f"{average}; {best} {model.best_simple_!r}{verdict}."


def _ranking(model: ContactEffects, differences: Array) -> pd.DataFrame:
    rows = [
        (arm, measure, *values)
        for number, arm in enumerate(model.arms_[1:])
        for measure, values in ranking(model.effects_[:, number], differences[:, number]).items()
    ]
    return pd.DataFrame(rows, columns=[c.ARM, "measure", "value", "low", "high"])


def _metrics(model: ContactEffects, ranked: pd.DataFrame) -> dict[str, float]:
    metrics = {Metric.EFFECT_GAIN: float(model.gain_[0])}
    for arm, row in model.average_.iterrows():
        metrics[Metric.effect(_plain(arm), "average")] = float(row["effect"])
    for row in ranked.to_dict("records"):
        metrics[Metric.effect(_plain(row[c.ARM]), row["measure"])] = float(row["value"])
    return metrics


def _plain(arm: object) -> str:
    """The name of an arm with the characters that MLflow takes."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", str(arm))
