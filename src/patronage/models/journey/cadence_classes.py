"""The number of cadence classes: the best held-out likelihood among the numbers on whose stages two samples agree."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from patronage.models.journey.em import EMResult, fit_em
from patronage.models.journey.filtering import Filtered, filter_paths, multiply
from patronage.models.journey.paths import Paths, encode
from patronage.models.journey.prediction import stage_indicator
from patronage.models.journey.stages import STAGES, decide
from patronage.statistics import cohen_kappa

CLASSES = (1, 2, 3)
AGREEMENT = 0.8
CUSTOMERS = 9_000  # a third for each of two fits and for the evaluation; 500 customers are enough for a fit
PARTS = 3
AGREES_MORE = 0.1  # of kappa by which more classes must agree better than fewer, where none agrees
CLEARLY = 2  # standard errors by which more classes must predict better than fewer


class CadenceCandidate(NamedTuple):
    """A number of cadence classes, evaluated on customers that neither of two disjoint fits used."""

    classes: int
    log_likelihood: float  # nats per period, mean of the two fits
    agreement: float  # Cohen's kappa between the stages that the two fits give
    error: float = 0.0  # standard error of what it predicts better than the first candidate, over the same customers


def compare_classes(
    counts: pd.Series[int],
    classes: Iterable[int],
    *,
    rng: np.random.Generator,
    customers: int = CUSTOMERS,
) -> tuple[CadenceCandidate, ...]:
    """Fit each number of classes on two disjoint halves and evaluate both on the same held-out customers.

    Parameters
    ----------
    counts
        Customers by path (em.py).
    rng
        Draws the sample where there are more customers.
    customers
        Use a sample of at most this many, a third of them held out.
    """
    held_out, *halves = thirds(draw_customers(counts, customers, rng))
    candidates: list[CadenceCandidate] = []
    first: NDArray[np.float64] | None = None
    for number in classes:
        fits = [fit_em(part, number) for part in halves]
        candidate, log_likelihoods = _evaluate(fits, number, held_out)
        first = log_likelihoods if first is None else first
        candidates.append(candidate._replace(error=_error(log_likelihoods - first, held_out)))
    return tuple(candidates)


def thirds(counts: pd.Series[int]) -> tuple[pd.Series[int], ...]:
    """Three disjoint parts of the customers by path, of about equal size.

    The customers of a path are dealt out in turn, beginning at a part that the path alone determines. So a customer
    more or less moves one customer and no other: dealt at random, all parts would be others, and the choice with them.
    """
    numbers = counts.to_numpy(np.int64)
    begins = (pd.util.hash_array(counts.index.to_numpy(object), categorize=False) % PARTS).astype(np.int64)
    parts = []
    for part in range(PARTS):
        turn = (part - begins) % PARTS
        dealt = pd.Series((numbers - turn + PARTS - 1) // PARTS, counts.index)
        parts.append(dealt[dealt > 0])
    return tuple(parts)


def choose_classes(candidates: Iterable[CadenceCandidate]) -> int:
    """The fewest classes that predict about as well as any of those that agree; if none does, that agree about as well.

    A difference that a few customers could turn is none: they would turn the stages of many others with it.
    """
    candidates = tuple(candidates)
    agreeing = [candidate for candidate in candidates if candidate.agreement >= AGREEMENT]
    if not agreeing:
        most = max(candidate.agreement for candidate in candidates)
        return min(candidate.classes for candidate in candidates if candidate.agreement > most - AGREES_MORE)
    best = max(agreeing, key=lambda candidate: candidate.log_likelihood)
    least = best.log_likelihood - CLEARLY * best.error
    return min(candidate.classes for candidate in agreeing if candidate.log_likelihood >= least)


def draw_customers(counts: pd.Series[int], size: int, rng: np.random.Generator) -> pd.Series[int]:
    """Draw customers without replacement from the customers by path; all of them if there are no more."""
    numbers = counts.to_numpy(np.int64)
    if numbers.sum() <= size:
        return counts
    drawn = pd.Series(rng.multivariate_hypergeometric(numbers, size, method="marginals"), counts.index)
    return drawn[drawn > 0]


def nats_per_period(log_likelihood: NDArray[np.float64], paths: Paths, weights: NDArray[np.int64]) -> float:
    """Mean log-likelihood per observed period after entry."""
    return float(weights @ log_likelihood / max(int(weights @ _periods(paths)), 1))


def kappa(first: NDArray[np.int8], second: NDArray[np.int8], weights: NDArray[np.int64]) -> float:
    """Cohen's kappa of two labellings of the same customers; 1 where both give all customers the same label."""
    table = np.zeros((len(STAGES), len(STAGES)))
    np.add.at(table, (first, second), weights)
    return cohen_kappa(table)


def _error(gains: NDArray[np.float64], held_out: pd.Series[int]) -> float:
    """The standard error of a gain in nats per period, which is a ratio of two sums over customers."""
    weights, periods = held_out.to_numpy(np.int64), _periods(encode(held_out.index.to_series()))
    total = max(int(weights @ periods), 1)
    rest = gains - (weights @ gains / total) * periods
    return float(np.sqrt(weights @ rest**2) / total)


def _periods(paths: Paths) -> NDArray[np.int64]:
    """Observed periods after entry."""
    return (paths.lengths - 1).clip(0)


def _evaluate(
    fits: list[EMResult], classes: int, held_out: pd.Series[int]
) -> tuple[CadenceCandidate, NDArray[np.float64]]:
    """The candidate, and the log-likelihood of each path."""
    paths, weights = encode(held_out.index.to_series()), held_out.to_numpy(np.int64)
    filtered = [filter_paths(paths, fit.parameters, fit.stage_of_state) for fit in fits]
    log_likelihoods = np.mean([result.log_likelihood for result in filtered], axis=0)
    first, second = (_labels(result, fit) for result, fit in zip(filtered, fits, strict=True))
    nats = nats_per_period(log_likelihoods, paths, weights)
    return CadenceCandidate(classes, nats, kappa(first, second, weights)), log_likelihoods


def _labels(filtered: Filtered, fit: EMResult) -> NDArray[np.int8]:
    return decide(multiply(filtered.states, stage_indicator(fit.stage_of_state)))
