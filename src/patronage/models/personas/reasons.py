"""Why a customer has one persona rather than the runner-up, and what would change it.

The reason names, of the features of which a word is true of this customer ("recent", "big-basket"), those that pull
most, one of each view, never what is merely more recent than the runner-up. `naming.py` has the words and their
borders.

Squared distances are sums over features. Let persona a and b have the mean scores m_a and m_b. Feature j pulls a
customer with the score z_j towards a against b by w_j ((z_j - m_bj)² - (z_j - m_aj)²). The sum of the pulls is the lead
of a over b; it falls by 2 w_j |m_aj - m_bj| for each standard deviation of feature j towards b. The least step in one
feature that uses up a lead reaches the first border, so that the persona beyond it is the next one. All of this is
exact for KMeans; for a mixture it is an approximation by its centres.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from patronage.models.personas.clusters import products
from patronage.models.personas.naming import NO_WORD, WORDS, FeatureWords

NAMED = 3  # features whose words may stand in a reason


@dataclass(frozen=True)
class PersonaExplanations:
    """For each customer, as positions of columns and personas.

    Attributes
    ----------
    pulls
        (N, NAMED) the columns that pull most to the customer's persona against the runner-up, the strongest first.
    holds
        (N, NAMED) whether each pull is positive.
    feature, step, target
        The column that leads to another persona with the least change, the signed change in standard deviations, and
        that persona; the step is `nan` where no single feature does it within the range of the fit.
    """

    pulls: np.ndarray
    holds: np.ndarray
    feature: np.ndarray
    step: np.ndarray
    target: np.ndarray


@dataclass(frozen=True)
class PersonaContrasts:
    """Each persona a (first axis) against each other b (second axis): the same for every customer.

    Attributes
    ----------
    means, weights
        (k, F) mean scores, and the vote of each column.
    low, high
        (F,) least and greatest score of each column.
    slopes, offsets
        (k, k, F) feature j with the score z pulls to a against b by slopes z - offsets.
    steepest, steeps
        (k, k, F) the columns by how steeply they pull, and their slopes in that order.
    """

    means: np.ndarray
    weights: np.ndarray
    low: np.ndarray
    high: np.ndarray
    slopes: np.ndarray
    offsets: np.ndarray
    steepest: np.ndarray
    steeps: np.ndarray


def contrast(means: np.ndarray, weights: np.ndarray, low: np.ndarray, high: np.ndarray) -> PersonaContrasts:
    """The contrasts of personas with these mean scores."""
    slopes = 2 * weights * (means[:, None] - means)
    offsets = weights * (means[:, None] ** 2 - means**2)
    steepest = np.argsort(-np.abs(slopes), axis=2, kind="stable")
    steeps = np.take_along_axis(slopes, steepest, axis=2)
    return PersonaContrasts(means, weights, low, high, slopes, offsets, steepest, steeps)


class _Leads(NamedTuple):
    """Customers (rows of the scores), their persona, another persona, and the lead over it."""

    rows: np.ndarray
    own: np.ndarray
    target: np.ndarray
    lead: np.ndarray

    def where(self, mask: np.ndarray) -> _Leads:
        return _Leads(*(column[mask] for column in self))


def explain_assignments(
    scores: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    contrasts: PersonaContrasts,
    true: np.ndarray | None = None,
    views: Sequence[np.ndarray] = (),
) -> PersonaExplanations:
    """Explain each customer's scores by the persona (`first`), the runner-up (`second`) and all others.

    Parameters
    ----------
    true
        (N, F) whether a word of the column is true of the customer: only those are among the pulls. None: all are.
    views
        Columns that tell of one thing: of each such group, only the one that pulls most is among the pulls.
    """
    n, k = len(scores), len(contrasts.means)
    pull = contrasts.slopes[first, second]
    pull *= scores
    pull -= contrasts.offsets[first, second]
    if true is not None:
        pull[~true] = -np.inf
    for view in views:
        own = pull[:, view]
        weaker = np.arange(len(view)) != own.argmax(axis=1)[:, None]
        pull[:, view] = np.where(weaker, -np.inf, own)
    pulls, holds = _strongest(pull)
    explanations = PersonaExplanations(
        pulls, holds, feature=np.zeros(n, int), step=np.full(n, np.nan), target=np.zeros(n, int)
    )
    squared = -2 * products(scores.T, contrasts.means * contrasts.weights)
    squared += (contrasts.means**2 * contrasts.weights).sum(axis=1)[:, None]
    least = np.full(n, float((contrasts.high - contrasts.low).max()))  # no step is longer
    customers = np.arange(n)
    own = squared[first, customers]
    # the runner-up first: its border is mostly the first one, and excludes the others early
    runner_up = _Leads(customers, first, second, squared[second, customers] - own)
    _shorten(explanations, least, scores, runner_up, contrasts)
    for b in range(k):
        rows = np.flatnonzero((first != b) & (second != b))
        leads = _Leads(rows, first[rows], np.full(len(rows), b), squared[b, rows] - own[rows])
        _shorten(explanations, least, scores, leads, contrasts)
    return explanations


def _shorten(
    explanations: PersonaExplanations,
    least: np.ndarray,
    scores: np.ndarray,
    leads: _Leads,
    contrasts: PersonaContrasts,
) -> None:
    """Record the shortest step to each target where it is shorter than `least`, and update `least`."""
    leads = leads.where(leads.lead >= 0)
    for place in range(contrasts.slopes.shape[2]):  # the steepest feature needs the least step
        slope = contrasts.steeps[leads.own, leads.target, place]
        near = leads.lead < least[leads.rows] * np.abs(slope)  # a slope of 0 leads nowhere
        leads, slope = leads.where(near), slope[near]
        if not len(leads.rows):
            return
        j = contrasts.steepest[leads.own, leads.target, place]
        step = -leads.lead / slope
        score = scores[leads.rows, j] + step
        reached = (score >= contrasts.low[j]) & (score <= contrasts.high[j])
        rows = leads.rows[reached]
        explanations.feature[rows], explanations.target[rows] = j[reached], leads.target[reached]
        explanations.step[rows] = step[reached]
        least[rows] = np.abs(step[reached])
        leads = leads.where(~reached)


def _strongest(pull: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The columns of the greatest pulls, and whether each is positive."""
    rows, columns, positive = np.arange(len(pull)), [], []
    for _ in range(min(NAMED, pull.shape[1])):
        columns.append(pull.argmax(axis=1))
        positive.append(pull[rows, columns[-1]] > 0)
        pull[rows, columns[-1]] = -np.inf
    return np.column_stack(columns), np.column_stack(positive)


