"""Baselines of the journey's P(an order in the horizon). All learn from the same training snapshots.

`status`             the rate of each rule-based user status
`recency_frequency`  the rate of each rule stage: how many periods with a purchase, how many of silence since
`markov`             a first-order Markov chain over those stages, period by period
`btyd`               P(an order) by BTYD alone
`lightgbm`           an untuned LightGBM on all numeric lens features
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd

from patronage import lenses
from patronage import names as c
from patronage.labels import LabelledSnapshot
from patronage.lenses import FittedLenses
from patronage.models.journey.paths import Paths, encode
from patronage.models.journey.stages import PURCHASE
from patronage.typing import Array

Integers = npt.NDArray[np.int64]

FREQUENCY_BORDERS = (2, 3, 4, 8, 16)  # periods with a purchase from which a customer counts as more frequent
SILENCE_BORDERS = (2, 4, 13, 26)  # periods of silence after which a customer counts as more lapsed
RULE_STAGES = (len(FREQUENCY_BORDERS) + 1) * (len(SILENCE_BORDERS) + 1) + 1
# The house's own settings of churn, not tuned: with LightGBM's defaults, 100 rounds overfit two thousand households,
# and are no baseline to compare with.
SETTINGS = {"objective": "binary", "learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 50, "lambda_l2": 1.0}
ROUNDS = 100


def forecasts(
    training: Sequence[LabelledSnapshot],
    current: pd.DataFrame,
    features: pd.DataFrame,
    by_btyd: pd.Series,
    lens_states: FittedLenses,
    periods: float,
    seed: int,
) -> dict[str, Array]:
    """P(an order in the horizon) of each evaluated customer, by baseline.

    Parameters
    ----------
    training
        Labelled snapshots of earlier origins, the latest first.
    current
        The features of the same customers at the cutoff: the chain needs no labels.
    features
        Of the evaluated customers.
    by_btyd
        P(an order in the horizon) by BTYD alone, of those of them who have bought.
    lens_states
        What the lenses of the bundle learned.
    periods
        The horizon, in periods of the path.
    """
    bought = np.concatenate([(snapshot.labels[c.ORDERS] > 0).to_numpy(np.float64) for snapshot in training])
    base_rate = float(bought.mean())
    past = pd.concat([snapshot.features for snapshot in training])
    status = [lenses.segments(frame, lens_states)[c.STATUS_SEGMENT].to_numpy() for frame in (past, features)]
    stages = [last_rule_stage(encode(frame[c.JOURNEY_PATH])) for frame in (past, features)]
    quiet = chain(encode(current[c.JOURNEY_PATH]))
    return {
        "rate": np.full(len(features), base_rate),
        "status": rates(status[0], bought, status[1]),
        "recency_frequency": rates(stages[0], bought, stages[1]),
        "markov": p_order(quiet, stages[1], periods),
        "btyd": by_btyd.reindex(features.index).fillna(base_rate).to_numpy(np.float64),
        "lightgbm": untuned_lightgbm(past, bought, features, seed),
    }


def rates(training_groups: npt.NDArray[Any], bought: Array, groups: npt.NDArray[Any]) -> Array:
    """The share of each group of customers that bought; the share of all for a group that training does not have."""
    by_group = pd.Series(bought).groupby(training_groups).mean()
    return pd.Series(groups).map(by_group).astype(float).fillna(bought.mean()).to_numpy()


def rule_stages(paths: Paths) -> Integers:
    """(total periods,) the rule stage after each period: purchases by silence; 0 is never bought."""
    bought = paths.codes >= PURCHASE
    starts = np.repeat(paths.offsets[:-1], paths.lengths)
    here = np.arange(len(bought))
    running = np.concatenate([[0], np.cumsum(bought)])
    count = running[here + 1] - running[starts]
    silence = here - np.maximum.accumulate(np.where(bought, here, -1))
    frequency = np.searchsorted(FREQUENCY_BORDERS, count, side="right")
    lapsed = np.searchsorted(SILENCE_BORDERS, silence, side="left")
    return np.where(count > 0, 1 + frequency * (len(SILENCE_BORDERS) + 1) + lapsed, 0)


def last_rule_stage(paths: Paths) -> Integers:
    """(N,) the rule stage at the end of each path; a customer with an empty path never bought."""
    last = np.zeros(len(paths.lengths), np.int64)
    any_period = paths.lengths > 0
    last[any_period] = rule_stages(paths)[paths.offsets[1:][any_period] - 1]
    return last


def chain(paths: Paths) -> Array:
    """(R, R) P(no purchase in the next period, then that rule stage | rule stage).

    A stage that no customer was observed to leave or keep stays as it is, with the mean chance of a purchase.
    """
    stages, bought = rule_stages(paths), paths.codes >= PURCHASE
    follows = np.ones(len(stages), np.bool_)
    follows[paths.offsets[:-1][paths.lengths > 0]] = False
    to = np.flatnonzero(follows)
    counts = np.zeros((RULE_STAGES, RULE_STAGES))
    np.add.at(counts, (stages[to - 1], stages[to]), ~bought[to])
    observed = np.bincount(stages[to - 1], minlength=RULE_STAGES)
    counts[np.diag(observed == 0)] = 1 - bought[to].mean() if len(to) else 1
    return counts / np.maximum(observed, 1)[:, None]


def p_order(quiet: Array, stages: Integers, periods: float) -> Array:
    """P(a purchase within `periods`) from each stage; between whole numbers at a constant rate."""
    whole, part = divmod(periods, 1)
    none, longer = (np.linalg.matrix_power(quiet, int(whole) + more).sum(axis=1) for more in (0, 1))
    return 1 - (none ** (1 - part) * longer**part)[stages]


def untuned_lightgbm(past: pd.DataFrame, bought: Array, features: pd.DataFrame, seed: int) -> Array:
    """LightGBM on the numeric features of all earlier origins."""
    columns = list(lenses.numeric(past))
    # On busy cores its threads mostly wait for each other.
    settings = {
        **SETTINGS,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    dataset = lgb.Dataset(past[columns].to_numpy(float), bought, params={"verbosity": -1})
    booster = lgb.train(settings, dataset, num_boost_round=ROUNDS)
    return np.asarray(booster.predict(features[columns].to_numpy(float), num_threads=1))
