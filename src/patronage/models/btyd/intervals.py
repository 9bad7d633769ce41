"""
How far the law is to be trusted: what the fit does not know, and what an earlier origin taught.

A law that is right still knows its parameters only so well, and customers change: over time their order rates drift
away from what their history says. Both make the factor on a customer's order rate unsure, and so both are one
`spread`, the coefficient of variation that the law takes. What this leaves is mended by a map of the probability
integral transform (PIT), by group of frequency, learned at an origin whose label window had ended by the cutoff.

The map is symmetric and may widen only. The level at the earlier origin is taken out first: the season of one window
says nothing of the next. Where it moved too far, nothing is learned.

References
----------
Czado, Gneiting, Held (2009), Predictive model assessment for count data. Biometrics 65(4): the PIT of counts.
Dawid (1984), Present position and potential developments: the prequential approach. JRSS A 147(2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from patronage.models.btyd.integrals import TINY
from patronage.models.btyd.law import OrderLaw
from patronage.models.btyd.optimum import STEP, Fit
from patronage.models.btyd.unique_rows import distinct, in_blocks
from patronage.typing import Array

KNOTS = np.array([0, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5])  # the lower half of a map
SPREADS = np.arange(0, 101, 5) / 100
WORTH = 2.0  # log score in all that a spread must gain to be taken, as by Akaike's criterion
GROUPS = 3  # of the customers with repeat orders
PRIOR = 200.0  # customers of a group whose evidence weighs as much as "nothing to mend"
FEWEST = 100  # customers with repeat orders, below which an origin teaches nothing
MOVED = 1.5  # a level that moved by more than this factor was another season, not another spread
PARTED = 1.3  # two fits whose foretold orders differ by more than this factor describe two businesses
WILDEST = 1.0  # the delta method says nothing of coefficients of variation beyond
GRAIN = 100  # spreads are held to hundredths: few are distinct, and what is costly is done once
COARSE = 0.05
NOBODY = "no earlier origin"


@dataclass(frozen=True)
class Calibration:
    """
    What an earlier origin taught; the default says what is assumed without one.

    Parameters
    ----------
    refused
        Why nothing was learned; empty where it was.
    level
        Orders observed at the earlier origin, as a multiple of those expected. None where there was none.
    spread
        Coefficient of variation with which order rates drift.
    borders
        The frequency up to which each group but the last reaches.
    tails
        A row per group: the share of customers whose PIT lay below each of `KNOTS`, mean of the two sides.
    """

    refused: str = NOBODY
    level: float | None = None
    spread: float = 0.0
    borders: tuple[float, ...] = ()
    tails: tuple[tuple[float, ...], ...] = (tuple(KNOTS.tolist()),)

    def probability(self, said: Array, x: Array) -> Array:
        """The mended probability of what the law gives the probability `said`, a value a customer."""
        return self._mapped(said, x, inverse=False)

    def asked(self, level: float, x: Array) -> Array:
        """What to ask of the law to get the quantile of a mended level, a value a customer."""
        return self._mapped(np.full(np.shape(x), level), x, inverse=True)

    def _mapped(self, values: Array, x: Array, *, inverse: bool) -> Array:
        group = _group(x, self.borders)
        upper = values > 0.5
        lower = np.where(upper, 1 - values, values)
        mapped = lower.copy()
        for number, tails in enumerate(self.tails):
            rows = group == number
            mapped[rows] = np.interp(lower[rows], tails, KNOTS) if inverse else np.interp(lower[rows], KNOTS, tails)
        return np.where(upper, 1 - mapped, mapped)


UNTAUGHT = Calibration()


def unsure(law: OrderLaw, fit: Fit, horizons: tuple[float, ...], x: Array, T: Array) -> Array:
    """
    Coefficient of variation of what each customer orders if alive, by what the fit does not know; a row per horizon.

    By the delta method, from the covariance of the log-parameters; 0 where the fit has none. How sure P(alive) is
    does not enter: a mixture of chances to be alive is a chance to be alive. It changes slowly with x and T, which
    are held to steps of 5 % here, as it is held to hundredths in the end.
    """
    if fit.covariance is None:
        return np.zeros((len(horizons), len(x)))
    x, T = (np.expm1(np.round(np.log1p(column) / COARSE) * COARSE) for column in (x, T))
    first, kind = distinct(x, T)
    x, T = x[first], T[first]

    def mean(horizon: Array, x: Array, T: Array, *parameters: Array) -> Array:
        return type(law)(*parameters).means(horizon[:, None], x, T, np.ones(len(x)))[:, 0]

    moved = np.moveaxis(_moved(law), 2, 0)[..., None, None]
    asked = np.broadcast_arrays(np.array(horizons, np.float64)[:, None], x, T, *moved)
    means = in_blocks(mean, *(column.ravel() for column in asked)).reshape(asked[0].shape)
    ends = np.log(np.maximum(means, TINY))
    moved_by = (ends[0] - ends[1]) / (2 * STEP)
    variance = np.einsum("ihn,ij,jhn->hn", moved_by, np.asarray(fit.covariance), moved_by)
    return np.minimum(np.sqrt(np.maximum(variance, 0)), WILDEST)[:, kind]


def both(fit_spread: Array, drift: float) -> Array:
    """The spread of what the fit does not know together with that of what customers do, in steps of .01."""
    return np.round(np.hypot(fit_spread, drift) * GRAIN) / GRAIN


def calibrate(
    law: OrderLaw, earlier: OrderLaw, fit: Fit, horizon: float, x: Array, t_x: Array, T: Array, orders: Array
) -> Calibration:
    """
    Learn from an earlier origin how far the law is to be trusted.

    Parameters
    ----------
    law
        Fitted at the cutoff.
    earlier, fit
        Fitted on what was known at the earlier origin, and how sure that fit is.
    horizon
        Days of the label window after the earlier origin; it ends at or before the cutoff.
    x, t_x, T
        The customers at the earlier origin.
    orders
        How many each placed in that window.
    """
    customer = x, t_x, T
    foretold, now = (float(one.expected_orders(horizon, *customer).sum()) for one in (earlier, law))
    level, parted = (float(count / foretold) if foretold > 0 else 0.0 for count in (orders.sum(), now))
    if refused := _refusal(x, level, parted):
        return Calibration(refused, level)
    (guess,) = unsure(earlier, fit, (horizon,), x, T)
    pits = [_pit(earlier, both(guess, drift), horizon, *customer, orders, level) for drift in SPREADS]
    scores = [np.log(np.maximum(high - low, 1e-12)).sum() for low, high in pits]
    best = int(np.argmax(scores)) if max(scores) > scores[0] + WORTH else 0
    borders = (0.0, *np.unique(np.quantile(x[x > 0], np.arange(1, GROUPS) / GROUPS)).tolist())
    tails = _tails(*pits[best], _group(x, borders), len(borders) + 1)
    return Calibration("", level, float(SPREADS[best]), borders, tails)


def _refusal(x: Array, level: float, parted: float) -> str:
    """The guard: why an earlier origin must not speak for this cutoff."""
    repeaters = int((x > 0).sum())
    if repeaters < FEWEST:
        return f"{repeaters} customers with repeat orders at the earlier origin; {FEWEST} are needed"
    if not 1 / MOVED <= level <= MOVED:
        return f"the level moved: orders were {level:.2f} times those expected at the earlier origin"
    if not 1 / PARTED <= parted <= PARTED:
        return f"the law changed: today's foretells {parted:.2f} times the orders of the earlier one"
    return ""


def _pit(
    law: OrderLaw, spread: Array, horizon: float, x: Array, t_x: Array, T: Array, orders: Array, level: float
) -> tuple[Array, Array]:
    """P(X* < n) and P(X* <= n) of the n that came, the law at the right level."""
    low, high = (1 - law.survival(n, horizon, x, t_x, T, level, spread) for n in (orders, orders + 1))
    return low, high


def _tails(low: Array, high: Array, group: npt.NDArray[np.intp], groups: int) -> tuple[tuple[float, ...], ...]:
    """How often the PIT lay below each knot, on the mean of both sides: shrunk, and never less than it should be."""
    width = np.maximum(high - low, 1e-12)
    below = [np.clip((knot - low) / width, 0, 1) + np.clip((high - 1 + knot) / width, 0, 1) for knot in KNOTS]
    sides = np.array(below) / 2  # a row per knot
    everyone = _shrunk(sides, KNOTS)
    found = (_shrunk(sides[:, group == number], everyone) for number in range(groups))
    return tuple(tuple(np.maximum(tails, KNOTS).tolist()) for tails in found)


def _shrunk(sides: Array, towards: Array) -> Array:
    return (sides.sum(axis=1) + PRIOR * towards) / (sides.shape[1] + PRIOR)


def _group(x: Array, borders: tuple[float, ...]) -> npt.NDArray[np.intp]:
    return np.searchsorted(borders, x, side="left")


def slopes(law: OrderLaw, value: Callable[[OrderLaw], Array]) -> Array:
    """How a value moves with each log-parameter, by central differences; a row per parameter."""
    ends = np.array([[value(type(law)(*parameters)) for parameters in side] for side in _moved(law)])
    return (ends[0] - ends[1]) / (2 * STEP)


def _moved(law: OrderLaw) -> Array:
    """(2, P, P) the parameters with the logarithm of one, a row each, moved up and down."""
    moves = STEP * np.eye(len(vars(law)))
    return np.exp(np.log(np.array(list(vars(law).values()))) + np.stack([moves, -moves]))
