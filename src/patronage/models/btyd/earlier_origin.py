"""What an earlier origin tells of a CLV model's intervals: of the orders that came after it, and of their value."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from patronage import names as c
from patronage.models.btyd.clv import CLVModel
from patronage.models.btyd.covariates import LawOfCustomers
from patronage.models.btyd.intervals import calibrate, calibrate_spend, parameter_uncertainty
from patronage.models.btyd.spend_distribution import SpendDistribution, count_bins, fit_order_values, spend_probability
from patronage.models.btyd.summary import Summary
from patronage.typing import Array, Columns


def calibrate_intervals(
    clv: CLVModel, earlier: CLVModel, features: Columns, orders: npt.ArrayLike, spend: npt.ArrayLike | None = None
) -> CLVModel:
    """
    The model with intervals calibrated at an earlier origin; its means stay what they are.

    Parameters
    ----------
    clv
        Fitted at the cutoff.
    earlier
        Fitted on `features`, by the same law; its horizon is that of `orders`.
    features
        The customers at the earlier origin.
    orders, spend
        (N,) the number of orders of each in the horizon after it, and what they spent. Labels end at or before the
        cutoff. Without spend, the variation of order values stays that of the spend law.
    """
    counts = np.asarray(orders, dtype=np.float64)
    horizon, summary = earlier.settings.horizon_days, Summary.of(features)
    (parameters,) = parameter_uncertainty(earlier.law, earlier.orders_fit, (horizon,), summary.x, summary.T)
    law, earlier_law = (
        LawOfCustomers([(rows, model.law) for rows, model in each.cells(features)]) for each in (clv, earlier)
    )
    calibration = calibrate(law, earlier_law, parameters, horizon, summary, counts)
    calibrated = replace(clv, calibration=calibration)
    if spend is None:
        return calibrated
    amounts = np.where(counts > 0, np.maximum(np.asarray(spend, np.float64), 0), 0)
    as_calibrated = replace(earlier, calibration=calibration)
    return replace(calibrated, spend_learned=_spend_learned(as_calibrated, features, counts, amounts))


def _spend_learned(earlier: CLVModel, features: Columns, orders: Array, spend: Array) -> SpendDistribution:
    """How spend varied after the earlier origin, at the level that orders and order values had there."""
    x = Summary.of(features).x
    order_value = earlier.spend_law.expected_spend(x, np.asarray(features[c.MONETARY_VALUE], np.float64))
    ratio = spend / order_value
    values = fit_order_values(earlier.spend_law, ratio, orders, x)
    bought = spend > 0
    if not bought.any():
        return SpendDistribution(values)
    value_level = ratio.sum() / max(orders.sum(), 1.0)
    level = np.full(len(x), earlier.calibration.level or 1.0)
    counts = count_bins(earlier.survival(features, level), len(x))
    by_law = spend_probability(values, counts, ratio / value_level, x)
    given = ((by_law - counts.none) / np.maximum(1 - counts.none, 1e-12))[bought]
    return SpendDistribution(values, calibrate_spend(np.clip(given, 0, 1), x[bought], earlier.calibration.refused))
