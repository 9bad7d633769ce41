"""What it costs that a fit sees a sample of the customers: how far its answers spread over three of them.

Where everyone is seen there is nothing to say. A new sample comes with a new seed, so that the spread holds what else
hangs on the seed, such as the rows that a tree draws. Where a run sees a sample of the customers in everything that
it does, the spread holds what its measurement hangs on too: each sample is fitted and measured by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from sklearn.metrics import adjusted_rand_score

from patronage import lenses
from patronage import names as c
from patronage import statistics as metrics
from patronage.bundle import Bundle
from patronage.config import TrainConfig
from patronage.data import Sampler
from patronage.labels import LabelledSnapshot, buyers
from patronage.models import personas
from patronage.models.forecast import Forecast
from patronage.models.journey.model import JourneyModel
from patronage.models.personas import PersonaModel
from patronage.training.fit import fit_bundle, fit_journey
from patronage.training.forecast import fit_forecast
from patronage.training.origins import Holdout, Split, measured_at

SAMPLES = 3
PERSONAS, JOURNEY, CHURN = "personas", "journey", "churn"


def shares(split: Split, config: TrainConfig) -> dict[str, float]:
    """The share of the customers that each fit sees, of the fits that do not see everyone."""
    features = split.current.features
    bought = [one.features.index[one.features[c.N_ORDERS] > 0] for one in split.training]
    sizes = {
        PERSONAS: (config.personas.fit_sample, int((features[c.ACTIVE_DAYS] >= config.personas.min_active_days).sum())),
        JOURNEY: (config.journey.max_customers, int((features[c.JOURNEY_PATH] != "").sum())),
        CHURN: (config.churn.fit_sample, len(bought[0].append(bought[1:]).unique())),
    }
    return {name: most / there for name, (most, there) in sizes.items() if most is not None and there > most}


def errors(bundle: Bundle, holdout: Holdout, config: TrainConfig, sampler: Sampler | None = None) -> dict[str, float]:
    """By metric name, of each model whose fit took a sample: the share, and the spread over `SAMPLES` of them.

    Parameters
    ----------
    bundle
        What was fitted on the holdout's split; it counts as the first sample.
    sampler
        What drew the customers of the whole run; theirs are drawn again at the end.

    Returns
    -------
    dict
        `sampling/customers_share` of a whole run, or `sampling/MODEL_share`; standard deviations
        `sampling/journey_log_loss_sd`, `sampling/churn_log_loss_sd` and `sampling/clv_spend_rmse_sd`;
        `sampling/personas_ari`, the mean adjusted Rand index of who is with whom by two samples, 1 where none matters.
    """
    if sampler:
        return _over_customers(sampler, bundle, holdout, config)
    split, judged = holdout.split, holdout.evaluated
    sampled = shares(split, config)
    found = {f"sampling/{name}_share": share for name, share in sampled.items()}
    others = [replace(config, seed=config.seed + more) for more in range(1, SAMPLES)]
    if PERSONAS in sampled:
        found["sampling/personas_ari"] = _personas(bundle, split, others)
    if JOURNEY in sampled:
        found["sampling/journey_log_loss_sd"] = _journey(bundle, split, judged, others)
    if CHURN in sampled:
        found |= _outlook(bundle, split, judged, others)
    return found


def _over_customers(sampler: Sampler, bundle: Bundle, holdout: Holdout, config: TrainConfig) -> dict[str, float]:
    """Each sample fitted, and measured on its own customers."""
    fits, judged = [bundle], [holdout.evaluated]
    same = replace(config.personas, k=bundle.personas.k, allow_unstable=True)
    for more in range(1, SAMPLES):
        sampler.draw(config.seed + more)
        other = measured_at(sampler.tables, holdout.evaluated.cutoff, config)
        left_censored = sampler.tables.left_censored
        fits.append(fit_bundle(other.split, replace(config, personas=same), left_censored=left_censored))
        judged.append(other.evaluated)
    sampler.draw(config.seed)
    losses = [_outlook_losses(one.forecast, seen) for one, seen in zip(fits, judged, strict=True)]
    chances = [_journey_loss(one.journey, seen) for one, seen in zip(fits, judged, strict=True)]
    return {
        "sampling/customers_share": 1 / sampler.one_in,
        "sampling/personas_ari": _agreement([one.personas for one in fits], holdout.split),
        "sampling/journey_log_loss_sd": _spread(chances),
        **_outlook_spread(losses),
    }


def _personas(bundle: Bundle, split: Split, others: list[TrainConfig]) -> float:
    features, fits = split.current.features, [bundle.personas]
    for config in others:
        same = replace(config.personas, k=bundle.personas.k, allow_unstable=True)
        fits.append(personas.fit(features, same, seed=config.seed, descriptions=lenses.described(config.lenses)))
    return _agreement(fits, split)


def _journey(bundle: Bundle, split: Split, judged: LabelledSnapshot, others: list[TrainConfig]) -> float:
    first, fits = bundle.journey, [bundle.journey]
    for config in others:
        same = replace(config, journey=replace(config.journey, cadence_classes=first.classes))
        other = fit_journey(split, same, first.left_censored)
        fits.append(replace(other, calibration=first.calibration))
    return _spread([_journey_loss(one, judged) for one in fits])


def _outlook(bundle: Bundle, split: Split, judged: LabelledSnapshot, others: list[TrainConfig]) -> dict[str, float]:
    fits = (bundle.forecast, *(fit_forecast(split, config) for config in others))
    return _outlook_spread([_outlook_losses(one, judged) for one in fits])


def _agreement(fits: list[PersonaModel], split: Split) -> float:
    """Mean adjusted Rand index of who is with whom by two fits."""
    placed = [one.probabilities(split.current.features).argmax(axis=1) for one in fits]
    return float(np.mean([adjusted_rand_score(one, other) for one, other in combinations(placed, 2)]))


def _journey_loss(journey: JourneyModel, judged: LabelledSnapshot) -> float:
    bought = (_labels(judged, c.ORDERS) > 0).astype(float)
    said = journey.predict(judged.features)[c.JOURNEY_P_ORDER]
    return metrics.classification(bought, said)["log_loss"]


def _outlook_losses(outlook: Forecast, judged: LabelledSnapshot) -> tuple[float, float]:
    """Log-loss of churn, and RMSE of spend, of whoever has bought."""
    asked = buyers(judged)
    churned, spend = _labels(asked, c.CHURNED), _labels(asked, c.SPEND)
    known = ~np.isnan(churned)
    said = outlook.assign(outlook.forecast(asked.features))
    chance = said[c.CHURN_PROBABILITY].to_numpy()
    loss = metrics.classification(churned[known], chance[known])["log_loss"]
    return loss, metrics.regression(spend, said[c.EXPECTED_SPEND].to_numpy())["rmse"]


def _outlook_spread(losses: list[tuple[float, float]]) -> dict[str, float]:
    churn, spend = zip(*losses, strict=True)
    return {"sampling/churn_log_loss_sd": _spread(churn), "sampling/clv_spend_rmse_sd": _spread(spend)}


def _labels(judged: LabelledSnapshot, name: str) -> np.ndarray:
    return judged.labels[name].to_numpy(np.float64)


def _spread(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1))
