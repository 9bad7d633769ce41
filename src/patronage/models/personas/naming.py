"""Readable names: the words for the features in which a persona differs most from all customers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Words = tuple[str, str]  # for a customer far above the mean, far below it

NAMED_BY = 2  # features in a name; more only where two names would be equal
CLEAR = 0.3  # standard deviations from the mean of all customers that deserve a word
ALIKE = 0.8  # features with a greater correlation share one word


def name_all(
    means: np.ndarray, correlations: np.ndarray, words: Sequence[Words], given: Sequence[str | None]
) -> tuple[str, ...]:
    """A unique name for each persona.

    Parameters
    ----------
    means
        (k, F) mean standard scores.
    correlations
        (F, F) of the scores.
    given
        The name of each persona that has one already, else None.
    """
    names = list(given)
    for persona, name in enumerate(given):
        if name is None:
            names[persona] = _name(means[persona], correlations, words, [other for other in names if other])
    return tuple(name or "" for name in names)


def describe(means: np.ndarray, correlations: np.ndarray, words: Sequence[Words]) -> str:
    """The words for one persona, whatever its name is."""
    return _name(means, correlations, words, [])


def _name(means: np.ndarray, correlations: np.ndarray, words: Sequence[Words], used_names: Sequence[str]) -> str:
    chosen: list[str] = []
    columns: list[int] = []
    for j in np.argsort(-np.abs(means), kind="stable"):
        word = words[j][0] if means[j] > 0 else words[j][1]
        if not word or word in chosen or any(abs(correlations[j, i]) > ALIKE for i in columns):
            continue
        if len(chosen) < NAMED_BY and abs(means[j]) < CLEAR:
            break
        chosen.append(word)
        columns.append(int(j))
        if len(chosen) >= NAMED_BY and ", ".join(chosen) not in used_names:
            return ", ".join(chosen)
    name = ", ".join(chosen) or "average"
    count = sum(other == name or other.startswith(f"{name} (") for other in used_names)
    return f"{name} ({count + 1})" if count else name
