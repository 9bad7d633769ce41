"""
Contracts: how long customers stay who renew or cancel at the end of each period, and what they are worth.

The shifted-beta-geometric (sBG): a customer cancels at each renewal with the same probability, which differs between
customers as a Beta(alpha, beta). So the retention of a cohort rises although no customer changes: those who are likely
to leave have left.

References
----------
Fader, Hardie (2007), How to project customer retention. Journal of Interactive Marketing 21(1): the law, its numbers.
Fader, Hardie (2010), Customer-base valuation in a contractual setting. Marketing Science 29(1): what follows a renewal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize
from scipy.special import betaln
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from patronage import names as c
from patronage.config.rules import within
from patronage.errors import DataError, FitError
from patronage.models.btyd.clv import DAYS_A_YEAR
from patronage.models.validation import numbers_of, require_columns
from patronage.typing import Array

LARGEST = 1e4  # of a parameter: beyond it all customers are alike, and the likelihood is flat


@dataclass(frozen=True)
class ShiftedBetaGeometric:
    """The sBG: the probability to cancel at a renewal is Beta(alpha, beta) over customers."""

    alpha: float
    beta: float

    def survival(self, renewals: npt.ArrayLike, renewed: npt.ArrayLike = 0) -> Array:
        """P(the contract is renewed so many times more), of a customer who has `renewed` it so often (equation 6)."""
        more, before = np.asarray(renewals, np.float64), np.asarray(renewed, np.float64)
        return np.exp(betaln(self.alpha, self.beta + before + more) - betaln(self.alpha, self.beta + before))

    def retention(self, renewed: npt.ArrayLike) -> Array:
        """P(the next renewal), of a customer who has renewed so often (equation 8)."""
        before = np.asarray(renewed, np.float64)
        return (self.beta + before) / (self.alpha + self.beta + before)

    def log_likelihood(self, renewed: npt.ArrayLike, cancelled: npt.ArrayLike) -> Array:
        """(N,) log probability of having renewed so often, and then cancelled or not (equations 5 and 6)."""
        before, left = np.asarray(renewed, np.float64), np.asarray(cancelled, np.bool_)
        ended = betaln(self.alpha + 1, self.beta + before)
        return np.where(left, ended, betaln(self.alpha, self.beta + before)) - betaln(self.alpha, self.beta)


def fit_contracts(renewed: npt.ArrayLike, cancelled: npt.ArrayLike) -> ShiftedBetaGeometric:
    """
    Fit the sBG by maximum likelihood.

    Parameters
    ----------
    renewed
        (N,) how often each customer has renewed, 0 for a contract in its first period.
    cancelled
        (N,) whether the contract was cancelled at the renewal after these.

    Raises
    ------
    FitError
        Nobody cancelled, or nobody renewed: the data do not tell customers apart.
    """
    before, left = np.asarray(renewed, np.float64), np.asarray(cancelled, np.bool_)
    rows, counts = np.unique(np.column_stack([before, left]), axis=0, return_counts=True)
    if not left.any() or not (before > 0).any():
        raise FitError(
            f"contracts: {int(left.sum())} cancellations and {int((before > 0).sum())} renewals among {len(before)} "
            "customers; expected some of both; give contracts that began earlier"
        )

    def loss(logs: Array) -> float:
        law = ShiftedBetaGeometric(*np.exp(logs).tolist())
        return -float(counts @ law.log_likelihood(rows[:, 0], rows[:, 1] > 0))

    bounds = [(-np.log(LARGEST), np.log(LARGEST))] * 2
    starts = ([0.0, 0.0], [0.0, 2.0], [2.0, 4.0])
    ends = [minimize(loss, start, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-14}) for start in starts]
    return ShiftedBetaGeometric(*np.exp(min(ends, key=lambda end: float(end.fun)).x).tolist())


class Contracts(BaseEstimator):  # type: ignore[misc]
    """Predicts how long contracts go on that are renewed or cancelled each period, and their value with an interval.

    Parameters
    ----------
    period_days
        Length of a contract's period: 30 for monthly plans, 365 for yearly ones. Plans of different periods are fitted
        apart.
    horizon_periods
        How many renewals ahead are counted.
    discount_rate
        Per year: a payment in a year is worth 1 / (1 + discount_rate) of the same payment now.
    margin
        Share of a payment that is earned.
    level
        Share of the futures that an interval contains.

    Attributes
    ----------
    law_
        The fitted ShiftedBetaGeometric.

    Examples
    --------
    A thousand customers of a yearly plan: 369 cancelled at the first renewal, 163 at the second:

    >>> import numpy as np
    >>> import pandas as pd
    >>> import patronage as pt
    >>> X = pd.DataFrame({"renewals": np.repeat([0, 1, 2], [369, 163, 468]), "period_payment": 100.0})
    >>> cancelled = np.repeat([True, True, False], [369, 163, 468])
    >>> contracts = pt.Contracts(period_days=365, horizon_periods=5).fit(X, cancelled)
    >>> running = contracts.predict(X[~cancelled])
    >>> bool((running["contract_value_low"] <= running["contract_value_high"]).all())
    True
    """

    def __init__(
        self,
        *,
        period_days: int = 30,
        horizon_periods: int = 12,
        discount_rate: float = 0.1,
        margin: float = 1.0,
        level: float = 0.8,
    ) -> None:
        self.period_days = period_days
        self.horizon_periods = horizon_periods
        self.discount_rate = discount_rate
        self.margin = margin
        self.level = level

    def fit(self, X: pd.DataFrame, y: npt.ArrayLike) -> Self:
        """Fit the law to contracts that run and contracts that ended.

        Parameters
        ----------
        X
            With `renewals`: how often each contract was renewed.
        y
            (N,) whether it was cancelled at the renewal after these.

        Raises
        ------
        ConfigError
            A parameter is out of its range.
        DataError
            A number of renewals is missing, or no whole number from 0 on; or y is not 0 or 1 for each contract.
        FitError
            Nobody cancelled, or nobody renewed.
        """
        within("period_days", self.period_days, 1, 3650)
        within("horizon_periods", self.horizon_periods, 1, 10_000)
        within("discount_rate", self.discount_rate, 0, 10)
        within("margin", self.margin, 0, 1)
        within("level", self.level, 0.01, 0.999)
        renewed = _renewals(X)
        cancelled = numbers_of(y, len(X), "whether the contract was cancelled (1) or not (0)")
        if not np.isin(cancelled, (0.0, 1.0)).all():
            raise DataError(f"y holds {np.unique(cancelled)[:5]}; expected 1 (cancelled) or 0 (renewed or running)")
        self.law_ = fit_contracts(renewed, cancelled)
        return self

    def predict(self, X: pd.DataFrame) -> pd.DataFrame:
        """The future of contracts that run.

        Parameters
        ----------
        X
            With `renewals`, and with `period_payment`, what is paid each period, where a value is wanted.

        Returns
        -------
        DataFrame
            On the index of X: `p_renewal`, P(the next renewal); `expected_renewals` in the horizon, with the central
            interval of their number, and in months; and with payments the discounted margin of these renewals as
            `contract_value`, with the interval and the median of the same distribution.
        """
        check_is_fitted(self)
        renewed = _renewals(X)
        different, inverse = np.unique(renewed, return_inverse=True)
        more = np.arange(1, self.horizon_periods + 1)
        survival = self.law_.survival(more, different[:, None])  # P(so many renewals more), a row per number so far
        low, median, high = (
            (survival > 1 - level).sum(axis=1) for level in ((1 - self.level) / 2, 0.5, (1 + self.level) / 2)
        )
        months = self.period_days * 12 / DAYS_A_YEAR
        columns: dict[str, Any] = {
            c.P_RENEWAL: self.law_.retention(different),
            c.EXPECTED_RENEWALS: survival.sum(axis=1),
            c.EXPECTED_RENEWALS_LOW: low.astype(float),
            c.EXPECTED_RENEWALS_HIGH: high.astype(float),
            c.EXPECTED_REMAINING_MONTHS: months * survival.sum(axis=1),
        }
        predicted = pd.DataFrame({name: values[inverse] for name, values in columns.items()}, X.index)
        if c.PAYMENT not in X:
            return predicted
        discount = (1 + self.discount_rate) ** (-self.period_days * more / DAYS_A_YEAR)
        worth = np.append(0.0, np.cumsum(discount))  # of so many payments of 1
        earned = self.margin * X[c.PAYMENT].to_numpy(np.float64)
        values = {
            c.CONTRACT_VALUE: survival @ discount,
            c.CONTRACT_VALUE_LOW: worth[low],
            c.MEDIAN_CONTRACT_VALUE: worth[median],
            c.CONTRACT_VALUE_HIGH: worth[high],
        }
        return predicted.assign(**{name: earned * each[inverse] for name, each in values.items()})


def _renewals(X: pd.DataFrame) -> Array:
    """(N,) how often each contract was renewed."""
    require_columns(X, [c.RENEWALS], "Contracts", "a frame of contracts, with how often each was renewed")
    renewed = pd.to_numeric(X[c.RENEWALS], errors="coerce").to_numpy(np.float64, na_value=np.nan)
    wrong = ~((renewed >= 0) & (renewed == np.floor(renewed)))
    if wrong.any():
        raise DataError(f"{int(wrong.sum())} values of {c.RENEWALS} are no whole number from 0 on; correct them")
    return renewed
