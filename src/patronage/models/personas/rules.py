"""Surrogate rules: a shallow decision tree that says in a few lines who is in which persona, and how often it is right.

The tree reads the features in their own units; its fidelity is measured on customers that it did not see.
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
MOST = 50_000  # customers to learn from and to be measured on; a few lines need no more
LEAST_SHARE = 0.01  # of the customers, in a rule


@dataclass(frozen=True)
class Rules:
    """The rules, and the share of held-out customers whom they put where the clustering does.

    `usual` is the share that the largest persona alone would get right.
    """

    table: pd.DataFrame
    fidelity: float
    usual: float


def rules_of(features: pd.DataFrame, labels: np.ndarray, seed: int) -> Rules:
    """Learn the rules of these labels; a missing value is its own answer."""
    from sklearn.tree import DecisionTreeClassifier  # here: whoever only assigns need not wait for it

    order = np.random.default_rng(seed).permutation(len(features))[:MOST]
    border = int(len(order) * HELD_OUT)
    judged, learned = order[:border], order[border:]
    values = features.to_numpy(float)
    leaves = 2 * len(np.unique(labels))
    tree = DecisionTreeClassifier(
        max_depth=DEPTH, max_leaf_nodes=leaves, min_samples_leaf=LEAST_SHARE, random_state=seed
    ).fit(values[learned], labels[learned])
    said = tree.predict(values[judged])
    truth = labels[judged]
    usual = pd.Series(labels[learned]).mode()[0]
    rows = []
    places = tree.apply(values[judged])
    gaps = np.isnan(values[learned]).any(axis=0)
    for leaf, conditions in _paths(tree, list(features.columns), gaps):
        here = places == leaf
        label = tree.classes_[tree.tree_.value[leaf, 0].argmax()]
        right = float((truth[here] == label).mean()) if here.any() else float("nan")
        rows.append((label, " and ".join(conditions) or "everyone", float(here.mean()), right))
    table = pd.DataFrame(rows, columns=["label", "rule", "share", "right"]).sort_values(
        ["label", "share"], ascending=[True, False], ignore_index=True
    )
    return Rules(table, float((said == truth).mean()), float((truth == usual).mean()))


def _paths(tree: DecisionTreeClassifier, names: list[str], gaps: np.ndarray) -> list[tuple[int, list[str]]]:
    """Each leaf with the conditions that lead to it, one a feature and side; `gaps`: the feature has missing values."""
    inner, found = tree.tree_, []
    waiting: list[tuple[int, dict[tuple[str, str], tuple[float, bool]]]] = [(0, {})]
    while waiting:
        node, bounds = waiting.pop()
        if inner.children_left[node] == inner.children_right[node]:
            found.append((int(node), [_condition(*key, *bound) for key, bound in bounds.items()]))
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
    return found


def _condition(name: str, sign: str, border: float, missing: bool) -> str:
    return f"{name} {sign} {border:.4g}" + (" (or missing)" if missing else "")
