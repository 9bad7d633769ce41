"""How good one run is: the metrics of its measurement, leakage, the profit of contacts, and the figures."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from patronage import names as c
from patronage.decisions.retention import empc, profit_curve, retention_offer, retention_profit
from patronage.evaluation.baselines import churn as churn_baselines
from patronage.evaluation.later_behaviour import SHUFFLED, TWO_BY_TWO, LaterBehaviour
from patronage.evaluation.leakage import SUSPECT, single_auc
from patronage.evaluation.measurement import Measurement
from patronage.evaluation.totals import LEVEL
from patronage.labels import buyers
from patronage.models.btyd.totals import Total
from patronage.models.forecast import CONTRACT
from patronage.names import Artifact, Metric, Tag
from patronage.report import Report
from patronage.review import clv_figures, ensemble_figures, figures
from patronage.review.target_report import target_report
from patronage.statistics import calibration_error, calibration_error_by_chance
from patronage.typing import Array

WORDS = {TWO_BY_TWO: "four groups by frequency and recency", SHUFFLED: "shuffled personas"}
SEED = 0  # of the draws that tell what chance alone makes
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
        | _calibration(measurement)
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
    left = "of what a grid of orders and recency of as many cells leaves over"
    verdict = f"tell {line.value:.1%} {left}, beside {line.baseline_value:.1%} by {WORDS[line.baseline]}"
    if no_more := tell_no_more(later):
        verdict = f"TELL NO MORE {no_more}: {line.value:.1%} {left}"
    return Report(tables={Artifact.PERSONA_LATER: later.table}, messages=[f"personas     {verdict}"])


def tell_no_more(later: LaterBehaviour) -> str:
    """What the personas tell no more of later behaviour than; empty where they surely tell more than that."""
    line = later.headline
    nothing = line.baseline == SHUFFLED or line.value <= 0
    none = "; this data holds no personas that tell of it" if nothing else ""
    return "" if line.difference.high < 0 else f"of later behaviour than {WORDS[line.baseline]}{none}"


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


def _calibration(measurement: Measurement) -> Report:
    """In words: how far the risks and the totals lay from what came, and whether chance or the interval explains it."""
    y_true, forecasts = _eligible(measurement)
    y_pred = forecasts[c.CHURN_PROBABILITY].to_numpy(float)
    off = 100 * calibration_error(y_true, y_pred)
    by_chance = 100 * calibration_error_by_chance(y_pred, SEED)
    parts = [f"churn off by {off:.1f} points on average, where chance alone makes {by_chance:.1f}"]
    evaluated = buyers(measurement.holdout.evaluated)
    predicted = measurement.assignments.loc[evaluated.features.index]
    if len(predicted) and predicted[[c.EXPECTED_ORDERS, c.EXPECTED_SPEND]].notna().all(axis=None):
        totals = measurement.bundle.forecast.totals(evaluated.features, predicted, level=LEVEL)
        parts += [
            _in_words(name, total, float(evaluated.labels[name].clip(lower=0).sum())) for name, total in totals.items()
        ]
    return Report(messages=[f"calibration  {'; '.join(parts)}"])


def _in_words(name: str, total: Total, actual: float) -> str:
    """A total beside what came: "orders 8 % too high, within its 80% interval"."""
    if actual <= 0:
        return f"{name}: none came, {total.expected:,.0f} expected"
    off = total.expected / actual - 1
    side = "within" if total.low <= actual <= total.high else "OUTSIDE"
    low, high = total.low / actual - 1, total.high / actual - 1
    words = f"{name} {abs(off):.1%} too {'high' if off > 0 else 'low'} in all"
    return f"{words}, {side} the {LEVEL:.0%} interval {low:+.0%} to {high:+.0%}"


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
