"""How good the probability of a target is, beside the base rate and recency, with paired intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config.target import ChosenAct
from patronage.evaluation.intervals import ENDS, Resampling
from patronage.evaluation.scorecard import BETTER, NO_BETTER, WORSE, Headline, Scorecard, evaluate_probability
from patronage.labels import LabelledSnapshot
from patronage.models.ensemble.target import RATE_FLOOR
from patronage.names import Metric
from patronage.statistics import clip_probability, log_loss, roc_auc
from patronage.typing import Array

RATE, LAST_ACT, LAST_ORDER = "rate", "last_act", "last_order"
BASELINES = {
    RATE: "the base rate",
    LAST_ACT: "the days since the customer did it last",
    LAST_ORDER: "the days since the last order",
}
VERDICTS = {BETTER: "tells more than", NO_BETTER: "TELLS NO MORE than", WORSE: "LOSES to"}
MEASURES = ("log_loss", "roc_auc", "ece")  # each with an interval of its difference to the best baseline
BINS, AT_ONCE = 10, 20  # resamples at once: they lie in memory


def evaluate_target(
    act: ChosenAct,
    assignments: pd.DataFrame,
    training: Sequence[LabelledSnapshot],
    evaluated: LabelledSnapshot,
    resampling: Resampling,
) -> Scorecard:
    """The scorecard of a target, of all customers whose label is known; empty where nobody's is.

    Parameters
    ----------
    assignments
        Of the evaluated customers, on their index.
    training
        What the model learned from; the baselines learn from the same.
    """
    label = c.did_act(act.key)
    known = evaluated.select(evaluated.labels[label].notna())
    if known.features.empty:
        return Scorecard()
    y_true = known.labels[label].to_numpy(np.float64)
    y_pred = assignments.loc[known.features.index, c.p_act(act.key)].to_numpy(np.float64)
    naive = baselines(act, training, known.features, evaluated.horizon_days)
    card = evaluate_probability(act.key, y_true, y_pred, naive, resampling)
    metrics = dict(card.metrics)
    for measure, (low, high) in _differences(y_true, y_pred, naive[card.headlines[0].baseline], resampling).items():
        metrics[Metric.difference_low(act.key, measure)] = low
        metrics[Metric.difference_high(act.key, measure)] = high
    metrics[Metric.of(act.key, "expected")] = float(y_pred.sum())
    metrics[Metric.of(act.key, "actual")] = float(y_true.sum())
    return Scorecard(metrics, card.headlines)


def baselines(
    act: ChosenAct, training: Sequence[LabelledSnapshot], features: pd.DataFrame, horizon_days: int
) -> Mapping[str, Array]:
    """The base rate, and the rates by the days since the act and since any order, those without one apart."""
    past = pd.concat([snapshot.features for snapshot in training])
    labels = pd.concat([snapshot.labels[c.did_act(act.key)] for snapshot in training])
    known = labels.notna().to_numpy()
    past, did = past[known], labels[known].to_numpy(np.float64)
    rates = {RATE: np.full(len(features), did.mean())}
    for name, column in ((LAST_ACT, c.days_since_act(act.key)), (LAST_ORDER, c.DAYS_SINCE_LAST_ORDER)):
        rates[name] = _rate_by(past[column].to_numpy(np.float64), did, features[column].to_numpy(np.float64))
    windows = horizon_days / training[0].horizon_days
    return {name: clip_probability(1 - (1 - rate) ** windows, RATE_FLOOR) for name, rate in rates.items()}


def in_words(line: Headline) -> str:
    """The verdict of a target's headline."""
    return f"{VERDICTS[line.verdict]} {BASELINES[line.baseline]}"


def _rate_by(past: Array, did: Array, days: Array) -> Array:
    """The rate in bins of equal numbers of customers; a bin in which nobody was has the rate of all."""
    present = past[~np.isnan(past)]
    borders = np.unique(np.quantile(present, np.linspace(0, 1, BINS + 1)[1:-1])) if len(present) else np.empty(0)
    before, now = (np.where(np.isnan(values), -1, np.searchsorted(borders, values)) for values in (past, days))
    rates = pd.Series(did).groupby(before).mean()
    return pd.Series(now).map(rates).fillna(did.mean()).to_numpy(np.float64)


def _differences(
    y_true: Array, y_pred: Array, baseline: Array, resampling: Resampling
) -> dict[str, tuple[float, float]]:
    """The 95 % interval of each measure's difference to the baseline's, over resamples of the customers."""
    rng, n = np.random.default_rng(resampling.seed), len(y_true)
    bins = [_bins(forecast) for forecast in (y_pred, baseline)]
    drawn: dict[str, list[Array]] = {name: [] for name in MEASURES}
    for begins in range(0, resampling.times, AT_ONCE):
        times = min(AT_ONCE, resampling.times - begins)
        counts = [np.bincount(rng.integers(0, n, n), minlength=n) for _ in range(times)]
        weights: Array = np.stack(counts, axis=1).astype(np.float64)
        drawn["log_loss"].append(log_loss(y_true, y_pred, weights) - log_loss(y_true, baseline, weights))
        drawn["roc_auc"].append(roc_auc(y_true, y_pred, weights) - roc_auc(y_true, baseline, weights))
        errors = [_error(y_true - p, own, weights) for p, own in zip((y_pred, baseline), bins, strict=True)]
        drawn["ece"].append(errors[0] - errors[1])
    return {name: _ends(np.concatenate(values)) for name, values in drawn.items()}


def _bins(forecast: Array) -> Array:
    """(bins, N) which customers share a bin of the calibration: those of `calibration_table`."""
    groups = np.ceil(pd.Series(forecast).rank(method="max", pct=True) * BINS).to_numpy()
    return np.asarray(groups == np.unique(groups)[:, None], np.float64)


def _error(residuals: Array, bins: Array, weights: Array) -> Array:
    """(resamples,) the expected calibration error, in bins that stay where they are."""
    return np.abs((bins * residuals) @ weights).sum(axis=0) / weights.sum(axis=0)


def _ends(values: Array) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, ENDS)
    return float(low), float(high)
