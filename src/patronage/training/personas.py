"""What is decided about personas: how a refit carries on the personas of an earlier fit, the champion's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from patronage.config import PersonasConfig
from patronage.errors import FitError
from patronage.labels import LabelledSnapshot
from patronage.lenses import FittedLenses
from patronage.lenses.lens import Feature
from patronage.models import personas
from patronage.models.personas.choice import overlaps
from patronage.models.personas.clusters import (
    Clusters,
    fit_clusters,
    fit_from_groups,
    improvement,
    improvement_on_groups,
)
from patronage.models.personas.fit import PersonaSample, build_model, choose, draw_sample, require_stable
from patronage.models.personas.labels import fit_inputs
from patronage.models.personas.matching import PersonaMatching, pair_up
from patronage.models.personas.model import PersonaModel
from patronage.models.personas.naming import held_words, name_all
from patronage.models.personas.preparation import Preparation

SAME_VOTE = 0.25  # share by which the weight of a feature may differ from one fit to the next: correlations vary


def fit_personas(
    features: pd.DataFrame,
    config: PersonasConfig,
    *,
    seed: int,
    descriptions: Mapping[str, Feature],
    former: PersonaModel | None = None,
    later: LabelledSnapshot | None = None,
    labels: FittedLenses | None = None,
) -> PersonaModel:
    """Fit personas; where there are former ones, keep their number, position, ids and names as far as they hold.

    Parameters
    ----------
    descriptions
        The words of each feature, for the names.
    former
        Personas of an earlier fit. Their number is kept while it is stable: customers should not move because another
        number is now slightly better. They stay as they are while no fresh solution fits better by more than
        `keep_within`; where one does, they are fitted anew from where they stood, and given up for the fresh solution
        only where that is better by as much again. Their ids and names go to the new personas that are matched to them.
    later
        An earlier origin and what its customers did then: it helps to choose their number.
    labels
        Lenses whose labels the configuration may name among the features.

    Raises
    ------
    ConfigError
        A feature is unknown, or none is chosen.
    FitError
        Fewer different customers than personas, so many personas are not stable, or features lack what the former
        personas read.
    """
    if former is None:
        return personas.fit(features, config, seed=seed, descriptions=descriptions, later=later, labels=labels)
    if lacking := [name for name in former.reads if name not in features]:
        raise FitError(f"the former personas read {', '.join(lacking)}, which these features lack")
    features, config, descriptions, later, labels = fit_inputs(features, config, descriptions, later, labels)
    sample = draw_sample(features, config, seed=seed, descriptions=descriptions)
    choice = choose(sample, config, seed, later, descriptions, former.k)
    require_stable(choice, config)
    sample, clusters = continued(sample, choice.k, config, former, seed)
    model = replace(build_model(sample, clusters, choice, config, descriptions), lenses=labels)
    return carry_on(model, former, sample.features, config.match_limit)


def continued(
    sample: PersonaSample, k: int, config: PersonasConfig, former: PersonaModel, seed: int
) -> tuple[PersonaSample, Clusters]:
    """The former personas where they still group today's customers as well; else fitted from them; else fresh ones.

    Returns
    -------
    sample, clusters
        Former clusters come with the sample in their own preparation, so that the borders stay where they are.
    """
    fresh = fit_clusters(sample.points, config.method, k, seed)
    if former.k != k:
        return sample, Clusters.of(fresh)
    groups = former.probabilities(sample.features).argmax(axis=1)
    if (
        sees_the_same(former.preparation, sample.preparation)
        and former.clusters.method == config.method
        and np.bincount(groups, minlength=k).min() >= config.min_share * len(groups)
        and improvement_on_groups(fresh, sample.points, groups, k) <= config.keep_within
    ):
        return sample.prepared_by(former.preparation), former.clusters
    refitted = fit_from_groups(sample.points, config.method, groups, k)
    if refitted is not None and improvement(fresh, refitted) <= config.keep_within:
        return sample, Clusters.of(refitted)
    return sample, Clusters.of(fresh)


def sees_the_same(former: Preparation, today: Preparation) -> bool:
    """Whether two preparations read the same features with about the same votes."""
    return former.columns == today.columns and bool(np.allclose(former.weights, today.weights, rtol=SAME_VOTE))


def match(former: PersonaModel, new: PersonaModel, features: pd.DataFrame, limit: float) -> PersonaMatching:
    """Which of the former personas the new ones are, by the same customers under both models."""
    before, after = (model.probabilities(features).argmax(axis=1) for model in (former, new))
    overlap = overlaps(before, after, former.k, new.k)
    points = former.points(features)
    centres = former.clusters.centres[former.order]
    distance = np.ones((former.k, new.k))
    for j in np.unique(after):
        squared = ((points[after == j].mean(axis=0) - centres) ** 2).sum(axis=1)
        distance[:, j] = squared / (squared + former.variance * former.preparation.dimensions)
    cost, pairs = pair_up(distance, overlap, limit)
    return PersonaMatching(pairs, distance, overlap, cost, former.names, former.ids)


def carry_on(new: PersonaModel, former: PersonaModel, features: pd.DataFrame, limit: float) -> PersonaModel:
    """The new personas under the ids and names of the former ones to which they are matched."""
    matching = match(former, new, features, limit)
    fresh_ids = iter(range(former.next_id, former.next_id + new.k))
    ids = np.array([next(fresh_ids) if old is None else former.ids[old] for old in matching.former])
    names = [None if old is None else former.names[old] for old in matching.former]
    # no new persona may get the name of a vanished one: it would be taken for it
    vanished = {former.names[i] for i in matching.vanished}
    held = held_words(new.words, features, new.columns)
    positions = new.probabilities(features).argmax(axis=1)
    names_of_all = name_all(new.words, held, positions, names, vanished)
    by_id = np.argsort(ids, kind="stable")
    return replace(
        new,
        order=new.order[by_id],
        ids=tuple(int(i) for i in ids[by_id]),
        names=tuple(names_of_all[i] for i in by_id),
        described=tuple(new.described[i] for i in by_id),
        next_id=former.next_id + sum(old is None for old in matching.former),
        means=new.means[by_id],
        matching=replace(
            matching,
            former=tuple(matching.former[i] for i in by_id),
            distance=matching.distance[:, by_id],
            overlap=matching.overlap[:, by_id],
            match_cost=matching.match_cost[:, by_id],
        ),
    )
