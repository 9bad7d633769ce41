"""Policies that need no model of effects, beside the learned one: by a number such as churn risk, by one label.

Each is chosen on the other folds and valued on its own, as the learned effects are: which end of the number is
contacted and how many, and which arm each label gets. The best label is chosen on the other folds too.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from patronage.models.effects.policy import gains, mean_interval
from patronage.typing import Array, Index, Mask

SHARES = (0.1, 0.2, 0.3, 0.5, 0.7)  # of the customers that a policy by a number may contact, from either end
FEWEST = 30  # customers of a label whose best arm is chosen; others are left alone
BEST_LABEL = "best single label"


def by_number(values: Array, profit: Array, fold: Index) -> Index:
    """(N,) the arm of each customer by a number: the end, share and arm that earned most on the other folds.

    Parameters
    ----------
    values
        (N,) missing is never contacted.
    profit
        (N, A + 1) of each arm beside control, of the doubly robust scores.
    """
    chosen: Index = np.zeros(len(values), np.intp)
    for number in np.unique(fold):
        aim, best = fold == number, 0.0
        learn = ~aim & np.isfinite(values)
        for sign in (1.0, -1.0):
            for share in SHARES if learn.any() else ():
                border = np.quantile(sign * values[learn], 1 - share)
                picked = sign * values >= border
                earned = profit[~aim & picked].sum(axis=0)
                if earned.max() > best:
                    best, arm = float(earned.max()), int(np.argmax(earned))
                    chosen[aim] = np.where(picked[aim], arm, 0)
    return chosen


def by_label(labels: Array, profit: Array, fold: Index) -> Index:
    """(N,) the arm of each customer by a label: the one that earned most for its customers of the other folds."""
    chosen: Index = np.zeros(len(labels), np.intp)
    for number in np.unique(fold):
        aim = fold == number
        arms = _arms(labels, profit, ~aim)
        chosen[aim] = pd.Series(labels[aim]).map(arms).fillna(0).to_numpy(np.intp)
    return chosen


def by_best_label(labels: pd.DataFrame, profit: Array, fold: Index) -> Index:
    """(N,) the arm of each customer by the labelling that earns most: it is chosen without the customer's fold."""
    columns = {name: labels[name].astype(str).to_numpy() for name in labels}
    candidates = {name: by_label(values, profit, fold) for name, values in columns.items()}
    chosen: Index = np.zeros(len(labels), np.intp)
    for number in np.unique(fold):
        aim = fold == number
        worth = {name: gains(profit[~aim], policy[~aim]).mean() for name, policy in candidates.items()}
        best = max(worth, key=lambda name: worth[name])
        chosen[aim] = pd.Series(columns[best][aim]).map(_arms(columns[best], profit, ~aim)).fillna(0).to_numpy(np.intp)
    return chosen


def beside(policies: Mapping[str, Index], learned: Index, profit: Array) -> pd.DataFrame:
    """What policies earn per 1,000 customers, and how much more the learned one does, paired by customer.

    Returns
    -------
    DataFrame
        Indexed by `policy`: `profit_per_1000`, `low`, `high`, `share`, and `learned_gain` with its ends.
    """
    own = gains(profit, learned)
    rows = {}
    for name, policy in policies.items():
        value = gains(profit, policy)
        worth, more = mean_interval(1000 * value)[:3], mean_interval(1000 * (own - value))[:3]
        rows[name] = (*worth, float((policy > 0).mean()), *more)
    columns = ["profit_per_1000", "low", "high", "share", "learned_gain", "learned_gain_low", "learned_gain_high"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("policy")


def _arms(labels: Array, profit: Array, rows: Mask) -> dict[str, int]:
    """The arm that earned most for the customers of each label; control where none earned anything."""
    arms = {}
    for label, group in pd.Series(np.flatnonzero(rows)).groupby(labels[rows]):
        arms[str(label)] = int(np.argmax(profit[group].mean(axis=0))) if len(group) >= FEWEST else 0
    return arms
