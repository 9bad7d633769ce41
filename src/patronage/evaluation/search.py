"""How good settings of the ensemble are: on unseen customers in the horizon after each origin, beside BTYD alone.

Features, labels and BTYD do not depend on the settings, and are made once per origin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from patronage.config import ChurnConfig, TrainConfig
from patronage.data import Tables
from patronage.labels import LabelledSnapshot, buyers
from patronage.models.btyd.fit import FitCache
from patronage.models.btyd.mean import fit_btyd
from patronage.models.ensemble.fitting import fit_ensemble
from patronage.models.ensemble.target import RATE_FLOOR, TARGETS, Target
from patronage.statistics import clip_probability, log_loss, rmse
from patronage.training.forecast import with_btyd_features
from patronage.training.origins import learnable, measured_at
from patronage.training.steady import steady
from patronage.typing import Array

ALL = "all"


@dataclass(frozen=True)
class SearchOrigin:
    """One origin, ready to learn from and to be evaluated on.

    Attributes
    ----------
    training, current
        Of the customers that are learned from, with BTYD's predictions over the label window.
    evaluated
        The unseen customers, likewise, with their labels over the horizon.
    btyd_at_horizon
        BTYD's predictions for these over the horizon, where it is longer than the label windows.
    columns
        The columns of `current` that a model may learn from.
    """

    training: Sequence[LabelledSnapshot]
    current: pd.DataFrame
    evaluated: LabelledSnapshot
    btyd_at_horizon: pd.DataFrame | None
    columns: tuple[str, ...]


def search_origin(tables: Tables, cutoff: datetime, config: TrainConfig, fits: FitCache | None = None) -> SearchOrigin:
    """What an origin gives to learn from and to evaluate on.

    Parameters
    ----------
    fits
        Fits of BTYD laws, which are looked up first: origins share earlier origins.

    Raises
    ------
    ConfigError
        The log does not show the whole horizon after the origin.
    """
    holdout = measured_at(tables, cutoff, config)
    split = holdout.split.select(~holdout.unseen)
    window_days, horizon_days = split.window_days, config.horizon_days
    laws = tuple(name for name, on in config.churn.laws.items() if on)
    training, _ = with_btyd_features([buyers(snapshot) for snapshot in split.training], laws, config.churn, fits)
    current, evaluated = buyers(split.current).features, buyers(holdout.evaluated.select(holdout.unseen))
    btyd = fit_btyd(current, laws, fits)
    features = evaluated.features.assign(**btyd.predict(evaluated.features, window_days))
    at_horizon = None
    if window_days != horizon_days:
        at_horizon = pd.DataFrame(btyd.predict(evaluated.features, horizon_days), evaluated.features.index)
    current = current.assign(**btyd.predict(current, window_days))
    return SearchOrigin(
        training,
        current,
        LabelledSnapshot(cutoff, horizon_days, features, evaluated.labels),
        at_horizon,
        learnable(current, config.lenses),
    )


def loss_ratios(origin: SearchOrigin, config: ChurnConfig, seed: int) -> dict[str, float]:
    """Log-loss of churn, RMSE of orders and of spend, each as a ratio to the loss of BTYD alone; by label."""
    columns = steady(origin.current, origin.training[0].features, origin.columns)
    ensemble, _ = fit_ensemble(origin.training, origin.current, columns, config, seed=seed)
    features, labels = origin.evaluated.features, origin.evaluated.labels
    predictions = ensemble.predict(features, origin.btyd_at_horizon)
    btyd = features if origin.btyd_at_horizon is None else origin.btyd_at_horizon
    ratios = {}
    for target in TARGETS:
        known = target.is_known(labels).to_numpy()
        y_true = target.y_true(labels)[known]
        by_btyd = target.mean(target.start(btyd))[known]
        by_ensemble = predictions[target.label][known]
        ratios[target.label] = _loss(target, y_true, by_ensemble) / _loss(target, y_true, by_btyd)
    return ratios


def _loss(target: Target, y_true: Array, y_pred: Array) -> float:
    if target.is_probability:
        return float(log_loss(y_true, clip_probability(y_pred, RATE_FLOOR)))
    return float(rmse(y_true, y_pred))


def overall(ratios: Sequence[dict[str, float]]) -> dict[str, float]:
    """The geometric mean of each ratio over the origins, and of all of them together as `all`."""
    logs = pd.DataFrame(ratios).apply(np.log)
    return {ALL: float(np.exp(logs.to_numpy().mean())), **np.exp(logs.mean()).to_dict()}
