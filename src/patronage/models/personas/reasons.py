"""Why a customer is in her persona rather than in the runner-up, and what would move her.

Squared distances add up over features. What feature j pulls towards persona a against b is
w_j ((z_j - b_j)² - (z_j - a_j)²), with the personas' mean scores a and b. The sum of the pulls is the lead of a over b;
it falls by 2 w_j |a_j - b_j| for each standard deviation that she goes towards b in feature j. The least step in one
feature that uses up a lead is the first border that she would cross, so that the persona beyond it is where she would
go. All of this is exact for KMeans, and a reading by its centres for a mixture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from patronage.models.personas.clusters import products
from patronage.models.personas.names import Words

NAMED = 2  # features in a reason


@dataclass(frozen=True)
class Account:
    """For each customer, as positions of columns and personas.

    Attributes
    ----------
    pulls
        (N, NAMED) the columns that pull most to her persona against the runner-up, the strongest first.
    holds
        (N, NAMED) whether each does pull.
    mover, step, target
        The column that would move her with the least change, the signed change in standard deviations, and the persona
        that she would go to; the step is `nan` where no feature alone does it within what was seen at the fit.
    """

    pulls: np.ndarray
    holds: np.ndarray
    mover: np.ndarray
    step: np.ndarray
    target: np.ndarray


@dataclass(frozen=True)
class Rivals:
    """How each persona a (first axis) stands against each other b (second axis): the same for every customer.

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


def rivals(means: np.ndarray, weights: np.ndarray, low: np.ndarray, high: np.ndarray) -> Rivals:
    """Hold the personas of these mean scores against each other."""
    slopes = 2 * weights * (means[:, None] - means)
    offsets = weights * (means[:, None] ** 2 - means**2)
    steepest = np.argsort(-np.abs(slopes), axis=2, kind="stable")
    steeps = np.take_along_axis(slopes, steepest, axis=2)
    return Rivals(means, weights, low, high, slopes, offsets, steepest, steeps)


def account(scores: np.ndarray, first: np.ndarray, second: np.ndarray, against: Rivals) -> Account:
    """Take each customer's scores apart against her persona (`first`), the runner-up (`second`) and all others."""
    n, k = len(scores), len(against.means)
    pull = against.slopes[first, second]
    pull *= scores
    pull -= against.offsets[first, second]
    pulls, holds = _strongest(pull)
    found = Account(pulls, holds, mover=np.zeros(n, int), step=np.full(n, np.nan), target=np.zeros(n, int))
    squared = -2 * products(scores.T, against.means * against.weights)
    squared += (against.means**2 * against.weights).sum(axis=1)[:, None]
    least = np.full(n, float((against.high - against.low).max()))  # no step is longer
    everyone = np.arange(n)
    own = squared[first, everyone]
    # the runner-up first: hers is mostly the first border, and the others are soon seen to be further
    _reach(found, least, scores, everyone, squared[second, everyone] - own, first, second, against)
    for b in range(k):
        rows = np.flatnonzero((first != b) & (second != b))
        _reach(found, least, scores, rows, squared[b, rows] - own[rows], first[rows], np.full(len(rows), b), against)
    return found


def _reach(
    found: Account,
    least: np.ndarray,
    scores: np.ndarray,
    rows: np.ndarray,
    lead: np.ndarray,
    here: np.ndarray,
    target: np.ndarray,
    against: Rivals,
) -> None:
    """Write down the shortest step to `target` of the rows that have one shorter than `least`, and shorten that."""
    kept = np.flatnonzero(lead >= 0)
    for place in range(against.slopes.shape[2]):  # the steepest feature needs the least step
        slope = against.steeps[here[kept], target[kept], place]
        near = lead[kept] < least[rows[kept]] * np.abs(slope)  # a slope of 0 leads nowhere
        kept, slope = kept[near], slope[near]
        if not len(kept):
            return
        j = against.steepest[here[kept], target[kept], place]
        need = -lead[kept] / slope
        landed = scores[rows[kept], j] + need
        reached = (landed >= against.low[j]) & (landed <= against.high[j])
        done, need = rows[kept[reached]], need[reached]
        found.mover[done], found.target[done], found.step[done] = j[reached], target[kept[reached]], need
        least[done] = np.abs(need)
        kept = kept[~reached]


def _strongest(pull: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The columns of the greatest pulls, and whether each is one."""
    rows, columns, held = np.arange(len(pull)), [], []
    for _ in range(min(NAMED, pull.shape[1])):
        columns.append(pull.argmax(axis=1))
        held.append(pull[rows, columns[-1]] > 0)
        pull[rows, columns[-1]] = -np.inf
    return np.column_stack(columns), np.column_stack(held)


def codes(found: Account, first: np.ndarray, second: np.ndarray, means: np.ndarray) -> np.ndarray:
    """One number for each customer, the same for the same text."""
    base = 2 * means.shape[1] + 1  # a digit: a column and its direction, or nothing
    up = means[first[:, None], found.pulls] > means[second[:, None], found.pulls]
    move = np.where(np.isnan(found.step), base - 1, 2 * found.mover + (found.step > 0))
    code = found.target.astype(np.int64)
    for digit in (*np.where(found.holds, 2 * found.pulls + up, base - 1).T, move):
        code = code * base + digit
    return code


def sentences(code: np.ndarray, words: Sequence[Words], names: Sequence[str]) -> ExtensionArray:
    """A text for each code; equal ones are made once.

    "heavy, active; if lapsed: light, quiet" reads: she is here, rather than with the runner-up, for being heavy and
    active; turning more lapsed, and nothing else, would move her to the persona "light, quiet".
    """
    base = 2 * len(words) + 1
    labels = [*(word for high, low in words for word in (low, high)), ""]
    where, distinct = pd.factorize(code)
    texts: list[str] = []
    for number in distinct.tolist():
        rest, move = divmod(number, base)
        here: list[str] = []
        for _ in range(min(NAMED, len(words))):
            rest, digit = divmod(rest, base)
            if labels[digit] and labels[digit] not in here:
                here.insert(0, labels[digit])
        there = f"; if {labels[move]}: {names[rest]}" if labels[move] else ""
        texts.append((", ".join(here) or "near the middle") + there)
    return pd.array(texts, dtype="str").take(where)
