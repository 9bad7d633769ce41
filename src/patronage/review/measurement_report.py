"""How good one run is: the metrics of its measurement, leakage, the profit of contacts, and the figures."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from patronage import names as c
from patronage.decisions.retention import empc, profit_curve, retention_offer, retention_profit
from patronage.evaluation.baselines import churn as churn_baselines
from patronage.evaluation.leakage import SUSPECT, single_auc
from patronage.evaluation.measurement import Measurement
from patronage.labels import buyers
from patronage.models.forecast import CONTRACT
from patronage.names import Artifact, Metric, Tag
from patronage.report import Report
from patronage.review import clv_figures, ensemble_figures, figures
from patronage.review.target_report import target_report
from patronage.typing import Array

FORECASTS = [c.CHURN_PROBABILITY, c.EXPECTED_ORDERS, c.EXPECTED_SPEND, c.JOURNEY_P_ORDER]


def measurement_report(measurement: Measurement, currency: str = "") -> Report:
    """The report of a measurement; its frame has labels and forecasts, so that two runs can be compared on them.

    Parameters
    ----------
    currency
        Of the log, for the axes of its figures.
    """
    evaluated, assignments = measurement.holdout.evaluated, measurement.assignments
    further = [c.p_act(target.act.key) for target in measurement.bundle.targets]
    frame = evaluated.labels.join(assignments[[*FORECASTS, *further]]).reset_index()
    return (
        Report(metrics=measurement.scorecard.metrics, frames={Artifact.EVALUATION: frame})
        | _personas(measurement)
        | _leakage(measurement)
        | _churn(measurement)
        | _value(measurement, currency)
        | _orders(measurement)
        | target_report(measurement)
    )


def _orders(measurement: Measurement) -> Report:
    """The orders after the cutoff beside what was predicted, in the horizon and in shorter ones."""
    evaluated, assignments = measurement.holdout.evaluated, measurement.assignments
    features = buyers(evaluated).features
    ahead = measurement.bundle.forecast.ahead(features)
    report = Report(figures=clv_figures.of_measurement(ahead, evaluated, measurement.weekly, assignments))
    if measurement.horizons is None:
        return report
    check = measurement.horizons
    return report | Report(
        tables={Artifact.HORIZONS: check.horizons, Artifact.NEXT_ORDER: check.next_order},
        figures={Artifact.HORIZONS_FIGURE: clv_figures.probability_over_time(check)},
    )


def _personas(measurement: Measurement) -> Report:
    """What the personas tell of later behaviour, beside an RFM grid of as many cells."""
    later = measurement.later
    if later is None:
        return Report()
    line = later.headline
    verdict = f"TELL NO MORE of later behaviour than a grid of orders and recency ({line.value:.1%})"
    if line.difference.high < 0:
        verdict = f"tell {line.value:.1%} of what a grid of orders and recency of as many cells leaves over"
    return Report(tables={Artifact.PERSONA_LATER: later.table}, messages=[f"personas     {verdict}"])


def _leakage(measurement: Measurement) -> Report:
    """Features that alone rank churn too well."""
    areas = single_auc(measurement.holdout.evaluated)
    if areas.empty:
        return Report()
    return Report(
        metrics={Metric.LEAKAGE_BEST_SINGLE_AUC: float(areas.iloc[0])},
        tags={
            Tag.LEAKAGE_FINDING + str(name): f"alone ranks churn with ROC-AUC {area:.3f}: was it known at the cutoff?"
            for name, area in areas[areas >= SUSPECT].items()
        },
    )


def _churn(measurement: Measurement) -> Report:
    """Calibration of churn beside the recency baseline."""
    evaluated = measurement.holdout.evaluated
    y_true, forecasts = _eligible(measurement)
    contractual = measurement.bundle.forecast.churn_source == CONTRACT
    naive = churn_baselines(
        measurement.holdout.split.training,
        evaluated.features.loc[forecasts.index],
        forecasts[c.P_ORDER],
        evaluated.horizon_days,
        contractual=contractual,
    )
    event = f"{'cancellation' if contractual else 'churn'} in {evaluated.horizon_days} days"
    y_pred = forecasts[c.CHURN_PROBABILITY].to_numpy()
    figure = figures.calibration(y_true, y_pred, {"recency": naive["recency"]}, event)
    return Report(figures={Artifact.CHURN_CALIBRATION_FIGURE: figure})


def _value(measurement: Measurement, currency: str) -> Report:
    """The profit of the retention offer, where there is one, and spend by decile, of customers who have bought."""
    drawn: dict[str, Figure] = {}
    metrics: dict[str, float] = {}
    spend = measurement.assignments[c.EXPECTED_SPEND].dropna()
    evaluated = measurement.holdout.evaluated
    if len(spend):
        labels = evaluated.labels.loc[spend.index, c.SPEND]
        drawn[Artifact.CLV_BY_DECILE_FIGURE] = figures.value_by_decile(spend, labels, evaluated.horizon_days, currency)
    if (offer := retention_offer(measurement.bundle.actions.catalogue)) is not None:
        y_true, forecasts = _eligible(measurement)
        p_churn, value = forecasts[c.CHURN_PROBABILITY].to_numpy(), forecasts[c.CLV].to_numpy()
        expected = retention_profit(offer[1], p_churn, value)
        curves = profit_curve(expected), profit_curve(expected, retention_profit(offer[1], y_true, value))
        best = empc(y_true, p_churn, float(forecasts[c.CLV].mean()), offer[1])
        metrics = {Metric.EMPC: best.profit, Metric.EMPC_SHARE: best.share, Metric.BEST_SHARE: curves[0].best_share}
        if len(spend):
            drawn[Artifact.PROFIT_FIGURE] = ensemble_figures.profit_by_share(*curves, len(forecasts), currency)
    return Report(metrics=metrics, figures=drawn)


def _eligible(measurement: Measurement) -> tuple[Array, pd.DataFrame]:
    """Actual churn, and the assignments, of the customers that could churn."""
    churned = measurement.holdout.evaluated.labels[c.CHURNED].dropna()
    return churned.to_numpy(), measurement.assignments.loc[churned.index]
