"""What differs between two runs: what was asked, the data, and how good the answers were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from patronage import cutoff as when
from patronage import names as c
from patronage.evaluation.intervals import Resampling, resampled_sums
from patronage.review.migration import AT_ONCE, cannot_freeze
from patronage.review.training_run import TrainingRun
from patronage.statistics import log_losses

BINS = 10
FLOOR = 1e-4  # an empty bin says little about a share of exactly zero
SHIFTED, MOVED = 0.1, 0.25  # Siddiqi (2006), Credit Risk Scorecards
SAME_WINDOW, FROZEN = "same window", "baseline's model, frozen, on the candidate's window"

EXPECTATIONS = [c.CHURN_PROBABILITY, c.EXPECTED_ORDERS, c.EXPECTED_SPEND]


def config_differences(baseline: Mapping[str, object], candidate: Mapping[str, object]) -> pd.DataFrame:
    """Keys with different values; "–" where a run does not have the key."""
    keys = sorted((baseline.keys() | candidate.keys()) - {"name"})
    rows = [(key, str(baseline.get(key, "–")), str(candidate.get(key, "–"))) for key in keys]
    return pd.DataFrame([row for row in rows if row[1] != row[2]], columns=["key", "baseline", "candidate"])


def data_differences(baseline: TrainingRun, candidate: TrainingRun) -> pd.DataFrame:
    """What is known of the two logs and of the customers assigned, side by side."""
    sides = [
        {
            "cutoff": run.cutoff,
            "measured from": run.judged[0],
            "customers assigned": f"{len(run.assignments):,}",
            **{f"log: {key}": value for key, value in sorted(run.data.items()) if not key.startswith("mlflow.")},
        }
        for run in (baseline, candidate)
    ]
    keys = list(dict.fromkeys([*sides[0], *sides[1]]))
    rows = [(key, sides[0].get(key, "–"), sides[1].get(key, "–")) for key in keys]
    frame = pd.DataFrame(rows, columns=["what", "baseline", "candidate"])
    return frame.assign(same=np.where(frame["baseline"] == frame["candidate"], "yes", "no"))


def drift(baseline: pd.DataFrame, candidate: pd.DataFrame) -> pd.DataFrame:
    """How far each numeric feature has moved over the population, furthest first.

    Returns
    -------
    DataFrame
        `feature`, `psi` (population stability index over tenths of the baseline, missing values a bin of their
        own), `verdict`, means and shares of missing values.
    """
    rows = []
    for name in baseline.columns.intersection(candidate.columns):
        if not pd.api.types.is_numeric_dtype(baseline[name]):
            continue
        before, after = baseline[name].to_numpy(float), candidate[name].to_numpy(float)
        value = stability_index(before, after)
        verdict = "moved" if value > MOVED else "shifted" if value > SHIFTED else "stable"
        means, gaps = ([_mean(v) for v in (before, after)], [float(np.isnan(v).mean()) for v in (before, after)])
        rows.append((name, value, verdict, *means, *gaps))
    names = ["feature", "psi", "verdict", "mean_before", "mean_after", "missing_before", "missing_after"]
    return pd.DataFrame(rows, columns=names).sort_values("psi", ascending=False, ignore_index=True)


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def stability_index(before: np.ndarray, after: np.ndarray) -> float:
    """The population stability index: the sum over bins of (q - p) ln(q / p)."""
    known = before[~np.isnan(before)]
    borders = np.unique(np.quantile(known, np.arange(1, BINS) / BINS)) if len(known) else np.array([])
    p, q = (_bin_shares(values, borders) for values in (before, after))
    return float(np.sum((q - p) * np.log(q / p)))


def _bin_shares(values: np.ndarray, borders: np.ndarray) -> np.ndarray:
    missing = np.isnan(values)
    bins = np.where(missing, len(borders) + 1, np.searchsorted(borders, values, side="left"))
    return np.maximum(np.bincount(bins, minlength=len(borders) + 2) / max(len(values), 1), FLOOR)


def metric_differences(baseline: Mapping[str, float], candidate: Mapping[str, float]) -> pd.DataFrame:
    """Every metric that either run has, side by side."""
    frame = pd.DataFrame({"baseline": baseline, "candidate": candidate}).rename_axis("metric")
    return frame.assign(difference=frame["candidate"] - frame["baseline"]).sort_index().reset_index()


@dataclass(frozen=True)
class Judgement:
    """What both models said of the same customers, of whom it is known what came.

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


