"""The model of an outcome after a moment of a session: small trees, for which the order of counts and gaps matters."""

from __future__ import annotations

from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from patronage.errors import FitError
from patronage.typing import Array

Integers = NDArray[np.int64]

PROBABILITY = "probability"
SETTINGS = {
    "objective": "binary", "learning_rate": 0.1, "num_leaves": 15, "min_data_in_leaf": 50, "lambda_l2": 1.0,
    "deterministic": True, "force_row_wise": True, "num_threads": 1, "verbosity": -1,
}  # fmt: skip
BINNING = {"verbosity": -1}
ROUNDS, PATIENCE = 300, 20
VALIDATION_SHARE = 0.25  # of the customers
FEW = 100  # cases with the outcome, and without it, that a fit needs


@dataclass(frozen=True, eq=False)
class SessionModel:
    """The fitted model."""

    booster: lgb.Booster
    columns: tuple[str, ...]

    def predict(self, features: pd.DataFrame) -> dict[str, Array]:
        """`PROBABILITY`, (N,): of the outcome after each row."""
        if features.empty:
            return {PROBABILITY: np.empty(0)}
        x = features[list(self.columns)].to_numpy(np.float64)
        return {PROBABILITY: np.asarray(self.booster.predict(x, num_threads=1))}


def fit_session_model(
    features: pd.DataFrame, y_true: Array, customers: Integers, outcome: str, seed: int
) -> SessionModel:
    """Fit the probability of the outcome, with the number of trees that is best for validation customers.

    Parameters
    ----------
    customers
        (N,) the customer of each row: all rows of a customer are in the validation, or none.
    outcome
        Its name, for the error.

    Raises
    ------
    FitError
        If there are too few rows with the outcome, or without it.
    """
    least = int(min(y_true.sum(), len(y_true) - y_true.sum()))
    if least < FEW:
        raise FitError(
            f"{outcome}: {int(y_true.sum())} cases in {len(y_true)}; expected {FEW} with it and without it to learn"
        )
    settings = SETTINGS | {"seed": seed}
    x = features.to_numpy(np.float64)
    held_out = np.random.default_rng(seed).random(int(customers.max()) + 1)[customers] < VALIDATION_SHARE
    training = lgb.Dataset(x[~held_out], y_true[~held_out], params=BINNING)
    validated = lgb.train(
        settings,
        training,
        num_boost_round=ROUNDS,
        valid_sets=[lgb.Dataset(x[held_out], y_true[held_out], reference=training, params=BINNING)],
        callbacks=[lgb.early_stopping(PATIENCE, verbose=False)],
    )
    booster = lgb.train(settings, lgb.Dataset(x, y_true, params=BINNING), num_boost_round=validated.best_iteration)
    return SessionModel(booster, tuple(features))
