"""What anyone could say without a model. All of it is learned from the same earlier origins as the models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.labels import LabelledSnapshot
from patronage.models.ensemble.target import RATE_FLOOR

RECENCY_BINS = 20


def churn(
    past: Sequence[LabelledSnapshot],
    judged: pd.DataFrame,
    structural: pd.Series,
    horizon_days: int,
    *,
    contractual: bool,
) -> Mapping[str, np.ndarray]:
    """Churn probabilities: the base rate, the rate by recency, and the structural model's P(no order)."""
    features, labels = _pooled(past)
    known = labels[c.CHURNED].notna()
    happened = labels.loc[known, c.CHURNED]
    said = {
        "rate": np.full(len(judged), happened.mean()),
        "recency": _by_recency(features[known.to_numpy()], happened, judged),
    }
    # Who stays for a window stays for the next with the same chance; so does who is silent, more or less.
    longer = horizon_days / past[0].horizon_days
    stretched = {name: 1 - (1 - rate) ** longer if contractual else rate**longer for name, rate in said.items()}
    if not contractual:
        stretched["btyd"] = 1 - structural.to_numpy()
    return {name: _short_of_certain(probability) for name, probability in stretched.items()}


def purchase(
    past: Sequence[LabelledSnapshot], judged: pd.DataFrame, status: Mapping[str, pd.Series], horizon_days: int
) -> Mapping[str, np.ndarray]:
    """P(an order in the horizon): the base rate, and the rate of each rule-based status.

    Parameters
    ----------
    status
        Of every customer at "past" (all origins on top of each other) and "judged".
    """
    _, labels = _pooled(past)
    bought = (labels[c.ORDERS] > 0).astype(float)
    rate = float(bought.mean())
    by_status = bought.groupby(status["past"].to_numpy()).mean()
    said = {
        "rate": np.full(len(judged), rate),
        "rules": status["judged"].map(by_status).astype(float).fillna(rate).to_numpy(),
    }
    longer = horizon_days / past[0].horizon_days
    return {name: _short_of_certain(1 - (1 - chance) ** longer) for name, chance in said.items()}


def amounts(past: Sequence[LabelledSnapshot], judged: pd.DataFrame, horizon_days: int) -> Mapping[str, pd.DataFrame]:
    """Orders and spend in the horizon: everyone's mean, and the customer's own past rate carried on."""
    _, labels = _pooled(past)
    mean = labels[[c.ORDERS, c.SPEND]].mean() * horizon_days / past[0].horizon_days
    share = horizon_days / judged[c.TENURE_DAYS].clip(lower=horizon_days)
    own = pd.DataFrame({c.ORDERS: judged[c.ACTIVE_DAYS] * share, c.SPEND: judged[c.NET_REVENUE] * share})
    return {
        "mean": pd.DataFrame({name: np.full(len(judged), mean[name]) for name in mean.index}, judged.index),
        "past_rate": own.fillna(0.0),
    }


def _short_of_certain(probability: np.ndarray) -> np.ndarray:
    """No baseline may claim what the models may not: where everybody churned, certainty would win by luck."""
    return np.clip(probability, RATE_FLOOR, 1 - RATE_FLOOR)


def _pooled(past: Sequence[LabelledSnapshot]) -> tuple[pd.DataFrame, pd.DataFrame]:
    features = pd.concat([snapshot.features for snapshot in past])
    return features, pd.concat([snapshot.labels for snapshot in past if snapshot.labels is not None])


def _by_recency(features: pd.DataFrame, happened: pd.Series, judged: pd.DataFrame) -> np.ndarray:
    """The rate in quantile bins of the days since the last order."""
    days = features[c.DAYS_SINCE_LAST_ORDER].to_numpy()
    borders = np.unique(np.nanquantile(days, np.linspace(0, 1, RECENCY_BINS + 1)[1:-1]))
    bins = np.searchsorted(borders, days)
    rates = pd.Series(happened.to_numpy()).groupby(bins).mean().reindex(range(len(borders) + 1))
    rates = rates.ffill().bfill()
    return rates.to_numpy()[np.searchsorted(borders, judged[c.DAYS_SINCE_LAST_ORDER].to_numpy())]
