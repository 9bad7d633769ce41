"""The scorecard of a run: every metric of its forecasts, beside the naive baselines and the best of them.

It takes the assignments of a bundle, never the bundle, so that the assignments of an old run can be scored as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from patronage import lenses
from patronage import names as c
from patronage.errors import ConfigError
from patronage.evaluation import baselines
from patronage.evaluation.intervals import Interval, Resampling, paired_difference
from patronage.labels import LabelledSnapshot
from patronage.lenses import FittedLenses
from patronage.names import Metric
from patronage.statistics import classification, log_losses, regression
from patronage.typing import Array

CHURN, CLV, JOURNEY = "churn", c.CLV, "journey"  # the models that a scorecard has a headline of
BTYD = "btyd"  # the structural baseline
BETTER, NO_BETTER, WORSE = "better than", "no better than", "worse than"


@dataclass(frozen=True)
class Headline:
    """One metric of a model beside its best baseline's; `difference` is that of the mean loss per customer."""

    model: str
    metric: str
    value: float
    baseline: str
    baseline_value: float
    difference: Interval

    @property
    def verdict(self) -> str:
        """How the model compares with its best baseline, by the 95 % interval of the difference: a tie is no win."""
        if self.difference.high < 0:
            return BETTER
        return WORSE if self.difference.low > 0 else NO_BETTER


@dataclass(frozen=True)
class Scorecard:
    """All metrics by name (`churn/log_loss`, `churn/baseline_recency/log_loss`), and a headline per model."""

    metrics: dict[str, float] = field(default_factory=dict)
    headlines: tuple[Headline, ...] = ()


def evaluate(
    assignments: pd.DataFrame,
    btyd: pd.DataFrame,
    lens_states: FittedLenses,
    training: Sequence[LabelledSnapshot],
    evaluated: LabelledSnapshot,
    resampling: Resampling,
    *,
    contractual: bool = False,
) -> Scorecard:
    """Score the assignments of one cutoff on the horizon after it.

    Parameters
    ----------
    assignments
        Of the evaluated customers, on their index.
    btyd
        P(an order), expected orders and expected spend in the horizon of the customers who have bought, by BTYD and
        Gamma-Gamma alone: the structural baseline of all three models.
    lens_states
        What the lenses of the bundle learned: the rule-based status is the journey's baseline.
    training
        What the bundle learned from; the baselines learn from the same.

    Raises
    ------
    ConfigError
        No customer had an order in the lookback, so that none could churn.
    """
    naive = _purchase_baselines(btyd[c.P_ORDER], lens_states, training, evaluated)
    cards = (
        _churn_card(
            assignments, btyd[c.P_ORDER], naive["rules"], training, evaluated, resampling, contractual=contractual
        ),
        _clv_card(assignments, btyd, training, evaluated, resampling),
        _journey_card(assignments, naive, evaluated, resampling),
    )
    metrics = {name: value for card in cards for name, value in card.metrics.items()}
    return Scorecard(metrics, tuple(headline for card in cards for headline in card.headlines))


def evaluate_probability(
    model: str, y_true: Array, y_pred: Array, naive: Mapping[str, Array], resampling: Resampling
) -> Scorecard:
    """Score a probability; the headline is the log-loss.

    Parameters
    ----------
    naive
        The forecasts of each naive baseline, by its name.
    """
    metrics = {Metric.of(model, measure): value for measure, value in classification(y_true, y_pred).items()}
    metrics[Metric.of(model, "base_rate")] = float(y_true.mean())
    for name, forecast in naive.items():
        for measure, value in classification(y_true, forecast).items():
            metrics[Metric.baseline(model, name, measure)] = value
    naive_losses = {name: log_losses(y_true, forecast) for name, forecast in naive.items()}
    headline = _headline(model, "log_loss", log_losses(y_true, y_pred), naive_losses, resampling)
    return Scorecard(metrics, (headline,))


def evaluate_amounts(
    labels: pd.DataFrame, expected: pd.DataFrame, naive: Mapping[str, pd.DataFrame], resampling: Resampling
) -> Scorecard:
    """Score expected orders and spend in the horizon; the headline is the root mean squared error of spend.

    Parameters
    ----------
    labels, expected, and each of naive
        Columns `orders` and `spend`, on one index.
    """
    metrics = {}
    for label in (c.ORDERS, c.SPEND):
        y_true = labels[label].to_numpy()
        for measure, value in regression(y_true, expected[label].to_numpy()).items():
            metrics[Metric.of(CLV, f"{label}_{measure}")] = value
        for name, forecast in naive.items():
            for measure, value in regression(y_true, forecast[label].to_numpy()).items():
                metrics[Metric.baseline(CLV, name, f"{label}_{measure}")] = value
    spend = labels[c.SPEND].to_numpy()
    naive_losses = {name: (forecast[c.SPEND].to_numpy() - spend) ** 2 for name, forecast in naive.items()}
    losses = (expected[c.SPEND].to_numpy() - spend) ** 2
    return Scorecard(metrics, (_headline(CLV, f"{c.SPEND}_rmse", losses, naive_losses, resampling, root=True),))


