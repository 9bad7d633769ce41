"""Surrogate rules: a shallow decision tree that predicts the persona in a few lines, and how often it is right.

The tree reads the features in their own units; its fidelity is measured on held-out customers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from sklearn.tree import DecisionTreeClassifier

HELD_OUT = 0.3
DEPTH = 4
MOST = 50_000  # customers in the fit and in the evaluation; a few lines need no more
LEAST_SHARE = 0.01  # of the customers, in a rule


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
    rows = []
    leaf_of_row = tree.apply(values[held_out])
    gaps = np.isnan(values[training]).any(axis=0)
    for leaf, conditions in _paths(tree, list(features.columns), gaps):
        in_leaf = leaf_of_row == leaf
        label = tree.classes_[tree.tree_.value[leaf, 0].argmax()]
        right = float((y_true[in_leaf] == label).mean()) if in_leaf.any() else float("nan")
        rows.append((label, " and ".join(conditions) or "all customers", float(in_leaf.mean()), right))
    table = pd.DataFrame(rows, columns=["label", "rule", "share", "right"]).sort_values(
        ["label", "share"], ascending=[True, False], ignore_index=True
    )
    return SurrogateRules(table, float((y_pred == y_true).mean()), float((y_true == usual).mean()))


def _paths(tree: DecisionTreeClassifier, names: list[str], gaps: np.ndarray) -> list[tuple[int, list[str]]]:
    """Each leaf with the conditions that lead to it, one a feature and side; `gaps`: the feature has missing values."""
    inner, leaves = tree.tree_, []
    waiting: list[tuple[int, dict[tuple[str, str], tuple[float, bool]]]] = [(0, {})]
    while waiting:
        node, bounds = waiting.pop()
        if inner.children_left[node] == inner.children_right[node]:
            leaves.append((int(node), [_condition(*key, *bound) for key, bound in bounds.items()]))
            continue
        feature, border = inner.feature[node], float(inner.threshold[node])
        missing_left = bool(inner.missing_go_to_left[node])
        for child, sign, missing in (
            (inner.children_right[node], ">", not missing_left),
            (inner.children_left[node], "<=", missing_left),
        ):
            key = (names[feature], sign)
            passes = bool(gaps[feature]) and missing and bounds.get(key, (0.0, True))[1]
            waiting.append((child, {**bounds, key: (border, passes)}))
    return leaves


def _condition(name: str, sign: str, border: float, missing: bool) -> str:
    return f"{name} {'more than' if sign == '>' else 'at most'} {border:.4g}" + (" (or unknown)" if missing else "")
