"""
Whether an estimate is an optimum of a likelihood, and how certain it is: by the likelihood itself.

A search may end on a slope that it cannot detect. lifetimes' likelihood of Pareto/NBD is a difference of two 2F1 and is
NaN where they cancel: on dense logs a wall of NaN stands in the way up. From there the last steps are Newton's, on
the likelihood of our own law, which has no such wall.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from patronage.errors import FitError
from patronage.typing import Array

ENOUGH = 1e-3  # an estimate is an optimum if a Newton step promises less log-likelihood than this
STEP = 1e-3  # of a log-parameter, in the differences that measure slope and curvature
LEAST_CURVATURE = 1e-4  # per customer, that a direction is taken to have
MAX_STEPS = 25  # of Newton, from where a search got stuck
MAX_STEP = 1.0  # of a log-parameter in one step: a parabola is no approximation further away
TOLERANCES = (1e-7, 1e-5, 1e-4)  # BFGS fails where rounding keeps it from its tolerance: a coarser one then passes


@dataclass(frozen=True)
class Fit:
    """
    What is known about a fit.

    Parameters
    ----------
    n_customers, n_summaries
        Customers in the likelihood, and their unique summaries.
    log_likelihood
        Sum over the customers, in the units of the data.
    newton_decrement
        What a Newton step from the estimate would still add to the log-likelihood: 0.001 at most.
    searches
        How many searches it took.
    covariance
        Of the estimates of the log-parameters, in the order of the law's fields: the inverse of the curvature of
        the log-likelihood. None where it is not positive definite: the data do not determine the parameters.
    newton_gain
        Log-likelihood that our own steps added where the last search got stuck; 0 where it ended at an optimum.
    """

    n_customers: int
    n_summaries: int
    log_likelihood: float
    newton_decrement: float
    searches: int
    covariance: tuple[tuple[float, ...], ...] | None
    newton_gain: float = 0.0


def first_optimum(
    name: str,
    search: Callable[[Array, float], Array],
    starts: Array,
    log_likelihood: Callable[[Array], Array],
    weights: Array,
) -> tuple[list[float], Fit]:
    """
    Search from each start, and on from where a search ended, until the likelihood has an optimum there.

    Where no search from a start ends at one, Newton's steps go on from its last end.

    Parameters
    ----------
    name
        Of the model, for the error.
    search
        From positive parameters, to a tolerance, to better ones; a ValueError means that it failed.
    starts
        A row per start.
    log_likelihood
        Of each unique summary, given parameters.
    weights
        The number of customers with each.

    Raises
    ------
    FitError
        Where no search ends at an optimum.
    """
    total = _total(log_likelihood, weights)
    searches, failures = 0, {}
    for start in starts:
        at, end = start, None
        for tolerance in TOLERANCES:
            searches += 1
            try:
                at = search(at, tolerance)
            except ValueError as error:
                failures[" ".join(str(error).split()).rstrip(".")] = np.inf
                continue
            end = _expand(total, np.log(at), weights.sum())
            if end.decrement <= ENOUGH:
                return at.tolist(), _fit(end, weights, searches, 0.0)
        if end is None:
            continue
        if not np.allclose(at, start):  # a search that never left its start gives no place to go on from
            end, reached = _climb(total, end, weights.sum()), end.value
            if end.decrement <= ENOUGH:
                return np.exp(end.at).tolist(), _fit(end, weights, searches, end.value - reached)
        where = np.array2string(np.exp(end.at), precision=4)
        failures[f"{end.decrement:.2g} of log-likelihood was left at {where}"] = end.decrement
    raise FitError(
        f"{name}: found no optimum of the likelihood in {searches} searches from {len(starts)} starts; the best: "
        f"{min(failures, key=failures.__getitem__)}; check the units and ranges of the amounts, "
        "or try another law: clv=bg_nbd, mbg_nbd, pareto_nbd or abe; none holds for orders as regular as the bills of "
        "a subscription, for which there is churn=contractual"
    )


def refine(
    name: str,
    start: list[float],
    fit: Fit | None,
    log_likelihood: Callable[[Array], Array],
    weights: Array,
    enough: float = ENOUGH,
) -> tuple[list[float], Fit]:
    """
    Go on to the optimum by Newton's steps: from that of a sample, and its fit, or without one from near it.

    Parameters
    ----------
    enough
        Log-likelihood that a step must promise.

    Raises
    ------
    FitError
        Where they end at none.
    """
    total = _total(log_likelihood, weights)
    end = _climb(total, _expand(total, np.log(start), weights.sum()), weights.sum(), enough)
    if not end.decrement <= ENOUGH:
        raise FitError(
            f"{name}: found no optimum of the likelihood of {weights.size} summaries near that of a sample, "
            f"{np.array2string(np.asarray(start), precision=4)}: {end.decrement:.2g} was left; "
            "check the units and ranges"
        )
    searches, newton_gain = (fit.searches, fit.newton_gain) if fit else (0, 0.0)
    return np.exp(end.at).tolist(), _fit(end, weights, searches, newton_gain)


class _Expansion(NamedTuple):
    """The likelihood around a point in the log-parameters, to second order."""

    at: Array
    value: float
    slope: Array
    curvature: Array
    decrement: float  # what a step to the top of the local parabola adds


def _total(log_likelihood: Callable[[Array], Array], weights: Array) -> Callable[[Array], float]:
    """The log-likelihood of all customers, as a function of the log-parameters."""
    return lambda log_parameters: float((weights * log_likelihood(np.exp(log_parameters))).sum())


def _expand(total: Callable[[Array], float], at: Array, customers: float) -> _Expansion:
    """Value, slope and curvature, by central differences."""

    def moved(*axes: int, sign: int) -> float:
        point = at.copy()
        point[list(axes)] += sign * STEP
        return total(point)

    size = len(at)
    here = total(at)
    up, down = (np.array([moved(i, sign=sign) for i in range(size)]) for sign in (1, -1))
    slope, curvature = (up - down) / (2 * STEP), np.diag((up - 2 * here + down) / STEP**2)
    for i in range(size):
        for j in range(i):
            both = moved(i, j, sign=1) + moved(i, j, sign=-1) + 2 * here
            curvature[i, j] = curvature[j, i] = (both - up[i] - up[j] - down[i] - down[j]) / (2 * STEP**2)
    if not (np.isfinite(slope).all() and np.isfinite(curvature).all()):
        return _Expansion(at, here, slope, curvature, np.inf)
    return _Expansion(at, here, slope, curvature, float(slope @ _newton_step(slope, curvature, customers) / 2))


def _newton_step(slope: Array, curvature: Array, customers: float) -> Array:
    """The step to the top of the local parabola; a flat or upward direction counts as barely curved."""
    bends, directions = np.linalg.eigh(-curvature)
    return directions @ ((slope @ directions) / np.maximum(bends, LEAST_CURVATURE * customers))


def _climb(total: Callable[[Array], float], place: _Expansion, customers: float, enough: float = ENOUGH) -> _Expansion:
    """Newton's steps, each halved until it gains, to where not enough is left to gain."""
    for _ in range(MAX_STEPS):
        if not enough < place.decrement < np.inf:
            break
        step = _newton_step(place.slope, place.curvature, customers)
        step *= min(1.0, MAX_STEP / np.abs(step).max())
        while not total(place.at + step) > place.value:  # NaN gains nothing
            step /= 2
            if np.abs(step).max() < STEP:
                return place
        place = _expand(total, place.at + step, customers)
    return place


def _fit(place: _Expansion, weights: Array, searches: int, newton_gain: float) -> Fit:
    customers = int(weights.sum())
    covariance = _inverse(place.curvature)
    return Fit(customers, weights.size, place.value, place.decrement, searches, covariance, newton_gain)


def _inverse(curvature: Array) -> tuple[tuple[float, ...], ...] | None:
    """Covariance from the curvature of a log-likelihood, or None where it has no maximum."""
    try:
        np.linalg.cholesky(-curvature)
        covariance = np.linalg.inv(-curvature)
    except np.linalg.LinAlgError:
        return None
    return tuple(tuple(row) for row in ((covariance + covariance.T) / 2).tolist())
