"""What it costs that a fit sees a sample of the customers: how far its answers spread over three of them.

Where everyone is seen there is nothing to say. A new sample comes with a new seed, so that the spread holds what else
hangs on the seed, such as the rows that a tree draws.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
from sklearn.metrics import adjusted_rand_score

from patronage import columns as c
from patronage import lenses
from patronage.bundle import Bundle, fit_journey
from patronage.config import TrainConfig
from patronage.evaluation import metrics
from patronage.evaluation.splits import Split, fit_outlook
from patronage.labels import Snapshot
from patronage.models import personas

SAMPLES = 3
PERSONAS, JOURNEY, CHURN = "personas", "journey", "churn"


def shares(split: Split, config: TrainConfig) -> dict[str, float]:
    """The share of the customers that each fit sees, of the fits that do not see everyone."""
    features = split.now.features
    bought = [one.features.index[one.features[c.N_ORDERS] > 0] for one in split.past]
    sizes = {
        PERSONAS: (config.personas.fit_sample, int((features[c.ACTIVE_DAYS] >= config.personas.min_active_days).sum())),
        JOURNEY: (config.journey.max_customers, int((features[c.JOURNEY_PATH] != "").sum())),
        CHURN: (config.churn.fit_sample, len(bought[0].append(bought[1:]).unique())),
    }
    return {name: most / there for name, (most, there) in sizes.items() if most is not None and there > most}


def errors(bundle: Bundle, split: Split, judged: Snapshot, config: TrainConfig) -> dict[str, float]:
    """By metric name, of each model whose fit took a sample: the share, and the spread over `SAMPLES` of them.

    Parameters
    ----------
    bundle, split
        What was fitted, and on what; it counts as the first sample.
    judged
        Labelled customers of the time after it.

    Returns
    -------
    dict
        `sampling/MODEL_share`; standard deviations `sampling/journey_log_loss_sd`, `sampling/churn_log_loss_sd` and
        `sampling/clv_spend_rmse_sd`; `sampling/personas_ari`, the mean adjusted Rand index of who is with whom by two
        samples, 1 where none matters.
    """
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


def _personas(bundle: Bundle, split: Split, others: list[TrainConfig]) -> float:
    features, fits = split.now.features, [bundle.personas]
    for config in others:
        same = replace(config.personas, k=bundle.personas.k, allow_unstable=True)
        fits.append(personas.fit(features, same, lenses.described(config.lenses), config.seed))
    placed = [one.positions(features) for one in fits]
    return float(np.mean([adjusted_rand_score(one, other) for one, other in combinations(placed, 2)]))


def _journey(bundle: Bundle, split: Split, judged: Snapshot, others: list[TrainConfig]) -> float:
    first, fits = bundle.journey, [bundle.journey]
    for config in others:
        same = replace(config, journey=replace(config.journey, cadence_classes=first.classes))
        other = fit_journey(split, same, first.left_censored)
        fits.append(replace(other, calibration=first.calibration))
    bought = (_labels(judged, c.ORDERS) > 0).astype(float)
    said = (one.predict(judged.features)[c.JOURNEY_P_ORDER].to_numpy() for one in fits)
    return _spread([metrics.classification(bought, one)["log_loss"] for one in said])


def _outlook(bundle: Bundle, split: Split, judged: Snapshot, others: list[TrainConfig]) -> dict[str, float]:
    buyers = judged.select(judged.features[c.N_ORDERS] > 0)
    churned, spend = _labels(buyers, c.CHURNED), _labels(buyers, c.SPEND)
    known, losses, misses = ~np.isnan(churned), [], []
    for one in (bundle.outlook, *(fit_outlook(split, config) for config in others)):
        said = one.assign(one.foretell(buyers.features))
        chance = said[c.CHURN_PROBABILITY].to_numpy()
        losses.append(metrics.classification(churned[known], chance[known])["log_loss"])
        misses.append(metrics.regression(spend, said[c.EXPECTED_SPEND].to_numpy())["rmse"])
    return {"sampling/churn_log_loss_sd": _spread(losses), "sampling/clv_spend_rmse_sd": _spread(misses)}


def _labels(judged: Snapshot, name: str) -> np.ndarray:
    if judged.labels is None:
        raise ValueError("a snapshot to be judged on has no labels")
    return judged.labels[name].to_numpy(np.float64)


def _spread(values: list[float]) -> float:
    return float(np.std(values, ddof=1))
