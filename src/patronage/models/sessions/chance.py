"""The probability of something, learned by a few small trees: the order of counts and gaps matters, not their size."""

from __future__ import annotations

from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from patronage.errors import FitError

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

SETTINGS = {
    "objective": "binary", "learning_rate": 0.1, "num_leaves": 15, "min_data_in_leaf": 50, "lambda_l2": 1.0,
    "deterministic": True, "force_row_wise": True, "num_threads": 1, "verbosity": -1,
}  # fmt: skip
BINNING = {"verbosity": -1}
ROUNDS, PATIENCE = 300, 20
ASIDE = 0.25  # of the customers
FEW = 100  # times that it must have happened, and not happened


@dataclass(frozen=True, eq=False)
class Chance:
    """The fitted value; `of` gives (N,) probabilities for rows of the same features."""

    booster: lgb.Booster
    names: tuple[str, ...]

    def of(self, features: pd.DataFrame) -> Floats:
        """(N,) probabilities."""
        if features.empty:
            return np.empty(0)
        return np.asarray(self.booster.predict(features[list(self.names)].to_numpy(np.float64), num_threads=1))


def learn(features: pd.DataFrame, happened: Floats, who: Numbers, what: str, seed: int) -> Chance:
    """Learn from rows and what came after each, with as many trees as serve customers kept aside best.

    Parameters
    ----------
    who
        (N,) whose row it is: of a customer with many rows all are kept aside, or none.

    Raises
    ------
    FitError
        If it happened, or did not happen, too rarely to be learned.
    """
    least = int(min(happened.sum(), len(happened) - happened.sum()))
    if least < FEW:
        raise FitError(
            f"{what}: happened {int(happened.sum())} times in {len(happened)}; expected {FEW} of either kind to learn"
        )
    settings = SETTINGS | {"seed": seed}
    x = features.to_numpy(np.float64)
    aside = np.random.default_rng(seed).random(int(who.max()) + 1)[who] < ASIDE
    tried = lgb.Dataset(x[~aside], happened[~aside], params=BINNING)
    rehearsal = lgb.train(
        settings,
        tried,
        num_boost_round=ROUNDS,
        valid_sets=[lgb.Dataset(x[aside], happened[aside], reference=tried, params=BINNING)],
        callbacks=[lgb.early_stopping(PATIENCE, verbose=False)],
    )
    whole = lgb.train(settings, lgb.Dataset(x, happened, params=BINNING), num_boost_round=rehearsal.best_iteration)
    return Chance(whole, tuple(features))
