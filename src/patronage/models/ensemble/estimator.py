"""Churn alone: the ensemble of BTYD and LightGBM as a scikit-learn classifier."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from patronage import names as c
from patronage.config import ChurnConfig, LensesConfig
from patronage.errors import DataError, FitError
from patronage.labels import LabelledSnapshot
from patronage.lenses import described
from patronage.models.btyd.mean import fit_btyd
from patronage.models.ensemble.encoding import Matrices
from patronage.models.ensemble.fitting import fit_target
from patronage.models.ensemble.reasons import contributions, in_words
from patronage.models.ensemble.target import CHURN
from patronage.models.validation import numbers_of, require_columns
from patronage.typing import Array

NEEDED = (c.N_ORDERS, c.FREQUENCY, c.RECENCY, c.T, c.MONETARY_VALUE)


class Churn(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Predicts which customers will not order in the horizon.

    BTYD's P(no order), LightGBM with BTYD's predictions among its features, and LightGBM that starts from BTYD's
    prediction are averaged. `patronage.train` learns the same from several origins; this estimator learns from one.

    Parameters
    ----------
    horizon_days
        Length of the window of the labels, which BTYD's predictions are made for.
    btyd, features, offset, plain
        Which members are averaged; see conf/churn/ensemble.yaml.
    learning_rate, num_leaves, min_data_in_leaf, lambda_l2, feature_share, row_share, max_rounds, patience
        Of LightGBM.
    validation_share
        Share of the customers who choose the number of rounds.
    seed
        The same seed learns the same model.

    Attributes
    ----------
    classes_
        0, the customer orders, and 1, the customer does not.
    model_
        The fitted members.
    btyd_
        The fitted BTYD laws.
    feature_names_in_
        The columns of X.

    Examples
    --------
    Learn from what was known at one cutoff and came after it, and predict at the next:

    >>> import patronage as pt
    >>> log = pt.read(pt.example_orders())
    >>> y = pt.outcomes(log, "2023-09-01", horizon_days=90)["churned"]
    >>> churn = pt.Churn(horizon_days=90).fit(pt.features(log, "2023-09-01"), y)
    >>> churn.predict(pt.features(log, "2024-01-01")).columns.tolist()
    ['churn_probability', 'churn_band', 'churn_reasons']
    """

    def __init__(
        self,
        *,
        horizon_days: int = 90,
        btyd: bool = True,
        features: bool = True,
        offset: bool = True,
        plain: bool = False,
        learning_rate: float = ChurnConfig.learning_rate,
        num_leaves: int = ChurnConfig.num_leaves,
        min_data_in_leaf: int = ChurnConfig.min_data_in_leaf,
        lambda_l2: float = ChurnConfig.lambda_l2,
        feature_share: float = ChurnConfig.feature_share,
        row_share: float = ChurnConfig.row_share,
        max_rounds: int = ChurnConfig.max_rounds,
        patience: int = ChurnConfig.patience,
        validation_share: float = ChurnConfig.validation_share,
        seed: int = 0,
    ) -> None:
        self.horizon_days = horizon_days
        self.btyd = btyd
        self.features = features
        self.offset = offset
        self.plain = plain
        self.learning_rate = learning_rate
        self.num_leaves = num_leaves
        self.min_data_in_leaf = min_data_in_leaf
        self.lambda_l2 = lambda_l2
        self.feature_share = feature_share
        self.row_share = row_share
        self.max_rounds = max_rounds
        self.patience = patience
        self.validation_share = validation_share
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: npt.ArrayLike) -> Self:
        """Learn from customers at one cutoff.

        Parameters
        ----------
        X
            `patronage.features` at the cutoff. Customers who never bought are left out.
        y
            1 where the customer placed no order in the horizon after it, 0 where the customer did, missing where it is
            unknown; in the order of X.

        Raises
        ------
        DataError
            X lacks a column, or y has another length.
        FitError
            No customer has a label, or BTYD cannot be fitted to so few repeat orders.
        """
        require_columns(X, NEEDED, "Churn")
        churned = numbers_of(y, len(X), "1 (no order), 0 (an order) or missing")
        known = ~np.isnan(churned)
        if not set(np.unique(churned[known])) <= {0.0, 1.0}:
            raise DataError(f"y holds {np.unique(churned[known])[:5]}; expected 1 (no order), 0 (an order) or missing")
        rows = (X[c.N_ORDERS].to_numpy(np.float64) > 0) & known
        if not rows.any():
            raise FitError("churn: no customer who has bought has a label; give outcomes of the horizon after X")
        config = self._config()
        frame = X[rows]
        self.btyd_ = fit_btyd(frame, tuple(name for name, on in config.laws.items() if on))
        extended = self._with_btyd(frame)
        labels = pd.DataFrame({c.CHURNED: churned[rows]}, index=frame.index)
        snapshot = LabelledSnapshot(datetime.min, self.horizon_days, extended, labels)
        packed = {name for name, feature in described(LensesConfig()).items() if feature.packed or feature.date}
        columns = [name for name in X if name not in packed]
        self.model_ = fit_target(CHURN, [snapshot], extended, columns, config, seed=self.seed)
        numbers = frame[columns].select_dtypes("number").median()
        self.medians_ = {name: float(value) for name, value in numbers.items() if np.isfinite(value)}
        self.classes_ = np.array([0, 1])
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X: pd.DataFrame) -> pd.DataFrame:
        """Predict each customer's churn.

        Returns
        -------
        DataFrame
            On the index of X: `churn_probability`, `churn_band` and `churn_reasons`, what raises the risk (+) and what
            lowers it (-); missing for customers who never bought.
        """
        check_is_fitted(self)
        buyers = self._buyers(X)
        config = self._config()
        predictions: dict[str, Any] = {c.CHURN_PROBABILITY: self._probability(buyers)}
        borders, names = list(config.bands.values())[:-1], np.asarray(list(config.bands), dtype=object)
        predictions[c.CHURN_BAND] = names[np.searchsorted(borders, predictions[c.CHURN_PROBABILITY], side="right")]
        parts = contributions(self.model_, buyers, self._matrices(buyers))
        predictions[c.CHURN_REASONS] = in_words(parts, buyers, self.medians_, self.horizon_days)
        return pd.DataFrame(predictions, index=buyers.index).reindex(X.index)

    def predict_proba(self, X: pd.DataFrame) -> Array:
        """(N, 2) probabilities of an order and of none; missing for customers who never bought."""
        check_is_fitted(self)
        churn = np.full(len(X), np.nan)
        churn[X[c.N_ORDERS].to_numpy(np.float64) > 0] = self._probability(self._buyers(X))
        return np.column_stack([1 - churn, churn])

    def score(self, X: pd.DataFrame, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
        """Share of the customers with a known label whose label is the likelier one."""
        churned, predicted = np.asarray(y, np.float64), self.predict_proba(X)[:, 1]
        known = ~(np.isnan(churned) | np.isnan(predicted))
        weights = None if sample_weight is None else np.asarray(sample_weight)[known]
        return float(np.average((predicted[known] > 0.5) == churned[known], weights=weights))

    def _config(self) -> ChurnConfig:
        members = {"btyd": self.btyd, "features": self.features, "offset": self.offset, "plain": self.plain}
        numbers = {name: getattr(self, name) for name in self.get_params() if name in ChurnConfig.__dataclass_fields__}
        config = replace(ChurnConfig(), **{**numbers, "members": members})
        config.check()
        return config

    def _buyers(self, X: pd.DataFrame) -> pd.DataFrame:
        require_columns(X, NEEDED, "Churn")
        require_columns(X, self.feature_names_in_, "Churn", f"the {len(self.feature_names_in_)} columns of fit")
        return self._with_btyd(X[X[c.N_ORDERS].to_numpy(np.float64) > 0])

    def _with_btyd(self, buyers: pd.DataFrame) -> pd.DataFrame:
        return buyers.assign(**self.btyd_.predict(buyers, self.horizon_days))

    def _matrices(self, buyers: pd.DataFrame) -> Matrices:
        return Matrices(buyers, [member.encoding for member in self.model_.members])

    def _probability(self, buyers: pd.DataFrame) -> Array:
        return np.asarray(np.mean(list(self.model_.predict(buyers).values()), axis=0), np.float64)
