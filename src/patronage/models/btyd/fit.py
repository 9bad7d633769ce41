"""
Fits by lifetimes, on unique summaries with their counts as weights. The only file that imports lifetimes.

Where lifetimes' search ends is checked against the likelihood of our own law (`optimum.py`): an optimiser that returns
its start, or stops on a slope, is detected there and continued. Of many summaries lifetimes gets a sample, and Newton's
steps on the likelihood of all go on from its estimate to theirs. Pareto/NBD, whose search is long, begins at
what BG/NBD says of the same customers, from where Newton's steps alone mostly arrive; and Abe's law, which lifetimes
does not have, begins at the rates of Pareto/NBD.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls
from scipy.special import digamma, polygamma

from patronage.errors import FitError
from patronage.models.btyd.abe import Abe
from patronage.models.btyd.bg_nbd import BgNbd, MbgNbd
from patronage.models.btyd.integrals import TINY
from patronage.models.btyd.law import OrderLaw
from patronage.models.btyd.optimum import Fit, first_optimum, refine
from patronage.models.btyd.pareto_nbd import ParetoNbd
from patronage.models.btyd.spend import GammaGamma, ShrunkenMean
from patronage.models.btyd.unique_rows import count_unique_rows
from patronage.typing import Array

LAWS: dict[str, type[BgNbd] | type[ParetoNbd] | type[Abe]] = {
    "bg_nbd": BgNbd,
    "mbg_nbd": MbgNbd,
    "pareto_nbd": ParetoNbd,
    "abe": Abe,
}

# Starts, with the age of the oldest customer and the mean order value as units; the first are lifetimes' own.
DROPOUT_STARTS = np.array([[1.1, 1.1, 1.1, 1.1], [0.5, 0.1, 0.7, 2.5], [1.0, 0.3, 0.1, 1.0], [1.5, 0.2, 0.05, 3.0]])
PARETO_STARTS = np.array([[1.0, 1.0, 1.0, 1.0], [0.5, 0.2, 0.5, 0.3], [1.0, 0.3, 0.3, 1.0]])
SPEND_STARTS = np.array([[1.1, 1.1, 1.1], [5.0, 4.0, 1.0], [2.0, 1.5, 0.5], [0.5, 0.5, 1.0]])

PARETO_SHAPE = 0.5  # of the leaving, from which Newton's steps begin; their rate is BG/NBD's
PARETO_SAMPLE = 2000  # unique summaries, on which they begin, and lifetimes where they end nowhere
PARETO_ENOUGH = 1e-8  # log-likelihood that the last steps must promise: this ridge is flat
ABE_SAMPLE = 2000  # unique summaries, of which the law is estimated: each asks a lattice of rates
ABE_SPREADS = (0.3, 1.5)  # standard deviations of the log rates, between which the steps begin
MAX_SEARCHED = 100_000  # unique summaries; the optimum of more is a step or two from that of so many
ALL = slice(None, None, 1)

WEIGHTS = (1e-3, 1e3)  # orders that the population's mean may weigh
ORDER_CVS = (0.05, 5.0)  # within which the variation of order values is held
ONE_PRICE = 1e6  # p of Gamma-Gamma where order values do not vary; its mean p v / (q - 1) is then that price

Law = TypeVar("Law")


class FitCache:
    """
    Fits by the customers that they were made of: laws and fits are values.

    The CLV law, the mean of BTYD laws and a backtest need the same fits: half of all. A cache is passed to all of them.
    """

    def __init__(self) -> None:
        self._fits: dict[bytes, tuple[Any, Fit]] = {}

    def get(self, name: str, summaries: tuple[Array, ...], make: Callable[[], tuple[Law, Fit]]) -> tuple[Law, Fit]:
        """The fit of a law to summaries with their counts, made if it is not there."""
        key = sha256(name.encode() + b"".join(column.tobytes() for column in summaries)).digest()
        if key not in self._fits:
            self._fits[key] = make()
        return self._fits[key]


def fit_orders(
    name: str,
    frequency: npt.ArrayLike,
    recency: npt.ArrayLike,
    T: npt.ArrayLike,
    fits: FitCache | None = None,
    *,
    max_searched: int = MAX_SEARCHED,
) -> tuple[OrderLaw, Fit]:
    """
    Fit a law of orders.

    Parameters
    ----------
    name
        bg_nbd, mbg_nbd, pareto_nbd or abe.
    frequency, recency, T
        x, t_x and T of each customer, in days (or in any one unit, which is then alpha's).
    fits
        Where the fit is looked up first, and stored.
    max_searched
        Of more unique summaries than this, lifetimes gets every n-th.

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
    summaries = count_unique_rows(x, t_x, age)
    fits = FitCache() if fits is None else fits
    return fits.get(name, summaries, lambda: _fit_orders(name, summaries, fits, max_searched))


def _fit_orders(name: str, summaries: tuple[Array, ...], fits: FitCache, max_searched: int) -> tuple[OrderLaw, Fit]:
    if name == "abe":
        return _from_pareto_nbd(summaries, fits, max_searched)
    if name == "pareto_nbd":
        with contextlib.suppress(FitError):
            return _from_bg_nbd(summaries, fits, max_searched)
        max_searched = min(max_searched, PARETO_SAMPLE)
    return _search_from_starts(name, summaries, max_searched)


def _from_bg_nbd(summaries: tuple[Array, ...], fits: FitCache, max_searched: int) -> tuple[OrderLaw, Fit]:
    """Pareto/NBD by Newton's steps, from the orders and the leaving of BG/NBD; first on a sample."""
    *columns, weights = summaries
    bg = cast("BgNbd", fits.get("bg_nbd", summaries, lambda: _search_from_starts("bg_nbd", summaries, max_searched))[0])
    leaving = bg.a / (bg.a + bg.b) * bg.r / bg.alpha  # per order, by orders per day
    start = [bg.r, bg.alpha, PARETO_SHAPE, PARETO_SHAPE / leaving]
    some = _every_nth(weights, PARETO_SAMPLE)
    near, _ = refine("pareto_nbd", start, None, _likelihood("pareto_nbd", columns, some), weights[some])
    of_all = _likelihood("pareto_nbd", columns, ALL)
    parameters, fit = refine("pareto_nbd", near, None, of_all, weights, PARETO_ENOUGH)
    return ParetoNbd(*parameters), fit


def _from_pareto_nbd(summaries: tuple[Array, ...], fits: FitCache, max_searched: int) -> tuple[OrderLaw, Fit]:
    """Abe's law by Newton's steps, from means and variances of Pareto/NBD's log rates, and no correlation."""
    *columns, weights = summaries
    pareto, _ = fits.get("pareto_nbd", summaries, lambda: _fit_orders("pareto_nbd", summaries, fits, max_searched))
    start = []
    for shape, scale in np.array(list(vars(pareto).values())).reshape(2, 2):
        start += [np.exp(digamma(shape)) / scale, float(np.clip(np.sqrt(polygamma(1, shape)), *ABE_SPREADS))]
    some = _every_nth(weights, ABE_SAMPLE)
    parameters, fit = refine("abe", [*start, 1.0], None, _likelihood("abe", columns, some), weights[some])
    return Abe(*parameters), fit


def _likelihood(name: str, columns: Sequence[Array], rows: slice) -> Callable[[Array], Array]:
    x, t_x, age = (column[rows] for column in columns)
    return lambda parameters: LAWS[name](*parameters).log_likelihood(x, t_x, age)


def _search_from_starts(name: str, summaries: tuple[Array, ...], max_searched: int) -> tuple[OrderLaw, Fit]:
    x, t_x, age, weights = summaries
    law = LAWS[name]
    pareto = name == "pareto_nbd"
    some = _every_nth(x, max_searched)
    # lifetimes takes starts in its own unit of time, the age of the oldest, but hands estimates back in ours
    unit = age[some].max() ** np.array([0, 1, 0, 1 if pareto else 0])

    def search(start: Array, tolerance: float) -> Array:
        return _search_orders(name, start / unit, tolerance, x[some], t_x[some], age[some], weights[some])

    starts = (PARETO_STARTS if pareto else DROPOUT_STARTS) * unit
    columns = (x, t_x, age)
    parameters, fit = first_optimum(name, search, starts, _likelihood(name, columns, some), weights[some])
    if some != ALL:
        parameters, fit = refine(name, parameters, fit, _likelihood(name, columns, ALL), weights)
    return law(*parameters), fit


def fit_spend(
    frequency: npt.ArrayLike, monetary_value: npt.ArrayLike, fits: FitCache | None = None
) -> tuple[GammaGamma, Fit]:
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
    summaries = count_unique_rows(x[usable], value[usable])
    fits = FitCache() if fits is None else fits
    return fits.get("gamma_gamma", summaries, lambda: _fit_spend(summaries))


def _fit_spend(summaries: tuple[Array, ...]) -> tuple[GammaGamma, Fit]:
    x, value, weights = summaries
    mean = (weights * value).sum() / weights.sum()
    if np.ptp(value) <= 1e-9 * mean:  # one price for all: nothing to estimate, and no optimum to search for
        certain = GammaGamma(p=ONE_PRICE, q=2.0, v=mean / ONE_PRICE)
        return certain, Fit(int(weights.sum()), len(x), 0.0, 0.0, 0, None)
    unit, some = np.array([1, 1, mean]), _every_nth(x, MAX_SEARCHED)

    def search(start: Array, tolerance: float) -> Array:
        return _search_spend(start / unit, tolerance, x[some], value[some] / mean, weights[some]) * unit

    def log_likelihood(rows: slice) -> Callable[[Array], Array]:
        return lambda parameters: GammaGamma(*parameters).log_likelihood(x[rows], value[rows])

    parameters, fit = first_optimum("gamma_gamma", search, SPEND_STARTS * unit, log_likelihood(some), weights[some])
    if some != ALL:
        parameters, fit = refine("gamma_gamma", parameters, fit, log_likelihood(ALL), weights)
    return GammaGamma(*parameters), fit


def shrunken_mean(frequency: npt.ArrayLike, monetary_value: npt.ArrayLike) -> ShrunkenMean:
    """
    The population's mean order value and its weight, by moments: no optimum is needed, nor a distribution.

    The mean value of x orders differs from the population's by a variance of `between` + `within` / x; both are its
    regression on 1 / x, without a sign below zero.
    """
    x, value = (np.asarray(column, dtype=np.float64) for column in (frequency, monetary_value))
    x, value = x[(x > 0) & (value > 0)], value[(x > 0) & (value > 0)]
    mean = float(value.mean())
    between, within = nnls(np.column_stack([np.ones_like(x), 1 / x]), (value - mean) ** 2)[0]
    order_cv = float(np.clip(np.sqrt(within) / mean, *ORDER_CVS))
    return ShrunkenMean(mean, float(np.clip(within / max(between, TINY), *WEIGHTS)), order_cv)


def _every_nth(summaries: Array, most: int) -> slice:
    """The unique summaries that lifetimes searches among: every n-th where there are more than `most`."""
    return slice(None, None, 1 + (len(summaries) - 1) // most)


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
