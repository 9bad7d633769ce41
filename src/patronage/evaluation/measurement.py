"""How good a training is: its assignments on later time, and those of a second fit on unseen customers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from patronage import names as c
from patronage.bundle import Bundle
from patronage.config import TrainConfig
from patronage.data import Sampler, Tables
from patronage.evaluation.coverage import evaluate_intervals
from patronage.evaluation.horizons import HorizonCheck, check_horizons
from patronage.evaluation.intervals import Resampling
from patronage.evaluation.journeys import JourneyHoldout
from patronage.evaluation.later_behaviour import LaterBehaviour, evaluate_later
from patronage.evaluation.scorecard import Scorecard, evaluate
from patronage.evaluation.targets import evaluate_target
from patronage.evaluation.totals import evaluate_totals
from patronage.labels import LabelledSnapshot, buyers, first_order_days, weekly_orders
from patronage.models.btyd.fit import FitCache
from patronage.models.horizons import SHIPPED
from patronage.names import Metric
from patronage.training.fit import fit_bundle
from patronage.training.origins import Holdout, Split, holdout_at
from patronage.training.sample import sampling_metrics


@dataclass(frozen=True)
class Measurement:
    """A bundle, the holdout on which it was measured, and how good it was there.

    Attributes
    ----------
    bundle
        Fitted on the holdout's split: the training's own where the log shows the horizon after its cutoff.
    assignments
        Of the evaluated customers, at the holdout's cutoff.
    journey_holdout
        The journey of a second fit, and the customers that this fit did not learn from.
    later
        What the personas of that second fit tell of what the unseen customers did later; None where too few had bought.
    weekly
        Repeat orders of the evaluated customers by week: week 0 begins at the cutoff.
    horizons
        P(order) at horizons within that of the training, beside what came; None where nobody had bought.
    """

    holdout: Holdout
    bundle: Bundle
    assignments: pd.DataFrame
    scorecard: Scorecard
    journey_holdout: JourneyHoldout
    weekly: pd.Series
    later: LaterBehaviour | None = None
    horizons: HorizonCheck | None = None


def measure(
    tables: Tables,
    split: Split,
    bundle: Bundle,
    assignments: pd.DataFrame,
    config: TrainConfig,
    sampler: Sampler | None = None,
    fits: FitCache | None = None,
) -> Measurement | None:
    """Measure a training; None where the log is too short to hold out a horizon.

    Parameters
    ----------
    bundle, assignments
        Fitted on the split, and what it assigns at the split's cutoff.
    sampler
        What drew the customers of the run, if they are a sample.
    fits
        Fits of BTYD laws of this training, which are looked up first.
    """
    holdout = holdout_at(tables, split, config)
    if holdout is None:
        return None
    if holdout.split is not split:
        bundle = _fit(holdout.split, config, config.personas.k, tables, fits)
        assignments = bundle.assign(holdout.evaluated.features)
    evaluated = holdout.evaluated
    scorecard = _score(bundle, assignments, _by_btyd(bundle, evaluated), holdout.split, evaluated, config)
    unseen_scorecard, journey_holdout, later = _unseen(holdout, bundle, config, tables, fits)
    horizons = _horizons(bundle, evaluated, assignments, tables)
    metrics = (
        scorecard.metrics
        | _intervals(bundle, evaluated, assignments)
        | (horizons.metrics if horizons else {})
        | {Metric.unseen(name): value for name, value in unseen_scorecard.metrics.items()}
        | (later.metrics if later else {})
        | sampling_metrics(bundle, holdout, config, sampler)
    )
    weekly = weekly_orders(tables, evaluated.cutoff, evaluated.horizon_days, evaluated.features.index)
    headlines = (*scorecard.headlines, *([later.headline] if later else []))
    scorecard = Scorecard(metrics, headlines)
    return Measurement(holdout, bundle, assignments, scorecard, journey_holdout, weekly, later, horizons)


def _unseen(
    holdout: Holdout, bundle: Bundle, config: TrainConfig, tables: Tables, fits: FitCache | None
) -> tuple[Scorecard, JourneyHoldout, LaterBehaviour | None]:
    """The scorecard of a second fit, on customers that it did not learn from, its journey, and its personas."""
    learned_from = holdout.split.select(~holdout.unseen)
    evaluated = holdout.evaluated.select(holdout.unseen)
    second = _fit(learned_from, config, bundle.personas.k, tables, fits)
    assignments = second.assign(evaluated.features)
    btyd = _by_btyd(second, evaluated)
    scorecard = _score(second, assignments, btyd, learned_from, evaluated, config)
    unseen = holdout.split.select(holdout.unseen)
    journey = JourneyHoldout(
        second.journey, learned_from, unseen, evaluated, assignments, btyd[c.P_ORDER], second.fitted_lenses
    )
    resampling = Resampling(config.evaluation.bootstraps, config.seed)
    everyone = holdout.evaluated
    personas = pd.Series(second.personas.ids_of(everyone.features), everyone.features.index)
    later = evaluate_later(personas, tables, learned_from, everyone, resampling, holdout.unseen)
    return scorecard, journey, later


def _fit(split: Split, config: TrainConfig, k: int | str, tables: Tables, fits: FitCache | None) -> Bundle:
    """A bundle that is only measured: its personas are not shipped, and may be unstable."""
    lenient = replace(config, personas=replace(config.personas, k=k, allow_unstable=True))
    return fit_bundle(split, lenient, left_censored=tables.left_censored, fits=fits)


def _by_btyd(bundle: Bundle, evaluated: LabelledSnapshot) -> pd.DataFrame:
    """What BTYD and Gamma-Gamma alone expect of the customers who have bought."""
    features = buyers(evaluated).features
    return pd.DataFrame(bundle.forecast.expected_by_btyd(features), features.index)


def _score(
    bundle: Bundle,
    assignments: pd.DataFrame,
    btyd: pd.DataFrame,
    split: Split,
    evaluated: LabelledSnapshot,
    config: TrainConfig,
) -> Scorecard:
    resampling = Resampling(config.evaluation.bootstraps, config.seed)
    contractual = config.churn.contractual
    card = evaluate(
        assignments, btyd, bundle.fitted_lenses, split.training, evaluated, resampling, contractual=contractual
    )
    for target in bundle.targets:
        more = evaluate_target(target.act, assignments, split.training, evaluated, resampling)
        card = Scorecard(card.metrics | more.metrics, (*card.headlines, *more.headlines))
    return card


def _intervals(bundle: Bundle, evaluated: LabelledSnapshot, assignments: pd.DataFrame) -> dict[str, float]:
    """How well the intervals cover, of customers who have bought."""
    inputs, multiplier, alive = bundle.forecast.law_inputs(buyers(evaluated).features)
    labels = evaluated.labels.loc[inputs.index]
    spend = assignments.loc[inputs.index, [c.EXPECTED_SPEND, c.EXPECTED_ORDERS]].assign(**{c.SPEND: labels[c.SPEND]})
    known = None if spend.isna().any(axis=None) else spend  # a column was left empty
    metrics = evaluate_intervals(bundle.clv, inputs, labels[c.ORDERS], multiplier, alive, known)
    if known is None:
        return metrics
    personas = assignments.loc[inputs.index, c.PERSONA]
    return metrics | evaluate_totals(bundle.forecast, buyers(evaluated), known, personas)


def _horizons(
    bundle: Bundle, evaluated: LabelledSnapshot, assignments: pd.DataFrame, tables: Tables
) -> HorizonCheck | None:
    """How well P(order) holds at shorter horizons, of customers who have bought."""
    features = buyers(evaluated).features
    if features.empty:
        return None
    shipped = assignments.loc[features.index].astype(dict.fromkeys(SHIPPED, float))
    if shipped[list(SHIPPED)].isna().any(axis=None):  # columns left empty
        shipped = pd.DataFrame(bundle.forecast.predict(features), features.index)
    days = first_order_days(tables, evaluated.cutoff, evaluated.horizon_days, features.index).to_numpy(float)
    ahead = bundle.forecast.ahead(features, shipped)
    return check_horizons(ahead, features[c.FREQUENCY].to_numpy(float), days, evaluated.horizon_days)
