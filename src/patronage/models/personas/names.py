"""Readable names: the words for what most sets a persona apart from everyone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Words = tuple[str, str]  # for a customer far above the others, far below them

NAMED_BY = 2  # features in a name, unless it takes more to be the only one
CLEAR = 0.3  # standard deviations from everyone's mean that deserve a word
ALIKE = 0.8  # two features that correlate so well share one word


def name_all(
    means: np.ndarray, correlations: np.ndarray, words: Sequence[Words], taken: Sequence[str | None]
) -> tuple[str, ...]:
    """A name of its own for each persona.

    Parameters
    ----------
    means
        (k, F) mean standard scores.
    correlations
        (F, F) of the scores.
    taken
        The name that a persona has already and keeps, else None.
    """
    names = list(taken)
    for persona, name in enumerate(taken):
        if name is None:
            names[persona] = _name(means[persona], correlations, words, [other for other in names if other])
    return tuple(name or "" for name in names)


def describe(means: np.ndarray, correlations: np.ndarray, words: Sequence[Words]) -> str:
    """What sets one persona apart, whatever its name says."""
    return _name(means, correlations, words, [])


def _name(means: np.ndarray, correlations: np.ndarray, words: Sequence[Words], others: Sequence[str]) -> str:
    said: list[str] = []
    used: list[int] = []
    for j in np.argsort(-np.abs(means), kind="stable"):
        word = words[j][0] if means[j] > 0 else words[j][1]
        if not word or word in said or any(abs(correlations[j, i]) > ALIKE for i in used):
            continue
        if len(said) < NAMED_BY and abs(means[j]) < CLEAR:
            break
        said.append(word)
        used.append(int(j))
        if len(said) >= NAMED_BY and ", ".join(said) not in others:
            return ", ".join(said)
    name = ", ".join(said) or "average"
    count = sum(other == name or other.startswith(f"{name} (") for other in others)
    return f"{name} ({count + 1})" if count else name