def judge_together(baseline: TrainingRun, candidate: TrainingRun, seen: pd.DataFrame | None) -> Judgement:
    """Pair two runs: on the window that both were measured on, else by asking the baseline's model again.

    The frozen model is asked only about a window that it could not know when it was fitted.

    Parameters
    ----------
    seen
        What the baseline's frozen model says of the candidate's customers, as `migration.frozen` gave it.
    """
    one, other = baseline.evaluation, candidate.evaluation
    if other is None:
        return Judgement("the candidate was not measured: its log shows no whole horizon")
    if one is not None and baseline.judged == candidate.judged:
        shared = one.index.intersection(other.index)
        one, other = one.loc[shared], other.loc[shared]
        labels = [c.CHURNED, c.ORDERS, c.SPEND]
        if not len(shared):
            return Judgement("the runs were measured on other customers")
        if not np.allclose(one[labels], other[labels], equal_nan=True, atol=1e-6):
            return Judgement("the two logs do not agree on what the same customers did in the same window")
        return Judgement(SAME_WINDOW, other[labels], one, other)
    windows = " and ".join(f"from {start} over {days} days" for start, days in (baseline.judged, candidate.judged))
    if baseline.bundle.horizon_days != candidate.bundle.horizon_days:
        return Judgement(f"measured on different windows, {windows}: not paired")
    if seen is None:
        reason = cannot_freeze(baseline, candidate)
        return Judgement(f"measured on different windows, {windows}, and {reason}: not paired")
    if candidate.judged[0] != candidate.cutoff or not when.is_past(
        when.parse(baseline.cutoff), when.parse(candidate.cutoff)
    ):
        return Judgement(
            f"measured on different windows, {windows}: not paired, as the baseline may know the later one"
        )
    asked = candidate.features if candidate.features.index.equals(other.index) else candidate.features.loc[other.index]
    parts = [
        baseline.bundle.expect(asked.iloc[start : start + AT_ONCE])[EXPECTATIONS]
        for start in range(0, len(asked), AT_ONCE)
    ]
    said = pd.concat(parts).assign(**{c.JOURNEY_P_ORDER: seen.loc[other.index, c.JOURNEY_P_ORDER]})
    return Judgement(FROZEN, other[[c.CHURNED, c.ORDERS, c.SPEND]], said, other)


def paired_differences(judgement: Judgement, resampling: Resampling) -> pd.DataFrame:
    """Metrics of two models on the same customers, with paired bootstrap intervals of their difference.

    Returns
    -------
    DataFrame
        `metric`, `customers`, `baseline`, `candidate`, `difference`, `low`, `high` (95 %), `verdict`. All are
        losses: less is better. Empty where nothing was paired.
    """
    columns = ["metric", "customers", "baseline", "candidate", "difference", "low", "high", "verdict"]
    labels, one, other = judgement.labels, judgement.baseline, judgement.candidate
    if labels is None or one is None or other is None:
        return pd.DataFrame(columns=columns)
    rows = [
        row
        for model, (happened, told) in _told(labels, one, other).items()
        if (row := _misranked(f"{model}/one_minus_roc_auc", happened, told, resampling))
    ]
    losses = [_losses(labels, said) for said in (one, other)]
    known = {metric: ~(np.isnan(losses[0][metric]) | np.isnan(losses[1][metric])) for metric in losses[0]}
    judged = [metric for metric, there in known.items() if there.any()]
    columns_of = (
        np.where(known[metric], values, 0.0) for metric in judged for values in (known[metric], *_pair(losses, metric))
    )
    drawn = resampled_sums(columns_of, len(labels), resampling)
    for j, metric in enumerate(judged):
        root = np.sqrt if metric.endswith("_rmse") else np.asarray
        before, after = (float(root(values[known[metric]].mean())) for values in _pair(losses, metric))
        n, was, now = drawn[:, 3 * j : 3 * j + 3].T
        differences = root(now / np.maximum(n, 1)) - root(was / np.maximum(n, 1))
        rows.append(_row(metric, int(known[metric].sum()), before, after, differences))
    return pd.DataFrame(sorted(rows), columns=columns)


