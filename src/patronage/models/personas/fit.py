"""The fit of personas: from features to a PersonaModel."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import PersonasConfig
from patronage.config.personas import AUTO
from patronage.errors import ConfigError, FitError
from patronage.lenses.lens import Feature
from patronage.models.personas.choice import PersonaChoice, assess, choose_k
from patronage.models.personas.clusters import Clusters, fit_clusters
from patronage.models.personas.model import PersonaModel
from patronage.models.personas.naming import describe, name_all
from patronage.models.personas.preparation import Preparation, prepare

log = logging.getLogger(__name__)

LEAST_VARIANCE = 1e-12


@dataclass(frozen=True, eq=False)
class PersonaSample:
    """The customers of a fit, prepared.

    Attributes
    ----------
    features
        Of the customers drawn.
    preparation
        Learned from them.
    scores, points
        (N, F) standard scores, and (N, D) the coordinates that are clustered.
    """

    features: pd.DataFrame
    preparation: Preparation
    scores: np.ndarray
    points: np.ndarray


def fit(
    features: pd.DataFrame, config: PersonasConfig, *, seed: int, descriptions: Mapping[str, Feature]
) -> PersonaModel:
    """Cluster the customers.

    Parameters
    ----------
    descriptions
        The words of each feature, for the names.

    Raises
    ------
    ConfigError
        A feature is unknown, or none is chosen.
    FitError
        Fewer different customers than personas, or so many personas are not stable.
    """
    sample = draw_sample(features, config, seed=seed, descriptions=descriptions)
    grid = assess(sample.points, candidate_ks(sample.points, config), config, seed)
    choice = PersonaChoice(grid, choose_k(grid, config.min_share))
    require_stable(choice, config)
    clusters = Clusters.of(fit_clusters(sample.points, config.method, choice.k, seed))
    return build_model(sample, clusters, choice, config, descriptions)


def draw_sample(
    features: pd.DataFrame, config: PersonasConfig, *, seed: int, descriptions: Mapping[str, Feature]
) -> PersonaSample:
    """Draw the customers of the fit and learn their preparation."""
    chosen = tuple(name for name, on in config.features.items() if on)
    if unknown := [name for name in chosen if name not in descriptions or descriptions[name].text]:
        raise ConfigError(
            f"personas.features: no numeric feature {', '.join(unknown)}; expected {', '.join(descriptions)}"
        )
    active = features[features[c.ACTIVE_DAYS] >= config.min_active_days] if config.min_active_days else features
    rows = np.sort(np.random.default_rng(seed).permutation(len(active))[: config.fit_sample])
    drawn = active.iloc[rows]
    preparation = prepare(drawn, chosen, config.winsorise)
    if preparation.left_out:
        log.warning("personas leave out %s: missing, or the same for all customers", ", ".join(preparation.left_out))
    scores = np.ascontiguousarray(preparation.scores(drawn))
    return PersonaSample(drawn, preparation, scores, preparation.points(scores))


def candidate_ks(points: np.ndarray, config: PersonasConfig) -> list[int]:
    """The numbers of personas to assess, none above the number of different points."""
    different = len(np.unique(points, axis=0))
    if isinstance(config.k, int):
        if different < config.k:
            raise FitError(f"personas.k={config.k} with {different} different customers to cluster; lower personas.k")
        return [config.k]
    least, most = config.k_range
    return list(range(min(least, different), min(most, different) + 1))


def require_stable(choice: PersonaChoice, config: PersonasConfig) -> None:
    """Refuse a requested number of personas that is not stable, unless the configuration allows it."""
    if not choice.stable and config.k != AUTO and not config.allow_unstable:
        raise FitError(
            f"personas.k={config.k} is not stable: {choice.taken.against}; personas.k=auto looks for one that is, "
            "personas.allow_unstable=true takes it as it is"
        )


def build_model(
    sample: PersonaSample,
    clusters: Clusters,
    choice: PersonaChoice,
    config: PersonasConfig,
    descriptions: Mapping[str, Feature],
) -> PersonaModel:
    """Number and name the clusters; persona 0 has the greatest mean of the first feature."""
    preparation = sample.preparation
    labels, centres = clusters.nearest(sample.points), clusters.centres
    means = np.array([sample.scores[labels == cluster].mean(axis=0) for cluster in range(choice.k)])
    # the borders lie between the centres, which the last step of the fit left a little beside the means
    means[:, preparation.voting] = centres / np.sqrt(preparation.weights[preparation.voting])
    order = np.argsort(-means[:, 0], kind="stable")
    means = means[order]
    words = tuple((descriptions[name].high, descriptions[name].low) for name in preparation.columns)
    correlations = np.atleast_2d(np.corrcoef(sample.scores, rowvar=False))
    squared = ((sample.points - centres[labels]) ** 2).sum(axis=1)
    return PersonaModel(
        preparation=preparation,
        clusters=clusters,
        order=order,
        ids=tuple(range(choice.k)),
        names=name_all(means, correlations, words, [None] * choice.k),
        described=tuple(describe(mean, correlations, words) for mean in means),
        next_id=choice.k,
        means=means,
        correlations=correlations,
        words=words,
        variance=max(float(squared.mean() / preparation.dimensions), LEAST_VARIANCE),
        ambiguous_below=config.ambiguous_below,
        choice=choice,
    )
