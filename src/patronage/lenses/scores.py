"""Types by scores: behaviours held against the population, weighted and added up; the best score wins.

The weights come from conf, mean and spread of each behaviour and of each score from the population at fit. A type is
scored only where the data shows at least half of what it rests on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.errors import ConfigError

SHOWN = 0.5  # share of a type's weight that rests on behaviours which differ between customers of this data
FAR = 3.0  # standard deviations beyond which a behaviour counts no more


@dataclass(frozen=True)
class Scores:
    """What types are scored by.

    Attributes
    ----------
    behaviours, scores
        `mean` and `spread` (standard deviation) in the population of each behaviour that differs between customers,
        and of the score of each type.
    types
        Type to behaviour to weight.
    """

    behaviours: Mapping[str, Mapping[str, float]]
    types: Mapping[str, Mapping[str, float]]
    scores: Mapping[str, Mapping[str, float]]


def fit(behaviours: pd.DataFrame, weights: Mapping[str, Mapping[str, float]], key: str) -> Scores:
    """Mean and spread of the behaviours and of the scores.

    Parameters
    ----------
    behaviours
        Of the customers with enough evidence.
    weights
        Type to behaviour to weight.
    key
        Of the weights in the configuration, for the message.

    Raises
    ------
    ConfigError
        A weight is given to something that is no behaviour.
    """
    if unknown := sorted({name for row in weights.values() for name in row} - set(behaviours)):
        raise ConfigError(f"{key}: no behaviour {', '.join(unknown)}; expected {', '.join(behaviours)}")
    mean, spread = behaviours.mean(), behaviours.std(ddof=0)
    differing = {
        name: {"mean": float(mean[name]), "spread": float(spread[name])} for name in behaviours if spread[name] > 1e-9
    }
    types = {}
    for type_, row in weights.items():
        shown = {name: float(weight) for name, weight in row.items() if name in differing and weight}
        if shown and sum(map(abs, shown.values())) >= SHOWN * sum(map(abs, row.values())):
            types[type_] = shown
    raw = _raw(behaviours, Scores(differing, types, {}))
    scores = {
        type_: {"mean": float(raw[type_].mean()), "spread": max(float(raw[type_].std(ddof=0)), 1e-9)} for type_ in raw
    }
    return Scores(differing, types, scores)


def score(behaviours: pd.DataFrame, fitted: Scores) -> pd.DataFrame:
    """A column per type: standard deviations above the mean of the population."""
    raw = _raw(behaviours, fitted)
    return pd.DataFrame(
        {type_: (raw[type_].to_numpy() - usual["mean"]) / usual["spread"] for type_, usual in fitted.scores.items()},
        index=behaviours.index,
    )


def best(scores: pd.DataFrame, enough: pd.Series) -> np.ndarray:
    """The type of the highest score; `unknown` where not enough is known of a customer, or no type can be told."""
    if scores.shape[1] == 0:
        return np.full(len(scores), c.UNKNOWN, dtype=object)
    names = np.array(list(scores), dtype=object)
    return np.where(enough, names[scores.to_numpy().argmax(axis=1)], c.UNKNOWN)


def _raw(behaviours: pd.DataFrame, fitted: Scores) -> pd.DataFrame:
    """Weighted sums of standardised behaviours; what is missing counts as usual."""
    standard = {}
    for name, usual in fitted.behaviours.items():
        values = (behaviours[name].to_numpy(np.float64) - usual["mean"]) / usual["spread"]
        standard[name] = np.where(np.isnan(values), 0.0, np.clip(values, -FAR, FAR))
    sums = {
        type_: sum((weight * standard[name] for name, weight in row.items()), start=np.zeros(len(behaviours)))
        for type_, row in fitted.types.items()
    }
    return pd.DataFrame(sums, index=behaviours.index)
