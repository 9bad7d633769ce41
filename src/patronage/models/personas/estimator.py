"""Personas alone, as a scikit-learn clusterer."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Self

import pandas as pd
from pandas.api.types import is_numeric_dtype
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils.validation import check_is_fitted

from patronage import names as c
from patronage.config import LensesConfig, PersonasConfig
from patronage.config.personas import ViewConfig
from patronage.lenses import described
from patronage.lenses.lens import Feature
from patronage.models.personas.fit import fit
from patronage.models.validation import require_columns

log = logging.getLogger(__name__)


class Personas(ClusterMixin, BaseEstimator):  # type: ignore[misc]
    """Clusters customers with similar behaviour, and names the clusters.

    `patronage.train` fits the same, and carries on the personas of an earlier model besides.

    Parameters
    ----------
    method
        "kmeans" or "gmm", a Gaussian mixture.
    k
        Number of personas; "auto" takes the best stable one in `k_range`, or, where none is stable, the most
        reproducible one (`stable_` is False then).
    k_range
        Least and greatest number to compare.
    features
        Names of the columns to cluster, or a mapping of names to whether they are used; the first one orders the ids.
        Of a column of text each frequent value takes part, and all share one vote. By default those of
        conf/personas/kmeans.yaml that X has: rhythm, value, taste and more.
    views
        Name to features that share a weight; by default those of the same file.
    winsorise
        Share of the customers on either side whose values are clipped.
    stable_ari, stable_jaccard, min_share
        A number is stable with at least this agreement of refits, this overlap of each persona with its counterpart
        in a refit, and this share of the customers in the smallest persona.
    min_active_days
        Customers with fewer days with an order are assigned, but are not in the fit.
    allow_unstable
        Whether a `k` that is given may be unstable.
    ambiguous_below
        A smaller probability is ambiguous.
    bootstraps, bootstrap_sample
        Number of refits for the stability, and customers in each.
    fit_sample
        Most customers in the final fit.
    seed
        The same seed gives the same personas.

    Attributes
    ----------
    model_
        The fitted PersonaModel.
    labels_
        (N,) persona ids in the order of X.
    stable_
        Whether the personas are stable.
    feature_names_in_
        The columns of X.

    Examples
    --------
    >>> import patronage as pt
    >>> X = pt.features(pt.read(pt.example_orders(300)), "2024-01-01")
    >>> personas = pt.Personas(k_range=(2, 4)).fit(X)
    >>> personas.labels_.shape == (len(X),)
    True
    >>> personas.predict(X).columns.tolist()
    ['persona_id', 'persona', 'persona_probability', 'persona_runner_up', 'persona_reason']
    """

    def __init__(
        self,
        *,
        method: str = PersonasConfig.method,
        k: int | str = PersonasConfig.k,
        k_range: Sequence[int] = (3, 8),
        features: Sequence[str] | Mapping[str, bool] | None = None,
        views: Mapping[str, ViewConfig] | None = None,
        winsorise: float = PersonasConfig.winsorise,
        stable_ari: float = PersonasConfig.stable_ari,
        stable_jaccard: float = PersonasConfig.stable_jaccard,
        min_share: float = PersonasConfig.min_share,
        min_active_days: int = PersonasConfig.min_active_days,
        allow_unstable: bool = PersonasConfig.allow_unstable,
        ambiguous_below: float = PersonasConfig.ambiguous_below,
        bootstraps: int = PersonasConfig.bootstraps,
        bootstrap_sample: int = PersonasConfig.bootstrap_sample,
        fit_sample: int = PersonasConfig.fit_sample,
        seed: int = 0,
    ) -> None:
        self.method = method
        self.k = k
        self.k_range = k_range
        self.features = features
        self.views = views
        self.winsorise = winsorise
        self.stable_ari = stable_ari
        self.stable_jaccard = stable_jaccard
        self.min_share = min_share
        self.min_active_days = min_active_days
        self.allow_unstable = allow_unstable
        self.ambiguous_below = ambiguous_below
        self.bootstraps = bootstraps
        self.bootstrap_sample = bootstrap_sample
        self.fit_sample = fit_sample
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:
        """Cluster the customers of X, such as `patronage.features` gives; y is not used.

        Raises
        ------
        DataError
            X lacks a column to cluster.
        ConfigError
            A parameter is out of its range, a column holds text, or no column differs between customers.
        FitError
            The `k` that is given is not stable, or exceeds the number of different customers.
        """
        config = self._config()
        chosen = [name for name, on in config.features.items() if on]
        needed = chosen if self.features is not None else [c.REPEAT_DAYS_PER_MONTH]  # of the default ones, what X has
        require_columns(X, [*needed, *([c.ACTIVE_DAYS] if self.min_active_days else [])], "Personas")
        own = {name: Feature(name) for name in X if is_numeric_dtype(X[name])}
        self.model_ = fit(X, config, seed=self.seed, descriptions={**own, **described(LensesConfig())})
        self.stable_ = self.model_.choice.stable
        if not self.stable_:
            log.warning("the personas are not stable in this data: %s", self.model_.choice.taken.against)
        self.labels_ = self.model_.predict(X)[c.PERSONA_ID]
        self.feature_names_in_ = X.columns.to_numpy(object)
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X: pd.DataFrame) -> pd.DataFrame:
        """The persona of each customer.

        Returns
        -------
        DataFrame
            On the index of X: `persona_id`, `persona` (its name), `persona_probability`, `persona_runner_up` (the name
            of the second most probable one) and `persona_reason` (why this one, and what would change it). A customer
            whose every feature that the personas see is missing has none: the id is -2 and the name `unknown`. Where
            they see the time since the last order, a customer without one has the id -1 and the name `no order yet`.
        """
        check_is_fitted(self)
        require_columns(X, self.model_.reads, "Personas")
        return pd.DataFrame(self.model_.predict(X), index=X.index)

    def _config(self) -> PersonasConfig:
        settings = {name: value for name, value in self.get_params().items() if name != "seed"}
        if self.views is None:
            del settings["views"]
        if self.features is None:
            del settings["features"]
        elif not isinstance(self.features, Mapping):
            settings["features"] = dict.fromkeys(self.features, True)
        config = PersonasConfig(**(settings | {"k_range": list(self.k_range)}))
        config.check()
        return config
