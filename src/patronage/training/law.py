"""
The CLV law of a run: the configured one, or the one with the best log score at an earlier origin.

`fallback.py` replaces a law that is unacceptable; an earlier origin calibrates the intervals.

References
----------
Gneiting, Raftery (2007), Strictly proper scoring rules, prediction, and estimation. JASA 102(477).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.stats import chi2

from patronage import names as c
from patronage.config import ClvConfig
from patronage.errors import FitError
from patronage.labels import LabelledSnapshot
from patronage.models.btyd import clv
from patronage.models.btyd.clv import CLVModel
from patronage.models.btyd.decisions import CovariateTrial, LawCandidate
from patronage.models.btyd.earlier_origin import calibrate_intervals
from patronage.models.btyd.fit import FitCache
from patronage.training.fallback import first_acceptable
from patronage.typing import Array

log = logging.getLogger(__name__)

AUTO = "auto"
SURE = 0.01  # the p of an effect's likelihood ratio, below which histories bear it out
MIN_PROBABILITY = 1e-12  # of an observed number of orders that the law takes for impossible


def fit_clv(
    features: pd.DataFrame,
    training: Sequence[LabelledSnapshot],
    config: ClvConfig,
    horizon_days: int,
    fits: FitCache | None = None,
    *,
    season_sd: float = 0.0,
) -> CLVModel:
    """The CLV model of customers who have bought, with intervals calibrated at an earlier origin.

    Parameters
    ----------
    features
        With ages on the clock of the calendar, where there is one.
    training
        Labelled snapshots of earlier origins, of customers who had bought, the latest first; likewise.
    season_sd
        How uncertain the season of the horizon is.
    """
    fits = FitCache() if fits is None else fits
    candidates = rank_laws(training, config, fits) if config.model == AUTO else ()
    first = [candidate.model for candidate in candidates] or [name for name in (config.model,) if name != AUTO]
    names = [*first, *(name for name in config.candidates if name not in first)]

    def fit(name: str) -> CLVModel:
        return clv.fit(features, config, model=name, horizon_days=horizon_days, fits=fits)

    model = first_acceptable(fit, features, names, config.fallback)
    trials = try_covariates(model.settings.model, training, config, fits)
    included = [trial.covariate for trial in trials if trial.included]
    if included:
        name = model.settings.model
        known = clv.fit(features, config, model=name, horizon_days=horizon_days, fits=fits, covariates=included)
        model = replace(model, law=known.law, effects=known.effects)
    model = calibrated(model, training, config, fits)
    return replace(model, candidates=candidates, season_sd=season_sd, covariate_trials=trials)


def try_covariates(
    name: str, training: Sequence[LabelledSnapshot], config: ClvConfig, fits: FitCache | None = None
) -> tuple[CovariateTrial, ...]:
    """
    Which covariates of the configuration a law shall know: by the latest origin at which the law can be fitted.

    A covariate is kept where it predicted the orders that came better than the plain law, by a standard error or more,
    and where the histories bear its effect out too: two kinds of evidence, of which chance seldom gives both.
    """
    for snapshot in training if config.covariates else ():
        try:
            plain = clv.fit(snapshot.features, config, model=name, horizon_days=snapshot.horizon_days, fits=fits)
        except FitError:
            continue
        return tuple(_try_covariate(each, name, plain, snapshot, config, fits) for each in config.covariates)
    why = "no earlier origin at which the law can be fitted"
    return tuple(CovariateTrial(each, None, None, None, included=False, refused=why) for each in config.covariates)


def _try_covariate(
    covariate: str,
    name: str,
    plain: CLVModel,
    snapshot: LabelledSnapshot,
    config: ClvConfig,
    fits: FitCache | None,
) -> CovariateTrial:
    features, orders, days = snapshot.features, snapshot.labels[c.ORDERS], snapshot.horizon_days
    try:
        known = clv.fit(features, config, model=name, horizon_days=days, fits=fits, covariates=[covariate])
    except FitError as error:
        return CovariateTrial(covariate, None, None, None, included=False, refused=str(error))
    if known.effects is None:
        why = "it is the same for all customers, or no two of its levels have enough of them"
        return CovariateTrial(covariate, None, None, None, included=False, refused=why)
    gains = log_losses(plain, features, orders) - log_losses(known, features, orders)
    gain, standard_error = float(gains.mean()), float(gains.std() / np.sqrt(max(len(gains), 1)))
    added = 2 * len(known.effects.rate)
    p = float(chi2.sf(2 * max(known.effects.gain, 0.0), added))
    return CovariateTrial(covariate, gain, standard_error, p, included=gain > standard_error and p < SURE)


def rank_laws(
    training: Sequence[LabelledSnapshot], config: ClvConfig, fits: FitCache | None = None
) -> tuple[LawCandidate, ...]:
    """The configured candidates at the latest origin at which one can be fitted, the best first."""
    for snapshot in training:

        def fit(name: str, at: LabelledSnapshot = snapshot) -> CLVModel:
            return clv.fit(at.features, config, model=name, horizon_days=at.horizon_days, fits=fits)

        candidates = rank_at(fit, config.candidates, snapshot.features, snapshot.labels[c.ORDERS])
        if candidates[0].log_score is not None:
            return candidates
    log.warning("clv=auto: no law can be fitted at an earlier origin; taking %s", config.candidates[0])
    return ()


def rank_at(
    fit: Callable[[str], CLVModel], names: Sequence[str], features: pd.DataFrame, orders: pd.Series
) -> tuple[LawCandidate, ...]:
    """
    Rank laws by their log score: minus the log of the probability of the observed orders.

    Parameters
    ----------
    fit
        Fits the law of a name to the customers at an origin.
    features, orders
        These customers, and the number of orders of each in the horizon after it, in the same order.

    Returns
    -------
    tuple of LawCandidate
        The best first, those without a fit last; equals in the order in which they were named.
    """
    losses: dict[str, Array] = {}
    refused: dict[str, str] = {}
    for name in names:
        try:
            losses[name] = log_losses(fit(name), features, orders)
        except FitError as error:
            refused[name] = str(error)
    ranked = []
    order = sorted(losses, key=lambda name: float(losses[name].mean()))
    for name in order:
        behind = losses[name] - losses[order[0]]
        standard_error = float(behind.std() / np.sqrt(max(len(behind), 1)))
        ranked.append(LawCandidate(name, float(losses[name].mean()), float(behind.mean()), standard_error))
    return *ranked, *(LawCandidate(name, None, None, None, reason) for name, reason in refused.items())


def log_losses(model: CLVModel, features: pd.DataFrame, orders: pd.Series) -> Array:
    """(N,) minus the log of the probability of the observed orders, with parameter uncertainty."""
    survival, counts = model.survival(features), orders.to_numpy(dtype=np.float64)
    at_least, more = (survival(n, slice(None)) for n in (counts, counts + 1))
    return -np.log(np.maximum(at_least - more, MIN_PROBABILITY))


def calibrated(
    model: CLVModel, training: Sequence[LabelledSnapshot], config: ClvConfig, fits: FitCache | None = None
) -> CLVModel:
    """The CLV model with intervals calibrated at the latest origin at which its law can be fitted."""
    for snapshot in training:
        name, horizon_days = model.settings.model, snapshot.horizon_days
        try:
            earlier = clv.fit(
                snapshot.features,
                config,
                model=name,
                horizon_days=horizon_days,
                fits=fits,
                covariates=model.effects.names if model.effects else (),
            )
        except FitError as error:
            log.warning("origin %s calibrates no intervals: %s", f"{snapshot.cutoff:%Y-%m-%d}", error)
            continue
        labels = snapshot.labels
        return calibrate_intervals(model, earlier, snapshot.features, labels[c.ORDERS], labels.get(c.SPEND))
    return model
