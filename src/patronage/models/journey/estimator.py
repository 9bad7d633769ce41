"""The journey alone, as a scikit-learn estimator."""

from __future__ import annotations

import logging
from typing import Any, Self

import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from patronage.config import JourneyConfig
from patronage.config.journey import AUTO
from patronage.errors import DataError
from patronage.models.journey.fit import fit
from patronage.models.journey.model import JourneyModel
from patronage.models.journey.paths import PERIOD_DAYS
from patronage.models.validation import require_columns

log = logging.getLogger(__name__)

WEEK = 7


class Journey(BaseEstimator):  # type: ignore[misc]
    """Predicts the stage of each customer, the stage at the end of the horizon, and P(an order in the horizon).

    An event-driven, partially hidden Markov model over the column `journey_path`. `patronage.train` fits the same, and
    calibrates it at earlier cutoffs besides.

    Parameters
    ----------
    horizon_days
        Length of the horizon.
    period_days
        Days of one character of the paths. "auto" takes that of the frame (`X.attrs["period_days"]`, which
        `patronage.features` sets), or a week where the frame has none.
    cadence_classes
        1, 2 or 3 purchase rates of customers; "auto" compares them on held-out customers.
    max_customers
        Most customers in the fit.
    min_customers
        With fewer customers the model is a typical shop, unfitted (`model_.fitted` is False then).
    left_censored
        Whether the log begins later than its customers, so that the first order in it need not be the first. It
        changes no stage; `model_.left_censored` tells it.
    seed
        The same seed gives the same journey.

    Attributes
    ----------
    model_
        The fitted JourneyModel.
    feature_names_in_
        The columns of X.

    Examples
    --------
    >>> import patronage as pt
    >>> X = pt.features(pt.read(pt.example_orders(300)), "2024-01-01")
    >>> journey = pt.Journey(horizon_days=90).fit(X)
    >>> journey.predict(X).columns.tolist()
    ['journey_stage', 'journey_probability', 'next_stage', 'journey_p_order']
    """

    def __init__(
        self,
        *,
        horizon_days: int = 90,
        period_days: int | str = AUTO,
        cadence_classes: int | str = JourneyConfig.cadence_classes,
        max_customers: int = JourneyConfig.max_customers,
        min_customers: int = JourneyConfig.min_customers,
        left_censored: bool = False,
        seed: int = 0,
    ) -> None:
        self.horizon_days = horizon_days
        self.period_days = period_days
        self.cadence_classes = cadence_classes
        self.max_customers = max_customers
        self.min_customers = min_customers
        self.left_censored = left_censored
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:
        """Fit the journey to the paths of X, such as `patronage.features` gives; y is not used.

        Raises
        ------
        DataError
            X lacks the column `journey_path`, or its paths have another period than `period_days`.
        ConfigError
            A parameter is out of its range.
        FitError
            No customer has an observed period.
        """
        require_columns(X, JourneyModel.columns, "Journey")
        config = JourneyConfig(
            period_days=self.period_days,
            cadence_classes=self.cadence_classes,
            max_customers=self.max_customers,
            min_customers=self.min_customers,
        )
        config.check()
        self.model_ = fit(
            X,
            config,
            horizon_days=self.horizon_days,
            period_days=self._period(X),
            left_censored=self.left_censored,
            seed=self.seed,
        )
        self.feature_names_in_ = X.columns.to_numpy(object)
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X: pd.DataFrame) -> pd.DataFrame:
        """The journey of each customer.

        Returns
        -------
        DataFrame
            On the index of X: `journey_stage`, `journey_probability` (of that stage), `next_stage` (at the end of the
            horizon) and `journey_p_order` (P(an order in the horizon)).
        """
        check_is_fitted(self)
        require_columns(X, JourneyModel.columns, "Journey")
        _check_period(X, self.model_.period_days)
        return pd.DataFrame(self.model_.predict(X), index=X.index)

    def _period(self, X: pd.DataFrame) -> int:
        if self.period_days != AUTO:
            _check_period(X, int(self.period_days))
            return int(self.period_days)
        if PERIOD_DAYS not in X.attrs:
            log.warning("X does not tell the period of its paths: they are read as weekly; otherwise give period_days")
        return int(X.attrs.get(PERIOD_DAYS, WEEK))


def _check_period(X: pd.DataFrame, expected: int) -> None:
    period = X.attrs.get(PERIOD_DAYS, expected)
    if period != expected:
        raise DataError(
            f"Journey: the paths of X have periods of {period} days; expected {expected}; "
            "make them with patronage.features(..., period_days=...)"
        )
