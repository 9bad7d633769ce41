"""Names made of words that are true: each word is a border of one feature, held against the whole customer base.

A word such as "recent" or "big-basket" is true of a customer or not, whatever the persona. A persona gets a word only
where it is true of at least `MOST` of its customers, and clearly more often than of the others. Borders of time come
from the rhythm of the base (`words_of`), others are thirds of it. The words of a name follow the order of the features,
one a view, so that all names of a run read alike.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config.personas import ViewConfig
from patronage.lenses.lens import Feature
from patronage.typing import Columns

MOST = 2 / 3  # of a persona's customers: a word of its name is true of so many
CLEAR = 0.15  # a greater share of the persona's customers than of the others
NAMED_BY = 3  # words in a name; more only where two names would be equal
THIRDS = (1 / 3, 2 / 3)
QUIET_DAYS = 90  # nobody is recent who has been silent for longer, nobody lapsed who has been for less
LONG_GAP = 0.95  # quantile of the customers' mean gaps, beyond which a silence is longer than any usual one
HALF = 0.5
LEAST_GAPS = 20  # customers with a gap, to know the rhythm of the base
PLAIN = "in the middle"
WORDS = 3  # of a feature: low, middle, high
JUDGED_BY = dict(zip(c.TASTES, c.TASTE_GOODS, strict=True))  # the words of a place on an axis of taste
LEAST_ABOVE = 5e-7  # of the spend on goods: the shares are whole millionths
NO_WORD = WORDS  # the zone of a value of which none of them is true


@dataclass(frozen=True)
class FeatureWords:
    """The words of one feature, frozen with their borders.

    Attributes
    ----------
    high, above
        The word that is true of a value of at least `above`; empty and missing where there is none.
    low, below
        The word that is true of a value of at most `below`.
    more, less
        How a greater and a smaller value come about: "ordering more often".
    view
        What the feature tells of; a name has one word of each view.
    middle
        The word that is true between the two borders; empty where there is none.
    middle_from
        The word in the middle is true of greater values only; None: of all between the two borders.
    judged_by
        The column whose values the words are held against; empty: the feature itself. A place on an axis of taste is
        made of all goods, and its words are held against the spend on the goods that they name.
    """

    high: str
    above: float
    low: str
    below: float
    more: str
    less: str
    view: str
    middle: str = ""
    middle_from: float | None = None
    judged_by: str = ""

    @property
    def texts(self) -> tuple[str, str, str]:
        """The low, the middle and the high word."""
        return self.low, self.middle, self.high

    def zones(self, values: np.ndarray) -> np.ndarray:
        """(N,) which of the three words is true of each value: 0, 1 or 2, `NO_WORD` where none is.

        A missing value is in the middle.
        """
        between = 1 if self.middle_from is None else np.where(values <= self.middle_from, NO_WORD, 1)
        return np.where(values >= self.above, 2, np.where(values <= self.below, 0, between))

    def hold(self, values: np.ndarray) -> np.ndarray:
        """(N, 3) masks of the values that each word is true of; none is true of a missing value."""
        return (self.zones(values)[:, None] == np.arange(3)) & ~np.isnan(values)[:, None]


def words_of(
    columns: Sequence[str],
    features: pd.DataFrame,
    descriptions: Mapping[str, Feature],
    views: Mapping[str, ViewConfig],
) -> tuple[FeatureWords, ...]:
    """The words of each column, with borders learned from all customers.

    Parameters
    ----------
    features
        Of the fit, with `mean_gap_days` where the rhythm of the base is known.
    """
    gaps = features[c.MEAN_GAP_DAYS].dropna() if c.MEAN_GAP_DAYS in features else pd.Series(dtype=float)
    view_of = {name: view for view, settings in views.items() for name in settings.features}
    words = []
    for name in columns:
        judged_by = JUDGED_BY.get(name, "")
        judged_by = judged_by if judged_by in features else ""
        feature, values = descriptions[name], features[judged_by or name].dropna()
        above, below = _borders(judged_by or name, values, gaps)
        middle_from = _long_silence(gaps) if name == c.DAYS_SINCE_LAST_ORDER else None
        high, low, middle = (_flat(word) for word in (feature.high, feature.low, feature.middle))
        plain = name.replace("_", " ")
        more, less = feature.more or f"with a higher {plain}", feature.less or f"with a lower {plain}"
        view = view_of.get(name, name)
        words.append(
            FeatureWords(high, above, low, below, _flat(more), _flat(less), view, middle, middle_from, judged_by)
        )
    return tuple(words)


def _borders(name: str, values: pd.Series, gaps: pd.Series) -> tuple[float, float]:
    """What is high and what is low of a feature."""
    if name == c.DAYS_SINCE_LAST_ORDER and len(gaps) >= LEAST_GAPS:
        return max(float(gaps.quantile(LONG_GAP)), QUIET_DAYS + 1.0), min(float(gaps.median()), float(QUIET_DAYS))
    if name == c.REPEAT_DAYS_PER_MONTH and (values > 0).any():
        return float(values[values > 0].quantile(THIRDS[1])), 0.0
    if name == c.ACTIVE_DAYS_RECENT:
        return 1.0, 0.0
    if name in c.TASTE_GOODS:  # any spend above the usual
        return LEAST_ABOVE, -LEAST_ABOVE
    low, high = (float(border) for border in values.quantile(list(THIRDS)))
    if name in c.MAJORITY_SHARES:
        return max(high, HALF), min(low, HALF)
    if name in c.NONE_SHARES:
        return float(values[values > 0].quantile(HALF)) if (values > 0).any() else np.inf, 0.0
    if high > low:
        return high, low
    if (values > low).any():  # most have the same, least value
        return float(values[values > low].quantile(HALF)), low
    return low, float(np.nextafter(low, -np.inf))


def _long_silence(gaps: pd.Series) -> float | None:
    """The days of silence beyond which a customer is away: longer than nearly all usual gaps, or than a quarter."""
    return min(float(gaps.quantile(LONG_GAP)), float(QUIET_DAYS)) if len(gaps) >= LEAST_GAPS else None


def _flat(word: str) -> str:
    """Words stand in a list with commas; a reason ends a part by a colon or a semicolon."""
    return " ".join(word.replace(",", " ").replace(";", " ").replace(":", " ").split())


def held_words(words: Sequence[FeatureWords], features: Columns, columns: Sequence[str]) -> np.ndarray:
    """(N, 3F) masks of the customers that each word is true of: of each column its low, its middle, its high word."""
    judged = [word.judged_by or name for word, name in zip(words, columns, strict=True)]
    return np.hstack([word.hold(np.asarray(features[name], float)) for word, name in zip(words, judged, strict=True)])


class Vocabulary(NamedTuple):
    """The words of each column, and (N, 3F) of which customers each is true (`held_words`)."""

    words: tuple[FeatureWords, ...]
    held: np.ndarray

    def twins(self, rows: np.ndarray, labels: np.ndarray, k: int) -> str:
        """A name that two of the k groups of these rows have by their clear words; empty where there is none."""
        held = self.held[rows]
        names = [describe(self.words, held, labels == group) for group in range(k)]
        return next((name for place, name in enumerate(names) if name in names[:place]), "")


def name_all(
    words: Sequence[FeatureWords],
    held: np.ndarray,
    labels: np.ndarray,
    given: Sequence[str | None],
    taken: Set[str] = frozenset(),
) -> tuple[str, ...]:
    """A unique name for each persona.

    Parameters
    ----------
    held
        (N, 3F) from `held_words`.
    labels
        (N,) position of each customer's persona.
    given
        The name that each persona has already, which stays while all its words are still true; else None.
    taken
        Names that no persona may get.
    """
    shares = [_shares(held, labels == persona) for persona in range(len(given))]
    names = [
        name if name and _still_true(name, words, *share) else None for name, share in zip(given, shares, strict=True)
    ]
    for persona, share in enumerate(shares):
        if names[persona] is None:
            used = {name: shares[other][0] for other, name in enumerate(names) if name}
            names[persona] = _name(words, *share, {**dict.fromkeys(taken, share[1]), **used})
    return tuple(name or PLAIN for name in names)


def describe(words: Sequence[FeatureWords], held: np.ndarray, members: np.ndarray) -> str:
    """The words for one persona, whatever its name is."""
    return _name(words, *_shares(held, members), {})


def _shares(held: np.ndarray, members: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each word, the share of the members that it is true of, and that of the others."""
    inside = held[members].mean(axis=0) if members.any() else np.zeros(held.shape[1])
    outside = held[~members].mean(axis=0) if (~members).any() else np.zeros(held.shape[1])
    return inside, outside


