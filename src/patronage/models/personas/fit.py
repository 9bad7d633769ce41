"""The fit of personas: from features to a PersonaModel."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import PersonasConfig
from patronage.config.personas import AUTO
from patronage.errors import ConfigError, FitError
from patronage.labels import LabelledSnapshot
from patronage.lenses import FittedLenses
from patronage.lenses.lens import Feature
from patronage.models.btyd.heavy import ordinary_customers
from patronage.models.personas.calibration import temperature_by_refits
from patronage.models.personas.choice import LaterOutcomes, PersonaChoice, assess, choose_k
from patronage.models.personas.clusters import Clusters, fit_clusters
from patronage.models.personas.labels import fit_inputs
from patronage.models.personas.model import PersonaModel, no_persona
from patronage.models.personas.naming import Vocabulary, describe, held_words, name_all, words_of
from patronage.models.personas.preparation import Preparation, prepare

log = logging.getLogger(__name__)

LEAST_VARIANCE = 1e-12
LEAST_LATER, MOST_LATER = 100, 20_000  # customers at an earlier origin, to judge what personas tell


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

    @classmethod
    def of(cls, features: pd.DataFrame, preparation: Preparation) -> PersonaSample:
        """These customers, by this preparation."""
        scores = np.ascontiguousarray(preparation.scores(features))
        return cls(features, preparation, scores, preparation.points(scores))

    def prepared_by(self, preparation: Preparation) -> PersonaSample:
        """The same customers by another preparation."""
        return self.of(self.features, preparation)


def fit(
    features: pd.DataFrame,
    config: PersonasConfig,
    *,
    seed: int,
    descriptions: Mapping[str, Feature],
    later: LabelledSnapshot | None = None,
    labels: FittedLenses | None = None,
) -> PersonaModel:
    """Cluster the customers.

    Parameters
    ----------
    descriptions
        The words of each feature, for the names.
    later
        An earlier origin and what its customers did then: it helps to choose their number.
    labels
        Lenses whose labels the configuration may name among the features.

    Raises
    ------
    ConfigError
        A feature is unknown, or none is chosen.
    FitError
        Fewer different customers than personas, or so many personas are not stable.
    """
    features, config, descriptions, later, labels = fit_inputs(features, config, descriptions, later, labels)
    sample = draw_sample(features, config, seed=seed, descriptions=descriptions)
    choice = choose(sample, config, seed, later, descriptions)
    require_stable(choice, config)
    clusters = Clusters.of(fit_clusters(sample.points, config.method, choice.k, seed))
    return replace(build_model(sample, clusters, choice, config, descriptions), lenses=labels)


def choose(
    sample: PersonaSample,
    config: PersonasConfig,
    seed: int,
    later: LabelledSnapshot | None,
    descriptions: Mapping[str, Feature],
    former_k: int | None = None,
) -> PersonaChoice:
    """The number of personas: the former one while that is stable."""
    told = later_behaviour(sample.preparation, later, seed) if later else None
    ks = candidate_ks(sample.points, config)
    grid = assess(sample.points, ks, config, seed, told, vocabulary(sample, config, descriptions))
    former_is_stable = any(candidate.k == former_k and not candidate.against for candidate in grid)
    return PersonaChoice(grid, former_k if former_k and former_is_stable else choose_k(grid, config))


def vocabulary(sample: PersonaSample, config: PersonasConfig, descriptions: Mapping[str, Feature]) -> Vocabulary:
    """The words, with borders from these customers, and the customers that each is true of."""
    columns = sample.preparation.columns
    words = words_of(columns, sample.features, descriptions, config.views)
    return Vocabulary(words, held_words(words, sample.features, columns))


def later_behaviour(preparation: Preparation, later: LabelledSnapshot, seed: int) -> LaterOutcomes | None:
    """The points of those who had bought, how much they bought later (orders, spend, churn), and which goods."""
    features = ordinary_customers(later.features)
    bought = features[c.N_ORDERS] > 0 if c.N_ORDERS in features else pd.Series(True, features.index)
    if not set(preparation.columns) <= set(features) or bought.sum() < LEAST_LATER:
        return None
    rows = np.flatnonzero(bought)[np.random.default_rng(seed).permutation(int(bought.sum()))[:MOST_LATER]]
    labels = later.labels.loc[features.index[rows]]
    how_much = [np.log1p(labels[c.ORDERS]), np.log1p(labels[c.SPEND].clip(lower=0)), labels[c.ORDERS] > 0]
    goods = None if later.goods is None else later.goods.loc[labels.index].to_numpy(float)
    if goods is not None and np.count_nonzero(~np.isnan(goods).any(axis=1)) < LEAST_LATER:
        goods = None
    points = preparation.points(preparation.scores(features.iloc[rows]))
    return LaterOutcomes(points, np.column_stack(how_much).astype(float), goods)


def draw_sample(
    features: pd.DataFrame, config: PersonasConfig, *, seed: int, descriptions: Mapping[str, Feature]
) -> PersonaSample:
    """Draw the customers of the fit and learn their preparation."""
    chosen = tuple(name for name, on in config.features.items() if on)
    if unknown := [name for name in chosen if name not in descriptions or descriptions[name].text]:
        raise ConfigError(
            f"personas.features: no numeric feature nor label {', '.join(unknown)}; expected {', '.join(descriptions)}"
        )
    active = features[features[c.ACTIVE_DAYS] >= config.min_active_days] if config.min_active_days else features
    active = ordinary_customers(active)
    if columns := [name for name in chosen if name in active]:
        with_persona = no_persona(active, columns) == 0  # the others shape none
        active = active[with_persona] if with_persona.any() else active
    rows = np.sort(np.random.default_rng(seed).permutation(len(active))[: config.fit_sample])
    drawn = active.iloc[rows]
    preparation = prepare(drawn, chosen, config.winsorise, config.views)
    if preparation.left_out:
        log.debug("personas leave out %s: missing, or the same for all customers", ", ".join(preparation.left_out))
    return PersonaSample.of(drawn, preparation)


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
    words, held = vocabulary(sample, config, descriptions)
    position = np.argsort(order)[labels]
    correlations = np.atleast_2d(np.corrcoef(sample.scores, rowvar=False))
    squared = ((sample.points - centres[labels]) ** 2).sum(axis=1)
    return PersonaModel(
        preparation=preparation,
        clusters=clusters,
        order=order,
        ids=tuple(range(choice.k)),
        names=name_all(words, held, position, [None] * choice.k),
        described=tuple(describe(words, held, position == persona) for persona in range(choice.k)),
        next_id=choice.k,
        means=means,
        correlations=correlations,
        words=words,
        variance=max(float(squared.mean() / preparation.dimensions), LEAST_VARIANCE),
        ambiguous_below=config.ambiguous_below,
        choice=choice,
        temperature=temperature_by_refits(sample.points, clusters, config) if config.method == "gmm" else 1.0,
    )
