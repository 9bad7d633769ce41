"""Effects of arms per customer by LightGBM: the DR-learner with known propensities, the T-learner and the S-learner.

References
----------
Kennedy (2023), Towards optimal doubly robust estimation of heterogeneous causal effects. EJS 17(2): the DR-learner.
Kuenzel et al. (2019), Metalearners for estimating heterogeneous treatment effects. PNAS 116(10): T and S.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import lightgbm as lgb
import numpy as np

from patronage.typing import Array, Index, Mask

DR, T, S = "dr", "t", "s"
LEARNERS = (DR, T, S)
INNER_FOLDS = 2  # of the outcome models inside a training part
HALVES = 10  # of the customers, on which the learner is fitted again
FEW_ROWS = 20_000  # below so many, threads cost more to start than they help


class Trial(NamedTuple):
    """Randomised customers.

    Attributes
    ----------
    x
        (N, F) features from before the contact; missing is NaN.
    arm
        (N,) 0 for control, 1 ... A for the arms.
    propensity
        (N, A + 1) probability of each arm, known by design.
    y
        (N,) outcome.
    group
        (N,) the number of the customer of each row, where customers have several; None: a row is a customer.
    """

    x: Array
    arm: Array
    propensity: Array
    y: Array
    group: Index | None = None

    def take(self, rows: Array | Mask) -> Trial:
        """Some of the customers."""
        group = None if self.group is None else self.group[rows]
        return Trial(self.x[rows], self.arm[rows], self.propensity[rows], self.y[rows], group)


@dataclass(frozen=True)
class TreeSettings:
    """Of LightGBM; effects are small beside the noise, so trees are few and shallow."""

    learning_rate: float
    num_leaves: int
    min_share_in_leaf: float
    rounds: int
    seed: int

    def parameters(self, rows: int) -> dict[str, object]:
        """The parameters of LightGBM for so many rows."""
        return {
            "objective": "regression",
            "learning_rate": self.learning_rate,
            "num_leaves": self.num_leaves,
            "min_data_in_leaf": max(5, int(self.min_share_in_leaf * rows)),
            "lambda_l2": 1.0,
            "bagging_fraction": 0.7,
            "bagging_freq": 1,
            "feature_fraction": 0.8,
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
            "num_threads": 1 if rows < FEW_ROWS else 0,
        }


def fit_trees(x: Array, y: Array, settings: TreeSettings) -> lgb.Booster:
    """Regress y on x."""
    data = lgb.Dataset(x, y, params={"verbosity": -1, "feature_pre_filter": False})
    return lgb.train(settings.parameters(len(y)), data, num_boost_round=settings.rounds)


def predict_trees(trees: lgb.Booster, x: Array) -> Array:
    """(N,) predictions; no rows are no predictions."""
    return np.asarray(trees.predict(x), np.float64) if len(x) else np.zeros(0)


def with_arm(x: Array, arm: Array | int) -> Array:
    """The features and the arm as a last column."""
    return np.column_stack([x, np.broadcast_to(np.asarray(arm, np.float64), len(x))])


def fit_outcomes(trial: Trial, settings: TreeSettings) -> list[lgb.Booster]:
    """A model of the outcome for each arm, control first."""
    arms = range(trial.propensity.shape[1])
    return [fit_trees(trial.x[trial.arm == arm], trial.y[trial.arm == arm], settings) for arm in arms]


def robust_scores(trial: Trial, outcomes: Array) -> Array:
    """(N, A + 1) doubly robust score of each arm's outcome: its mean over customers is the mean outcome of the arm.

    Parameters
    ----------
    outcomes
        (N, A + 1) predicted by models that saw none of these customers.
    """
    given = trial.arm[:, None] == np.arange(trial.propensity.shape[1])
    return outcomes + given / trial.propensity * (trial.y[:, None] - outcomes)


def folds_of(arm: Array, folds: int, seed: int, group: Index | None = None) -> Index:
    """(N,) the fold of each row: every arm spread evenly, or all rows of a customer in one fold."""
    rng = np.random.default_rng(seed)
    if group is not None:
        numbers, place = np.unique(group, return_inverse=True)
        return np.asarray(rng.permutation(np.arange(len(numbers)) % folds)[place], np.intp)
    fold = np.empty(len(arm), np.intp)
    for value in np.unique(arm):
        rows = rng.permutation(np.flatnonzero(arm == value))
        fold[rows] = np.arange(len(rows)) % folds
    return fold


@dataclass(frozen=True)
class EffectTrees:
    """A fitted learner: trees of effects (DR), of outcomes by arm (T), or of outcomes with the arm (S)."""

    learner: str
    arms: int
    trees: tuple[lgb.Booster, ...]

    def predict(self, x: Array) -> Array:
        """(N, A) effect of each arm beside control."""
        if self.learner == DR:
            return np.column_stack([predict_trees(trees, x) for trees in self.trees])
        if self.learner == T:
            outcomes = np.column_stack([predict_trees(trees, x) for trees in self.trees])
        else:
            (trees,) = self.trees
            outcomes = np.column_stack([predict_trees(trees, with_arm(x, arm)) for arm in range(self.arms + 1)])
        return outcomes[:, 1:] - outcomes[:, [0]]


def fit_learner(learner: str, trial: Trial, settings: TreeSettings) -> EffectTrees:
    """Fit one of `LEARNERS`."""
    arms = trial.propensity.shape[1] - 1
    if learner == T:
        return EffectTrees(T, arms, tuple(fit_outcomes(trial, settings)))
    if learner == S:
        return EffectTrees(S, arms, (fit_trees(with_arm(trial.x, trial.arm), trial.y, settings),))
    scores = robust_scores(trial, _outcomes_across(trial, settings))
    trees = [fit_trees(trial.x, scores[:, arm] - scores[:, 0], settings) for arm in range(1, arms + 1)]
    return EffectTrees(DR, arms, tuple(trees))


def _outcomes_across(trial: Trial, settings: TreeSettings) -> Array:
    """(N, A + 1) outcomes predicted by models of the other folds."""
    fold = folds_of(trial.arm, INNER_FOLDS, settings.seed, trial.group)
    outcomes = np.empty(trial.propensity.shape)
    for number in range(INNER_FOLDS):
        aim = fold == number
        models = fit_outcomes(trial.take(~aim), settings)
        outcomes[aim] = np.column_stack([predict_trees(trees, trial.x[aim]) for trees in models])
    return outcomes


class CrossFit(NamedTuple):
    """Of every customer, the predictions of models that saw nothing of the customer's fold.

    Attributes
    ----------
    effects
        Learner to (N, A) predicted effects.
    scores
        (N, A + 1) doubly robust scores of the outcome under each arm.
    fold
        (N,) the fold of each customer.
    weights
        (N, A + 1) 1 over the probability of the arm that was given; 0 of the others.
    """

    effects: dict[str, Array]
    scores: Array
    fold: Index
    weights: Array


def cross_fit(trial: Trial, learners: tuple[str, ...], folds: int, settings: TreeSettings) -> CrossFit:
    """Fit every learner on all folds but one, and predict that one; nothing of its outcomes is used before."""
    fold = folds_of(trial.arm, folds, settings.seed, trial.group)
    arms = trial.propensity.shape[1] - 1
    effects = {learner: np.empty((len(trial.y), arms)) for learner in learners}
    outcomes = np.empty(trial.propensity.shape)
    for number in range(folds):
        aim = fold == number
        part, seeded = trial.take(~aim), replace(settings, seed=settings.seed + number)
        for learner in learners:
            effects[learner][aim] = fit_learner(learner, part, seeded).predict(trial.x[aim])
        models = fit_outcomes(part, seeded)
        outcomes[aim] = np.column_stack([predict_trees(trees, trial.x[aim]) for trees in models])
    given = trial.arm[:, None] == np.arange(trial.propensity.shape[1])
    return CrossFit(effects, robust_scores(trial, outcomes), fold, given / trial.propensity)


def spread_trees(learner: str, trial: Trial, settings: TreeSettings) -> tuple[lgb.Booster, ...]:
    """How unsure a predicted effect is, as a function of the customer: trees of its variance for each arm.

    The learner is fitted on halves of the customers of each arm, drawn by lot; the variance of what halves predict is
    that of the whole (half-sampling, McCarthy 1969).
    """
    effects = []
    for half in range(HALVES):
        # of each arm: no lot of ours may repeat that of the trial
        rows = folds_of(trial.arm, 2, settings.seed + half, trial.group) == 0
        seeded = replace(settings, seed=settings.seed + half)
        effects.append(fit_learner(learner, trial.take(rows), seeded).predict(trial.x))
    variance = np.var(effects, axis=0, ddof=1)
    return tuple(fit_trees(trial.x, variance[:, arm], settings) for arm in range(variance.shape[1]))
