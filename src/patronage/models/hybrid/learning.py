"""One member: LightGBM on one start, with the rounds of boosting chosen forward in time and on other customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd

from patronage.config import ChurnConfig
from patronage.labels import Snapshot, held_out
from patronage.models.hybrid.encoding import Encoding
from patronage.models.hybrid.target import Array, Target

Mask = npt.NDArray[np.bool_]

# Fewer borders than LightGBM's 255 cost half the time, and have been as good on every log that was tried.
BINNING = {"max_bin": 63, "verbosity": -1}
CHANCE = 1.0  # standard errors by which later customers must be served better than by the start


@dataclass(frozen=True)
class Rows:
    """The customers of all origins on top of each other.

    Attributes
    ----------
    latest
        Of the latest origin?
    aside
        Kept for validation? A customer is on one side at every origin.
    """

    features: pd.DataFrame
    labels: pd.DataFrame
    latest: Mask
    aside: Mask

    def select(self, keep: Mask) -> Rows:
        return Rows(self.features[keep], self.labels[keep], self.latest[keep], self.aside[keep])


def stack(snapshots: Sequence[Snapshot], share: float, seed: int) -> Rows:
    """All rows of labelled snapshots, the latest first; `share` of the customers are kept aside."""
    features, labels, latest, aside = [], [], [], []
    for position, snapshot in enumerate(snapshots):
        if snapshot.labels is None:
            raise ValueError("a snapshot to learn from has no labels")
        features.append(snapshot.features)
        labels.append(snapshot.labels)
        latest.append(np.full(len(snapshot.features), position == 0))
        aside.append(held_out(snapshot.features.index, share, seed, "rounds").to_numpy())
    return Rows(pd.concat(features), pd.concat(labels), np.concatenate(latest), np.concatenate(aside))


@dataclass(frozen=True)
class Problem:
    """What a member is fitted on: a matrix, what happened, and the raw scores of BTYD if it starts from them."""

    target: Target
    x: Array
    truth: Array
    btyd: Array | None
    categorical: list[int]

    def start(self, rows: Mask, learned_from: Mask) -> Array:
        """Raw scores that boosting of some rows starts from: BTYD's, else the mean of those it learns from."""
        if self.btyd is not None:
            return self.btyd[rows]
        return np.full(int(rows.sum()), self.target.base(self.truth[learned_from]))

    def dataset(self, rows: Mask, start: Array, reference: lgb.Dataset | None = None) -> lgb.Dataset:
        return lgb.Dataset(
            self.x[rows],
            self.truth[rows],
            init_score=start,
            reference=reference,
            categorical_feature=self.categorical,
            params=BINNING,
        )


def problem(target: Target, rows: Rows, encoding: Encoding, *, starts_from_btyd: bool) -> Problem:
    """The matrix and start of a member, for rows whose answer is known."""
    btyd = target.start(rows.features) if starts_from_btyd else None
    return Problem(target, encoding.matrix(rows.features), target.truth(rows.labels), btyd, encoding.categorical)


@dataclass(frozen=True)
class Boosted:
    """The trees that better a start, and the rehearsal that chose their number.

    Attributes
    ----------
    booster
        None where no round of boosting betters the start.
    rehearsed
        Raw scores of `rehearsal(rows)`, by trees that knew neither that time nor those customers.
    """

    booster: lgb.Booster | None
    rehearsed: Array


def rehearsal(rows: Rows) -> Mask:
    """On whom everything is tried out: customers kept aside, at the latest origin."""
    return rows.latest & rows.aside


def boost(task: Problem, rows: Rows, config: ChurnConfig, seed: int) -> Boosted:
    """Learn the trees of a member, with the rounds that serve later customers best.

    With one origin there is no later time to rehearse on, and other customers of the same origin must do.
    """
    parameters = _parameters(task.target, config, seed)
    past = ~rows.latest & ~rows.aside if (~rows.latest).any() else ~rows.aside
    later = rehearsal(rows)
    rehearsed = task.start(later, past)
    if len(np.unique(task.truth[past])) < 2 or not later.any():
        return Boosted(None, rehearsed)
    train = task.dataset(past, task.start(past, past))
    trial = lgb.train(
        parameters,
        train,
        num_boost_round=config.max_rounds,
        valid_sets=[task.dataset(later, rehearsed, train)],
        callbacks=[lgb.early_stopping(config.patience, verbose=False)],
    )
    rounds = trial.best_iteration
    raw = rehearsed + np.asarray(trial.predict(task.x[later], raw_score=True, num_iteration=rounds))
    gain = task.target.losses(task.truth[later], rehearsed) - task.target.losses(task.truth[later], raw)
    if gain.mean() <= CHANCE * gain.std() / np.sqrt(len(gain)):
        return Boosted(None, rehearsed)
    everyone = np.ones(len(task.truth), bool)
    data = task.dataset(everyone, task.start(everyone, everyone))
    return Boosted(lgb.train(parameters, data, num_boost_round=rounds), raw)


def _parameters(target: Target, config: ChurnConfig, seed: int) -> dict[str, Any]:
    return {
        **target.objective,
        "boost_from_average": False,  # the start is ours, here and in prediction
        "learning_rate": config.learning_rate,
        "num_leaves": config.num_leaves,
        "min_data_in_leaf": config.min_data_in_leaf,
        "lambda_l2": config.lambda_l2,
        "feature_fraction": config.feature_share,
        "bagging_fraction": config.row_share,
        "bagging_freq": 1,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        **BINNING,
    }
