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


def account(
    scores: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    means: np.ndarray,
    weights: np.ndarray,
    borders: tuple[np.ndarray, np.ndarray],
) -> Account:
    """Take each customer's scores apart against her persona (`first`), the runner-up (`second`) and all others.

    `borders` are the least and the greatest score of each column.
    """
    n, k = len(scores), len(means)
    # no BLAS, whose sums depend on the number of threads
    squared = (means**2 * weights).sum(axis=1) - 2 * np.einsum("nf,kf->nk", scores, means * weights)
    found = Account(
        pulls=np.zeros((n, min(NAMED, len(weights))), int),
        holds=np.zeros((n, min(NAMED, len(weights))), bool),
        mover=np.zeros(n, int),
        step=np.full(n, np.nan),
        target=np.zeros(n, int),
    )
    least = np.full(n, float((borders[1] - borders[0]).max()))  # no step is longer
    groups = [np.flatnonzero(first == a) for a in range(k)]
    pairs = [(a, b) for a in range(k) for b in range(k) if a != b and len(groups[a])]
    for (
        a,
        b,
    ) in pairs:  # the runner-up first: hers is mostly the first border, and the others are soon seen to be further
        rows = groups[a][second[groups[a]] == b]
        slope = 2 * weights * (means[a] - means[b])
        pull = scores[rows]
        pull *= slope
        pull -= weights * (means[a] ** 2 - means[b] ** 2)
        found.pulls[rows], found.holds[rows] = _strongest(pull)
        _reach(found, least, scores, rows, squared[rows, b] - squared[rows, a], slope, b, borders)
    for a, b in pairs:
        rows = groups[a][second[groups[a]] != b]
        slope = 2 * weights * (means[a] - means[b])
        _reach(found, least, scores, rows, squared[rows, b] - squared[rows, a], slope, b, borders)
    return found


def _reach(
    found: Account,
    least: np.ndarray,
    scores: np.ndarray,
    rows: np.ndarray,
    lead: np.ndarray,
    slope: np.ndarray,
    target: int,
    borders: tuple[np.ndarray, np.ndarray],
) -> None:
    """Write down the shortest step to `target` of the rows that have one shorter than `least`, and shorten that."""
    rows, lead = rows[lead >= 0], lead[lead >= 0]
    for j in np.argsort(-np.abs(slope), kind="stable"):  # the steepest feature needs the least step
        if not slope[j]:
            return
        near = lead < least[rows] * abs(slope[j])
        rows, lead = rows[near], lead[near]
        if not len(rows):
            return
        need = -lead / slope[j]
        landed = scores[rows, j] + need
        reached = (landed >= borders[0][j]) & (landed <= borders[1][j])
        done, need = rows[reached], need[reached]
        found.mover[done], found.target[done], found.step[done], least[done] = j, target, need, np.abs(need)
        rows, lead = rows[~reached], lead[~reached]


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
