"""
Static covariates inside a law of orders: what is known of a customer from the start moves the rate and the leaving.

A customer with coded covariates z orders at exp(g'z) times the rate of the law (alpha_i = alpha exp(-g'z)), and leaves
with exp(d'z) times the odds at an order (BG/NBD and MBG/NBD: a_i = a exp(d'z)) or times the rate (Pareto/NBD:
beta_i = beta exp(-d'z)). In Abe's law they move the median rates. Everything else of the law stays as it is.
Coefficients have a normal prior around no effect.

References
----------
Fader, Hardie (2007), Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models,
brucehardie.com/notes/019: the rates.
Abe (2009), "Counting your customers" one by one. Marketing Science 28(3): effects on CDNOW.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from patronage.errors import DataError, FitError
from patronage.lenses.packing import END, TAB
from patronage.lenses.profile import DECLARED
from patronage.models.btyd.fit import LAWS
from patronage.models.btyd.law import OrderLaw
from patronage.models.btyd.summary import Summary
from patronage.typing import Array, Columns, Index

RATE, LEAVING = "rate", "leaving"
PRIOR_SD = 0.5  # of a coefficient: per standard deviation of a number, or of a level against the average customer
FEWEST, MOST_LEVELS = 20, 20  # customers of a level with an effect of its own; levels of a covariate
STEP, MAX_STEP, ENOUGH, MAX_STEPS = 1e-3, 1.0, 1e-3, 60  # of Newton, in the logarithms of parameters
FURTHEST = 5.0  # standard deviations of a number that count
ALIKE = 256  # unique pairs of effects; more are rounded
ROUNDED = 0.02  # to steps of 2 %


@dataclass(frozen=True)
class CovariateCode:
    """
    How a covariate becomes numbers around zero: 0 is the average customer, and one without a known value.

    Attributes
    ----------
    levels
        Of a text: each has a column, 1 less its share for its customers, minus its share for others. A number has
        none.
    reference
        The most frequent level of a text, which the others are held against.
    centres, scales
        What is taken away from each column, and what it is divided by.
    """

    name: str
    levels: tuple[str, ...]
    reference: str
    centres: tuple[float, ...]
    scales: tuple[float, ...]

    def columns(self, features: Columns) -> Array:
        """(N, columns)"""
        values = covariate(features, self.name)
        if self.levels:
            return np.column_stack(
                [
                    np.where(values.isna(), 0.0, (values == level).to_numpy(np.float64) - share)
                    for level, share in zip(self.levels, self.centres, strict=True)
                ]
            )
        numbers = (values.to_numpy(np.float64)[:, None] - self.centres) / self.scales
        return np.nan_to_num(numbers).clip(-FURTHEST, FURTHEST)


@dataclass(frozen=True)
class Effects:
    """
    The fitted effects of some covariates on the rate of orders and on leaving.

    Attributes
    ----------
    rate, leaving
        The coefficients of the columns of all codes, one after the other.
    errors
        Their standard errors, those of the rate first.
    gain
        What the log-likelihood of the histories gained by them.
    """

    codes: tuple[CovariateCode, ...]
    rate: tuple[float, ...]
    leaving: tuple[float, ...]
    errors: tuple[float, ...]
    gain: float

    @property
    def names(self) -> tuple[str, ...]:
        """The covariates."""
        return tuple(code.name for code in self.codes)

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Effects:
        """The effects of which `dataclasses.asdict` gave these values, after a way through JSON."""
        codes = tuple(
            CovariateCode(
                code["name"], tuple(code["levels"]), code["reference"], tuple(code["centres"]), tuple(code["scales"])
            )
            for code in state["codes"]
        )
        rate, leaving, errors = (tuple(state[name]) for name in ("rate", "leaving", "errors"))
        return cls(codes, rate, leaving, errors, state["gain"])

    def log_factors(self, features: Columns) -> tuple[Array, Array]:
        """(N,) the logarithms of each customer's factors on the rate and on leaving."""
        z = coded(self.codes, features)
        return z @ np.asarray(self.rate), z @ np.asarray(self.leaving)

    def cells(self, features: Columns) -> list[tuple[Index, float, float]]:
        """The customers with the same effects: their positions, and the factors on the rate and on leaving."""
        both = np.column_stack(self.log_factors(features))
        pairs, inverse = np.unique(both, axis=0, return_inverse=True)
        if len(pairs) > ALIKE:
            pairs, inverse = np.unique(np.round(both / ROUNDED) * ROUNDED, axis=0, return_inverse=True)
        order = np.argsort(inverse.ravel(), kind="stable")
        ends = np.cumsum(np.bincount(inverse.ravel(), minlength=len(pairs)))
        rows = np.split(order, ends[:-1])
        return [(at, *np.exp(pair).tolist()) for at, pair in zip(rows, pairs, strict=True) if len(at)]

    def table(self) -> pd.DataFrame:
        """A row per covariate, level and what it acts on.

        The factor is that of a customer of the level beside one of the most frequent level, or of one standard
        deviation more of a number; `low` and `high` are its 95 % interval, `coefficient` is per unit of the covariate.
        """
        labels = [(code.name, level, scale) for code in self.codes for level, scale in _units(code)]
        rows = []
        coefficients = [*self.rate, *self.leaving]
        both = [(RATE, label) for label in labels] + [(LEAVING, label) for label in labels]
        for (on, (name, level, scale)), value, error in zip(both, coefficients, self.errors, strict=True):
            low, high = np.exp([value - 1.96 * error, value + 1.96 * error]).tolist()
            p = 2 * float(ndtr(-abs(value) / error)) if error > 0 else 1.0
            rows.append(
                {
                    "covariate": name,
                    "level": level,
                    "on": on,
                    "factor": float(np.exp(value)),
                    "low": low,
                    "high": high,
                    "p": p,
                    "coefficient": value / scale,
                    "coefficient_low": (value - 1.96 * error) / scale,
                    "coefficient_high": (value + 1.96 * error) / scale,
                }
            )
        return pd.DataFrame(rows)


