"""The fit of a journey: from the paths of customers to a JourneyModel."""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import JourneyConfig
from patronage.config.journey import AUTO
from patronage.errors import ConfigError, FitError
from patronage.models.journey.cadence_classes import (
    CLASSES,
    CadenceCandidate,
    choose_classes,
    compare_classes,
    draw_customers,
)
from patronage.models.journey.em import count_paths, fit_em
from patronage.models.journey.model import JourneyModel

COLD_START_CLASSES = 3


def fit(
    features: pd.DataFrame,
    config: JourneyConfig,
    *,
    horizon_days: int,
    period_days: int,
    left_censored: bool = False,
    seed: int,
) -> JourneyModel:
    """Fit the journey to the paths of customers; the result is the same for any order of rows and any ids.

    Parameters
    ----------
    features
        JOURNEY_PATH per customer; customers without an observed period do not count.
    config
        `cadence_classes` (1 to 3; "auto" compares them on held-out customers), `max_customers` (fit on a random
        sample of at most this many) and `min_customers` (with fewer customers the model is its prior, unfitted).
    horizon_days, period_days
        Days over which an order is predicted, and days of one character of the paths.
    left_censored
        The log begins later than its customers, so that the first order in it need not be the first. It
        changes no stage, and is told with the model.

    Raises
    ------
    FitError
        If the column is missing or no customer has an observed period.
    ConfigError
        If an argument is out of its range.
    """
    _check(features, config, period_days, horizon_days)
    counts = count_paths(features[c.JOURNEY_PATH])
    if counts.empty:
        raise FitError(f"{c.JOURNEY_PATH}: none of {len(features)} customers has an observed period to learn from")
    rng = np.random.default_rng(seed)
    counts = draw_customers(counts, config.max_customers, rng)
    enough = int(counts.sum()) >= config.min_customers
    classes: int = config.cadence_classes
    candidates: tuple[CadenceCandidate, ...] = ()
    if config.cadence_classes == AUTO:
        candidates = compare_classes(counts, CLASSES, rng=rng) if enough else ()
        classes = choose_classes(candidates) if enough else COLD_START_CLASSES
    result = fit_em(counts, classes, iterate=enough)
    return JourneyModel(
        parameters=result.parameters,
        stage_of_state=result.stage_of_state,
        occupancy=result.occupancy,
        period_days=period_days,
        horizon_days=horizon_days,
        left_censored=left_censored,
        fitted=enough,
        history=result.history,
        candidates=candidates,
    )


def _check(features: pd.DataFrame, config: JourneyConfig, period_days: int, horizon_days: int) -> None:
    if c.JOURNEY_PATH not in features:
        raise FitError(f"features lack the column {c.JOURNEY_PATH}; build it with the journey SQL")
    if config.cadence_classes != AUTO and config.cadence_classes not in CLASSES:
        raise ConfigError(
            f"journey.cadence_classes: found {config.cadence_classes!r}, expected auto or one of {CLASSES}"
        )
    if not 0 < period_days <= horizon_days:
        raise ConfigError(f"journey.period_days: found {period_days}, expected 1 to the horizon of {horizon_days} days")
