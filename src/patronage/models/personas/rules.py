"""Surrogate rules: a shallow decision tree that predicts the persona in a few lines, and how often it is right.

The tree reads the features in their own units; its fidelity is measured on held-out customers. Of the conditions
of each leaf those are left that make the rule more right: two short rules may hold for one customer, where the branches
of the tree exclude each other at the cost of conditions that nobody needs to know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from sklearn.tree import DecisionTreeClassifier

HELD_OUT = 0.3
DEPTH = 4
MOST = 50_000  # customers in the fit and in the evaluation; a few lines need no more
LEAST_SHARE = 0.01  # of the customers, in a rule
SHORTER = 0.02  # of its precision is given for a rule with fewer conditions


@dataclass(frozen=True)
class SurrogateRules:
    """The rules, and the share of held-out customers for which they and the clustering agree (`fidelity`).

    `usual` is the share for which the largest persona alone would be right.
    """

    table: pd.DataFrame
    fidelity: float
    usual: float


def surrogate_rules(features: pd.DataFrame, labels: np.ndarray, seed: int) -> SurrogateRules:
    """Learn the rules of these labels; a missing value is a value of its own.

    Parameters
    ----------
    features
        (N, F) numbers; the rules call each column as it is called here.
    labels
        (N,) the persona of each row.
    seed
        Of the split and the tree.
    """
    from sklearn.tree import DecisionTreeClassifier  # imported here: assigning customers does not need it

    order = np.random.default_rng(seed).permutation(len(features))[:MOST]
    border = int(len(order) * HELD_OUT)
    held_out, training = order[:border], order[border:]
    values = features.to_numpy(float)
    leaves = 2 * len(np.unique(labels))
    tree = DecisionTreeClassifier(
        max_depth=DEPTH, max_leaf_nodes=leaves, min_samples_leaf=LEAST_SHARE, random_state=seed
    ).fit(values[training], labels[training])
    y_pred, y_true = tree.predict(values[held_out]), labels[held_out]
    usual = pd.Series(labels[training]).mode()[0]
    gaps = np.isnan(values[training]).any(axis=0)
    rules: dict[tuple[Any, tuple[Condition, ...]], None] = {}  # a leaf may lose what told it from another
    for leaf, conditions in _paths(tree, gaps):
        label = tree.classes_[tree.tree_.value[leaf, 0].argmax()]
        rules[label, _shortest(conditions, values[training], labels[training] == label)] = None
    rows = []
    for label, conditions in rules:
        inside = _hold(conditions, values[held_out])
        right = float((y_true[inside] == label).mean()) if inside.any() else float("nan")
        text = " and ".join(condition.text(list(features.columns)) for condition in conditions)
        rows.append((label, text or "all customers", float(inside.mean()), right))
    table = pd.DataFrame(rows, columns=["label", "rule", "share", "right"]).sort_values(
        ["label", "share"], ascending=[True, False], ignore_index=True
    )
    return SurrogateRules(table, float((y_pred == y_true).mean()), float((y_true == usual).mean()))


class Condition(NamedTuple):
    """A border of one feature; `missing`: whether a missing value is on this side."""

    feature: int
    above: bool
    border: float
    missing: bool

    def holds(self, values: np.ndarray) -> np.ndarray:
        """(N,) whether rows of (N, F) features lie on this side."""
        own = values[:, self.feature]
        inside = own > self.border if self.above else own <= self.border
        return inside | (np.isnan(own) & self.missing)

    def text(self, names: list[str]) -> str:
        """The condition in words."""
        side, unknown = "more than" if self.above else "at most", " (or unknown)" if self.missing else ""
        border = f"{self.border:,.0f}" if abs(self.border) >= 100 else f"{self.border:.3g}"
        return f"{names[self.feature]} {side} {border}{unknown}"


def _hold(conditions: tuple[Condition, ...], values: np.ndarray) -> np.ndarray:
    return np.logical_and.reduce([np.ones(len(values), bool), *(each.holds(values) for each in conditions)])


def _shortest(conditions: tuple[Condition, ...], values: np.ndarray, right: np.ndarray) -> tuple[Condition, ...]:
    """The conditions without those that hardly make the rule more right, the least useful dropped first."""

    def precision(rule: tuple[Condition, ...]) -> float:
        inside = _hold(rule, values)
        return float(right[inside].mean()) if inside.any() else 0.0

    least = precision(conditions) - SHORTER
    while len(conditions) > 1:
        shorter = [tuple(other for other in conditions if other != each) for each in conditions]
        best = max(shorter, key=precision)
        if precision(best) < least:
            break
        conditions = best
    return conditions


def _paths(tree: DecisionTreeClassifier, gaps: np.ndarray) -> list[tuple[int, tuple[Condition, ...]]]:
    """Each leaf with the conditions that lead to it, one a feature and side; `gaps`: the feature has missing values."""
    inner, leaves = tree.tree_, []
    waiting: list[tuple[int, dict[tuple[int, bool], Condition]]] = [(0, {})]
    while waiting:
        node, bounds = waiting.pop()
        if inner.children_left[node] == inner.children_right[node]:
            leaves.append((int(node), tuple(bounds.values())))
            continue
        feature, border = int(inner.feature[node]), float(inner.threshold[node])
        missing_left = bool(inner.missing_go_to_left[node])
        for child, above, missing in (
            (inner.children_right[node], True, not missing_left),
            (inner.children_left[node], False, missing_left),
        ):
            before = bounds.get((feature, above))
            passes = bool(gaps[feature]) and missing and (before is None or before.missing)
            waiting.append((child, {**bounds, (feature, above): Condition(feature, above, border, passes)}))
    return leaves
