"""LightGBM on one start, with the rounds of boosting chosen forward in time and on other customers.

Which customers order more than others can be learned from earlier origins; how much all of them order together
cannot, where the cohorts were younger then or the season was another one. So amounts are learned as differences
between the customers of one origin: the level of each origin is given, and at the cutoff it is BTYD's, which knows
what time does to a cohort.
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

# Fewer borders than LightGBM's 255 cost half the time, and were as good on every log that was tried.
FEW_ROWS = 50_000  # below, threads mostly wait for each other, and a busy neighbour makes that long; same trees
BINNING = {"max_bin": 63, "verbosity": -1}
STANDARD_ERRORS = 1.0  # by which the trees must improve on the start for later customers


@dataclass(frozen=True)
class StackedRows:
    """The customers of all origins on top of each other.

    Attributes
    ----------
    origin
        The number of each row's origin, 0 for the latest.
    held_out
        The rows that choose the rounds. A customer is on one side at every origin.
    """

    features: pd.DataFrame
    labels: pd.DataFrame
    origin: npt.NDArray[np.int64]
    held_out: Mask

    @property
    def latest(self) -> Mask:
        return self.origin == 0

    @property
    def validation(self) -> Mask:
        """Out-of-time validation: held-out customers at the latest origin."""
        return self.latest & self.held_out

    def select(self, keep: Mask) -> StackedRows:
        return StackedRows(self.features[keep], self.labels[keep], self.origin[keep], self.held_out[keep])


def stack(snapshots: Sequence[LabelledSnapshot], share: float, seed: int) -> StackedRows:
    """All rows of labelled snapshots, the latest first; `share` of the customers are held out for validation."""
    origin = [np.full(len(snapshot.features), number) for number, snapshot in enumerate(snapshots)]
    features = pd.concat([snapshot.features for snapshot in snapshots])
    labels = pd.concat([snapshot.labels for snapshot in snapshots])
    validation = [held_out(snapshot.features.index, share, seed, "rounds").to_numpy() for snapshot in snapshots]
    return StackedRows(features, labels, np.concatenate(origin), np.concatenate(validation))


class BinnedRows(NamedTuple):
    """Rows as LightGBM keeps them, and the matrix of the validation rows."""

    dataset: lgb.Dataset
    validation: Array


class BinnedData:
    """Rows to learn from, binned once for each encoding and shared by all targets.

    Parameters
    ----------
    columns
        The lens features that are read; text is taken as categories.
    """

    def __init__(self, rows: StackedRows, columns: Sequence[str], config: ChurnConfig, seed: int) -> None:
        self.rows = rows
        self.encoding = learn_encoding(rows.features, columns)
        # what LightGBM binds at binning: with other values later it would refuse to train
        self._parameters = {**BINNING, "min_data_in_leaf": config.min_data_in_leaf, "seed": seed}
        self._binned: dict[Encoding, BinnedRows] = {}

    def binned(self, encoding: Encoding) -> BinnedRows:
        """The rows as one encoding reads them."""
        if encoding not in self._binned:
            x = encoding.matrix(self.rows.features)
            no_label = np.zeros(len(x))  # each fit sets its own
            dataset = lgb.Dataset(
                x, no_label, categorical_feature=encoding.categorical, params=self._parameters
            ).construct()
            self._binned[encoding] = BinnedRows(dataset, x[self.rows.validation])
        return self._binned[encoding]


@dataclass(frozen=True)
class FitTask:
    """What a member is fitted on.

    Attributes
    ----------
    y_true
        (N,) labels in units: money counts in orders of mean value, so that it is regularised as orders are.
    start
        (N,) raw scores that boosting starts from, but for the level.
    level
        (N,) what is added to the start so that the sum of each origin is right; 0 for a probability, which learns it.
    """

    target: Target
    binned: BinnedRows
    y_true: Array
    start: Array
    level: Array

    def dataset(self, rows: Mask) -> lgb.Dataset:
        """Some of the rows; their bins are those of all."""
        subset = self.binned.dataset.subset(np.flatnonzero(rows).tolist()).construct()
        return subset.set_label(self.y_true[rows]).set_init_score((self.start + self.level)[rows])

    def gain(self, rows: Mask, trees: Array) -> Array:
        """By how much the trees' raw scores lower the loss of each of some customers."""
        start, y_true = (self.start + self.level)[rows], self.y_true[rows]
        return self.target.losses(y_true, start) - self.target.losses(y_true, start + trees)


def fit_task(target: Target, rows: StackedRows, binned: BinnedRows, start: Array) -> FitTask:
    """The labels and the start of a member, for rows whose label is known.

    Parameters
    ----------
    start
        (N,) raw scores that no label has entered.
    """
    y_true = target.y_true(rows.labels)
    unit = target.unit(rows.labels)
    level = np.zeros(len(y_true))
    if not target.is_probability:
        start = start - np.log(unit)
        for number in np.unique(rows.origin):
            at_origin = rows.origin == number
            mean = max(y_true[at_origin].mean() / unit, AMOUNT_FLOOR)
            level[at_origin] = np.log(mean / np.exp(start[at_origin]).mean())
    return FitTask(target, binned, y_true / unit, start, level)


@dataclass(frozen=True)
class BoostingResult:
    """The trees that improve on a start, and their scores in the validation that chose their number.

    Attributes
    ----------
    booster
        None where no round of boosting improves on the start.
    validation
        What trees that saw neither that time nor those customers add to the raw scores of the validation rows.
    """

    booster: lgb.Booster | None
    validation: Array


def boost(task: FitTask, rows: StackedRows, config: ChurnConfig, seed: int) -> BoostingResult:
    """Learn the trees of a member, with the number of rounds that predicts later customers best.

    With one origin there is no later time to validate on, and held-out customers of the same origin must do.
    """
    parameters = _parameters(task.target, config, seed, len(task.y_true))
    earlier = ~rows.latest & ~rows.held_out if (~rows.latest).any() else ~rows.held_out
    no_trees = BoostingResult(None, np.zeros(int(rows.validation.sum())))
    if len(np.unique(task.y_true[earlier])) < 2 or not rows.validation.any():
        return no_trees
    trial = lgb.train(
        parameters,
        task.dataset(earlier),
        num_boost_round=config.max_rounds,
        valid_sets=[task.dataset(rows.validation)],
        callbacks=[lgb.early_stopping(config.patience, verbose=False)],
    )
    rounds = trial.best_iteration
    trees = np.asarray(trial.predict(task.binned.validation, raw_score=True, num_iteration=rounds))
    gain = task.gain(rows.validation, trees)
    if gain.mean() <= STANDARD_ERRORS * gain.std() / np.sqrt(len(gain)):
        return no_trees
    everyone = np.ones(len(task.y_true), bool)
    return BoostingResult(lgb.train(parameters, task.dataset(everyone), num_boost_round=rounds), trees)


def _parameters(target: Target, config: ChurnConfig, seed: int, rows: int) -> dict[str, Any]:
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
        "num_threads": 1 if rows < FEW_ROWS else 0,
        **BINNING,
    }
