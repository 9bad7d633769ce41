"""Whether one child of a sweep is better than the others by more than chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.evaluation.intervals import Resampling, paired_difference
from patronage.names import Metric
from patronage.statistics import log_losses
from patronage.typing import Array

BY_KEY = {  # what a swept key can move
    "personas": Metric.PERSONA_LATER_BEHAVIOUR,
    "clv": Metric.SPEND_RMSE,
    "journey": Metric.JOURNEY_LOG_LOSS,
}
RESAMPLING = Resampling(500, 0)


def key_of(word: str) -> str:
    """The key that a word of the command line sets.

    Examples
    --------
    >>> key_of("+clv.margin=0.3")
    'clv.margin'
    """
    return word.lstrip("+~").partition("=")[0]


def deciding_metric(overrides: Sequence[str]) -> str:
    """The metric by which a sweep is judged: of the one model that the swept keys set, else that of churn.

    Examples
    --------
    >>> deciding_metric(["clv=bg_nbd", "clv.margin=0.3"])
    'clv/spend_rmse'
    """
    groups = {key_of(word).partition(".")[0] for word in overrides}
    return BY_KEY.get(groups.pop(), Metric.CHURN_LOG_LOSS) if len(groups) == 1 else Metric.CHURN_LOG_LOSS


def best_child(evaluations: Mapping[str, pd.DataFrame], metric: str) -> tuple[str | None, str]:
    """The child with the least loss, if the next one loses more by an interval that excludes zero; and a sentence.

    Parameters
    ----------
    evaluations
        Labels and forecasts of the evaluated customers, by child.
    """
    if metric == Metric.PERSONA_LATER_BEHAVIOUR:
        return None, f"No child is called best: personas are chosen by stability first; {metric} stands beside it."
    losses = {child: _losses(frame.set_index(c.CUSTOMER_ID), metric) for child, frame in evaluations.items()}
    losses = {child: loss for child, loss in losses.items() if len(loss)}
    if len(losses) < 2:
        return None, "No child is called best: fewer than two were evaluated."
    common = set.intersection(*(set(loss.index) for loss in losses.values()))
    if not common or any(len(common) < len(loss) for loss in losses.values()):
        return None, "No child is called best: they were evaluated on other customers."
    order = next(iter(losses.values())).index
    ranked = sorted((float(loss.mean()), child) for child, loss in losses.items())
    first, second = ranked[0][1], ranked[1][1]
    gap = paired_difference(losses[first].loc[order].to_numpy(), losses[second].loc[order].to_numpy(), RESAMPLING)
    if gap.high < 0:
        return first, f"*best* has the least {metric}, by more than its 95% interval on the same customers."
    return None, f"No child is best: the least and the next {metric} differ by less than their 95% interval."


def _losses(evaluation: pd.DataFrame, metric: str) -> pd.Series:
    """The loss of each customer that the metric covers."""
    if metric == Metric.CHURN_LOG_LOSS:
        return _log_losses(evaluation[c.CHURNED], evaluation[c.CHURN_PROBABILITY])
    if metric == Metric.JOURNEY_LOG_LOSS:
        return _log_losses((evaluation[c.ORDERS] > 0).astype(float), evaluation[c.JOURNEY_P_ORDER])
    return ((evaluation[c.EXPECTED_SPEND] - evaluation[c.SPEND]) ** 2).dropna()


def _log_losses(y_true: pd.Series, y_pred: pd.Series) -> pd.Series:
    known = (y_true.notna() & y_pred.notna()).to_numpy()
    values: Array = log_losses(y_true[known].to_numpy(np.float64), y_pred[known].to_numpy(np.float64))
    return pd.Series(values, y_true.index[known])
