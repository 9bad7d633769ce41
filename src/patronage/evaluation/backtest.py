"""All models at one origin, on four holdouts, beside naive and structural baselines.

    later_seen     all customers, in the horizon after the origin, by models that learned from all of them
    later_unseen   customers kept out of the fit, in the same horizon
    same_unseen    the same customers, at the latest origin that was learned from
    same_seen      what was learned from

The labels that are learned from end at the origin, so that one label window lies between the moments of "same" and of
"later". BTYD is fitted on what was known at the moment of the holdout, never later.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import TrainConfig
from patronage.data import Tables
from patronage.errors import FitError
from patronage.evaluation import baselines
from patronage.evaluation.backtest_metrics import MetricRow, compare_models
from patronage.evaluation.coverage import evaluate_intervals
from patronage.evaluation.intervals import Resampling
from patronage.evaluation.totals import evaluate_totals, personas_at
from patronage.labels import LabelledSnapshot, Snapshot, buyers
from patronage.models.btyd.calendar import FLAT
from patronage.models.btyd.fit import LAWS, FitCache
from patronage.models.btyd.mean import BtydMean, fit_btyd
from patronage.models.forecast import Forecast
from patronage.names import Metric
from patronage.training.fit import fit_calibrated_journey
from patronage.training.forecast import fit_forecast
from patronage.training.journey import fit_at_origin
from patronage.training.journey_member import sees_events, with_journey
from patronage.training.law import fit_clv
from patronage.training.origins import Holdout, Split, measured_at
from patronage.typing import Array

log = logging.getLogger(__name__)

Predictions = Mapping[str, Mapping[str, Array]]  # by label and model, a value per customer

LATER, LATER_UNSEEN, SAME_UNSEEN, SAME = "later_seen", "later_unseen", "same_unseen", "same_seen"
HOLDOUTS = (LATER, LATER_UNSEEN, SAME_UNSEEN, SAME)
STRUCTURAL = tuple(name for name in LAWS if name != "abe")  # whose fit would cost more than all else here
ENSEMBLE, LAW, SHIPPED = "ensemble", "law", "shipped"
SEASONLESS = "seasonless"  # the same models, asked in plain days where there is a calendar
TARGETS = {c.CHURNED: "churn", c.ORDERS: c.ORDERS, c.SPEND: c.SPEND}  # prefix of the metrics by label


@dataclass(frozen=True)
class BacktestHoldout:
    """One holdout with the models to compare on it.

    Attributes
    ----------
    name
        One of `HOLDOUTS`.
    forecast
        What would be shipped, with BTYD as of the moment of the holdout.
    laws
        BTYD by one law alone, as of the same moment: the structural baselines.
    training
        What the forecast learned from; the naive baselines learn from the same.
    evaluated
        The customers of the holdout who have bought.
    """

    name: str
    forecast: Forecast
    laws: Mapping[str, BtydMean]
    training: Sequence[LabelledSnapshot]
    evaluated: LabelledSnapshot


def measure(
    tables: Tables, cutoff: datetime, config: TrainConfig, fits: FitCache | None = None
) -> list[dict[str, object]]:
    """Every metric of every model at one origin.

    A row each: origin, model, holdout, metric, value, low, high (of the difference to the baseline), baseline.

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
    resampling = Resampling(config.evaluation.bootstraps, config.seed)
    rows: list[dict[str, object]] = []
    fits = FitCache() if fits is None else fits
    for part in _holdouts(holdout, config, fits, left_censored=tables.left_censored):
        metric_rows = [_customers(part), *_compare(part, resampling, contractual=config.churn.contractual)]
        if part.name in (LATER, LATER_UNSEEN):
            everyone = part.name == LATER
            personas = personas_at(holdout.split, config, part.evaluated.features) if everyone else None
            metric_rows += _coverage(part, personas)
        rows += [{"origin": f"{cutoff:%Y-%m-%d}", "holdout": part.name, **row._asdict()} for row in metric_rows]
    return rows


def _holdouts(
    holdout: Holdout, config: TrainConfig, fits: FitCache, *, left_censored: bool
) -> Iterator[BacktestHoldout]:
    """The four holdouts of an origin, in pairs: two by a fit on all customers, two by one without the unseen ones."""
    split, unseen = holdout.split, holdout.unseen
    later, same = holdout.evaluated, split.training[0]
    yield from _pair((LATER, SAME), split, (later, same), config, fits, left_censored=left_censored)
    without, apart = split.select(~unseen), (later.select(unseen), same.select(unseen))
    yield from _pair((LATER_UNSEEN, SAME_UNSEEN), without, apart, config, fits, left_censored=left_censored)


def _pair(
    names: tuple[str, str],
    learned_from: Split,
    evaluated: tuple[LabelledSnapshot, LabelledSnapshot],
    config: TrainConfig,
    fits: FitCache,
    *,
    left_censored: bool,
) -> Iterator[BacktestHoldout]:
    """The holdouts of one fit: at the origin, and at the latest earlier origin."""
    training = learned_from.training
    forecast = fit_forecast(learned_from, config, fits)
    if sees_events(learned_from.current.features):
        journey = fit_calibrated_journey(learned_from, config, left_censored=left_censored)
        forecast = with_journey(forecast, learned_from, config, journey, fits)
    laws = _structural_laws(learned_from.current, fits)
    yield BacktestHoldout(names[0], forecast, laws, training, buyers(evaluated[0]))
    earlier, laws = _as_of(forecast, training[0], config, fits)
    yield BacktestHoldout(names[1], earlier, laws, training, buyers(evaluated[1]))