def shared_views(words: Sequence[FeatureWords]) -> tuple[np.ndarray, ...]:
    """The columns of each view that has several: their words tell of one thing."""
    columns = pd.Series(range(len(words))).groupby([word.view for word in words]).apply(np.array)
    return tuple(columns[[len(view) > 1 for view in columns]])


def true_words(words: Sequence[FeatureWords], values: np.ndarray) -> np.ndarray:
    """(N, F) whether a word of the column is true of these values, (F, N)."""
    return np.column_stack(
        [
            np.array([*(bool(text) for text in word.texts), False])[word.zones(column)] & ~np.isnan(column)
            for word, column in zip(words, values, strict=True)
        ]
    )


def reason_codes(explanations: PersonaExplanations, words: Sequence[FeatureWords], values: np.ndarray) -> np.ndarray:
    """A number for each customer, equal for equal texts.

    Parameters
    ----------
    values
        (F, N) the columns in their own units: they decide which words are true.
    """
    base = WORDS * len(words) + 1  # a digit: a column and its low, middle or high word, or nothing
    zones = np.stack([word.zones(column) for word, column in zip(words, values, strict=True)])
    rows = np.arange(values.shape[1])
    change = 2 * explanations.feature + (explanations.step > 0)
    change = np.where(np.isnan(explanations.step), 2 * len(words), change)
    code = explanations.target.astype(np.int64)
    for pull, holds in zip(explanations.pulls.T, explanations.holds.T, strict=True):
        true = holds & ~np.isnan(values[pull, rows]) & (zones[pull, rows] != NO_WORD)
        code = code * base + np.where(true, WORDS * pull + zones[pull, rows], base - 1)
    return code * base + change


def sentences(code: np.ndarray, words: Sequence[FeatureWords], names: Sequence[str]) -> np.ndarray:
    """(N,) the text of each code.

    "frequent, big-basket; if silent for longer: one-time, lapsed" reads: the customer has this persona rather than the
    runner-up for being frequent and big-basket; a longer silence, and nothing else, would lead to the persona
    "one-time, lapsed".
    """
    base = WORDS * len(words) + 1
    labels = [*(text for word in words for text in word.texts), ""]
    changes = [*(text for word in words for text in (word.less, word.more)), ""]
    positions, unique = pd.factorize(code)
    texts: list[str] = []
    for number in unique.tolist():
        rest, change = divmod(number, base)
        pulls: list[str] = []
        for _ in range(min(NAMED, len(words))):
            rest, digit = divmod(rest, base)
            if labels[digit] and labels[digit] not in pulls:
                pulls.insert(0, labels[digit])
        condition = f"; if {changes[change]}: {names[rest]}" if changes[change] else ""
        texts.append((", ".join(pulls) or "nothing stands out") + condition)
    return np.array(texts, dtype=object)[positions]