def _text(words: Sequence[FeatureWords], position: int) -> str:
    return words[position // WORDS].texts[position % WORDS]


def _name(
    words: Sequence[FeatureWords], inside: np.ndarray, outside: np.ndarray, used_names: Mapping[str, np.ndarray]
) -> str:
    """The clear words; while the name is used, the words that are truer of these customers than of its persona.

    `used_names` has, of each name, the shares of its persona's customers that each word is true of.
    """
    order = [int(j) for j in np.argsort(outside - inside, kind="stable")]
    fitting = [j for j in order if _text(words, j) and inside[j] >= MOST and inside[j] > outside[j]]
    chosen: list[int] = []
    for j in fitting:
        views = {words[i // WORDS].view for i in chosen}
        if len(chosen) < NAMED_BY and inside[j] - outside[j] >= CLEAR and words[j // WORDS].view not in views:
            chosen.append(j)
    while (twin := used_names.get(_joined(words, chosen))) is not None:
        apart = [j for j in fitting if j not in chosen and inside[j] > twin[j]]
        if not apart:
            break
        chosen.append(max(apart, key=lambda j: float(inside[j] - twin[j])))
    return _unique(_joined(words, chosen), used_names)


def _joined(words: Sequence[FeatureWords], positions: Sequence[int]) -> str:
    return ", ".join(dict.fromkeys(_text(words, j) for j in sorted(positions))) or PLAIN


def _unique(name: str, used_names: Collection[str]) -> str:
    number = 1
    while (numbered := name if number == 1 else f"{name} ({number})") in used_names:
        number += 1
    return numbered


def _still_true(name: str, words: Sequence[FeatureWords], inside: np.ndarray, outside: np.ndarray) -> bool:
    positions = {_text(words, j): j for j in range(WORDS * len(words))}
    listed = name.split(" (")[0].split(", ")
    if listed == [PLAIN]:
        return True
    places = [positions.get(word) for word in listed]
    return all(j is not None and inside[j] >= MOST and inside[j] > outside[j] for j in places)
