"""Fits that see a sample of the customers: how large it is, and how far the metrics of other samples lie apart.

Three samples are fitted and their metrics compared. A new sample comes with a new seed, so that the spread also holds
what else depends on the seed, such as the rows that a tree draws. Where the whole run sees a sample of the customers,
each sample is fitted and measured by itself, and the spread holds the measurement too. A fit that sees everyone has no
spread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from sklearn.metrics import adjusted_rand_score

from patronage import lenses, statistics
from patronage import names as c
from patronage.bundle import Bundle
from patronage.config import TrainConfig
from patronage.data import Sampler
from patronage.labels import LabelledSnapshot, buyers
from patronage.models import personas
from patronage.models.btyd.fit import FitCache
from patronage.models.forecast import Forecast
from patronage.models.journey.model import JourneyModel
from patronage.models.personas import PersonaModel
from patronage.training.fit import fit_bundle, fit_journey
from patronage.training.forecast import fit_forecast
from patronage.training.origins import Holdout, Split, measured_at
from patronage.typing import Array

SAMPLES = 3
PERSONAS, JOURNEY, CHURN = "personas", "journey", "churn"


def sample_shares(split: Split, config: TrainConfig) -> dict[str, float]:
    """The share of the customers that each fit sees, of the fits that do not see everyone."""
    features = split.current.features
    buyer_ids = [buyers(snapshot).features.index for snapshot in split.training]
    limits = {
        PERSONAS: (config.personas.fit_sample, int((features[c.ACTIVE_DAYS] >= config.personas.min_active_days).sum())),
        JOURNEY: (config.journey.max_customers, int((features[c.JOURNEY_PATH] != "").sum())),
        CHURN: (config.churn.fit_sample, len(buyer_ids[0].append(buyer_ids[1:]).unique())),
    }
    return {name: most / total for name, (most, total) in limits.items() if most is not None and total > most}


def sampling_metrics(
    bundle: Bundle, holdout: Holdout, config: TrainConfig, sampler: Sampler | None = None
) -> dict[str, float]:
    """For each model whose fit saw a sample: the share of the customers, and the spread over `SAMPLES` samples.

    Parameters
    ----------
    bundle
        Fitted on the holdout's split; it counts as the first sample.
    sampler
        What drew the customers of the whole run, if they are a sample; at the end they are drawn again.

    Returns
    -------
    dict
        By metric name: `sampling/customers_share` of a whole run, or `sampling/MODEL_share`; standard deviations
        `sampling/journey_log_loss_sd`, `sampling/churn_log_loss_sd` and `sampling/clv_spend_rmse_sd`;
        `sampling/personas_ari`, the mean adjusted Rand index of the personas of two samples, 1 where they agree.
    """
    if sampler:
        return _over_customers(sampler, bundle, holdout, config)
    split, evaluated = holdout.split, holdout.evaluated
    shares = sample_shares(split, config)
    metrics = {f"sampling/{name}_share": share for name, share in shares.items()}
    reseeded = [replace(config, seed=config.seed + more) for more in range(1, SAMPLES)]
    if PERSONAS in shares:
        metrics["sampling/personas_ari"] = _persona_agreement(bundle, split, reseeded)
    if JOURNEY in shares:
        metrics["sampling/journey_log_loss_sd"] = _journey_spread(bundle, split, evaluated, reseeded)
    if CHURN in shares:
        fits = FitCache()
        forecasts = (bundle.forecast, *(fit_forecast(split, reseed, fits) for reseed in reseeded))
        metrics |= _forecast_spread([_forecast_errors(forecast, evaluated) for forecast in forecasts])
    return metrics


def _over_customers(sampler: Sampler, bundle: Bundle, holdout: Holdout, config: TrainConfig) -> dict[str, float]:
    """Each sample fitted, and measured on its own customers."""
    bundles, evaluated = [bundle], [holdout.evaluated]
    same_k = replace(config.personas, k=bundle.personas.k, allow_unstable=True)
    for more in range(1, SAMPLES):
        sampler.draw(config.seed + more)
        drawn = measured_at(sampler.tables, holdout.evaluated.cutoff, config)
        left_censored = sampler.tables.left_censored
        bundles.append(fit_bundle(drawn.split, replace(config, personas=same_k), left_censored=left_censored))
        evaluated.append(drawn.evaluated)
    sampler.draw(config.seed)
    pairs = list(zip(bundles, evaluated, strict=True))
    return {
        "sampling/customers_share": 1 / sampler.one_in,
        "sampling/personas_ari": _agreement([fitted.personas for fitted in bundles], holdout.split),
        "sampling/journey_log_loss_sd": _spread(
            [_journey_loss(fitted.journey, labelled) for fitted, labelled in pairs]
        ),
        **_forecast_spread([_forecast_errors(fitted.forecast, labelled) for fitted, labelled in pairs]),
    }


def _persona_agreement(bundle: Bundle, split: Split, reseeded: list[TrainConfig]) -> float:
    features, fits = split.current.features, [bundle.personas]
    for config in reseeded:
        same_k = replace(config.personas, k=bundle.personas.k, allow_unstable=True)
        words = lenses.described(split.lenses)
        fits.append(personas.fit(features, same_k, seed=config.seed, descriptions=words, labels=bundle.fitted_lenses))
    return _agreement(fits, split)


def _journey_spread(bundle: Bundle, split: Split, evaluated: LabelledSnapshot, reseeded: list[TrainConfig]) -> float:
    first, fits = bundle.journey, [bundle.journey]
    for config in reseeded:
        same_classes = replace(config, journey=replace(config.journey, cadence_classes=first.classes))
        fit = fit_journey(split, same_classes, first.left_censored)
        fits.append(replace(fit, calibration=first.calibration))
    return _spread([_journey_loss(fit, evaluated) for fit in fits])


def _agreement(fits: list[PersonaModel], split: Split) -> float:
    """Mean adjusted Rand index of the personas of two fits."""
    positions = [fit.ids_of(split.current.features) for fit in fits]
    return float(np.mean([adjusted_rand_score(first, second) for first, second in combinations(positions, 2)]))


def _journey_loss(journey: JourneyModel, evaluated: LabelledSnapshot) -> float:
    ordered = (_labels(evaluated, c.ORDERS) > 0).astype(float)
    predicted = journey.predict(evaluated.features)[c.JOURNEY_P_ORDER]
    return statistics.classification(ordered, predicted)["log_loss"]


def _forecast_errors(forecast: Forecast, evaluated: LabelledSnapshot) -> tuple[float, float]:
    """Log-loss of churn and RMSE of spend, of customers who have bought."""
    snapshot = buyers(evaluated)
    churned, spend = _labels(snapshot, c.CHURNED), _labels(snapshot, c.SPEND)
    known = ~np.isnan(churned)
    predicted = forecast.predict(snapshot.features)
    loss = statistics.classification(churned[known], predicted[c.CHURN_PROBABILITY][known])["log_loss"]
    return loss, statistics.regression(spend, predicted[c.EXPECTED_SPEND])["rmse"]


def _forecast_spread(errors: list[tuple[float, float]]) -> dict[str, float]:
    churn, spend = zip(*errors, strict=True)
    return {"sampling/churn_log_loss_sd": _spread(churn), "sampling/clv_spend_rmse_sd": _spread(spend)}


def _labels(evaluated: LabelledSnapshot, name: str) -> Array:
    return evaluated.labels[name].to_numpy(np.float64)


def _spread(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1))
