"""One member: LightGBM on one start, with the rounds of boosting chosen forward in time and on other customers.

Who orders more than others can be learned from earlier origins; how much all of them order together cannot, where the
cohorts were younger then or the season another one. So amounts are learned as differences between the customers of
one origin: its level is given, and at the cutoff it is BTYD's, which knows what time does to a cohort.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd

from patronage.config import ChurnConfig
from patronage.labels import LabelledSnapshot, held_out
from patronage.models.ensemble.encoding import Encoding, learn_encoding
from patronage.models.ensemble.target import AMOUNT_FLOOR, Target
from patronage.typing import Array, Mask

# Fewer borders than LightGBM's 255 cost half the time, and have been as good on every log that was tried.
BINNING = {"max_bin": 63, "verbosity": -1}
CHANCE = 1.0  # standard errors by which later customers must be served better than by the start


@dataclass(frozen=True)
class Rows:
    """The customers of all origins on top of each other.

    Attributes
    ----------
    origin
        Its number, 0 for the latest.
    aside
        Kept for validation? A customer is on one side at every origin.
    """

    features: pd.DataFrame
    labels: pd.DataFrame
    origin: npt.NDArray[np.int64]
    aside: Mask

    @property
    def latest(self) -> Mask:
        return self.origin == 0

    def select(self, keep: Mask) -> Rows:
        return Rows(self.features[keep], self.labels[keep], self.origin[keep], self.aside[keep])


def stack(snapshots: Sequence[LabelledSnapshot], share: float, seed: int) -> Rows:
    """All rows of labelled snapshots, the latest first; `share` of the customers are kept aside."""
    features, labels, origin, aside = [], [], [], []
    for position, snapshot in enumerate(snapshots):
        features.append(snapshot.features)
        labels.append(snapshot.labels)
        origin.append(np.full(len(snapshot.features), position))
        aside.append(held_out(snapshot.features.index, share, seed, "rounds").to_numpy())
    return Rows(pd.concat(features), pd.concat(labels), np.concatenate(origin), np.concatenate(aside))


class Binned(NamedTuple):
    """The rows as LightGBM keeps them, and the matrix of the rehearsal."""

    dataset: lgb.Dataset
    rehearsed: Array


class BinnedData:
    """Rows to learn from, binned once for each encoding: all that is asked of them is asked of the same numbers."""

    def __init__(self, rows: Rows, columns: Sequence[str], config: ChurnConfig, seed: int) -> None:
        self.rows = rows
        self.encoding = learn_encoding(rows.features, columns)
        # what LightGBM binds at binning: with other values later it would refuse to train
        self._parameters = {**BINNING, "min_data_in_leaf": config.min_data_in_leaf, "seed": seed}
        self._made: dict[Encoding, Binned] = {}

    def binned(self, encoding: Encoding) -> Binned:
        if encoding not in self._made:
            x = encoding.matrix(self.rows.features)
            nothing = np.zeros(len(x))  # answers come with the question
            dataset = lgb.Dataset(
                x, nothing, categorical_feature=encoding.categorical, params=self._parameters
            ).construct()
            self._made[encoding] = Binned(dataset, x[rehearsal(self.rows)])
        return self._made[encoding]


@dataclass(frozen=True)
class FitTask:
    """What a member is fitted on.

    Attributes
    ----------
    truth
        What happened, in units: money counts in orders of mean value, so that it is regularised as orders are.
    given
        The raw scores that boosting starts from, but for the level.
    level
        What is added to them so that the sum of each origin is right; 0 for a probability, which learns it.
    """

    target: Target
    binned: Binned
    truth: Array
    given: Array
    level: Array

    def dataset(self, rows: Mask) -> lgb.Dataset:
        """Some of the rows; their bins are those of all."""
        some = self.binned.dataset.subset(np.flatnonzero(rows).tolist()).construct()
        return some.set_label(self.truth[rows]).set_init_score((self.given + self.level)[rows])

    def gain(self, rows: Mask, trees: Array) -> Array:
        """What the trees' raw scores spare each of some customers, in the objective's losses."""
        start, truth = (self.given + self.level)[rows], self.truth[rows]
        return self.target.losses(truth, start) - self.target.losses(truth, start + trees)


def problem(target: Target, rows: Rows, binned: Binned, given: Array) -> FitTask:
    """The truth and the start of a member, for rows whose answer is known.

    Parameters
    ----------
    given
        (N,) raw scores, which know nothing of what happened.
    """
    truth = target.truth(rows.labels)
    unit = target.unit(rows.labels)
    level = np.zeros(len(truth))
    if not target.is_probability:
        given = given - np.log(unit)
        for number in np.unique(rows.origin):
            there = rows.origin == number
            level[there] = np.log(max(truth[there].mean() / unit, AMOUNT_FLOOR) / np.exp(given[there]).mean())
    return FitTask(target, binned, truth / unit, given, level)


@dataclass(frozen=True)
class BoostingResult:
    """The trees that better a start, and the rehearsal that chose their number.

    Attributes
    ----------
    booster
        None where no round of boosting betters the start.
    rehearsed
        What trees that knew neither that time nor those customers add to the raw scores of `rehearsal(rows)`.
    """

    booster: lgb.Booster | None
    rehearsed: Array


def rehearsal(rows: Rows) -> Mask:
    """On whom everything is tried out: customers kept aside, at the latest origin."""
    return rows.latest & rows.aside


def boost(task: FitTask, rows: Rows, config: ChurnConfig, seed: int) -> BoostingResult:
    """Learn the trees of a member, with the rounds that serve later customers best.

    With one origin there is no later time to rehearse on, and other customers of the same origin must do.
    """
    parameters = _parameters(task.target, config, seed)
    past = ~rows.latest & ~rows.aside if (~rows.latest).any() else ~rows.aside
    later = rehearsal(rows)
    nothing = np.zeros(int(later.sum()))
    if len(np.unique(task.truth[past])) < 2 or not later.any():
        return BoostingResult(None, nothing)
    trial = lgb.train(
        parameters,
        task.dataset(past),
        num_boost_round=config.max_rounds,
        valid_sets=[task.dataset(later)],
        callbacks=[lgb.early_stopping(config.patience, verbose=False)],
    )
    rounds = trial.best_iteration
    trees = np.asarray(trial.predict(task.binned.rehearsed, raw_score=True, num_iteration=rounds))
    gain = task.gain(later, trees)
    if gain.mean() <= CHANCE * gain.std() / np.sqrt(len(gain)):
        return BoostingResult(None, nothing)
    everyone = np.ones(len(task.truth), bool)
    return BoostingResult(lgb.train(parameters, task.dataset(everyone), num_boost_round=rounds), trees)


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
