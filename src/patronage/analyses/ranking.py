"""Who of the customers is likely to do something next, learned from what was known at an earlier cutoff.

A logistic regression on the ranks of the features as they were; what happened since is the outcome, so that nothing
stands on both sides. Its lift is measured on customers who were not fitted on, beside the order of net revenue.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from patronage import lenses
from patronage import names as c
from patronage.errors import DataError
from patronage.statistics import wilson_interval
from patronage.typing import Array

LEAST_EVENTS, LEAST_CUSTOMERS = 30, 200
TOP = 0.1  # of the customers, best first: lift is their share with the outcome beside that of all
FOLDS, PENALTY = 5, 0.1
REASONS = 2


@dataclass(frozen=True)
class Lift:
    """The share of customers with an outcome in a part of them, beside that of all."""

    customers: int
    events: int
    share: float
    base: float
    low: float
    high: float
    by_revenue: float

    @property
    def value(self) -> float:
        """How many times the usual share."""
        return self.share / self.base if self.base else np.nan


@dataclass(frozen=True)
class Ranking:
    """The customers now, likeliest first, and how well the same ranking did on customers not fitted on.

    Attributes
    ----------
    customers
        `customer_id`, `probability` and the `reason`, in words.
    contributions
        (customers, features) what each feature adds to the log-odds, on the same order as the earlier customers.
    """

    customers: pd.DataFrame
    lift: Lift
    contributions: pd.DataFrame


def rank_customers(
    then: pd.DataFrame, y: pd.Series, now: pd.DataFrame, meanings: Mapping[str, str], *, seed: int
) -> Ranking:
    """Fit on the earlier customers, rank the present ones.

    Parameters
    ----------
    then, y
        Features at the earlier cutoff of those who could, and whether they did since, on the same index.
    now
        Features of those who still can.

    Raises
    ------
    DataError
        Too few customers, or too few who did it or did not.
    """
    events = int(y.sum())
    if min(events, len(y) - events) < LEAST_EVENTS or len(y) < LEAST_CUSTOMERS:
        raise DataError(
            f"of {len(y):,} customers who could do it {events:,} did; to learn who will, {LEAST_CUSTOMERS} customers "
            f"are needed, {LEAST_EVENTS} who did it and {LEAST_EVENTS} who did not"
        )
    names = [name for name in lenses.numeric(then) if name in now and then[name].nunique() > 1]
    x, target = _ranks(then[names], then[names]), y.to_numpy(np.int64)
    scores = np.zeros(len(target))
    parts = np.zeros(x.shape)
    for inside, outside in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(x, target):
        fitted = _fitted(x[inside], target[inside])
        scores[outside] = fitted.predict_proba(x[outside])[:, 1]
        parts[outside] = x[outside] * fitted.coef_[0]
    paid = then[c.NET_REVENUE].fillna(0.0).to_numpy(np.float64) if c.NET_REVENUE in then else np.zeros(len(then))
    fitted = _fitted(x, target)
    present = _ranks(now[names], then[names])
    table = pd.DataFrame(
        {
            c.CUSTOMER_ID: now.index,
            "probability": fitted.predict_proba(present)[:, 1] if len(now) else np.zeros(0),
            "reason": _reasons(present * fitted.coef_[0], present, names, meanings),
        }
    ).sort_values(["probability", c.CUSTOMER_ID], ascending=[False, True], ignore_index=True)
    lift = lift_of(_top(scores), target, by_revenue=_times(_top(paid), target))
    return Ranking(table, lift, pd.DataFrame(parts, then.index, names))


def lift_of(part: Array, y: Array, by_revenue: float = np.nan) -> Lift:
    """The lift of a part of the customers, with the 95% interval of its share as times of the base."""
    chosen = part.astype(bool)
    n, k, base = int(chosen.sum()), int(y[chosen].sum()), float(y.mean()) if len(y) else np.nan
    low, high = wilson_interval(np.array([k], float), np.array([n], float))
    times = base or np.nan
    return Lift(n, k, k / n if n else np.nan, base, float(low[0]) / times, float(high[0]) / times, by_revenue)


def _fitted(x: Array, y: Array) -> LogisticRegression:
    return LogisticRegression(C=PENALTY, max_iter=500).fit(x, y)


def _ranks(features: pd.DataFrame, reference: pd.DataFrame) -> Array:
    """(N, K) places among the reference, -1 to 1; a missing number is in the middle."""
    columns = []
    for name in features:
        known = np.sort(reference[name].dropna().to_numpy(np.float64))
        values = features[name].to_numpy(np.float64)
        place = (np.searchsorted(known, values, "left") + np.searchsorted(known, values, "right")) / max(len(known), 1)
        columns.append(np.where(np.isnan(values), 0.0, place - 1.0))
    return np.column_stack(columns).astype(np.float64)


def _top(scores: Array) -> Array:
    """(N,) whether a customer is among the best tenth; ties by place."""
    chosen = np.zeros(len(scores), bool)
    chosen[np.argsort(-scores, kind="stable")[: max(int(TOP * len(scores)), 1)]] = True
    return chosen


def _times(part: Array, y: Array) -> float:
    return float(y[part].mean() / y.mean()) if y.mean() else np.nan


def _reasons(parts: Array, ranks: Array, names: list[str], meanings: Mapping[str, str]) -> list[str]:
    """The features that add most for each customer, in words."""
    words = np.array([meanings.get(name) or name for name in names])
    best = np.argsort(-parts, axis=1, kind="stable")[:, :REASONS]
    return [
        "; ".join(
            f"{'high' if row_ranks[k] > 0 else 'low'}: {words[k]}" for k in row if row_parts[k] > 0
        ) or "nothing above the usual"
        for row, row_ranks, row_parts in zip(best, ranks, parts, strict=True)
    ]  # fmt: skip
