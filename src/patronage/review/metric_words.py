"""Metrics and baselines in words, for a reader who does not know their names."""

from __future__ import annotations

from patronage import names as c

MEASURES = {
    "log_loss": "error of the probabilities (log-loss); less is better",
    "spend_rmse": "error of the spend of a customer (RMSE); less is better",
    "later_behaviour": "share of later behaviour told beyond RFM; more is better",
}
BASELINES = {
    "btyd": "rhythm of orders alone (BTYD)",
    "past_rate": "spend as in the past",
    "recency": "days since the last order alone",
    "rate": "the usual rate",
    "mean": "the usual amount",
    "rules": "the rate of each status",
    "tenure": "days since the first order alone",
    "two_by_two": "four groups by frequency and recency",
    "rfm_grid": "grid of RFM",
    "shuffled": "personas at random",
}
_OF = {"churn": "churn", "journey": "the journey"}
_PROBABILITIES = {
    "log_loss": "error of the probabilities of {} (log-loss)",
    "brier": "squared error of the probabilities of {} (Brier)",
    "one_minus_roc_auc": "pairs of customers that {} ranks wrongly (1 - ROC-AUC)",
}
_AMOUNTS = {"rmse": "error of the {} of a customer (RMSE)", "mae": "absolute error of the {} of a customer (MAE)"}


def loss_in_words(metric: str) -> str:
    """What a loss of two runs measures, such as churn/log_loss; another name as it is."""
    model, _, measure = metric.partition("/")
    amount, _, kind = measure.rpartition("_")
    if model in _OF and measure in _PROBABILITIES:
        return _PROBABILITIES[measure].format(_OF[model])
    if model == c.CLV and kind in _AMOUNTS:
        return _AMOUNTS[kind].format("number of orders" if amount == c.ORDERS else amount)
    return metric
