"""Losses of two runs on the same customers, with paired intervals of their difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from patronage import cutoff as when
from patronage import names as c
from patronage.evaluation.intervals import ENDS, Resampling, resampled_sums
from patronage.evaluation.scorecard import CHURN, CLV, JOURNEY
from patronage.models.forecast import CONTRACT
from patronage.names import Metric
from patronage.review.labellings import CHUNK, why_not_frozen
from patronage.review.training_run import TrainingRun
from patronage.statistics import log_losses
from patronage.typing import Array, Mask

SAME_WINDOW, FROZEN = "same window", "baseline's model, frozen, on the candidate's window"
BETTER, UNCLEAR, WORSE = "better", "no clear difference", "worse"
LABELS = [c.CHURNED, c.ORDERS, c.SPEND]
FORECASTS = [c.CHURN_PROBABILITY, c.EXPECTED_ORDERS, c.EXPECTED_SPEND]
COLUMNS = ["metric", "customers", "baseline", "candidate", "difference", "low", "high", "verdict"]


@dataclass(frozen=True)
class PairedForecasts:
    """The forecasts of two models for the same customers, with the labels.

    Attributes
    ----------
    how
        `SAME_WINDOW`, `FROZEN`, or why there is nothing to pair.
    labels, baseline, candidate
        On one index; None where there is nothing to pair.
    """

    how: str
    labels: pd.DataFrame | None = None
    baseline: pd.DataFrame | None = None
    candidate: pd.DataFrame | None = None


def pair_forecasts(baseline: TrainingRun, candidate: TrainingRun, frozen: pd.DataFrame | None) -> PairedForecasts:
    """Pair two runs on the window that both were evaluated on, else with the baseline's frozen model.

    The frozen model forecasts only a window that it could not know when it was fitted.

    Parameters
    ----------
    frozen
        What the baseline's model predicts of the candidate's customers, from `labellings.predict_frozen`.
    """
    first, second = baseline.evaluation, candidate.evaluation
    if second is None:
        return PairedForecasts("the candidate was not evaluated: its log shows no whole horizon")
    if first is not None and baseline.evaluated_window == candidate.evaluated_window:
        return _same_window(first, second)
    windows = f"evaluated on different windows, {baseline.evaluated_window} and {candidate.evaluated_window}"
    if baseline.bundle.horizon_days != candidate.bundle.horizon_days:
        return PairedForecasts(f"{windows}: not paired")
    if frozen is None:
        return PairedForecasts(f"{windows}, and {why_not_frozen(baseline, candidate)}: not paired")
    if candidate.evaluated_from != candidate.cutoff or not when.is_past(
        when.parse(baseline.cutoff), when.parse(candidate.cutoff)
    ):
        return PairedForecasts(f"{windows}: not paired, as the baseline may know the later one")
    features = candidate.features
    rows = features if features.index.equals(second.index) else features.loc[second.index]
    chunks = [
        baseline.bundle.expect(rows.iloc[start : start + CHUNK])[[*FORECASTS, c.P_ORDER]]
        for start in range(0, len(rows), CHUNK)
    ]
    forecasts = pd.concat(chunks)
    p_order = frozen.loc[second.index, c.JOURNEY_P_ORDER]
    if baseline.bundle.forecast.churn_source != CONTRACT:  # as `Bundle.assign` has it
        p_order = forecasts[c.P_ORDER].fillna(p_order)
    forecasts = forecasts.assign(**{c.JOURNEY_P_ORDER: p_order})
    return PairedForecasts(FROZEN, second[LABELS], forecasts, second)


def _same_window(first: pd.DataFrame, second: pd.DataFrame) -> PairedForecasts:
    shared = first.index.intersection(second.index)
    first, second = first.loc[shared], second.loc[shared]
    if not len(shared):
        return PairedForecasts("the runs were evaluated on other customers")
    if not np.allclose(first[LABELS], second[LABELS], equal_nan=True, atol=1e-6):
        return PairedForecasts("the two logs do not agree on what the same customers did in the same window")
    return PairedForecasts(SAME_WINDOW, second[LABELS], first, second)


def paired_differences(pair: PairedForecasts, resampling: Resampling) -> pd.DataFrame:
    """Losses of two models on the same customers, with paired bootstrap intervals of their difference.

    Returns
    -------
    DataFrame
        `metric`, `customers`, `baseline`, `candidate`, `difference`, `low`, `high` (95%), `verdict`. All are
        losses: less is better. Empty where nothing was paired.
    """
    if pair.labels is None or pair.baseline is None or pair.candidate is None:
        return pd.DataFrame(columns=COLUMNS)
    rows = _ranking_rows(pair.labels, pair.baseline, pair.candidate, resampling)
    rows += _loss_rows(_losses(pair.labels, pair.baseline), _losses(pair.labels, pair.candidate), resampling)
    return pd.DataFrame(sorted(rows), columns=COLUMNS)


Row = tuple[str | float, ...]


def _loss_rows(before: Mapping[str, Array], after: Mapping[str, Array], resampling: Resampling) -> list[Row]:
    """A row per mean loss, over the customers whom both models have a loss of."""
    known = {metric: ~(np.isnan(before[metric]) | np.isnan(after[metric])) for metric in before}
    metrics = [metric for metric, mask in known.items() if mask.any()]
    columns = (
        np.where(known[metric], values, 0.0)
        for metric in metrics
        for values in (known[metric], before[metric], after[metric])
    )
    sums = resampled_sums(columns, len(next(iter(known.values()))), resampling)
    rows = []
    for place, metric in enumerate(metrics):
        mask, root = known[metric], np.sqrt if metric.endswith("_rmse") else np.asarray
        means = [float(root(losses[metric][mask].mean())) for losses in (before, after)]
        n, total_before, total_after = sums[:, 3 * place : 3 * place + 3].T
        drawn = root(total_after / np.maximum(n, 1)) - root(total_before / np.maximum(n, 1))
        rows.append(_row(metric, int(mask.sum()), means[0], means[1], drawn))
    return rows


def _row(metric: str, customers: int, before: float, after: float, drawn: Array) -> Row:
    low, high = map(float, np.quantile(drawn, ENDS))
    verdict = BETTER if high < 0 else WORSE if low > 0 else UNCLEAR
    return metric, customers, before, after, after - before, low, high, verdict


def _ranking_rows(
    labels: pd.DataFrame, baseline: pd.DataFrame, candidate: pd.DataFrame, resampling: Resampling
) -> list[Row]:
    """A row per probability: 1 - ROC-AUC."""
    y_true = {CHURN: labels[c.CHURNED].to_numpy(float), JOURNEY: (labels[c.ORDERS] > 0).to_numpy(float)}
    forecasts = {CHURN: c.CHURN_PROBABILITY, JOURNEY: c.JOURNEY_P_ORDER}
    rows = [
        ranking_row(
            Metric.of(model, "one_minus_roc_auc"),
            y_true[model],
            baseline[column].to_numpy(float),
            candidate[column].to_numpy(float),
            resampling,
        )
        for model, column in forecasts.items()
    ]
    return [row for row in rows if row]


def ranking_row(metric: str, y_true: Array, before: Array, after: Array, resampling: Resampling) -> Row | None:
    """1 - ROC-AUC of both models, resampled by each customer's own share in it; None where only one class is known.

    The share of a customer is that of the other class which stands on the wrong side (DeLong, DeLong and
    Clarke-Pearson 1988). A resample's AUC is a mean of these shares up to terms of order 1 / n, and needs no sorting
    of its own.
    """
    known = ~(np.isnan(y_true) | np.isnan(before) | np.isnan(after))
    events = y_true[known] == 1
    if events.all() or not events.any():
        return None
    wrong = [_wrongly_ranked(events, y_pred[known]) for y_pred in (before, after)]
    columns = (values for mask in (events, ~events) for values in (mask, *(np.where(mask, w, 0.0) for w in wrong)))
    sums = resampled_sums(columns, len(events), resampling)
    counts, changes = sums[:, [0, 3]], sums[:, [2, 5]] - sums[:, [1, 4]]
    means = [float(shares[events].mean()) for shares in wrong]
    drawn = (changes / np.maximum(counts, 1)).sum(axis=1) - (means[1] - means[0])
    return _row(metric, len(events), means[0], means[1], drawn)


def _wrongly_ranked(events: Mask, y_pred: Array) -> Array:
    """For each customer, the share of the other class that stands on the wrong side; a tie counts half."""
    ranks, wrong = rankdata(y_pred), np.empty(len(y_pred))
    for mask in (events, ~events):
        below = (ranks[mask] - rankdata(y_pred[mask])) / (len(y_pred) - mask.sum())
        wrong[mask] = 1 - below if mask is events else below
    return wrong


def _losses(labels: pd.DataFrame, forecasts: pd.DataFrame) -> dict[str, Array]:
    """The loss of each customer, by metric; missing where there is no forecast or no label."""
    churned, ordered = labels[c.CHURNED].to_numpy(float), (labels[c.ORDERS] > 0).to_numpy(float)
    losses: dict[str, Array] = {}
    for model, y_true, column in ((CHURN, churned, c.CHURN_PROBABILITY), (JOURNEY, ordered, c.JOURNEY_P_ORDER)):
        y_pred = forecasts[column].to_numpy(float)
        losses[Metric.of(model, "log_loss")] = np.where(np.isnan(y_true), np.nan, log_losses(y_true, y_pred))
        losses[Metric.of(model, "brier")] = (y_pred - y_true) ** 2
    for label, column in ((c.ORDERS, c.EXPECTED_ORDERS), (c.SPEND, c.EXPECTED_SPEND)):
        error = forecasts[column].to_numpy(float) - labels[label].to_numpy(float)
        losses[Metric.of(CLV, f"{label}_rmse")] = error**2
        losses[Metric.of(CLV, f"{label}_mae")] = np.abs(error)
    return losses
