"""Every metric of every model on one holdout, with paired bootstrap intervals of the differences to a baseline.

The same resampled customers are drawn for all models. A resample is a weight for each customer, so that a metric of
all resamples is one pass over the customers in an order that is sorted once.

Reference: Efron and Tibshirani (1993), An introduction to the bootstrap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from patronage import statistics as metrics
from patronage.evaluation.scorecard import Resampling
from patronage.typing import Array

Resampled = Callable[[Array, Array, Array], Array]

TINY = 1e-12
LARGER_IS_BETTER = ("roc_auc", "pr_auc", "top_decile_lift", "gini", "spearman", "top_decile_share")


class Line(NamedTuple):
    """One metric of one model; `low` and `high` hold its difference to the baseline, missing where none is drawn."""

    model: str
    metric: str
    value: float
    low: float
    high: float
    baseline: str


def compare(
    what: str,
    happened: Array,
    said: Mapping[str, Array],
    structural: tuple[str, ...],
    resampling: Resampling,
) -> list[Line]:
    """Score what models said of one target, each beside the structural model that is best in hindsight.

    Parameters
    ----------
    what
        churn, orders or spend: the prefix of the metrics.
    said
        Model to a value a customer. Where none of `structural` is among them, the others are the baselines.
    """
    probability = what == "churn"
    score = metrics.classification if probability else metrics.regression
    drawn = PROBABILITIES if probability else AMOUNTS
    scores = {model: score(happened, values) for model, values in said.items()}
    rivals = [model for model in structural if model in said] or list(said)
    weights = _weights(len(happened), resampling)
    lines = []
    for name in next(iter(scores.values())):
        best = min(rivals, key=lambda model: _badness(name, scores[model][name]))
        draws = {}
        if name in drawn:
            draws = {model: drawn[name](happened, values, weights) for model, values in said.items()}
            if name == "gini":
                perfect = np.maximum(_concentration(happened, happened, weights), TINY)
                draws = {model: area / perfect for model, area in draws.items()}
        for model in said:
            low, high = float("nan"), float("nan")
            if draws:
                low, high = np.nanquantile(draws[model] - draws[best], [0.025, 0.975]).tolist()
            lines.append(Line(model, f"{what}/{name}", scores[model][name], low, high, best))
    return lines


def _badness(metric: str, value: float) -> float:
    """Less is better; a metric that does not exist is worst."""
    if np.isnan(value):
        return np.inf
    if metric == "bias_percent":
        return abs(value)
    return -value if metric in LARGER_IS_BETTER else value


def _weights(n: int, resampling: Resampling) -> Array:
    """(N, times) how often each customer is drawn in each resample."""
    rng = np.random.default_rng(resampling.seed)
    drawn = [np.bincount(rng.integers(0, n, n), minlength=n) for _ in range(resampling.times)]
    return np.stack(drawn, axis=1).astype(np.float64)  # a row each: customers are sorted and summed again and again


def _mean(weights: Array, losses: Array) -> Array:
    return losses @ weights / len(losses)


def _log_loss(happened: Array, said: Array, weights: Array) -> Array:
    p = np.clip(said, TINY, 1 - TINY)
    return _mean(weights, -np.where(happened == 1, np.log(p), np.log1p(-p)))


def _squared(happened: Array, said: Array, weights: Array) -> Array:
    return _mean(weights, (said - happened) ** 2)


def _tied(score: Array, weights: Array, *values: Array) -> list[Array]:
    """(groups, times) sums of each weighted value over customers of equal score, lowest score first."""
    order = np.argsort(score, kind="stable")
    ordered = score[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    drawn = weights[order]
    return [np.add.reduceat(drawn * value[order, None], starts, axis=0) for value in values]


def _roc_auc(happened: Array, said: Array, weights: Array) -> Array:
    hit, miss = _tied(said, weights, happened, 1 - happened)
    below = np.cumsum(miss, axis=0) - miss / 2
    return (hit * below).sum(axis=0) / np.maximum(hit.sum(axis=0) * miss.sum(axis=0), TINY)


def _concentration(happened: Array, score: Array, weights: Array) -> Array:
    """Area between the concentration curve, best score first, and the diagonal."""
    amount, people = _tied(score, weights, happened, np.ones_like(happened))
    total = np.maximum(amount.sum(axis=0), TINY)
    reached = total - np.cumsum(amount, axis=0) + amount / 2
    return (people * reached).sum(axis=0) / (people.sum(axis=0) * total) - 0.5


PROBABILITIES: Mapping[str, Resampled] = {"log_loss": _log_loss, "brier": _squared, "roc_auc": _roc_auc}
AMOUNTS: Mapping[str, Resampled] = {
    "rmse": lambda happened, said, weights: np.sqrt(_squared(happened, said, weights)),
    "mae": lambda happened, said, weights: _mean(weights, np.abs(said - happened)),
    "bias_percent": lambda happened, said, weights: 100 * ((said @ weights) / np.maximum(happened @ weights, TINY) - 1),
    "gini": _concentration,
}