def _units(code: CovariateCode) -> list[tuple[str, float]]:
    if code.levels:
        return [(f"{level}, beside {code.reference}", 1.0) for level in code.levels]
    return [("one standard deviation more", scale) for scale in code.scales]


class LawOfCustomers:
    """The laws of some customers, whose effects differ: as one law that is always asked about all of them."""

    def __init__(self, cells: Sequence[tuple[Index, OrderLaw]]) -> None:
        self._cells = cells

    def expected_orders(self, horizon: float, x: Array, t_x: Array, T: Array) -> Array:
        """(N,) as that of an OrderLaw."""
        expected = np.empty(len(x))
        for rows, law in self._cells:
            expected[rows] = law.expected_orders(horizon, x[rows], t_x[rows], T[rows])
        return expected

    def survival(
        self, n: Array, horizon: float, x: Array, t_x: Array, T: Array, multiplier: float, rate_cv: Array
    ) -> Array:
        """(N,) as that of an OrderLaw."""
        survival = np.empty(len(x))
        for rows, law in self._cells:
            survival[rows] = law.survival(n[rows], horizon, x[rows], t_x[rows], T[rows], multiplier, rate_cv[rows])
        return survival


def covariate(features: Columns, name: str) -> pd.Series:
    """(N,) a covariate: a feature, or an attribute that was declared of the customers.

    Raises
    ------
    DataError
        There is none of that name.
    """
    if name in features:
        return pd.Series(np.asarray(features[name]))
    if DECLARED in features:
        declared = pd.Series(np.asarray(features[DECLARED], dtype=object)).fillna("")
        values = declared.map(lambda text: dict(item.split(TAB, 1) for item in text.split(END)[:-1]).get(name))
        if values.notna().any():
            return values
    raise DataError(
        f"clv.covariates: no customer has a feature or declared attribute {name}; expected a column of the features, "
        "or of data.customers.attributes"
    )


def code_covariates(features: Columns, names: Sequence[str]) -> tuple[CovariateCode, ...]:
    """The codes of some covariates in a population; one that is the same for everyone has none."""
    codes = []
    for name in names:
        values = covariate(features, name)
        if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
            numbers = values.to_numpy(np.float64)
            sd = float(np.nanstd(numbers)) if np.isfinite(numbers).any() else 0.0
            if sd > 0:
                codes.append(CovariateCode(name, (), "", (float(np.nanmean(numbers)),), (sd,)))
            continue
        counts = values.dropna().astype(str).value_counts()
        levels = counts[counts >= FEWEST].sort_index().sort_values(ascending=False, kind="stable").index[:MOST_LEVELS]
        if len(levels) > 1:
            others = tuple(levels[1:])
            shares = tuple((counts[list(others)] / counts.sum()).tolist())
            codes.append(CovariateCode(name, others, str(levels[0]), shares, (1.0,) * len(others)))
    return tuple(codes)


def coded(codes: Sequence[CovariateCode], features: Columns) -> Array:
    """(N, columns of all codes)"""
    return np.hstack([code.columns(features) for code in codes])


