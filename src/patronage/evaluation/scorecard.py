"""How good was what was said of the customers, beside what anyone could have said.

Takes what a bundle said, never the bundle: so an old run's assignments can be judged as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from patronage import lenses
from patronage import names as c
from patronage import statistics as metrics
from patronage.errors import ConfigError
from patronage.evaluation import baselines
from patronage.evaluation.intervals import Interval, paired_difference
from patronage.labels import LabelledSnapshot
from patronage.statistics import log_losses


@dataclass(frozen=True)
class Headline:
    """A model's one figure beside its best baseline's; `difference` is of the mean loss per customer."""

    model: str
    metric: str
    value: float
    baseline: str
    baseline_value: float
    difference: Interval

    @property
    def verdict(self) -> str:
        """Whether the model beats its best naive baseline, by the interval of the paired difference."""
        if self.difference.high < 0:
            return "beats it"
        return "loses to it" if self.difference.low > 0 else "ties with it"


@dataclass(frozen=True)
class Scorecard:
    """All metrics by name (`churn/log_loss`, `churn/baseline_recency/log_loss`), and a headline per model."""

    metrics: dict[str, float] = field(default_factory=dict)
    headlines: tuple[Headline, ...] = ()


@dataclass(frozen=True)
class Resampling:
    """How often and with which seed intervals are drawn."""

    times: int
    seed: int


def judge_probability(
    model: str,
    happened: np.ndarray,
    said: np.ndarray,
    naive: Mapping[str, np.ndarray],
    resampling: Resampling,
) -> Scorecard:
    """Score a probability by log-loss and its kin."""
    found = {f"{model}/{name}": value for name, value in metrics.classification(happened, said).items()}
    found[f"{model}/base_rate"] = float(happened.mean())
    for name, other in naive.items():
        scores = metrics.classification(happened, other)
        found |= {f"{model}/baseline_{name}/{metric}": value for metric, value in scores.items()}
    losses = {name: log_losses(happened, other) for name, other in naive.items()}
    headline = _headline(model, "log_loss", log_losses(happened, said), losses, resampling, root=False)
    return Scorecard(found, (headline,))


def judge_amounts(
    labels: pd.DataFrame, said: pd.DataFrame, naive: Mapping[str, pd.DataFrame], resampling: Resampling
) -> Scorecard:
    """Score expected orders and spend in the horizon; the headline is the error of spend."""
    found: dict[str, float] = {}
    for label in (c.ORDERS, c.SPEND):
        truth = labels[label].to_numpy()
        for prefix, amounts in {"clv": said, **{f"clv/baseline_{n}": b for n, b in naive.items()}}.items():
            scores = metrics.regression(truth, amounts[label].to_numpy())
            found |= {f"{prefix}/{label}_{metric}": value for metric, value in scores.items()}
    spend = labels[c.SPEND].to_numpy()
    losses = {name: (other[c.SPEND].to_numpy() - spend) ** 2 for name, other in naive.items()}
    own = (said[c.SPEND].to_numpy() - spend) ** 2
    return Scorecard(found, (_headline("clv", f"{c.SPEND}_rmse", own, losses, resampling, root=True),))


def _headline(
    model: str,
    metric: str,
    own: np.ndarray,
    others: Mapping[str, np.ndarray],
    resampling: Resampling,
    *,
    root: bool,
) -> Headline:
    """The model beside the baseline with the least mean loss."""
    best = min(others, key=lambda name: float(others[name].mean()))
    difference = paired_difference(own, others[best], times=resampling.times, seed=resampling.seed)
    shown = np.sqrt if root else float
    return Headline(model, metric, float(shown(own.mean())), best, float(shown(others[best].mean())), difference)


def judge(
    said: pd.DataFrame,
    structural: pd.Series,
    learned: Mapping[str, Any],
    past: Sequence[LabelledSnapshot],
    judged: LabelledSnapshot,
    resampling: Resampling,
    *,
    contractual: bool = False,
) -> Scorecard:
    """Score the assignments of one cutoff on what came after it.

    Parameters
    ----------
    said
        What the bundle says of the judged customers, on their index.
    structural
        P(an order in the horizon) of those who have bought, by BTYD alone.
    learned
        What its lenses learned: the rule-based status is the journey's baseline.
    past
        What the bundle learned from; the baselines learn from the same.
    judged
        With labels.
    """
    labels = judged.labels
    if labels is None:
        raise ValueError("a snapshot to be judged on has no labels")
    known = labels[c.CHURNED].notna()
    if not known.any():
        raise ConfigError("lookback_days: no customer had an order in the lookback before the cutoff; raise it")
    eligible = judged.select(known)
    by_btyd = structural.reindex(labels.index)[known]
    churn = judge_probability(
        "churn",
        labels.loc[known, c.CHURNED].to_numpy(),
        said.loc[known, c.CHURN_PROBABILITY].to_numpy(),
        baselines.churn(past, eligible.features, by_btyd, judged.horizon_days, contractual=contractual),
        resampling,
    )
    buyers = said[c.EXPECTED_SPEND].notna()
    amounts = said.loc[buyers, [c.EXPECTED_ORDERS, c.EXPECTED_SPEND]].set_axis([c.ORDERS, c.SPEND], axis=1)
    naive = baselines.amounts(past, judged.features[buyers], judged.horizon_days)
    clv = judge_amounts(labels[buyers], amounts, naive, resampling) if buyers.any() else Scorecard()
    status = {"judged": lenses.segments(judged.features, learned)[c.STATUS_SEGMENT]}
    status["past"] = pd.concat([lenses.segments(snapshot.features, learned)[c.STATUS_SEGMENT] for snapshot in past])
    journey = judge_probability(
        "journey",
        (labels[c.ORDERS] > 0).to_numpy(float),
        said[c.JOURNEY_P_ORDER].to_numpy(),
        baselines.purchase(past, judged.features, status, judged.horizon_days),
        resampling,
    )
    cards = [churn, clv, journey]
    found = {name: value for card in cards for name, value in card.metrics.items()}
    return Scorecard(found, tuple(line for card in cards for line in card.headlines))
