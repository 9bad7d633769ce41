"""What could forecast P(an order in the horizon) instead of a journey. All learn from the same earlier moments.

`status`             the rate of each rule-based user status
`recency_frequency`  the rate of each rule stage: how often bought, how long silent
`markov`             a first-order Markov chain over those stages, period by period
`btyd`               the CLV law's P(active)
`lightgbm`           an untuned LightGBM on all numeric lens features
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from patronage import lenses
from patronage import names as c
from patronage.labels import LabelledSnapshot
from patronage.lenses import FittedLenses
from patronage.models.journey.paths import Paths, encode
from patronage.models.journey.stages import PURCHASE

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

OFTEN = (2, 3, 4, 8, 16)  # periods with a purchase from which a customer counts as more frequent
LAPSED = (2, 4, 13, 26)  # periods of silence after which a customer counts as more lapsed
RULE_STAGES = (len(OFTEN) + 1) * (len(LAPSED) + 1) + 1
# The house's own settings of churn, without looking for better ones: with LightGBM's defaults 100 rounds learn two
# thousand households by heart, and are no opponent.
SETTINGS = {"objective": "binary", "learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 50, "lambda_l2": 1.0}
ROUNDS = 100


def forecasts(
    past: Sequence[LabelledSnapshot],
    known: pd.DataFrame,
    judged: pd.DataFrame,
    said: pd.DataFrame,
    learned: FittedLenses,
    periods: float,
    seed: int,
) -> dict[str, Floats]:
    """P(an order in the horizon) of each judged customer, by baseline.

    Parameters
    ----------
    past
        Labelled snapshots of earlier origins, the latest first.
    known
        The features of the same customers at the cutoff: the chain needs no labels.
    said
        What the bundle says of the judged, with the CLV law's P(active).
    learned
        What its lenses learned.
    periods
        The horizon, in periods of the path.
    """
    bought = np.concatenate([_bought(snapshot) for snapshot in past])
    rate = float(bought.mean())
    before = pd.concat([snapshot.features for snapshot in past])
    status = [lenses.segments(frame, learned)[c.STATUS_SEGMENT].to_numpy() for frame in (before, judged)]
    stages = [last_rule_stage(encode(frame[c.JOURNEY_PATH])) for frame in (before, judged)]
    quiet = chain(encode(known[c.JOURNEY_PATH]))
    return {
        "rate": np.full(len(judged), rate),
        "status": rates(status[0], bought, status[1]),
        "recency_frequency": rates(stages[0], bought, stages[1]),
        "markov": p_order(quiet, stages[1], periods),
        "btyd": said[c.P_ORDER].fillna(rate).to_numpy(np.float64),
        "lightgbm": untuned_lightgbm(before, bought, judged, seed),
    }


def rates(kind: NDArray[Any], bought: Floats, judged: NDArray[Any]) -> Floats:
    """The share that bought of each kind of customer; everyone's where a kind was never seen."""
    by_kind = pd.Series(bought).groupby(kind).mean()
    return pd.Series(judged).map(by_kind).astype(float).fillna(bought.mean()).to_numpy()


def rule_stages(paths: Paths) -> Numbers:
    """(total periods,) the rule stage after each period: times bought by silence; 0 is never bought."""
    bought = paths.codes >= PURCHASE
    starts = np.repeat(paths.offsets[:-1], paths.lengths)
    here = np.arange(len(bought))
    running = np.concatenate([[0], np.cumsum(bought)])
    count = running[here + 1] - running[starts]
    silent = here - np.maximum.accumulate(np.where(bought, here, -1))
    often, lapsed = np.searchsorted(OFTEN, count, side="right"), np.searchsorted(LAPSED, silent, side="left")
    return np.where(count > 0, 1 + often * (len(LAPSED) + 1) + lapsed, 0)


def last_rule_stage(paths: Paths) -> Numbers:
    """(N,) the rule stage at the end of each path; who left no trace never bought."""
    last = np.zeros(len(paths.lengths), np.int64)
    seen = paths.lengths > 0
    last[seen] = rule_stages(paths)[paths.offsets[1:][seen] - 1]
    return last


def chain(paths: Paths) -> Floats:
    """(R, R) P(no purchase in the next period, then that rule stage | rule stage).

    A stage that nobody was seen to leave or keep stays as it is, with everyone's chance of a purchase.
    """
    stages, bought = rule_stages(paths), paths.codes >= PURCHASE
    follows = np.ones(len(stages), np.bool_)
    follows[paths.offsets[:-1][paths.lengths > 0]] = False
    to = np.flatnonzero(follows)
    counts = np.zeros((RULE_STAGES, RULE_STAGES))
    np.add.at(counts, (stages[to - 1], stages[to]), ~bought[to])
    seen = np.bincount(stages[to - 1], minlength=RULE_STAGES)
    counts[np.diag(seen == 0)] = 1 - bought[to].mean() if len(to) else 1
    return counts / np.maximum(seen, 1)[:, None]


def p_order(quiet: Floats, stages: Numbers, periods: float) -> Floats:
    """P(a purchase within `periods`) from each stage; between whole numbers at a constant rate."""
    whole, part = divmod(periods, 1)
    none, longer = (np.linalg.matrix_power(quiet, int(whole) + more).sum(axis=1) for more in (0, 1))
    return 1 - (none ** (1 - part) * longer**part)[stages]


def untuned_lightgbm(before: pd.DataFrame, bought: Floats, judged: pd.DataFrame, seed: int) -> Floats:
    """LightGBM on the numeric features of all earlier origins."""
    names = list(lenses.numeric(before))
    # On busy cores its threads mostly wait for each other.
    settings = {
        **SETTINGS,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    data = lgb.Dataset(before[names].to_numpy(float), bought, params={"verbosity": -1})
    booster = lgb.train(settings, data, num_boost_round=ROUNDS)
    return np.asarray(booster.predict(judged[names].to_numpy(float), num_threads=1))


def _bought(snapshot: LabelledSnapshot) -> Floats:
    return (snapshot.labels[c.ORDERS] > 0).to_numpy(np.float64)
