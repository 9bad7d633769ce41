"""The fitted personas: they predict, explain, and are saved to and loaded from disk."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.lenses import FittedLenses
from patronage.models.personas.choice import PersonaChoice
from patronage.models.personas.clusters import Clusters
from patronage.models.personas.labels import IS, with_labels
from patronage.models.personas.matching import PersonaMatching
from patronage.models.personas.naming import FeatureWords
from patronage.models.personas.preparation import Preparation
from patronage.models.personas.reasons import (
    PersonaContrasts,
    contrast,
    explain_assignments,
    reason_codes,
    sentences,
    shared_views,
    true_words,
)
from patronage.typing import Columns

BLOCK_ROWS = 20_000  # customers at a time: the intermediate arrays stay small
NO_PERSONA = {  # by id: what stands in place of the name, and why
    c.NO_ORDER_ID: (c.NO_ORDER, "no order stands at the cutoff; the first one gives a persona"),
    c.UNKNOWN_ID: (c.UNKNOWN, "nothing is known of what the personas see"),
}
PAST_THE_BORDER = 1.001  # of a step that ends on the border between two personas


@dataclass(frozen=True)
class PersonaModel:
    """Fitted personas. A position is a place in `ids`, which are sorted and not used again after a persona vanished.

    Attributes
    ----------
    preparation
        From features to the points that are clustered.
    clusters
        Of the prepared points.
    order
        Cluster of each position.
    ids, names, described
        Of each position: the stable id and name, and the words for what distinguishes it today.
    next_id
        The id of the next new persona.
    means, correlations
        (k, F) mean standard scores of each position; (F, F) correlations of the scores.
    words
        The words of each column, and of which values they are true.
    variance
        Mean squared distance to the own centre per dimension; it turns KMeans distances into probabilities.
    ambiguous_below
        A persona with a smaller probability is ambiguous.
    choice
        The numbers of personas that were compared.
    matching
        How they were matched to the former personas; None where there were none.
    lenses
        Those that give the labels which the personas see; None where they see none.
    temperature
        Of a mixture's posterior, by which it is as sure as refits agree; 1 for KMeans.
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
    words: tuple[FeatureWords, ...]
    variance: float
    ambiguous_below: float
    choice: PersonaChoice
    matching: PersonaMatching | None = None
    lenses: FittedLenses | None = None
    temperature: float = 1.0

    @property
    def columns(self) -> tuple[str, ...]:
        """What it clusters: features, and a column for each value of a label (`labels.py`)."""
        return self.preparation.columns

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns that it needs, beside what its lenses read."""
        labels = () if self.lenses else (name.split(IS, 1)[0] for name in self.columns if IS in name)
        judged_by = (word.judged_by for word in self.words if word.judged_by)
        return tuple(dict.fromkeys([*(name for name in self.columns if IS not in name), *judged_by, *labels]))

    def read(self, features: Columns) -> Columns:
        """The features with the columns that tell of labels."""
        if not any(IS in name for name in self.columns):
            return features
        return with_labels(pd.DataFrame(features), self.columns, self.lenses)

    @property
    def k(self) -> int:
        """The number of personas."""
        return len(self.ids)

    def predict(self, features: Columns, *, block_rows: int = BLOCK_ROWS) -> dict[str, np.ndarray]:
        """Id, name and probability of each customer's most probable persona, the runner-up, and a reason.

        The rows are processed in blocks of `block_rows`; no row of the result depends on another row. A customer
        without an order has no persona where the personas see the rhythm of orders, and no customer has one whose every
        feature that they see is missing: `NO_PERSONA` stands there.
        """
        features = self.read(features)
        blocks = [self._assign(block) for block in self._blocks(features, block_rows, self._judged_by)]
        first, second, probability, code = (np.concatenate(part) for part in zip(*blocks, strict=True))
        names = np.asarray(self.names, dtype=object)
        assigned = {
            c.PERSONA_ID: np.asarray(self.ids, np.int32)[first],
            c.PERSONA: names[first],
            c.PERSONA_PROBABILITY: probability,
            c.PERSONA_RUNNER_UP: names[second],
            c.PERSONA_REASON: sentences(code, self._voting_words, self.names),
        }
        instead = no_persona(features, self._voters.columns)
        for number, (name, reason) in NO_PERSONA.items():
            rows = instead == number
            assigned[c.PERSONA_ID][rows], assigned[c.PERSONA][rows] = number, name
            assigned[c.PERSONA_PROBABILITY][rows], assigned[c.PERSONA_RUNNER_UP][rows] = 1.0, c.UNKNOWN
            assigned[c.PERSONA_REASON][rows] = reason
        return assigned

    def ids_of(self, features: Columns) -> np.ndarray:
        """(N,) the persona of each customer, as `predict` gives it, without the reasons."""
        ids = np.asarray(self.ids, np.int32)[self.probabilities(features).argmax(axis=1)]
        instead = no_persona(self.read(features), self._voters.columns)
        return np.where(instead < 0, instead, ids)

    def have_persona(self, features: Columns) -> np.ndarray:
        """(N,) the customers who have a persona; `NO_PERSONA` stands in place of that of the others."""
        return no_persona(self.read(features), self._voters.columns) == 0

    def probabilities(self, features: Columns) -> np.ndarray:
        """(N, k) probability of each position.

        A mixture has posteriors. KMeans is read as the mixture of which it is the limit: equal weights, spherical
        clusters of the common variance, so that p is proportional to exp(-distance² / (2 variance)).
        """
        features = self.read(features)
        return np.concatenate([self._probabilities(self.points(block)) for block in self._blocks(features, BLOCK_ROWS)])

    def points(self, features: Columns) -> np.ndarray:
        """(N, D) the points that are clustered."""
        return self._voters.points(self._voters.scores(self.read(features)))

    def explain(self, features: pd.DataFrame) -> pd.DataFrame:
        """What would change each customer's persona: one feature, its value now, the value needed, the persona then.

        The persona then is predicted with the feature changed; empty where no single feature leads to another persona
        within the range of the fit.
        """
        voters, features = self._voters, pd.DataFrame(self.read(features))
        scores = voters.scores(features)
        first, second = _best_two(self._probabilities(voters.points(scores)))
        explanations = explain_assignments(scores, first, second, self._contrasts)
        possible = ~np.isnan(explanations.step) & self.have_persona(features)
        changed = features[list(self.columns)].astype(float)
        now, needed = np.full(len(features), np.nan), np.full(len(features), np.nan)
        for j, column in enumerate(voters.columns):
            rows = np.flatnonzero(possible & (explanations.feature == j))
            now[rows] = features[column].to_numpy(float)[rows]
            needed[rows] = voters.value_of(j, scores[rows, j] + explanations.step[rows] * PAST_THE_BORDER)
            changed.iloc[rows, changed.columns.get_loc(column)] = needed[rows]
        names = np.asarray(self.names, dtype=object)[self.probabilities(changed).argmax(axis=1)]
        columns = np.asarray(voters.columns, dtype=object)[explanations.feature]
        return pd.DataFrame(
            {
                "feature": np.where(possible, columns, ""),
                "now": now,
                "needed": needed,
                "goes_to": np.where(possible, names, ""),
            },
            index=features.index,
        )

    def save(self, folder: Path) -> None:
        """Write npz and JSON."""
        self.clusters.save(folder)
        state = {
            **{name: getattr(self, name) for name in ("ids", "names", "described", "next_id")},
            **{name: getattr(self, name) for name in ("variance", "ambiguous_below", "temperature")},
            **{name: getattr(self, name).tolist() for name in ("order", "means", "correlations")},
            "lenses": [lens.name for lens in self.lenses.lenses] if self.lenses else [],
            "words": [asdict(word) for word in self.words],
            "preparation": self.preparation.state(),
            "choice": self.choice.state(),
            "matching": self.matching and self.matching.state(),
        }
        (folder / "personas.json").write_text(json.dumps(state, indent=1))

    @classmethod
    def load(cls, folder: Path, lenses: FittedLenses | None = None) -> PersonaModel:
        """Read what `save` wrote; the lenses that give its labels are kept with the bundle."""
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
            words=tuple(FeatureWords(**word) for word in state["words"]),
            variance=state["variance"],
            ambiguous_below=state["ambiguous_below"],
            choice=PersonaChoice.of(state["choice"]),
            matching=PersonaMatching.of(state["matching"]) if state["matching"] else None,
            lenses=lenses.select(names) if lenses and (names := state.get("lenses")) else None,
            temperature=state.get("temperature", 1.0),
        )

    def _probabilities(self, points: np.ndarray) -> np.ndarray:
        return self.clusters.probabilities(points, self.variance, self.temperature)[:, self.order]

    def _assign(self, features: Columns) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Position, runner-up, probability and code of the reason of each customer."""
        scores = self._voters.scores(features)
        probabilities = self._probabilities(self._voters.points(scores))
        first, second = _best_two(probabilities)
        values = np.stack([features[name] for name in self._judged_by])
        true = true_words(self._voting_words, values)
        explanations = explain_assignments(scores, first, second, self._contrasts, true, self._views)
        code = reason_codes(explanations, self._voting_words, values)
        return first, second, probabilities[np.arange(len(first)), first], code

    def _blocks(
        self, features: Columns, block_rows: int, more: Collection[str] = ()
    ) -> Iterator[Mapping[str, np.ndarray]]:
        columns = {name: np.asarray(features[name], np.float64) for name in (*self._voters.columns, *more)}
        rows = len(columns[self._voters.columns[0]])
        for start in range(0, max(rows, 1), block_rows):
            yield {name: values[start : start + block_rows] for name, values in columns.items()}

    @cached_property
    def _voters(self) -> Preparation:
        return self.preparation.voters()

    @cached_property
    def _contrasts(self) -> PersonaContrasts:
        voters = self._voters
        ends = {name: [voters.low[j], voters.high[j]] for j, name in enumerate(voters.columns)}
        return contrast(self.means[:, self.preparation.voting], voters.weights, *voters.scores(ends))

    @cached_property
    def _voting_words(self) -> tuple[FeatureWords, ...]:
        return tuple(self.words[j] for j in self.preparation.voting)

    @cached_property
    def _judged_by(self) -> tuple[str, ...]:
        """The column that decides whether the words of each voting column are true."""
        pairs = zip(self._voting_words, self._voters.columns, strict=True)
        return tuple(word.judged_by or name for word, name in pairs)

    @cached_property
    def _views(self) -> tuple[np.ndarray, ...]:
        return shared_views(self._voting_words)


def no_persona(features: Columns, columns: Sequence[str]) -> np.ndarray:
    """(N,) the id that stands in place of a persona's, 0 for who has one.

    `NO_ORDER_ID` where the columns have the age of the last order and the customer has none: who never bought may have
    a taste, but no rhythm. `UNKNOWN_ID` where all columns are missing.
    """
    nothing = np.isnan(np.asarray(features[columns[0]], np.float64))
    for name in columns[1:]:
        if not nothing.any():
            break
        nothing &= np.isnan(np.asarray(features[name], np.float64))
    instead = np.where(nothing, c.UNKNOWN_ID, 0).astype(np.int32)
    if c.DAYS_SINCE_LAST_ORDER in columns:
        instead[np.isnan(np.asarray(features[c.DAYS_SINCE_LAST_ORDER], np.float64))] = c.NO_ORDER_ID
    return instead


def _best_two(probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rest = probabilities.copy()
    first = rest.argmax(axis=1)
    rest[np.arange(len(rest)), first] = -1
    return first, rest.argmax(axis=1)
