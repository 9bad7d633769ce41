"""Stability of the personas: beside that of data without structure, and from one fit to the next."""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage.config import PersonasConfig
from patronage.evaluation.scorecard import Scorecard
from patronage.models.personas import PersonaModel, consecutive_ari, refit_labels
from patronage.models.personas.calibration import same_again
from patronage.names import Metric
from patronage.statistics import calibration_error
from patronage.typing import Array

PERSONAS, SHUFFLED, ARI = "personas", "shuffled", "stability_ari"


def evaluate_personas(personas: PersonaModel, features: pd.DataFrame, config: PersonasConfig, seed: int) -> Scorecard:
    """Stability of the personas, beside that of the same method on data without structure.

    The naive baseline clusters the same components after each was shuffled over the customers by itself: a method
    that is as stable there is stable because of the shapes of single features, not of any groups of customers.
    """
    features = pd.DataFrame(personas.read(features))
    features = features[personas.have_persona(features)]
    points = shuffled(personas.points(features), seed)
    sample = points[np.random.default_rng(seed).permutation(len(points))[: config.bootstrap_sample]]
    by_chance = consecutive_ari(refit_labels(points, sample, personas.k, config, seed))
    chance = float(by_chance.mean())
    choice = personas.choice.taken
    probabilities = personas.probabilities(features)
    probability, same_again = posterior_by_refits(personas, features, config, seed)
    sizes = np.bincount(probabilities.argmax(axis=1), minlength=personas.k) / len(features)
    metrics = {
        Metric.PERSONA_K: float(personas.k),
        Metric.PERSONA_STABLE: float(personas.choice.stable),
        Metric.PERSONA_STABILITY_ARI: choice.ari,
        Metric.PERSONA_STABILITY_JACCARD: choice.jaccard,
        Metric.baseline(PERSONAS, SHUFFLED, ARI): chance,
        Metric.PERSONA_SILHOUETTE: choice.silhouette,
        Metric.PERSONA_POSTERIOR_ECE: calibration_error(same_again, probability),
        Metric.PERSONA_SMALLEST_SHARE: float(sizes.min()),
        Metric.PERSONA_LARGEST_SHARE: float(sizes.max()),
        Metric.PERSONA_AMBIGUOUS_SHARE: float((probabilities.max(axis=1) < personas.ambiguous_below).mean()),
    }
    if choice.bic is not None:
        metrics[Metric.PERSONA_BIC] = choice.bic
    return Scorecard(metrics)


def posterior_by_refits(
    personas: PersonaModel, features: pd.DataFrame, config: PersonasConfig, seed: int
) -> tuple[Array, Array]:
    """The probability of each customer's persona, and the share of refits that give the customer the same one.

    Where the posterior is calibrated, the two are alike.
    """
    rows = np.random.default_rng(seed).permutation(len(features))[: config.bootstrap_sample]
    points, sample = personas.points(features), features.iloc[rows]
    probabilities = personas.probabilities(sample)
    own = probabilities.argmax(axis=1)
    return probabilities.max(axis=1), same_again(points, rows, own, personas.k, config, seed)


def moved_by_refit(former: PersonaModel, new: PersonaModel, features: pd.DataFrame) -> float:
    """Share of customers whose persona id differs between a frozen model and its refit, both on the same features.

    What customers did since the former fit moves them under both models alike, so that this is the refit's own effect.
    """
    return float((former.ids_of(features) != new.ids_of(features)).mean())


def shuffled(points: Array, seed: int) -> Array:
    """The same components, each permuted over the customers by itself: nothing relates them any more."""
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.permutation(column) for column in points.T])
