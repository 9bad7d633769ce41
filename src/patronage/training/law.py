"""The CLV law of the configuration: asked for, chosen, or what takes its place; taught by an earlier origin."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from patronage import names as c
from patronage.config import ClvConfig
from patronage.errors import FitError
from patronage.labels import LabelledSnapshot
from patronage.models.btyd import clv
from patronage.models.btyd.clv import CLVModel
from patronage.models.btyd.decisions import Candidate
from patronage.training import choice
from patronage.training import fallback as unfit

log = logging.getLogger(__name__)

AUTO = "auto"


def fit_clv(features: pd.DataFrame, past: Sequence[LabelledSnapshot], config: ClvConfig, horizon_days: int) -> CLVModel:
    """The CLV model of customers who have bought, with the intervals that their past taught.

    Parameters
    ----------
    past
        Labelled snapshots of earlier origins, of customers who had bought, the latest first.
    """
    candidates = rank(past, config)
    asked = [candidate.model for candidate in candidates] or ([] if config.model == AUTO else [config.model])
    models = [*asked, *(name for name in config.candidates if name not in asked)]
    model = unfit.believed(
        lambda name: fit_law(name, features, config, horizon_days), features, models, config.on_unfit
    )
    return replace(taught(model, past, config), candidates=candidates)


def fit_law(name: str, features: pd.DataFrame, config: ClvConfig, horizon_days: int) -> CLVModel:
    """The law of a name, believed or not."""
    return clv.fit(
        features,
        model=name,
        horizon_days=horizon_days,
        value_horizon_days=config.value_horizon_days,
        discount_rate=config.discount_rate,
        margin=config.margin,
        level=config.level,
    )


def rank(past: Sequence[LabelledSnapshot], config: ClvConfig) -> tuple[Candidate, ...]:
    """Where the law is to be chosen: the candidates at the latest origin at which one can be fitted, the best first."""
    if config.model != AUTO:
        return ()
    for snapshot in past:
        found = _ranked_at(snapshot, config)
        if found and found[0].log_score is not None:
            return found
    log.warning("clv=auto: no law can be fitted at an earlier origin; taking %s", config.candidates[0])
    return ()


def _ranked_at(snapshot: LabelledSnapshot, config: ClvConfig) -> tuple[Candidate, ...]:
    if snapshot.labels is None:
        return ()
    return choice.ranked(
        lambda name: fit_law(name, snapshot.features, config, snapshot.horizon_days),
        config.candidates,
        snapshot.features,
        snapshot.labels[c.ORDERS],
    )


def taught(model: CLVModel, past: Sequence[LabelledSnapshot], config: ClvConfig) -> CLVModel:
    """The CLV model with intervals that the latest origin has taught at which its law can be fitted."""
    for snapshot in past:
        if snapshot.labels is None:
            continue
        try:
            earlier = fit_law(model.settings.model, snapshot.features, config, snapshot.horizon_days)
        except FitError as error:
            log.warning("origin %s teaches no intervals: %s", f"{snapshot.cutoff:%Y-%m-%d}", error)
            continue
        near = replace(model, settings=replace(model.settings, horizon_days=snapshot.horizon_days))
        found = clv.recalibrate(near, earlier, snapshot.features, snapshot.labels[c.ORDERS])
        return replace(model, calibration=found.calibration)
    return model
