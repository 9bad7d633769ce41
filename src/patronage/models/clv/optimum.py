"""Whether an estimate is an optimum of a likelihood, and how sure it is: by the likelihood itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from patronage.errors import FitError
from patronage.models.clv.distinct import Array

ENOUGH = 1e-3  # an estimate is an optimum if a Newton step promises less log-likelihood than this
STEP = 1e-3  # of a log-parameter, in the differences that measure slope and curvature
BARELY = 1e-4  # the least curvature, per customer, that a direction is taken to have
TOLERANCES = (1e-7, 1e-5, 1e-4)  # BFGS fails where rounding keeps it from its tolerance: a coarser one then passes


@dataclass(frozen=True)
class Fit:
    """
    What is known about a fit.

    Parameters
    ----------
    n_customers, n_distinct
        Customers in the likelihood, and their distinct summaries.
    log_likelihood
        Sum over the customers, in the units of the data.
    gain
        What a Newton step from the estimate would still add to the log-likelihood: 0.001 at most.
    attempts
        How many searches it took.
    covariance
        Of the estimates of the log-parameters, in the order of the law's fields: the inverse of the curvature of
        the log-likelihood. None where it is not positive definite: the data do not pin the parameters down.
    """

    n_customers: int
    n_distinct: int
    log_likelihood: float
    gain: float
    attempts: int
    covariance: tuple[tuple[float, ...], ...] | None


def first_optimum(
    name: str,
    search: Callable[[Array, float], Array],
    starts: Array,
    log_likelihood: Callable[[Array], Array],
    weights: Array,
) -> tuple[list[float], Fit]:
    """
    Search from each start, and on from where a search ended, until the likelihood has an optimum there.

    Parameters
    ----------
    name
        Of the model, for the error.
    search
        From positive parameters, to a tolerance, to better ones; a ValueError says that it failed.
    starts
        A row per start.
    log_likelihood
        Of each distinct summary, given parameters.
    weights
        The number of customers with each.

    Raises
    ------
    FitError
        Where no search ends at an optimum.
    """

    def total(log_parameters: Array) -> float:
        return float((weights * log_likelihood(np.exp(log_parameters))).sum())

    searches, failures = 0, {}
    for start in starts:
        at = start
        for tolerance in TOLERANCES:
            searches += 1
            try:
                at = search(at, tolerance)
            except ValueError as error:
                failures[" ".join(str(error).split()).rstrip(".")] = np.inf
                continue
            value, slope, curvature = _shape(total, np.log(at))
            gain = _newton_gain(slope, curvature, weights.sum())
            if gain <= ENOUGH:
                fit = Fit(int(weights.sum()), weights.size, value, gain, searches, _inverse(curvature))
                return at.tolist(), fit
            failures[f"{gain:.2g} of log-likelihood was left at {np.array2string(at, precision=4)}"] = gain
    raise FitError(
        f"{name}: found no optimum of the likelihood in {searches} searches from {len(starts)} starts; the best: "
        f"{min(failures, key=failures.__getitem__)}; check the units and ranges of the amounts, "
        "or try another law: clv=bg_nbd, mbg_nbd or pareto_nbd"
    )


def _shape(total: Callable[[Array], float], at: Array) -> tuple[float, Array, Array]:
    """Value, slope and curvature, by central differences."""

    def moved(*axes: int, sign: int) -> float:
        point = at.copy()
        point[list(axes)] += sign * STEP
        return total(point)

    size = len(at)
    here = total(at)
    up, down = (np.array([moved(i, sign=sign) for i in range(size)]) for sign in (1, -1))
    curvature = np.diag((up - 2 * here + down) / STEP**2)
    for i in range(size):
        for j in range(i):
            both = moved(i, j, sign=1) + moved(i, j, sign=-1) + 2 * here
            curvature[i, j] = curvature[j, i] = (both - up[i] - up[j] - down[i] - down[j]) / (2 * STEP**2)
    return here, (up - down) / (2 * STEP), curvature


def _newton_gain(slope: Array, curvature: Array, customers: float) -> float:
    """What a step to the top of the local parabola adds; a flat or upward direction counts as barely curved."""
    if not (np.isfinite(slope).all() and np.isfinite(curvature).all()):
        return np.inf
    bends, directions = np.linalg.eigh(-curvature)
    return float(((slope @ directions) ** 2 / np.maximum(bends, BARELY * customers)).sum() / 2)


def _inverse(curvature: Array) -> tuple[tuple[float, ...], ...] | None:
    """Covariance from the curvature of a log-likelihood, or None where it has no maximum."""
    try:
        np.linalg.cholesky(-curvature)
        covariance = np.linalg.inv(-curvature)
    except np.linalg.LinAlgError:
        return None
    return tuple(tuple(row) for row in ((covariance + covariance.T) / 2).tolist())
