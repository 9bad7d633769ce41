"""What contacts changed, as tables, metrics and one sentence; a null is told as a null."""

from __future__ import annotations

import re

import pandas as pd

from patronage import names as c
from patronage.evaluation.effects import GAINS, HARMS, effects_by_label, ranking, separation
from patronage.models.effects.estimator import BY_EFFECT, ContactEffects
from patronage.names import Artifact, Metric
from patronage.report import Report
from patronage.typing import Array


def effect_report(model: ContactEffects, labels: pd.DataFrame) -> Report:
    """The report of a fitted estimator.

    Parameters
    ----------
    labels
        A column per labelling of the customers of the fit, in their order; it may have none.
    """
    differences = model.cross_fit_.scores[:, 1:] - model.cross_fit_.scores[:, [0]]
    ranked = _ranking(model, differences)
    tables = {
        Artifact.EFFECTS_AVERAGE: model.average_.reset_index(),
        Artifact.EFFECT_POLICIES: model.policies_.reset_index(),
        Artifact.EFFECT_RANKING: ranked,
        Artifact.EFFECT_BALANCE: model.randomness_.balance,
    }
    messages = []
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
