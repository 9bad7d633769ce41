"""How good one configuration of the hybrid is, told quickly: on unseen customers in the horizon after each origin.

What does not hang on what is searched (features, labels, BTYD) is made once an origin.
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
from patronage.models.ensemble.target import CHURN, TARGETS, Target
from patronage.training.forecast import with_btyd_features
from patronage.training.origins import learnable, measured_at
from patronage.training.steady import steady
from patronage.typing import Array


@dataclass(frozen=True)
class Exercise:
    """One origin, ready to learn from and to be measured on.

    Attributes
    ----------
    training, current
        Of the customers that are learned from, with BTYD's expectations.
    evaluated
        Of the others, likewise, with their labels over the horizon.
    far
        BTYD's expectations of these over the horizon, where that is longer than the windows that are learned from.
    """

    training: Sequence[LabelledSnapshot]
    current: pd.DataFrame
    evaluated: LabelledSnapshot
    far: pd.DataFrame | None


def exercise_at(tables: Tables, cutoff: datetime, config: TrainConfig) -> Exercise:
    """What an origin gives to learn from and to measure on.

    Raises
    ------
    ConfigError
        The log does not show the whole horizon after the origin.
    """
    holdout = measured_at(tables, cutoff, config)
    seen = holdout.split.select(~holdout.unseen)
    laws = tuple(name for name, on in config.churn.laws.items() if on)
    fits = FitCache()
    past, _ = with_btyd_features([buyers(snapshot) for snapshot in seen.training], laws, config.churn, fits)
    now, judged = buyers(seen.current).features, buyers(holdout.evaluated.select(holdout.unseen))
    btyd = fit_btyd(now, laws, fits)
    near = judged.features.assign(**btyd.predict(judged.features, seen.window_days))
    longer = seen.window_days != config.horizon_days
    return Exercise(
        past,
        now.assign(**btyd.predict(now, seen.window_days)),
        LabelledSnapshot(cutoff, config.horizon_days, near, judged.labels),
        pd.DataFrame(btyd.predict(judged.features, config.horizon_days), judged.features.index) if longer else None,
    )


def losses(exercise: Exercise, config: ChurnConfig, seed: int) -> dict[str, float]:
    """Log-loss of churn and root mean squared error of orders and spend, as ratios to what BTYD alone loses."""
    kept = steady(exercise.current, exercise.training[0].features, learnable(exercise.current))
    model, _ = fit_ensemble(exercise.training, exercise.current, kept, config, seed=seed)
    judged = exercise.evaluated
    said = model.predict(judged.features, exercise.far)
    expected = judged.features if exercise.far is None else exercise.far
    found = {}
    for target in TARGETS:
        known = target.is_known(judged.labels).to_numpy()
        happened = target.y_true(judged.labels)[known]
        by_btyd = target.mean(target.start(expected))[known]
        by_hybrid = said[target.label][known]
        found[target.label] = _loss(target, happened, by_hybrid) / _loss(target, happened, by_btyd)
    return found


def _loss(target: Target, happened: Array, said: Array) -> float:
    if target is CHURN:
        return float(target.losses(happened, target.raw(said)).mean())
    return float(np.sqrt(np.square(said - happened).mean()))


def overall(found: Sequence[dict[str, float]]) -> dict[str, float]:
    """The geometric mean of each ratio over the origins, and of all of them together."""
    logs = pd.DataFrame(found).apply(np.log)
    return {"all": float(np.exp(logs.to_numpy().mean())), **np.exp(logs.mean()).to_dict()}
