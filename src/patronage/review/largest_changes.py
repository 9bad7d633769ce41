"""The customers whose answers changed most between two runs, and why."""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.review.migration import Answer, causes
from patronage.review.training_run import TrainingRun

REASONS = 3
WORTH_SAYING = 0.1  # standard deviations
NO_REASON = "nothing about the customer: the models differ"


def movers(baseline: TrainingRun, candidate: TrainingRun, answers: list[Answer], most: int) -> pd.DataFrame:
    """The `most` customers with the largest change, largest first.

    The change of a customer is the sum of three parts, each from 0 to 1: of the churn probability, of the CLV (in
    units of the change that one in a hundred customers exceeds, at most 1), and the share of labels that differ.

    Returns
    -------
    DataFrame
        A row per customer: `change`, every answer before and after, `persona moved by`, and `why`: the features
        that moved furthest, in standard deviations of the baseline's customers.
    """
    shared = baseline.assignments.index.intersection(candidate.assignments.index)
    one, other = baseline.assignments.loc[shared], candidate.assignments.loc[shared]
    churn = (other[c.CHURN_PROBABILITY] - one[c.CHURN_PROBABILITY]).abs().fillna(0.0).to_numpy()
    clv = (other[c.CLV] - one[c.CLV]).abs().fillna(0.0).to_numpy()
    scale = float(np.quantile(clv, 0.99)) if len(clv) else 0.0
    differs = [
        (answer.before.reindex(shared).cat.codes != answer.after.reindex(shared).cat.codes).to_numpy()
        for answer in answers
    ]
    change = churn + np.minimum(clv / scale if scale > 0 else clv > 0, 1.0) + np.mean(differs, axis=0)
    order = np.argsort(-change, kind="stable")[:most]
    order = order[change[order] > 0]
    chosen = shared[order]
    table = pd.DataFrame({c.CUSTOMER_ID: chosen, "change": change[order]})
    for answer in answers:
        table[f"{answer.name} before"] = answer.before[chosen].astype(str).to_numpy()
        table[f"{answer.name} after"] = answer.after[chosen].astype(str).to_numpy()
    for name in (c.CHURN_PROBABILITY, c.CLV):
        table[f"{name} before"], table[f"{name} after"] = one[name].to_numpy()[order], other[name].to_numpy()[order]
    table["persona moved by"] = causes(answers[0])[chosen].astype(str).to_numpy()
    table["why"] = _reasons(baseline.features, candidate.features, chosen)
    return table


def _reasons(before: pd.DataFrame, after: pd.DataFrame, customers: pd.Index) -> list[str]:
    """For each customer the features that moved furthest, from what to what."""
    names = [name for name in before.columns.intersection(after.columns) if pd.api.types.is_numeric_dtype(before[name])]
    spread = np.maximum([before[name].std() for name in names], 1e-12)
    one, other = (frame.loc[customers, names].to_numpy(float) for frame in (before, after))
    distance = np.nan_to_num(np.abs(other - one) / spread)
    distance = np.where(np.isnan(one) != np.isnan(other), 1.0, distance)  # an answer appeared or vanished
    said = []
    for row, (was, now) in enumerate(zip(one, other, strict=True)):
        furthest = [j for j in np.argsort(-distance[row], kind="stable")[:REASONS] if distance[row, j] > WORTH_SAYING]
        said.append("; ".join(f"{names[j]} {_plain(was[j])} → {_plain(now[j])}" for j in furthest) or NO_REASON)
    return said


def _plain(value: float) -> str:
    return "none" if np.isnan(value) else f"{value:,.4g}"