def _row(metric: str, n: int, before: float, after: float, drawn: np.ndarray) -> tuple[str | float, ...]:
    low, high = map(float, np.quantile(drawn, [0.025, 0.975]))
    verdict = "better" if high < 0 else "worse" if low > 0 else "no clear difference"
    return metric, n, before, after, after - before, low, high, verdict


def _told(
    labels: pd.DataFrame, one: pd.DataFrame, other: pd.DataFrame
) -> dict[str, tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]]:
    """By model: whether it happened (missing where it is not known), and the two probabilities that it would."""
    happened = {
        "churn": (labels[c.CHURNED].to_numpy(float), c.CHURN_PROBABILITY),
        "journey": ((labels[c.ORDERS] > 0).to_numpy(float), c.JOURNEY_P_ORDER),
    }
    return {
        model: (came, (one[column].to_numpy(float), other[column].to_numpy(float)))
        for model, (came, column) in happened.items()
    }


def _misranked(
    metric: str, happened: np.ndarray, told: tuple[np.ndarray, np.ndarray], resampling: Resampling
) -> tuple[str | float, ...] | None:
    """1 - ROC-AUC of both, resampled by each customer's own share in it; None where only one thing happened.

    The share is how many of the other kind she is ranked wrong against (DeLong, DeLong and Clarke-Pearson 1988). A
    resample's AUC is a mean of these up to terms of order 1 / n, and needs no sorting of its own.
    """
    known = ~(np.isnan(happened) | np.isnan(told[0]) | np.isnan(told[1]))
    came = happened[known] == 1
    if came.all() or not came.any():
        return None
    wrong = [_wrongly_ranked(came, said[known]) for said in told]
    columns_of = (values for kind in (came, ~came) for values in (kind, *(np.where(kind, one, 0.0) for one in wrong)))
    drawn = resampled_sums(columns_of, len(came), resampling)
    counts, moved = drawn[:, [0, 3]], drawn[:, [2, 5]] - drawn[:, [1, 4]]
    before, after = (float(one[came].mean()) for one in wrong)
    differences = (moved / np.maximum(counts, 1)).sum(axis=1) - (after - before)
    return _row(metric, len(came), before, after, differences)


def _wrongly_ranked(came: np.ndarray, said: np.ndarray) -> np.ndarray:
    """Of each customer the share of those of the other kind who stand on the wrong side of her; a tie counts half."""
    ranks, wrong = rankdata(said), np.empty(len(said))
    for kind in (came, ~came):
        below = (ranks[kind] - rankdata(said[kind])) / (len(said) - kind.sum())
        wrong[kind] = 1 - below if kind is came else below
    return wrong


def _pair(losses: list[dict[str, np.ndarray]], metric: str) -> tuple[np.ndarray, np.ndarray]:
    return losses[0][metric], losses[1][metric]


def _losses(labels: pd.DataFrame, said: pd.DataFrame) -> dict[str, np.ndarray]:
    """The loss of each customer, by metric; missing where nothing was said or nothing is known."""
    churned, ordered = labels[c.CHURNED].to_numpy(float), (labels[c.ORDERS] > 0).to_numpy(float)
    found = {}
    for name, happened, p in (
        ("churn", churned, said[c.CHURN_PROBABILITY].to_numpy(float)),
        ("journey", ordered, said[c.JOURNEY_P_ORDER].to_numpy(float)),
    ):
        found[f"{name}/log_loss"] = np.where(np.isnan(happened), np.nan, log_losses(happened, p))
        found[f"{name}/brier"] = (p - happened) ** 2
    for label, expected in ((c.ORDERS, c.EXPECTED_ORDERS), (c.SPEND, c.EXPECTED_SPEND)):
        error = said[expected].to_numpy(float) - labels[label].to_numpy(float)
        found[f"clv/{label}_rmse"], found[f"clv/{label}_mae"] = error**2, np.abs(error)
    return found
