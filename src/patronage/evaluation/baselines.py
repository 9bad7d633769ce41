"""Naive baselines: forecasts that need no model. They learn from the same training snapshots as the models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.labels import LabelledSnapshot
from patronage.models.ensemble.target import RATE_FLOOR
from patronage.statistics import clip_probability
from patronage.typing import Array

RECENCY_BINS = 20


def churn(
    training: Sequence[LabelledSnapshot],
    features: pd.DataFrame,
    p_order: pd.Series,
    horizon_days: int,
    *,
    contractual: bool,
) -> Mapping[str, Array]:
    """Churn probabilities: the base rate, the rate by recency, and the structural model's P(no order).

    Parameters
    ----------
    training
        What the models learned from; their label windows may be shorter than the horizon.
    features, p_order
        Of the customers to forecast, in one order; `p_order` is BTYD's P(an order in the horizon).
    contractual
        Churn is a cancellation: BTYD is no baseline of it, and the rate by tenure is one.
    """
    past_features, labels = _pooled(training)
    known = labels[c.CHURNED].notna()
    y_true = labels.loc[known, c.CHURNED]
    rates = {
        "rate": np.full(len(features), y_true.mean()),
        "recency": _rate_by(c.DAYS_SINCE_LAST_ORDER, past_features[known.to_numpy()], y_true, features),
    }
    if contractual and c.TENURE_DAYS in features:
        rates["tenure"] = _rate_by(c.TENURE_DAYS, past_features[known.to_numpy()], y_true, features)
    # A customer who keeps the contract, or stays silent, through one window does so in the next with the same chance.
    windows = horizon_days / training[0].horizon_days
    forecasts = {name: 1 - (1 - rate) ** windows if contractual else rate**windows for name, rate in rates.items()}
    if not contractual:
        forecasts["btyd"] = 1 - p_order.to_numpy()
    return {name: _short_of_certain(probability) for name, probability in forecasts.items()}


def purchase(
    training: Sequence[LabelledSnapshot],
    training_status: pd.Series,
    features: pd.DataFrame,
    status: pd.Series,
    horizon_days: int,
) -> Mapping[str, Array]:
    """P(an order in the horizon): the base rate, the rate of each rule-based status, and the rate by recency.

    Parameters
    ----------
    training_status
        Of every customer of the training snapshots, one snapshot on top of the other.
    features, status
        Of the customers to forecast; those who never bought have no recency, and the rate of their status.
    """
    past_features, labels = _pooled(training)
    bought = (labels[c.ORDERS] > 0).astype(float)
    base_rate = float(bought.mean())
    rules = status.map(bought.groupby(training_status.to_numpy()).mean()).astype(float).fillna(base_rate).to_numpy()
    rates = {"rate": np.full(len(status), base_rate), "rules": rules}
    buyers = past_features[c.DAYS_SINCE_LAST_ORDER].notna().to_numpy()
    if buyers.any():
        recency = _rate_by(c.DAYS_SINCE_LAST_ORDER, past_features[buyers], bought[buyers], features)
        rates["recency"] = np.where(features[c.DAYS_SINCE_LAST_ORDER].notna(), recency, rules)
    windows = horizon_days / training[0].horizon_days
    return {name: _short_of_certain(1 - (1 - rate) ** windows) for name, rate in rates.items()}


def amounts(
    training: Sequence[LabelledSnapshot], features: pd.DataFrame, horizon_days: int
) -> Mapping[str, pd.DataFrame]:
    """Orders and spend in the horizon: the mean of all customers, and the customer's own past rate carried on."""
    _, labels = _pooled(training)
    mean = labels[[c.ORDERS, c.SPEND]].mean() * horizon_days / training[0].horizon_days
    share = horizon_days / features[c.TENURE_DAYS].clip(lower=horizon_days)
    own = pd.DataFrame({c.ORDERS: features[c.ACTIVE_DAYS] * share, c.SPEND: features[c.NET_REVENUE] * share})
    return {
        "mean": pd.DataFrame({name: np.full(len(features), mean[name]) for name in mean.index}, features.index),
        "past_rate": own.fillna(0.0),
    }


def _short_of_certain(probability: Array) -> Array:
    """No baseline may claim what the models may not: where every customer churned, certainty would win by luck."""
    return clip_probability(probability, RATE_FLOOR)


def _pooled(training: Sequence[LabelledSnapshot]) -> tuple[pd.DataFrame, pd.DataFrame]:
    features = pd.concat([snapshot.features for snapshot in training])
    return features, pd.concat([snapshot.labels for snapshot in training])


def _rate_by(column: str, past_features: pd.DataFrame, y_true: pd.Series, features: pd.DataFrame) -> Array:
    """The rate in quantile bins of a number of days."""
    days = past_features[column].to_numpy()
    borders = np.unique(np.nanquantile(days, np.linspace(0, 1, RECENCY_BINS + 1)[1:-1]))
    bins = np.searchsorted(borders, days)
    rates = pd.Series(y_true.to_numpy()).groupby(bins).mean().reindex(range(len(borders) + 1))
    rates = rates.ffill().bfill()
    return rates.to_numpy()[np.searchsorted(borders, features[column].to_numpy())]