def fit_effects(name: str, law: OrderLaw, features: Columns, names: Sequence[str]) -> tuple[OrderLaw, Effects | None]:
    """
    Fit a law and the effects of covariates together, from the law that was fitted without.

    Returns
    -------
    law
        That of the average customer.
    effects
        None where no covariate varies.

    Raises
    ------
    FitError
        Newton's steps end at no optimum.
    """
    codes = code_covariates(features, names)
    if not codes:
        return law, None
    z, summary = coded(codes, features), Summary.of(features)
    width = z.shape[1]
    of_law = np.log(list(vars(law).values()))
    at = np.concatenate([of_law, np.zeros(2 * width)])
    penalty = np.concatenate([np.zeros_like(of_law), np.full(2 * width, 1 / PRIOR_SD**2)])
    start = _log_likelihood(name, at, z, summary)
    value = start
    for _ in range(MAX_STEPS):
        slope, curvature = _derivatives(name, at, z, summary)
        slope, curvature = slope - penalty * at, curvature - np.diag(penalty)
        bends, directions = np.linalg.eigh(-curvature)
        step = directions @ ((slope @ directions) / np.maximum(bends, 1e-4 * len(z)))
        if abs(slope @ step) / 2 < ENOUGH:
            break
        step *= min(1.0, MAX_STEP / np.abs(step).max())
        penalised = value - penalty @ at**2 / 2
        while not _log_likelihood(name, at + step, z, summary) - penalty @ (at + step) ** 2 / 2 > penalised:
            step /= 2
            if np.abs(step).max() < 1e-9:
                break
        at = at + step
        value = _log_likelihood(name, at, z, summary)
    else:
        raise FitError(f"{name}: the effects of {', '.join(names)} have no optimum; leave one out of clv.covariates")
    variance = np.diag(np.linalg.pinv(-curvature))[len(of_law) :]
    errors = np.sqrt(np.maximum(variance, 0))
    rate, leaving = (tuple(part.tolist()) for part in np.split(at[len(of_law) :], 2))
    effects = Effects(codes, rate, leaving, tuple(errors.tolist()), value - start)
    return LAWS[name](*np.exp(at[: len(of_law)]).tolist()), effects


def _parameters(name: str, at: Array, z: Array) -> Array:
    """(parameters, N) the logarithms of the law's parameters of each customer."""
    own = len(at) - 2 * z.shape[1]
    parameters = np.repeat(at[:own, None], len(z), axis=1)
    for (position, sign), coefficients in zip(LAWS[name].MOVES, np.split(at[own:], 2), strict=True):
        parameters[position] += sign * (z @ coefficients)
    return parameters


def _log_likelihood(name: str, at: Array, z: Array, summary: Summary) -> float:
    return float(LAWS[name](*np.exp(_parameters(name, at, z))).log_likelihood(*summary).sum())


def _derivatives(name: str, at: Array, z: Array, summary: Summary) -> tuple[Array, Array]:
    """Slope and curvature by all coefficients: by the parameters of each customer, and from these by the chain."""
    here = _parameters(name, at, z)
    own = range(len(here))

    def moved(*axes: int, sign: int) -> Array:
        point = here.copy()
        for axis in axes:
            point[axis] += sign * STEP
        return LAWS[name](*np.exp(point)).log_likelihood(*summary)

    middle = moved(sign=1)
    up, down = ([moved(i, sign=sign) for i in own] for sign in (1, -1))
    first = np.array([(u - d) / (2 * STEP) for u, d in zip(up, down, strict=True)])
    second = np.empty((len(own), len(own), len(z)))
    for i in own:
        second[i, i] = (up[i] - 2 * middle + down[i]) / STEP**2
        for j in range(i):
            both = moved(i, j, sign=1) + moved(i, j, sign=-1) + 2 * middle
            second[i, j] = second[j, i] = (both - up[i] - up[j] - down[i] - down[j]) / (2 * STEP**2)
    groups = [(None, i, 1.0) for i in own] + [(z, position, sign) for position, sign in LAWS[name].MOVES]
    blocks = [np.ones((len(z), 1)) if design is None else design for design, _, _ in groups]
    slope = np.concatenate([g * (block.T @ first[i]) for block, (_, i, g) in zip(blocks, groups, strict=True)])
    curvature = np.block(
        [
            [
                g * h * (left.T @ (second[i, j][:, None] * right))
                for right, (_, j, h) in zip(blocks, groups, strict=True)
            ]
            for left, (_, i, g) in zip(blocks, groups, strict=True)
        ]
    )
    return slope, (curvature + curvature.T) / 2