def _headline(
    model: str,
    metric: str,
    losses: Array,
    naive_losses: Mapping[str, Array],
    resampling: Resampling,
    *,
    root: bool = False,
) -> Headline:
    """The model beside the baseline with the least mean loss; `root` shows the root of the mean losses."""
    best = min(naive_losses, key=lambda name: float(naive_losses[name].mean()))
    value, baseline_value = (
        float(np.sqrt(mean) if root else mean) for mean in (losses.mean(), naive_losses[best].mean())
    )
    return Headline(
        model, metric, value, best, baseline_value, paired_difference(losses, naive_losses[best], resampling)
    )


def _churn_card(
    assignments: pd.DataFrame,
    p_order: pd.Series,
    by_rules: pd.Series,
    training: Sequence[LabelledSnapshot],
    evaluated: LabelledSnapshot,
    resampling: Resampling,
    *,
    contractual: bool,
) -> Scorecard:
    """P(churn) of the customers who could churn; `by_rules` is P(an order) by status, of all customers."""
    known = evaluated.labels[c.CHURNED].notna()
    if not known.any():
        raise ConfigError("lookback_days: no customer had an order in the lookback before the cutoff; raise it")
    eligible = evaluated.select(known)
    naive = baselines.churn(
        training,
        eligible.features,
        p_order.reindex(eligible.features.index),
        evaluated.horizon_days,
        contractual=contractual,
    )
    if not contractual:  # churn and journey predict the same event: they share their baselines
        naive = {**naive, "rules": 1 - by_rules[known].to_numpy()}
    y_pred = assignments.loc[known, c.CHURN_PROBABILITY].to_numpy()
    return evaluate_probability(CHURN, eligible.labels[c.CHURNED].to_numpy(), y_pred, naive, resampling)


def _clv_card(
    assignments: pd.DataFrame,
    btyd: pd.DataFrame,
    training: Sequence[LabelledSnapshot],
    evaluated: LabelledSnapshot,
    resampling: Resampling,
) -> Scorecard:
    """Orders and spend of the customers who have bought."""
    valued = assignments[c.EXPECTED_SPEND].notna()
    if not valued.any():
        return Scorecard()
    expected = assignments.loc[valued, [c.EXPECTED_ORDERS, c.EXPECTED_SPEND]].set_axis([c.ORDERS, c.SPEND], axis=1)
    structural = btyd.reindex(expected.index)[[c.EXPECTED_ORDERS, c.EXPECTED_SPEND]].set_axis(
        [c.ORDERS, c.SPEND], axis=1
    )
    naive = {**baselines.amounts(training, evaluated.features[valued], evaluated.horizon_days), BTYD: structural}
    return evaluate_amounts(evaluated.labels[valued], expected, naive, resampling)


def _purchase_baselines(
    p_order: pd.Series, lens_states: FittedLenses, training: Sequence[LabelledSnapshot], evaluated: LabelledSnapshot
) -> Mapping[str, pd.Series]:
    """P(an order) of all customers by each baseline, on their index."""

    def status(features: pd.DataFrame) -> pd.Series:
        return lenses.segments(features, lens_states)[c.STATUS_SEGMENT]

    features = evaluated.features
    past = pd.concat([status(snapshot.features) for snapshot in training])
    naive = baselines.purchase(training, past, features, status(features), evaluated.horizon_days)
    by_name = {name: pd.Series(forecast, features.index) for name, forecast in naive.items()}
    # BTYD knows nothing of those who never bought: they get what their status has
    return {**by_name, BTYD: p_order.reindex(features.index).fillna(by_name["rules"]).astype(float)}


def _journey_card(
    assignments: pd.DataFrame, naive: Mapping[str, pd.Series], evaluated: LabelledSnapshot, resampling: Resampling
) -> Scorecard:
    """The journey's P(an order) of all customers."""
    y_true = (evaluated.labels[c.ORDERS] > 0).to_numpy(float)
    y_pred = assignments[c.JOURNEY_P_ORDER].to_numpy()
    forecasts = {name: forecast.to_numpy() for name, forecast in naive.items()}
    return evaluate_probability(JOURNEY, y_true, y_pred, forecasts, resampling)
