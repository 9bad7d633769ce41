"""The fitted personas, and how they are fitted."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from patronage import names as c
from patronage.config import PersonasConfig
from patronage.errors import ConfigError, FitError
from patronage.lenses.lens import Feature
from patronage.models.personas.choice import Choice, choose, overlaps
from patronage.models.personas.clusters import Clusters, better_by, cluster, continued
from patronage.models.personas.identity import Matching, pair_up
from patronage.models.personas.names import Words, describe, name_all
from patronage.models.personas.preparation import Preparation, prepare
from patronage.models.personas.reasons import Rivals, account, codes, rivals, sentences

log = logging.getLogger(__name__)

BLOCK = 20_000  # customers at a time: what is made on the way stays small
PAST_THE_BORDER = 1.001  # of a step that ends on it


@dataclass(frozen=True)
class PersonaModel:
    """Fitted personas. A position is a place in `ids`, which are sorted and never used again once they vanished.

    Attributes
    ----------
    preparation
        From features to what the clustering sees.
    clusters
        Of the prepared points.
    order
        Cluster of each position.
    ids, names, described
        Of each position: the stable id and name, and what sets it apart today.
    next_id
        The id that the next new persona gets.
    means, correlations
        (k, F) mean standard scores of each position; (F, F) correlations of the scores.
    words
        High and low word of each column.
    variance
        Mean squared distance to the own centre per dimension; it turns KMeans distances into probabilities.
    ambiguous_below
        A less probable persona is ambiguous.
    choice
        Why there are so many.
    matching
        How they carry on the former personas; None where there were none.
    """

    preparation: Preparation
    clusters: Clusters
    order: np.ndarray
    ids: tuple[int, ...]
    names: tuple[str, ...]
    described: tuple[str, ...]
    next_id: int
    means: np.ndarray
    correlations: np.ndarray
    words: tuple[Words, ...]
    variance: float
    ambiguous_below: float
    choice: Choice
    matching: Matching | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The features that it reads."""
        return self.preparation.columns

    @property
    def k(self) -> int:
        """How many."""
        return len(self.ids)

    def components(self, features: pd.DataFrame) -> np.ndarray:
        """(N, C) points in which the clusters were found."""
        return self._voters.points(self._voters.scores(features))

    def probabilities(self, features: pd.DataFrame) -> np.ndarray:
        """(N, k) probability of each position.

        A mixture has posteriors. KMeans is read as the mixture that it is the limit of: equal weights, spherical
        clusters of the common variance, so that p is proportional to exp(-distance² / (2 variance)).
        """
        return np.concatenate([self._probabilities(self.components(block)) for block in _blocks(features)])

    def positions(self, features: pd.DataFrame) -> np.ndarray:
        """(N,) position of the most probable persona."""
        return self.probabilities(features).argmax(axis=1)

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        """Id, name and probability of the most probable persona, the runner-up, and why; on the same index."""
        return pd.DataFrame(self.answer(features), index=features.index)

    def answer(self, features: pd.DataFrame) -> dict[str, Any]:
        """What `predict` says, as arrays."""
        blocks = [self._block(block) for block in _blocks(features)]
        first, second, probability, code = (np.concatenate(part) for part in zip(*blocks, strict=True))
        names = self._spelt
        return {
            c.PERSONA_ID: np.asarray(self.ids, np.int32)[first],
            c.PERSONA: names.take(first),
            c.PERSONA_PROBABILITY: probability,
            c.PERSONA_RUNNER_UP: names.take(second),
            c.PERSONA_REASON: sentences(code, self._voice(), self.names),
        }

    def explain(self, features: pd.DataFrame) -> pd.DataFrame:
        """What would move each customer: one feature, its value now and the value needed, and where that leads.

        Where she would go is asked of the fitted personas with the feature changed; empty where no feature alone
        moves her within what was seen at the fit.
        """
        voters = self._voters
        scores = voters.scores(features)
        first, second = _best_two(self._probabilities(voters.points(scores)))
        found = account(scores, first, second, self._rivals)
        can = ~np.isnan(found.step)
        moved = features[list(self.columns)].astype(float)
        now, needed = np.full(len(features), np.nan), np.full(len(features), np.nan)
        for j, column in enumerate(voters.columns):
            rows = np.flatnonzero(can & (found.mover == j))
            now[rows] = features[column].to_numpy(float)[rows]
            needed[rows] = voters.value_of(j, scores[rows, j] + found.step[rows] * PAST_THE_BORDER)
            moved.iloc[rows, moved.columns.get_loc(column)] = needed[rows]
        there = np.asarray(self.names, dtype=object)[self.positions(moved)]
        return pd.DataFrame(
            {
                "feature": np.where(can, np.asarray(voters.columns, dtype=object)[found.mover], ""),
                "now": now,
                "needed": needed,
                "goes_to": np.where(can, there, ""),
            },
            index=features.index,
        )

    def save(self, folder: Path) -> None:
        """Write npz and JSON."""
        self.clusters.save(folder)
        state = {
            **{name: getattr(self, name) for name in ("ids", "names", "described", "next_id", "words")},
            **{name: getattr(self, name) for name in ("variance", "ambiguous_below")},
            **{name: getattr(self, name).tolist() for name in ("order", "means", "correlations")},
            "preparation": self.preparation.state(),
            "choice": self.choice.state(),
            "matching": self.matching and self.matching.state(),
        }
        (folder / "personas.json").write_text(json.dumps(state, indent=1))

    @classmethod
    def load(cls, folder: Path) -> PersonaModel:
        """Read what `save` wrote."""
        state = json.loads((folder / "personas.json").read_text())
        return cls(
            preparation=Preparation.of(state["preparation"]),
            clusters=Clusters.load(folder),
            order=np.array(state["order"]),
            ids=tuple(state["ids"]),
            names=tuple(state["names"]),
            described=tuple(state["described"]),
            next_id=state["next_id"],
            means=np.array(state["means"]),
            correlations=np.array(state["correlations"]),
            words=tuple((high, low) for high, low in state["words"]),
            variance=state["variance"],
            ambiguous_below=state["ambiguous_below"],
            choice=Choice.of(state["choice"]),
            matching=Matching.of(state["matching"]) if state["matching"] else None,
        )

    def _probabilities(self, points: np.ndarray) -> np.ndarray:
        return self.clusters.probabilities(points, self.variance)[:, self.order]

    def _block(self, features: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        scores = self._voters.scores(features)
        probabilities = self._probabilities(self._voters.points(scores))
        first, second = _best_two(probabilities)
        found = account(scores, first, second, self._rivals)
        code = codes(found, first, second, self._rivals.means)
        return first, second, probabilities[np.arange(len(first)), first], code

    @cached_property
    def _spelt(self) -> ExtensionArray:
        return pd.array(list(self.names), dtype="str")

    @cached_property
    def _voters(self) -> Preparation:
        return self.preparation.voters()

    @cached_property
    def _rivals(self) -> Rivals:
        voters = self._voters
        edges = pd.DataFrame([voters.low, voters.high], columns=list(voters.columns))
        return rivals(self.means[:, self.preparation.voting], voters.weights, *voters.scores(edges))

    def _voice(self) -> tuple[Words, ...]:
        """Words of the voting columns; a feature without words of its own is more or less."""
        return tuple(
            (self.words[j][0] or f"more {self.columns[j]}", self.words[j][1] or f"less {self.columns[j]}")
            for j in self.preparation.voting
        )


def fit(
    features: pd.DataFrame,
    config: PersonasConfig,
    described: Mapping[str, Feature],
    seed: int,
    former: PersonaModel | None = None,
) -> PersonaModel:
    """Cluster the customers.

    Parameters
    ----------
    described
        The words of each feature, for the names.
    former
        Personas of an earlier fit, to carry on: the refit starts from where they stand today, keeps their number while
        it is stable, and gives theirs their ids and names.

    Raises
    ------
    ConfigError
        A feature is unknown, or none is chosen.
    FitError
        Fewer different customers than personas, or so many personas are not stable.
    """
    chosen = tuple(name for name, on in config.features.items() if on)
    if unknown := [name for name in chosen if name not in described or described[name].text]:
        raise ConfigError(
            f"personas.features: no numeric feature {', '.join(unknown)}; expected {', '.join(described)}"
        )
    if former is not None and (lacking := [name for name in former.columns if name not in features]):
        raise FitError(f"the former personas read {', '.join(lacking)}, which these features lack")
    known = features[features[c.ACTIVE_DAYS] >= config.min_active_days] if config.min_active_days else features
    drawn = known.iloc[np.sort(np.random.default_rng(seed).permutation(len(known))[: config.fit_sample])]
    preparation = prepare(drawn, chosen, config.winsorise)
    if preparation.left_out:
        log.warning("personas leave out %s: missing or the same for everyone", ", ".join(preparation.left_out))
    scores = np.ascontiguousarray(preparation.scores(drawn))
    points = preparation.points(scores)
    ks = _possible(points, config)
    choice = choose(points, ks, config, seed, former.k if former else None)
    if not choice.stable and config.k != "auto" and not config.allow_unstable:
        raise FitError(
            f"personas.k={config.k} is not stable: {choice.taken.against}; personas.k=auto looks for one that is, "
            "personas.allow_unstable=true takes it as it is"
        )
    clusters = _clusters(points, drawn, config, choice.k, seed, former)
    labels, centres = clusters.nearest(points), clusters.centres
    means = np.array([scores[labels == cluster].mean(axis=0) for cluster in range(choice.k)])
    # what decides stands between the centres, which the last step of the fit left a little beside the means
    means[:, preparation.voting] = centres / np.sqrt(preparation.weights[preparation.voting])
    order = np.argsort(-means[:, 0], kind="stable")
    words = tuple((described[name].high, described[name].low) for name in preparation.columns)
    correlations = np.atleast_2d(np.corrcoef(scores, rowvar=False))
    spread = float(((points - centres[labels]) ** 2).sum(axis=1).mean() / preparation.dimensions)
    fresh = PersonaModel(
        preparation=preparation,
        clusters=clusters,
        order=order,
        ids=tuple(range(choice.k)),
        names=name_all(means[order], correlations, words, [None] * choice.k),
        described=tuple(describe(mean, correlations, words) for mean in means[order]),
        next_id=choice.k,
        means=means[order],
        correlations=correlations,
        words=words,
        variance=max(spread, 1e-12),
        ambiguous_below=config.ambiguous_below,
        choice=choice,
    )
    return fresh if former is None else carry_on(fresh, former, drawn, config.match_limit)


def match(former: PersonaModel, new: PersonaModel, features: pd.DataFrame, limit: float) -> Matching:
    """Which of the former personas the new ones carry on, by the same customers under both."""
    before, after = former.positions(features), new.positions(features)
    overlap = overlaps(before, after, former.k, new.k)
    points = former.components(features)
    centres = former.clusters.centres[former.order]
    far = np.ones((former.k, new.k))
    for j in np.unique(after):
        squared = ((points[after == j].mean(axis=0) - centres) ** 2).sum(axis=1)
        far[:, j] = squared / (squared + former.variance * former.preparation.dimensions)
    cost, pairs = pair_up(far, overlap, limit)
    return Matching(pairs, far, overlap, cost, former.names, former.ids)


def carry_on(new: PersonaModel, former: PersonaModel, features: pd.DataFrame, limit: float) -> PersonaModel:
    """The new personas under the ids and names of the former ones that they carry on."""
    matching = match(former, new, features, limit)
    fresh_ids = iter(range(former.next_id, former.next_id + new.k))
    ids = np.array([next(fresh_ids) if old is None else former.ids[old] for old in matching.former])
    kept = [None if old is None else former.names[old] for old in matching.former]
    # the name of one that vanished would be taken for it: it counts as given
    gone = [former.names[i] for i in matching.vanished]
    padding = np.zeros((len(gone), new.means.shape[1]))
    names = name_all(np.vstack([new.means, padding]), new.correlations, new.words, [*kept, *gone])[: new.k]
    by_id = np.argsort(ids, kind="stable")
    return replace(
        new,
        order=new.order[by_id],
        ids=tuple(int(i) for i in ids[by_id]),
        names=tuple(names[i] for i in by_id),
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


def _possible(points: np.ndarray, config: PersonasConfig) -> list[int]:
    """The numbers of personas to judge."""
    different = len(np.unique(points, axis=0))
    least, most = (config.k, config.k) if isinstance(config.k, int) else config.k_range
    if different < least:
        raise FitError(f"personas.k={least} with {different} different customers to cluster; lower personas.k")
    return list(range(least, min(most, different) + 1))


def _clusters(
    points: np.ndarray, drawn: pd.DataFrame, config: PersonasConfig, k: int, seed: int, former: PersonaModel | None
) -> Clusters:
    """A fresh fit, or the former personas' own solution where it fits as well: customers should not move for less."""
    fresh = cluster(points, config.method, k, seed)
    if former is not None and former.k == k:
        kept = continued(points, config.method, former.positions(drawn), k)
        if kept is not None and better_by(fresh, kept) <= config.keep_within:
            return Clusters.of(kept)
    return Clusters.of(fresh)


def _blocks(features: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for start in range(0, max(len(features), 1), BLOCK):
        yield features.iloc[start : start + BLOCK]


def _best_two(probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rest = probabilities.copy()
    first = rest.argmax(axis=1)
    rest[np.arange(len(rest)), first] = -1
    return first, rest.argmax(axis=1)
