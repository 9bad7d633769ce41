"""From a table of paths to a Journey, and from earlier tables with what followed to its calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.errors import ConfigError, FitError
from patronage.labels import LabelledSnapshot
from patronage.models.journey.calibration import Trial, agree
from patronage.models.journey.learning import histogram, learn
from patronage.models.journey.model import JourneyModel
from patronage.models.journey.selection import CLASSES, Candidate, assess, choose, draw

COLD_START_CLASSES = 2
OVERLAP = 0.1  # share of their days that two label windows may have in common
EARLIER_CUSTOMERS = 5_000  # that a journey at an earlier origin learns from: 500 already make one
Auto = Literal["auto"]


def fit(
    features: pd.DataFrame,
    *,
    period_days: int,
    horizon_days: int,
    seed: int,
    classes: int | Auto = "auto",
    left_censored: bool = False,
    max_customers: int = 20_000,
    min_customers: int = 200,
) -> JourneyModel:
    """Learn the journey from the paths of earlier customers; the same for any order of rows and any ids.

    Parameters
    ----------
    features
        JOURNEY_PATH per customer; customers without an observed period teach nothing.
    classes
        Cadence classes, 1 to 3; "auto" compares them on held-out customers (selection.py).
    left_censored
        The log begins after the customers did, so nobody can be shown to be a first-time buyer.
    max_customers
        Fit on a random sample of at most this many.
    min_customers
        Fit nothing on fewer; use the archetype as it is (cold start).

    Raises
    ------
    FitError
        If the column is missing or no customer has an observed period.
    ConfigError
        If an argument is out of its range.
    """
    _check(features, classes, period_days, horizon_days)
    counted = histogram(features[c.JOURNEY_PATH])
    if counted.empty:
        raise FitError(f"{c.JOURNEY_PATH}: none of {len(features)} customers has an observed period to learn from")
    rng = np.random.default_rng(seed)
    counted = draw(counted, max_customers, rng)
    enough = int(counted.sum()) >= min_customers
    candidates: tuple[Candidate, ...] = ()
    if classes == "auto":
        candidates = assess(counted, CLASSES, left_censored=left_censored, rng=rng) if enough else ()
        classes = choose(candidates) if enough else COLD_START_CLASSES
    learned = learn(counted, classes, left_censored=left_censored, iterate=enough)
    return JourneyModel(
        parameters=learned.parameters,
        names=learned.names,
        occupancy=learned.occupancy,
        period_days=period_days,
        horizon_days=horizon_days,
        left_censored=left_censored,
        fitted=enough,
        history=learned.history,
        candidates=candidates,
    )


def calibrate(journey: JourneyModel, past: Sequence[LabelledSnapshot], *, seed: int) -> JourneyModel:
    """Learn at earlier origins how far to believe the journey's P(an order in the horizon) (calibration.py).

    Parameters
    ----------
    past
        Labelled snapshots over the journey's horizon, whose labels end before it is used; the latest first. The
        first is asked, and to hold against it the next whose labels are others: windows that overlap share their
        season, and agree whatever comes after.

    Returns
    -------
    Journey
        The same with its `calibration`, whose `verdict` says why it is none where it is none.
    """
    apart = [(past[0].cutoff - snapshot.cutoff).days for snapshot in past]
    enough = (1 - OVERLAP) * journey.horizon_days
    second = [snapshot for snapshot, days in zip(past, apart, strict=True) if days >= enough]
    asked = [*past[:1], *second[:1]] if second else []
    trials = [_try(journey, snapshot, seed) for snapshot in asked if (snapshot.features[c.JOURNEY_PATH] != "").any()]
    return replace(journey, calibration=agree(trials))


def earlier(journey: JourneyModel, snapshot: LabelledSnapshot, *, seed: int) -> JourneyModel:
    """The same kind of journey, from what was known at an earlier origin."""
    return fit(
        snapshot.features,
        classes=journey.classes,
        period_days=journey.period_days,
        horizon_days=journey.horizon_days,
        left_censored=journey.left_censored,
        max_customers=EARLIER_CUSTOMERS,
        seed=seed,
    )


def _try(journey: JourneyModel, snapshot: LabelledSnapshot, seed: int) -> Trial:
    there = earlier(journey, snapshot, seed=seed)
    said = there.p_order(there.filter(snapshot.features)).to_numpy()
    return Trial(f"{snapshot.cutoff:%Y-%m-%d}", said, (snapshot.labels[c.ORDERS] > 0).to_numpy(np.float64))


def _check(features: pd.DataFrame, classes: int | Auto, period_days: int, horizon_days: int) -> None:
    if c.JOURNEY_PATH not in features:
        raise FitError(f"features lack the column {c.JOURNEY_PATH}; build it with the journey SQL")
    if classes != "auto" and classes not in CLASSES:
        raise ConfigError(f"journey.cadence_classes: found {classes!r}, expected auto or one of {CLASSES}")
    if not 0 < period_days <= horizon_days:
        raise ConfigError(f"journey.period_days: found {period_days}, expected 1 to the horizon of {horizon_days} days")
