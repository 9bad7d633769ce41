"""The customers whose assignments changed most between two runs, and the features behind it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.review.labellings import Labelling
from patronage.review.migration import reasons
from patronage.review.training_run import TrainingRun
from patronage.typing import Array

FEATURES_SHOWN = 3
MIN_CHANGE = 0.1  # standard deviations
NO_FEATURE = "no feature changed: the models differ"


def largest_changes(
    baseline: TrainingRun, candidate: TrainingRun, labellings: Sequence[Labelling], most: int
) -> pd.DataFrame:
    """The `most` customers with the largest change, largest first.

    The change of a customer is the sum of three parts, each from 0 to 1: the change of the churn probability; that of
    the CLV, in units of the change that one in a hundred customers exceeds, at most 1; and the share of labels that
    differ.

    Returns
    -------
    DataFrame
        A row per customer: `change`, every label and forecast before and after, `persona moved by`, and `why`: the
        features that changed most, in standard deviations of the baseline's customers.
    """
    shared = baseline.assignments.index.intersection(candidate.assignments.index)
    before, after = baseline.assignments.loc[shared], candidate.assignments.loc[shared]
    change = _changes(before, after, labellings)
    order = np.argsort(-change, kind="stable")[:most]
    order = order[change[order] > 0]
    customers = shared[order]
    table = pd.DataFrame({c.CUSTOMER_ID: customers, "change": change[order]})
    for labelling in labellings:
        table[f"{labelling.column} before"] = labelling.before[customers].astype(str).to_numpy()
        table[f"{labelling.column} after"] = labelling.after[customers].astype(str).to_numpy()
    for name in (c.CHURN_PROBABILITY, c.CLV):
        table[f"{name} before"] = before[name].to_numpy()[order]
        table[f"{name} after"] = after[name].to_numpy()[order]
    table["persona moved by"] = reasons(labellings[0])[customers].astype(str).to_numpy()
    table["why"] = _changed_features(baseline.features, candidate.features, customers)
    return table


def _changes(before: pd.DataFrame, after: pd.DataFrame, labellings: Sequence[Labelling]) -> Array:
    churn = (after[c.CHURN_PROBABILITY] - before[c.CHURN_PROBABILITY]).abs().fillna(0.0).to_numpy()
    clv = (after[c.CLV] - before[c.CLV]).abs().fillna(0.0).to_numpy()
    scale = float(np.quantile(clv, 0.99)) if len(clv) else 0.0
    differs = [
        (pair.before.reindex(before.index).cat.codes != pair.after.reindex(before.index).cat.codes).to_numpy()
        for pair in labellings
    ]
    return churn + np.minimum(clv / scale if scale > 0 else clv > 0, 1.0) + np.mean(differs, axis=0)


def _changed_features(before: pd.DataFrame, after: pd.DataFrame, customers: pd.Index) -> list[str]:
    """For each customer the features that changed most, from what to what."""
    shared = before.columns.intersection(after.columns).drop(c.OBSERVED_DAY, errors="ignore")
    names = [name for name in shared if pd.api.types.is_numeric_dtype(before[name])]
    scale = np.maximum([before[name].std() for name in names], 1e-12)
    first, second = (frame.loc[customers, names].to_numpy(float) for frame in (before, after))
    distance = np.nan_to_num(np.abs(second - first) / scale)
    distance = np.where(np.isnan(first) != np.isnan(second), 1.0, distance)  # a value appeared or vanished
    texts = []
    for row, (old, new) in enumerate(zip(first, second, strict=True)):
        furthest = np.argsort(-distance[row], kind="stable")[:FEATURES_SHOWN]
        changes = [f"{names[j]} {_text(old[j])} → {_text(new[j])}" for j in furthest if distance[row, j] > MIN_CHANGE]
        texts.append("; ".join(changes) or NO_FEATURE)
    return texts


def _text(value: float) -> str:
    return "none" if np.isnan(value) else f"{value:,.4g}"
