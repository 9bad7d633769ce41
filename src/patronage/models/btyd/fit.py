"""
Fits by lifetimes, on distinct summaries with their counts as weights. The only file that imports lifetimes.

lifetimes estimates; it is not believed. Where it ends is held against the likelihood of our own law (`optimum.py`):
an optimiser that returns its start, or stops on a slope, is found out there and sent on. Of many summaries lifetimes
sees a sample, and Newton's steps on the likelihood of all go on from its estimate to theirs.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from patronage.errors import FitError
from patronage.models.btyd.integrals import TINY
from patronage.models.btyd.law import BgNbd, MbgNbd, OrderLaw, ParetoNbd
from patronage.models.btyd.optimum import Fit, carried_on, first_optimum
from patronage.models.btyd.spend import GammaGamma, ShrunkenMean
from patronage.models.btyd.unique_rows import counted
from patronage.typing import Array

LAWS: dict[str, type[BgNbd] | type[ParetoNbd]] = {"bg_nbd": BgNbd, "mbg_nbd": MbgNbd, "pareto_nbd": ParetoNbd}

# Starts, with the age of the oldest customer and the mean order value as units; the first are lifetimes' own.
DROPOUT_STARTS = np.array([[1.1, 1.1, 1.1, 1.1], [0.5, 0.1, 0.7, 2.5], [1.0, 0.3, 0.1, 1.0], [1.5, 0.2, 0.05, 3.0]])
PARETO_STARTS = np.array([[1.0, 1.0, 1.0, 1.0], [0.5, 0.2, 0.5, 0.3], [1.0, 0.3, 0.3, 1.0]])
SPEND_STARTS = np.array([[1.1, 1.1, 1.1], [5.0, 4.0, 1.0], [2.0, 1.5, 0.5], [0.5, 0.5, 1.0]])

SEARCHED = 100_000  # distinct summaries; the optimum of more is a step or two from that of so many
ALL = slice(None, None, 1)

WEIGHTS = (1e-3, 1e3)  # orders that everyone's mean may weigh
ONE_PRICE = 1e6  # p of Gamma-Gamma where order values do not vary; its mean p v / (q - 1) is then that price

# The CLV law, the mean of BTYD laws and a backtest ask for the same fits: half of all. The latest are kept.
KEPT = 100
_made: dict[bytes, tuple[Any, Fit]] = {}
Law = TypeVar("Law")


def fit_orders(name: str, frequency: npt.ArrayLike, recency: npt.ArrayLike, T: npt.ArrayLike) -> tuple[OrderLaw, Fit]:
    """
    Fit a law of orders.

    Parameters
    ----------
    name
        bg_nbd, mbg_nbd or pareto_nbd.
    frequency, recency, T
        x, t_x and T of each customer, in days (or in any one unit, which is then alpha's).

    Raises
    ------
    FitError
        Without repeat orders, or where no search ends at an optimum.
    """
    x, t_x, age = (np.asarray(column, dtype=np.float64) for column in (frequency, recency, T))
    if not (x > 0).any():
        raise FitError(
            f"{name}: found {x.size} customers and no repeat order; a lifetime value needs customers "
            "who bought on two days before the cutoff; give a later cutoff or a longer log"
        )
    summaries = counted(x, t_x, age)
    return _once(name, summaries, lambda: _fit_orders(name, *summaries))


def _fit_orders(name: str, x: Array, t_x: Array, age: Array, weights: Array) -> tuple[OrderLaw, Fit]:
    law = LAWS[name]
    pareto = name == "pareto_nbd"
    some = _some(x)
    # lifetimes takes starts in its own unit of time, the age of the oldest, but hands estimates back in ours
    unit = age[some].max() ** np.array([0, 1, 0, 1 if pareto else 0])

    def search(start: Array, tolerance: float) -> Array:
        return _search_orders(name, start / unit, tolerance, x[some], t_x[some], age[some], weights[some])

    def log_likelihood(rows: slice) -> Callable[[Array], Array]:
        return lambda parameters: law(*parameters).log_likelihood(x[rows], t_x[rows], age[rows])

    starts = (PARETO_STARTS if pareto else DROPOUT_STARTS) * unit
    parameters, fit = first_optimum(name, search, starts, log_likelihood(some), weights[some])
    if some != ALL:
        parameters, fit = carried_on(name, parameters, fit, log_likelihood(ALL), weights)
    return law(*parameters), fit


def fit_spend(frequency: npt.ArrayLike, monetary_value: npt.ArrayLike) -> tuple[GammaGamma, Fit]:
    """
    Fit the law of order values to the customers with repeat orders of positive mean value.

    Raises
    ------
    FitError
        Where there are none, or no search ends at an optimum.
    """
    x, value = (np.asarray(column, dtype=np.float64) for column in (frequency, monetary_value))
    usable = (x > 0) & (value > 0)
    if not usable.any():
        raise FitError(
            f"gamma_gamma: found {x.size} customers, none with a repeat order of positive mean value; "
            "expected some; check that amounts are net paid, with refunds negative"
        )
    summaries = counted(x[usable], value[usable])
    return _once("gamma_gamma", summaries, lambda: _fit_spend(*summaries))


def _fit_spend(x: Array, value: Array, weights: Array) -> tuple[GammaGamma, Fit]:
    mean = (weights * value).sum() / weights.sum()
    if np.ptp(value) <= 1e-9 * mean:  # one price for all: nothing to estimate, and no optimum to find
        certain = GammaGamma(p=ONE_PRICE, q=2.0, v=mean / ONE_PRICE)
        return certain, Fit(int(weights.sum()), len(x), 0.0, 0.0, 0, None)
    unit, some = np.array([1, 1, mean]), _some(x)

    def search(start: Array, tolerance: float) -> Array:
        return _search_spend(start / unit, tolerance, x[some], value[some] / mean, weights[some]) * unit

    def log_likelihood(rows: slice) -> Callable[[Array], Array]:
        return lambda parameters: GammaGamma(*parameters).log_likelihood(x[rows], value[rows])

    parameters, fit = first_optimum("gamma_gamma", search, SPEND_STARTS * unit, log_likelihood(some), weights[some])
    if some != ALL:
        parameters, fit = carried_on("gamma_gamma", parameters, fit, log_likelihood(ALL), weights)
    return GammaGamma(*parameters), fit


def _once(name: str, summaries: tuple[Array, ...], make: Callable[[], tuple[Law, Fit]]) -> tuple[Law, Fit]:
    """What `make` gives, or gave when these summaries were fitted before: laws and fits are values."""
    key = sha256(name.encode() + b"".join(column.tobytes() for column in summaries)).digest()
    made = _made.get(key)
    if made is None:
        made = make()
        for oldest in list(_made)[: max(len(_made) + 1 - KEPT, 0)]:
            _made.pop(oldest, None)
        _made[key] = made
    return made


def shrunken_mean(frequency: npt.ArrayLike, monetary_value: npt.ArrayLike) -> ShrunkenMean:
    """
    Everyone's mean order value and its weight, by moments: no optimum is needed, nor a distribution.

    The mean value of x orders lies off everyone's by a variance of `between` + `within` / x; both are its regression
    on 1 / x, held to be no less than nothing.
    """
    x, value = (np.asarray(column, dtype=np.float64) for column in (frequency, monetary_value))
    x, value = x[(x > 0) & (value > 0)], value[(x > 0) & (value > 0)]
    mean = float(value.mean())
    between, within = nnls(np.column_stack([np.ones_like(x), 1 / x]), (value - mean) ** 2)[0]
    return ShrunkenMean(mean, float(np.clip(within / max(between, TINY), *WEIGHTS)))


def _some(summaries: Array) -> slice:
    """The distinct summaries that lifetimes searches among: every n-th where there are many."""
    return slice(None, None, 1 + (len(summaries) - 1) // SEARCHED)


def _search_orders(name: str, start: Array, tolerance: float, x: Array, t_x: Array, T: Array, weights: Array) -> Array:
    with _quiet():
        import lifetimes

        if name == "pareto_nbd":  # Nelder-Mead, with a tolerance of its own kind
            return _estimate(lifetimes.ParetoNBDFitter(), x, t_x, T, weights=weights, initial_params=start, tol=1e-6)
        fitter = lifetimes.ModifiedBetaGeoFitter() if name == "mbg_nbd" else lifetimes.BetaGeoFitter()
        return _estimate(fitter, x, t_x, T, weights=weights, initial_params=np.log(start), tol=tolerance)


def _search_spend(start: Array, tolerance: float, x: Array, value: Array, weights: Array) -> Array:
    with _quiet():
        import lifetimes

        fitter = lifetimes.GammaGammaFitter()
        return _estimate(fitter, x, value, weights=weights, initial_params=np.log(start), tol=tolerance)


def _estimate(fitter: Any, *columns: Array, **options: Any) -> Array:
    """The parameters that a fitter ends at, positive and finite."""
    with contextlib.suppress(np.linalg.LinAlgError):  # of its standard errors, which come after the estimate
        fitter.fit(*columns, **options)
    estimate = np.asarray(fitter.params_, dtype=np.float64)
    if not (np.isfinite(estimate) & (estimate > 0)).all():
        raise ValueError(f"lifetimes ended at {estimate}")
    return estimate


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """For lifetimes alone: it warns on import and at every overflow of its searches, and prints its failures."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