def _structural_laws(snapshot: Snapshot, fits: FitCache) -> dict[str, BtydMean]:
    """Each law by itself, fitted on what was known at one moment; a law that cannot be fitted is left out."""
    laws = {}
    for name in STRUCTURAL:
        try:
            laws[name] = fit_btyd(buyers(snapshot).features, (name,), fits)
        except FitError as error:
            log.warning("left out of the backtest: %s", error)
    return laws


def _as_of(
    forecast: Forecast, snapshot: LabelledSnapshot, config: TrainConfig, fits: FitCache
) -> tuple[Forecast, dict[str, BtydMean]]:
    """The same ensemble on BTYD and a CLV law that were fitted at an earlier origin, over its label window.

    The laws of that BTYD, each by itself, are the structural baselines there.
    """
    features = buyers(snapshot).features
    on_clock = pd.DataFrame(forecast.calendar.operational(features), features.index)
    clv = fit_clv(on_clock, (), config.clv, snapshot.horizon_days, fits)
    btyd = fit_btyd(on_clock, tuple(forecast.btyd.laws), fits)
    plain = fit_btyd(features, tuple(forecast.btyd.laws), fits)
    laws = {name: BtydMean({name: law}, plain.spend_law) for name, law in plain.laws.items()}
    journey = forecast.journey and fit_at_origin(forecast.journey, snapshot, seed=config.seed)
    return replace(forecast, btyd=btyd, clv=clv, journey=journey), laws


def _customers(part: BacktestHoldout) -> MetricRow:
    """How many customers the other rows of the holdout are of."""
    nan = float("nan")
    return MetricRow(SHIPPED, Metric.BACKTEST_CUSTOMERS, float(len(part.evaluated.features)), nan, nan, "")


def _compare(part: BacktestHoldout, resampling: Resampling, *, contractual: bool) -> list[MetricRow]:
    """Score every model on the customers of one holdout."""
    predictions = _predictions(part, contractual=contractual)
    rows = []
    for label, target in TARGETS.items():
        labels = part.evaluated.labels[label].to_numpy(np.float64)
        known = ~np.isnan(labels)
        if known.any():
            y_pred = {model: values[known] for model, values in predictions[label].items()}
            rows += compare_models(target, labels[known], y_pred, STRUCTURAL, resampling)
    return rows


def _coverage(part: BacktestHoldout, personas: pd.Series | None) -> list[MetricRow]:
    """How well the intervals of what is shipped cover: of customers, of all together and of personas."""
    features, labels = part.evaluated.features, part.evaluated.labels
    inputs, multiplier, alive = part.forecast.law_inputs(features)
    shipped = part.forecast.predict(features)
    spend = pd.DataFrame({name: shipped[name] for name in (c.EXPECTED_SPEND, c.EXPECTED_ORDERS)}, features.index)
    spend = spend.assign(**{c.SPEND: labels[c.SPEND]})
    metrics = evaluate_intervals(part.forecast.clv, inputs, labels[c.ORDERS], multiplier, alive, spend)
    metrics |= evaluate_totals(part.forecast, part.evaluated, spend, personas)
    nan = float("nan")
    return [MetricRow(SHIPPED, name, value, nan, nan, "") for name, value in metrics.items()]


def _predictions(part: BacktestHoldout, *, contractual: bool) -> Predictions:
    """Naive baselines, structural laws, the members of the ensemble, the ensemble, and what is shipped."""
    features = part.evaluated.features
    shipped = part.forecast.predict(features)
    sources = [
        _naive(part, shipped[c.P_ORDER], contractual=contractual),
        _structural(part, contractual=contractual),
        _ensemble(part),
        {} if contractual else {c.CHURNED: {LAW: 1 - shipped[c.P_ORDER]}},
        _by_label(SHIPPED, shipped),
    ]
    if not part.forecast.calendar.flat:
        without = replace(part.forecast, calendar=FLAT)
        sources.append(_by_label(SEASONLESS, without.predict(features)))
    return {
        label: {model: values for source in sources for model, values in source.get(label, {}).items()}
        for label in TARGETS
    }


def _naive(part: BacktestHoldout, p_order: Array, *, contractual: bool) -> Predictions:
    features, days = part.evaluated.features, part.evaluated.horizon_days
    churn = baselines.churn(part.training, features, pd.Series(p_order), days, contractual=contractual)
    amounts = baselines.amounts(part.training, features, days)
    return {
        c.CHURNED: {name: churn[name] for name in ("rate", "recency")},  # BTYD stands among the structural ones
        **{label: {name: frame[label].to_numpy() for name, frame in amounts.items()} for label in (c.ORDERS, c.SPEND)},
    }


def _structural(part: BacktestHoldout, *, contractual: bool) -> Predictions:
    features, days = part.evaluated.features, part.evaluated.horizon_days
    expected = {name: law.predict(features, days) for name, law in part.laws.items()}
    return {
        c.CHURNED: {} if contractual else {name: 1 - columns[c.P_ORDER] for name, columns in expected.items()},
        c.ORDERS: {name: columns[c.EXPECTED_ORDERS] for name, columns in expected.items()},
        c.SPEND: {name: columns[c.EXPECTED_SPEND] for name, columns in expected.items()},
    }


def _ensemble(part: BacktestHoldout) -> Predictions:
    """Each member, and their mean."""
    members = part.forecast.ensemble.member_predictions(*part.forecast.inputs(part.evaluated.features))
    return {label: {**members[label], ENSEMBLE: np.mean(list(members[label].values()), axis=0)} for label in TARGETS}


def _by_label(model: str, columns: Mapping[str, Array]) -> Predictions:
    """The columns of the assignments that predict each label."""
    predicted_by = {c.CHURNED: c.CHURN_PROBABILITY, c.ORDERS: c.EXPECTED_ORDERS, c.SPEND: c.EXPECTED_SPEND}
    return {label: {model: columns[column]} for label, column in predicted_by.items()}
