"""What is decided about a journey: the length of its periods, and whether its probability is calibrated.

A journey fitted on the features of an earlier origin predicts the horizon after that origin, and the labels of the
horizon show how well. A calibration map (models/journey/calibration.py) is learned from that. What differs from one
origin to the next (a season, a cohort that buys less and less) is no error of the model: so the maps of two origins
must each help at the other, and of their level only the part is used that exceeds the usual drift of levels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from patronage import names as c
from patronage.config import JourneyConfig
from patronage.labels import LabelledSnapshot
from patronage.models import journey
from patronage.models.btyd.heavy import ordinary_customers
from patronage.models.journey.calibration import JourneyCalibration, fit_map
from patronage.models.journey.model import JourneyModel
from patronage.statistics import TINY, log_losses
from patronage.typing import Array

DAYS_IN_WEEK, DAYS_IN_MONTH = 7, 30
SLOW_REPEAT_DAYS = 70

OVERLAP = 0.1  # share of their days that two label windows may have in common
EARLIER_CUSTOMERS = 5_000  # in the fit at an earlier origin: 500 are enough for one
FEW = 200  # with fewer customers at an origin no map is learned
# The log-odds of all customers differ between origins for no lasting reason: by .17 (standard deviation) between
# eight four-week windows on CDNOW.
DRIFT = 0.15


class OriginForecast(NamedTuple):
    """The probability that a journey predicted at an earlier origin, and whether an order followed."""

    name: str
    y_true: Array
    y_pred: Array


def choose_period(median_repeat_gap_days: float, horizon_days: int) -> int:
    """Days in a period: a week, or a month where the median wait for the next order is over ten weeks.

    Any period in which a regular customer buys with probability .03 to .6 does (within a factor
    of two it hardly matters). Without repeat purchases (NaN) it is a week; it is never longer than the horizon.
    """
    slow = median_repeat_gap_days > SLOW_REPEAT_DAYS and horizon_days >= DAYS_IN_MONTH
    return min(DAYS_IN_MONTH if slow else DAYS_IN_WEEK, horizon_days)


def calibrate(model: JourneyModel, snapshots: Sequence[LabelledSnapshot], *, seed: int) -> JourneyModel:
    """Learn a calibration of the journey's P(an order in the horizon) at two earlier origins.

    Parameters
    ----------
    snapshots
        Labelled snapshots over the journey's horizon, whose labels end before the journey is used; the latest first.
        The first is used and, to test it, the next whose label window hardly overlaps with it: windows that overlap
        share their season, and agree whatever happens later.

    Returns
    -------
    JourneyModel
        The same with its `calibration`, whose `verdict` gives the reason where it changes nothing.
    """
    days_apart = [(snapshots[0].cutoff - snapshot.cutoff).days for snapshot in snapshots]
    enough = (1 - OVERLAP) * model.horizon_days
    second = [snapshot for snapshot, days in zip(snapshots, days_apart, strict=True) if days >= enough]
    pair = [snapshots[0], second[0]] if second else []
    return replace(
        model,
        calibration=agreed_map(
            [_forecast(model, snapshot, seed) for snapshot in pair if (snapshot.features[c.JOURNEY_PATH] != "").any()]
        ),
    )


def agreed_map(forecasts: Sequence[OriginForecast]) -> JourneyCalibration:
    """The map on which two origins agree; the map that changes nothing, with the reason, where they do not.

    Parameters
    ----------
    forecasts
        Of the latest origin and, to test it, of an earlier one.
    """
    if len(forecasts) < 2:
        return JourneyCalibration(verdict="refused: no two origins whose labels do not overlap")
    if few := [forecast.name for forecast in forecasts if len(forecast.y_pred) < FEW]:
        return JourneyCalibration(verdict=f"refused: fewer than {FEW} customers at {few[0]}")
    maps = [fit_map(forecast.y_true, forecast.y_pred) for forecast in forecasts]
    for here, other, map_of_other in zip(forecasts, forecasts[::-1], maps[::-1], strict=True):
        mapped = map_of_other.apply(here.y_pred)
        gain = log_losses(here.y_true, here.y_pred) - log_losses(here.y_true, mapped)
        if gain.mean() <= gain.std() / np.sqrt(len(gain)):  # within a standard error of no gain
            return JourneyCalibration(verdict=f"refused: what {other.name} would correct does not help at {here.name}")
    centre, level, log_slope = np.mean([each[:3] for each in maps], axis=0)
    unstable = DRIFT**2 + np.var([each.level for each in maps])
    level *= max(0.0, 1 - unstable / max(level**2, TINY))  # James and Stein (1961), positive part
    origins = " and ".join(forecast.name for forecast in forecasts)
    return JourneyCalibration(float(centre), float(level), float(log_slope), f"learned at {origins}")


def fit_at_origin(model: JourneyModel, snapshot: LabelledSnapshot, *, seed: int) -> JourneyModel:
    """A journey with the settings of `model`, fitted on the features of an earlier origin."""
    return journey.fit(
        ordinary_customers(snapshot.features),
        JourneyConfig(cadence_classes=model.classes, max_customers=EARLIER_CUSTOMERS),
        horizon_days=model.horizon_days,
        period_days=model.period_days,
        left_censored=model.left_censored,
        seed=seed,
    )


def _forecast(model: JourneyModel, snapshot: LabelledSnapshot, seed: int) -> OriginForecast:
    earlier = fit_at_origin(model, snapshot, seed=seed)
    features = ordinary_customers(snapshot.features)
    y_true = (snapshot.labels.loc[features.index, c.ORDERS] > 0).to_numpy(np.float64)
    return OriginForecast(f"{snapshot.cutoff:%Y-%m-%d}", y_true, earlier.predict(features)[c.JOURNEY_P_ORDER])
