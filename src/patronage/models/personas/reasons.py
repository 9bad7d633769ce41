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
    squared = (means**2) @ weights - 2 * scores @ (means * weights).T
    pulls, holds = np.zeros((n, min(NAMED, len(weights))), int), np.zeros((n, min(NAMED, len(weights))), bool)
    mover, target = np.zeros(n, int), np.zeros(n, int)
    step, least = np.full(n, np.nan), np.full(n, np.inf)
    for a in range(k):
        rows = np.flatnonzero(first == a)
        for b in (other for other in range(k) if other != a and len(rows)):
            slope = 2 * weights * (means[a] - means[b])
            mine = rows[second[rows] == b]
            pulls[mine], holds[mine] = _strongest(scores[mine] * slope - weights * (means[a] ** 2 - means[b] ** 2))
            waiting, lead = rows, squared[rows, b] - squared[rows, a]
            for j in np.argsort(-np.abs(slope), kind="stable"):  # the steepest feature needs the least step
                need = -lead / slope[j] if slope[j] else np.full(len(lead), np.inf)
                open_ = (lead >= 0) & (np.abs(need) < least[waiting])
                waiting, lead, need = waiting[open_], lead[open_], need[open_]
                if not len(waiting):
                    break
                landed = scores[waiting, j] + need
                reached = (landed >= borders[0][j]) & (landed <= borders[1][j])
                done = waiting[reached]
                mover[done], target[done], step[done], least[done] = j, b, need[reached], np.abs(need[reached])
                waiting, lead = waiting[~reached], lead[~reached]
    return Account(pulls, holds, mover, step, target)


def _strongest(pull: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The columns of the greatest pulls, and whether each is one."""
    rows, columns, held = np.arange(len(pull)), [], []
    for _ in range(min(NAMED, pull.shape[1])):
        columns.append(pull.argmax(axis=1))
        held.append(pull[rows, columns[-1]] > 0)
        pull[rows, columns[-1]] = -np.inf
    return np.column_stack(columns), np.column_stack(held)


def sentences(
    found: Account,
    first: np.ndarray,
    second: np.ndarray,
    means: np.ndarray,
    words: Sequence[Words],
    names: Sequence[str],
) -> np.ndarray:
    """A text for each customer; equal ones are made once.

    "heavy, active; if lapsed: light, quiet" reads: she is here, rather than with the runner-up, for being heavy and
    active; turning more lapsed, and nothing else, would move her to the persona "light, quiet".
    """
    k, f = len(names), len(words)
    up = means[first[:, None], found.pulls] > means[second[:, None], found.pulls]
    parts = np.where(found.holds, 2 * found.pulls + up, 2 * f)
    move = np.where(np.isnan(found.step), 2 * f, 2 * found.mover + (np.nan_to_num(found.step) > 0))
    code = found.target.astype(np.int64)
    for digit in (*parts.T, move):
        code = code * (2 * f + 1) + digit
    distinct, where = np.unique(code, return_inverse=True)
    labels = [*(word for low_high in words for word in (low_high[1], low_high[0])), ""]
    texts = np.empty(len(distinct), dtype=object)
    for place, number in enumerate(distinct):
        digits = []
        for _ in range(parts.shape[1] + 1):
            number, digit = divmod(int(number), 2 * f + 1)
            digits.append(digit)
        here = ", ".join(dict.fromkeys(labels[digit] for digit in reversed(digits[1:]) if labels[digit]))
        there = f"if {labels[digits[0]]}: {names[number % k]}" if labels[digits[0]] else ""
        texts[place] = "; ".join(part for part in (here or "near the middle", there) if part)
    return texts[where]
