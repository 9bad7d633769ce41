"""CLV alone: a law of orders and their value as a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from patronage import names as c
from patronage.config import ClvConfig
from patronage.config.clv import LAWS
from patronage.config.rules import one_of, within
from patronage.errors import DataError
from patronage.models.btyd import clv
from patronage.models.btyd.summary import SUMMARY_COLUMNS
from patronage.models.validation import require_columns
from patronage.typing import Mask

NEEDED = (*SUMMARY_COLUMNS, c.MONETARY_VALUE)
PREDICTED = (
    c.P_ALIVE, c.P_ORDER, c.EXPECTED_ORDERS, c.EXPECTED_ORDERS_LOW, c.EXPECTED_ORDERS_HIGH, c.EXPECTED_SPEND,
    c.MEDIAN_ORDERS, c.EXPECTED_SPEND_LOW, c.EXPECTED_SPEND_HIGH, c.MEDIAN_SPEND, c.CLV, c.CLV_LOW, c.CLV_HIGH,
    c.MEDIAN_CLV,
)  # fmt: skip


class CLV(BaseEstimator):  # type: ignore[misc]
    """Predicts the orders of each customer in a horizon, and their value, with intervals.

    BG/NBD, MBG/NBD or Pareto/NBD for orders, Gamma-Gamma for their value. `patronage.train` fits the same laws; it also
    chooses among them, replaces a law whose assumptions fail, and calibrates the intervals at an earlier origin.

    Parameters
    ----------
    model
        The law of orders: bg_nbd, mbg_nbd, pareto_nbd or abe.
    horizon_days
        The horizon of `p_order`, orders and spend.
    value_horizon_days
        The horizon of `clv`.
    discount_rate
        Per year: a value in a year is worth 1 / (1 + discount_rate) of the same value now.
    margin
        Share of an order's value that is earned.
    level
        Share of the futures that an interval contains.
    covariates
        Columns of X, numbers or text, whose effects on the rate of orders and on leaving are fitted too, towards none.
        `patronage.train` keeps those that predict better at an earlier origin; here all are kept, and
        `model_.effects.table()` shows them with intervals.

    Attributes
    ----------
    model_
        The fitted CLVModel.
    feature_names_in_
        The columns of X that are read.

    Examples
    --------
    300 customers whose first order is up to 300 days old, each with a rate of repeat orders of their own:

    >>> import numpy as np
    >>> import pandas as pd
    >>> import patronage as pt
    >>> rng = np.random.default_rng(0)
    >>> age = rng.integers(30, 300, 300).astype(float)
    >>> orders = rng.poisson(rng.gamma(0.8, 1 / 60, 300) * age)
    >>> X = pd.DataFrame({
    ...     "frequency": orders,
    ...     "recency": np.where(orders > 0, np.floor(age * rng.beta(np.maximum(orders, 1), 1)), 0),
    ...     "T": age,
    ...     "monetary_value": np.where(orders > 0, rng.gamma(6, 5, 300).round(2), 0),
    ... })
    >>> predicted = pt.CLV(horizon_days=90).fit(X).predict(X)
    >>> predicted.shape
    (300, 14)
    >>> bool((predicted["expected_orders_low"] <= predicted["expected_orders_high"]).all())
    True
    """

    def __init__(
        self,
        *,
        model: str = ClvConfig.model,
        horizon_days: int = 90,
        value_horizon_days: int = ClvConfig.value_horizon_days,
        discount_rate: float = ClvConfig.discount_rate,
        margin: float = ClvConfig.margin,
        level: float = ClvConfig.level,
        covariates: Sequence[str] = (),
    ) -> None:
        self.model = model
        self.horizon_days = horizon_days
        self.value_horizon_days = value_horizon_days
        self.discount_rate = discount_rate
        self.margin = margin
        self.level = level
        self.covariates = covariates

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:
        """Fit the laws to the customers who have bought.

        Parameters
        ----------
        X
            With frequency, recency, T and monetary_value, as `patronage.features` gives them, in days: a row per
            customer. Rows without an order, whose T is missing, are left out.
        y
            Not read: the summaries of X hold what is fitted.

        Raises
        ------
        ConfigError
            A parameter is out of its range.
        DataError
            A column is missing, or has a value that no customer can have.
        FitError
            There are no repeat orders, or the likelihood has no optimum.
        """
        config = self._config()
        bought = _bought(X)
        covariates = tuple(self.covariates)
        self.model_ = clv.fit(
            X[bought], config, model=self.model, horizon_days=self.horizon_days, covariates=covariates
        )
        self.feature_names_in_ = np.array([*NEEDED, *(name for name in covariates if name in X)], dtype=object)
        return self

    def predict(self, X: pd.DataFrame) -> pd.DataFrame:
        """Predict each customer's orders and value.

        Returns
        -------
        DataFrame
            On the index of X: `p_alive`, `p_order`, `expected_orders`, `expected_spend` and `clv`, with `_low` and
            `_high` and a median of orders and clv; missing for customers who never bought.
        """
        check_is_fitted(self)
        bought = _bought(X)
        predicted = pd.DataFrame(np.nan, index=X.index, columns=list(PREDICTED))
        for name, values in self.model_.predict(X[bought]).items():
            predicted.loc[bought, name] = values
        return predicted

    def _config(self) -> ClvConfig:
        """The parameters as the settings of a training, checked; a law must be named, as X has no earlier origin."""
        one_of("model", self.model, LAWS)
        within("horizon_days", self.horizon_days, 1, 3650)
        names = ("model", "value_horizon_days", "discount_rate", "margin", "level")
        config = ClvConfig(**{name: getattr(self, name) for name in names})
        config.check()
        return config


def _bought(X: pd.DataFrame) -> Mask:
    """(N,) the customers with an order, once X is known to have the columns and no impossible value."""
    require_columns(X, NEEDED, "CLV")
    bought = X[c.T].notna().to_numpy()
    x, t_x, age, value = (X.loc[bought, name].to_numpy(np.float64) for name in NEEDED)
    wrong = ~((x >= 0) & (x == np.floor(x)) & (t_x >= 0) & (t_x <= age)) | ((x == 0) & (t_x != 0))
    wrong |= (x > 0) & ~np.isfinite(value)
    if wrong.any():
        raise DataError(
            f"X has {int(wrong.sum())} rows that are no summary of orders; expected a whole {c.FREQUENCY} >= 0, "
            f"0 <= {c.RECENCY} <= {c.T} ({c.RECENCY} 0 without repeat orders) and a known {c.MONETARY_VALUE} with them"
        )
    return bought
