"""Policies that need no model of effects, beside the learned one: by a number such as churn risk, by one label.

Each is chosen on the other folds and valued on its own, as the learned effects are: which end of the number is
contacted and how many, and which arm each label gets. The best label is chosen on the other folds too. The best of
them is followed where it surely earns more than contacting nobody and everybody, and the learned one no more than it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from patronage import names as c
from patronage.models.effects.estimator import BY_EFFECT, TREAT_NONE, ContactEffects
from patronage.models.effects.learned import SimpleRule
from patronage.models.effects.policy import best_arm, gains, mean_interval, profits
from patronage.typing import Array, Index, Mask

SHARES = (0.1, 0.2, 0.3, 0.5, 0.7)  # of the customers that a policy by a number may contact, from either end
FEWEST = 30  # customers of a label whose best arm is chosen; others are left alone
BEST_LABEL = "best single label"
NUMBERS = {  # what policies without a model of effects go by: the first column that is there
    "by churn risk": (c.CHURN_PROBABILITY, c.DAYS_SINCE_LAST_ORDER),
    "by value": (c.CLV, c.EXPECTED_SPEND, c.MONETARY_VALUE),
}


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
        aim = fold == number
        if (cut := _best_cut(values[~aim], profit[~aim])) is not None:
            chosen[aim] = np.where(cut.sign * values[aim] >= cut.border, cut.arm, 0)
    return chosen


class Cut(NamedTuple):
    """Who is sent what by a number: those with `sign * value >= border`."""

    sign: float
    border: float
    arm: int


def _best_cut(values: Array, profit: Array) -> Cut | None:
    """The cut that earned most of these customers; None where none earned anything."""
    best, cut = 0.0, None
    known = values[np.isfinite(values)]
    for sign in (1.0, -1.0):
        for share in SHARES if len(known) else ():
            border = float(np.quantile(sign * known, 1 - share))
            earned = profit[sign * values >= border].sum(axis=0)
            if earned.max() > best:
                best, cut = float(earned.max()), Cut(sign, border, int(np.argmax(earned)))
    return cut


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
        best = _most(candidates, profit, ~aim)
        chosen[aim] = pd.Series(columns[best][aim]).map(_arms(columns[best], profit, ~aim)).fillna(0).to_numpy(np.intp)
    return chosen


def _most(policies: Mapping[str, Index], profit: Array, rows: Mask) -> str:
    """The policy that earns most of these customers."""
    worth = {name: gains(profit[rows], policy[rows]).mean() for name, policy in policies.items()}
    return max(worth, key=lambda name: worth[name])


def constant(model: ContactEffects) -> dict[str, Index]:
    """Contacting nobody, and everybody with each arm."""
    size = len(model.effects_)
    policies: dict[str, Index] = {TREAT_NONE: np.zeros(size, np.intp)}
    arms = {f"treat all: {arm}": np.full(size, number) for number, arm in enumerate(model.arms_) if number}
    return policies | arms


def simple(model: ContactEffects, labels: pd.DataFrame, features: pd.DataFrame | None) -> dict[str, Index]:
    """The policies by churn risk, by value and by the best single label, as far as the columns tell these."""
    profit, fold = profits(model.cross_fit_.scores, model.costs_), model.cross_fit_.fold
    policies = {name: by_number(values, profit, fold) for name, (_, values) in _numbers(features).items()}
    if len(labels.columns):
        policies[BEST_LABEL] = by_best_label(labels, profit, fold)
    return policies


def learn(
    model: ContactEffects,
    features: pd.DataFrame,
    outcome: pd.Series,
    labels: pd.DataFrame,
    customers: npt.ArrayLike | None = None,
) -> ContactEffects:
    """Fit the effects, and let them follow the best simple policy where it is the surer one.

    Parameters
    ----------
    labels
        A column per labelling, on the rows of the features.
    customers
        Of each row, where some have several.
    """
    model.fit(features, outcome, customers)
    if (rule := rule_to_follow(model, labels, features)) is not None:
        model.follow(rule)
    return model


def rule_to_follow(model: ContactEffects, labels: pd.DataFrame, features: pd.DataFrame | None) -> SimpleRule | None:
    """The best simple policy, where it surely earns more than nobody and everybody, and the learned one no more.

    The interval is that of the best of several. The effects are those of the customers whom the policy picked on other
    folds, and of the others; a label of few customers changes nothing.
    """
    profit, policies = profits(model.cross_fit_.scores, model.costs_), simple(model, labels, features)
    if not policies:
        return None
    everyone = np.ones(len(profit), bool)
    name, base = _most(policies, profit, everyone), _most(constant(model), profit, everyone)
    own = gains(profit, policies[name])
    more = mean_interval(own - gains(profit, constant(model)[base]), 1 - (1 - model.confidence) / len(policies))
    learned = gains(profit, best_arm(model.effects_, model.costs_))
    if not more.positive or (model.policy_ == BY_EFFECT and mean_interval(learned - own, model.confidence).positive):
        return None
    differences = model.cross_fit_.scores[:, 1:] - model.cross_fit_.scores[:, [0]]
    if name == BEST_LABEL:
        return _by_labels(labels, profit, differences, model.cross_fit_.fold)
    column, values = _numbers(features)[name]
    if (cut := _best_cut(values, profit)) is None:
        return None
    cells = [_mean(differences[(policies[name] > 0) == picked]) for picked in (False, True)]
    return SimpleRule(name, column, cut.sign, cut.border, (), *zip(*cells, strict=True))


def _by_labels(labels: pd.DataFrame, profit: Array, differences: Array, fold: Index) -> SimpleRule:
    columns = {name: labels[name].astype(str).to_numpy() for name in labels}
    best = _most({name: by_label(values, profit, fold) for name, values in columns.items()}, profit, fold >= 0)
    sizes = pd.Series(columns[best]).value_counts().sort_index()
    known = [str(label) for label in sizes.index[sizes >= FEWEST]]
    nothing = np.zeros(differences.shape[1])
    cells = [(tuple(nothing), _mean(differences)[1]), *(_mean(differences[columns[best] == label]) for label in known)]
    return SimpleRule(f"{BEST_LABEL}: {best}", best, 1.0, None, ("", *known), *zip(*cells, strict=True))


def _mean(differences: Array) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The mean effect of each arm, and half the width of its interval."""
    means = [mean_interval(differences[:, arm]) for arm in range(differences.shape[1])]
    return tuple(mean.mean for mean in means), tuple(mean.high - mean.mean for mean in means)


def _numbers(features: pd.DataFrame | None) -> dict[str, tuple[str, Array]]:
    """The policies by a number: the column and its values."""
    numbers = {}
    for name, columns in NUMBERS.items():
        column = next((each for each in columns if features is not None and each in features), None)
        if column is not None and features is not None:
            numbers[f"{name}: {column}"] = (column, features[column].to_numpy(np.float64, na_value=np.nan))
    return numbers


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
