"""Every metric of every model on one holdout, with paired bootstrap intervals of the differences to a baseline.

The same resamples of the customers are drawn for all models, as weights: a metric of all resamples is one pass over
the customers in an order that is sorted once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np

from patronage import statistics
from patronage.evaluation.intervals import ENDS, Resampling, resample_weights
from patronage.names import Metric
from patronage.typing import Array

LARGER_IS_BETTER = ("roc_auc", "pr_auc", "top_decile_lift", "gini", "spearman", "top_decile_share")
BIAS = "bias_percent"

Measure = Callable[[Array, Array, Array], Array]  # of outcomes, forecasts and weights, a value per resample


class MetricRow(NamedTuple):
    """One metric of one model; `low` and `high` are of its difference to the baseline, missing (nan) without one."""

    model: str
    metric: str
    value: float
    low: float
    high: float
    baseline: str


def compare_models(
    target: str,
    y_true: Array,
    predictions: Mapping[str, Array],
    structural: tuple[str, ...],
    resampling: Resampling,
) -> list[MetricRow]:
    """Score all models' predictions of one target, each beside the structural model that is best in hindsight.

    Parameters
    ----------
    target
        churn, orders or spend: the prefix of the metrics.
    predictions
        By model, a value per customer. Where none of `structural` is among them, all of them are candidates for the
        baseline.
    """
    probability = target == "churn"
    measure_all = statistics.classification if probability else statistics.regression
    scores = {model: measure_all(y_true, y_pred) for model, y_pred in predictions.items()}
    candidates = [model for model in structural if model in predictions] or list(predictions)
    weights = resample_weights(len(y_true), resampling)
    measures = _measures(y_true, weights, probability=probability)
    rows = []
    for measure in next(iter(scores.values())):
        best = best_model(measure, {model: scores[model][measure] for model in candidates})
        resampled = {}
        if measure in measures:
            resampled = {model: measures[measure](y_true, y_pred, weights) for model, y_pred in predictions.items()}
        for model in predictions:
            low, high = float("nan"), float("nan")
            if resampled:
                low, high = _interval(resampled[model] - resampled[best])
            rows.append(MetricRow(model, Metric.of(target, measure), scores[model][measure], low, high, best))
    return rows


def best_model(measure: str, values: Mapping[str, float]) -> str:
    """The model with the best value of a measure; the first of several."""
    return min(values, key=lambda model: _loss(measure, values[model]))


def _loss(measure: str, value: float) -> float:
    """A number that is less where the value is better; a value that does not exist is worst."""
    if np.isnan(value):
        return np.inf
    if measure == BIAS:
        return abs(value)
    return -value if measure in LARGER_IS_BETTER else value


def _measures(y_true: Array, weights: Array, *, probability: bool) -> Mapping[str, Measure]:
    """The measures that have intervals."""
    if probability:
        return {"log_loss": statistics.log_loss, "brier": statistics.brier, "roc_auc": statistics.roc_auc}
    perfect = statistics.concentration_area(y_true, y_true, weights)  # the same for all models
    return {
        "rmse": statistics.rmse,
        "mae": statistics.mae,
        BIAS: statistics.bias_percent,
        "gini": partial(statistics.normalised_gini, perfect=perfect),
    }


def _interval(differences: Array) -> tuple[float, float]:
    """95 % of the resamples that have a value; missing (nan) where none has."""
    if np.isnan(differences).all():
        return float("nan"), float("nan")
    low, high = np.nanquantile(differences, ENDS)
    return float(low), float(high)
