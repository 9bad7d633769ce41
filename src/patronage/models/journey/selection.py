"""How many cadence classes: as many as predict held-out events, if two samples then agree on the stages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from patronage.models.journey.forecast import by_stage
from patronage.models.journey.learning import Learned, learn
from patronage.models.journey.markov import Filtered, read_out, walk
from patronage.models.journey.paths import Paths, encode
from patronage.models.journey.stages import STAGES, decide

CLASSES = (1, 2, 3)
AGREEMENT = 0.8
CUSTOMERS = 9_000  # a third each: two fits and the judge; 500 customers already make a fit
HELD_OUT = 1 / 3


class Candidate(NamedTuple):
    """How a number of cadence classes did on customers that neither of two disjoint fits saw."""

    classes: int
    log_likelihood: float  # nats per period, mean of the two fits
    agreement: float  # Cohen's kappa between the stages that the two fits give


def draw(counted: pd.Series[int], size: int, rng: np.random.Generator) -> pd.Series[int]:
    """Draw customers without replacement from a histogram of paths; all of them if there are no more."""
    counts = counted.to_numpy(np.int64)
    if counts.sum() <= size:
        return counted
    drawn = pd.Series(rng.multivariate_hypergeometric(counts, size, method="marginals"), counted.index)
    return drawn[drawn > 0]


def assess(
    counted: pd.Series[int],
    classes: Iterable[int],
    *,
    left_censored: bool,
    rng: np.random.Generator,
    customers: int = CUSTOMERS,
) -> tuple[Candidate, ...]:
    """Fit each number of classes on two disjoint halves and judge both on the same held-out customers.

    Parameters
    ----------
    counted
        A histogram of paths (learning.py).
    customers
        Take a sample of at most this many, a third of them to judge.
    """
    counted = draw(counted, customers, rng)
    judge = draw(counted, int(HELD_OUT * counted.sum()), rng)
    rest = counted.sub(judge, fill_value=0).astype(np.int64)
    half = draw(rest, int(rest.sum()) // 2, rng)
    halves = [part[part > 0] for part in (half, rest.sub(half, fill_value=0).astype(np.int64))]
    return tuple(_judge([learn(part, g, left_censored=left_censored) for part in halves], g, judge) for g in classes)


def choose(candidates: Iterable[Candidate]) -> int:
    """The number of classes that predicts best among those that agree; the most agreeing if none does."""
    every = tuple(candidates)
    agreeing = [candidate for candidate in every if candidate.agreement >= AGREEMENT]
    if not agreeing:
        return max(every, key=lambda candidate: candidate.agreement).classes
    return max(agreeing, key=lambda candidate: candidate.log_likelihood).classes


def per_period(log_likelihood: NDArray[np.float64], paths: Paths, weights: NDArray[np.int64]) -> float:
    """Nats per observed period after entry."""
    return float(weights @ log_likelihood / max(weights @ (paths.lengths - 1).clip(0), 1))


def kappa(one: NDArray[np.int8], other: NDArray[np.int8], weights: NDArray[np.int64]) -> float:
    """Cohen's kappa of two labellings of the same customers; 1 where both give everyone the same one."""
    table = np.zeros((len(STAGES), len(STAGES)))
    np.add.at(table, (one, other), weights / weights.sum())
    chance = table.sum(axis=0) @ table.sum(axis=1)
    return float((np.trace(table) - chance) / (1 - chance)) if chance < 1 else 1.0


def _judge(fits: list[Learned], classes: int, judge: pd.Series[int]) -> Candidate:
    paths, weights = encode(judge.index.to_series()), judge.to_numpy(np.int64)
    filtered = [walk(paths, fit.parameters, fit.names) for fit in fits]
    log_likelihood = np.mean([per_period(result.log_likelihood, paths, weights) for result in filtered])
    one, other = (_labels(result, fit) for result, fit in zip(filtered, fits, strict=True))
    return Candidate(classes, float(log_likelihood), kappa(one, other, weights))


def _labels(filtered: Filtered, fit: Learned) -> NDArray[np.int8]:
    return decide(read_out(filtered.beliefs, by_stage(fit.names)))
