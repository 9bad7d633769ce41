"""Personas: clusters of customers that behave alike, by scikit-learn's KMeans or GaussianMixture.

Skewed features are winsorised at quantiles of the fit, filled with the median where a customer has no answer, made
roughly normal (Yeo and Johnson 2000) and turned into uncorrelated components, so that features that say the same
do not vote twice. All of that is inside the fitted value.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import softmax
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import PowerTransformer
from threadpoolctl import threadpool_limits

from patronage import columns as c
from patronage.config import PersonasConfig
from patronage.errors import ConfigError, FitError
from patronage.lenses.lens import Feature

# What a persona file may hold besides scikit-learn's own types; reviewed here, never read from the file.
TRUSTED = ["numpy.dtype"]

EXPLAINED = 0.95  # share of variance that the components keep
NAMED_BY = 2  # features in a persona's name


@dataclass(frozen=True)
class Personas:
    """Fitted personas.

    Attributes
    ----------
    columns
        The features that it reads.
    low, high
        Where each feature is winsorised.
    pipeline
        Imputation, power transform and components.
    clusters
        The fitted KMeans or GaussianMixture, on the components.
    order
        Cluster of each persona id: ids run from the highest mean of the first feature to the lowest.
    variance
        Mean squared distance to the own centre per component; it turns KMeans distances into probabilities.
    names
        A readable name for each id.
    """

    columns: tuple[str, ...]
    low: np.ndarray
    high: np.ndarray
    pipeline: Pipeline
    clusters: KMeans | GaussianMixture
    order: np.ndarray
    variance: float
    names: tuple[str, ...]

    def components(self, features: pd.DataFrame) -> np.ndarray:
        """(N, C) uncorrelated components of the customers."""
        values = features[list(self.columns)].to_numpy(float)
        return self.pipeline.transform(np.clip(values, self.low, self.high))

    def probabilities(self, features: pd.DataFrame) -> np.ndarray:
        """(N, k) probability of each persona id.

        A mixture has posteriors. KMeans is read as the mixture that it is the limit of: equal weights, spherical
        clusters of the common variance, so that p is proportional to exp(-distance² / (2 variance)).
        """
        points = self.components(features)
        with threadpool_limits(1):  # sums in one order: the same bits in every run
            if isinstance(self.clusters, GaussianMixture):
                raw = self.clusters.predict_proba(points)
            else:
                raw = softmax(-(self.clusters.transform(points) ** 2) / (2 * self.variance), axis=1)
        return raw[:, self.order]

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        """Id, name and probability of the most probable persona, on the same index."""
        probabilities = self.probabilities(features)
        ids = probabilities.argmax(axis=1)
        return pd.DataFrame(
            {
                c.PERSONA_ID: ids.astype(np.int32),
                c.PERSONA: np.asarray(self.names, dtype=object)[ids],
                c.PERSONA_PROBABILITY: probabilities.max(axis=1),
            },
            index=features.index,
        )

    def save(self, folder: Path) -> None:
        """Write skops (scikit-learn without pickle) and JSON."""
        import skops.io

        skops.io.dump({"pipeline": self.pipeline, "clusters": self.clusters}, folder / "personas.skops")
        state = {
            "columns": self.columns,
            "low": self.low.tolist(),
            "high": self.high.tolist(),
            "order": self.order.tolist(),
            "variance": self.variance,
            "names": self.names,
        }
        (folder / "personas.json").write_text(json.dumps(state, indent=1))

    @classmethod
    def load(cls, folder: Path) -> Personas:
        """Read what `save` wrote."""
        import skops.io

        fitted = skops.io.load(folder / "personas.skops", trusted=TRUSTED)
        state = json.loads((folder / "personas.json").read_text())
        return cls(
            columns=tuple(state["columns"]),
            low=np.array(state["low"]),
            high=np.array(state["high"]),
            pipeline=fitted["pipeline"],
            clusters=fitted["clusters"],
            order=np.array(state["order"]),
            variance=state["variance"],
            names=tuple(state["names"]),
        )


def fit(features: pd.DataFrame, config: PersonasConfig, described: Mapping[str, Feature], seed: int) -> Personas:
    """Cluster the customers.

    Parameters
    ----------
    described
        The words of each feature, for the names.

    Raises
    ------
    ConfigError
        A feature is unknown, or none is chosen.
    FitError
        Fewer different customers than personas.
    """
    chosen = tuple(name for name, on in config.features.items() if on)
    if unknown := [name for name in chosen if name not in described or described[name].text]:
        raise ConfigError(
            f"personas.features: no numeric feature {', '.join(unknown)}; expected {', '.join(described)}"
        )
    # A feature without a single answer in this data cannot tell customers apart.
    columns = tuple(name for name in chosen if features[name].nunique() > 1)
    if not columns:
        raise ConfigError("personas.features: none is chosen that differs between customers; switch one on")
    values = features[list(columns)].to_numpy(float)
    low = np.nanquantile(values, config.winsorise, axis=0)
    high = np.nanquantile(values, 1 - config.winsorise, axis=0)
    values = np.clip(values, low, high)
    different = len(np.unique(values, axis=0))
    if different < config.k:
        raise FitError(f"personas.k={config.k} with {different} different customers to cluster; lower personas.k")
    pipeline = Pipeline(
        [
            ("fill", SimpleImputer(strategy="median", keep_empty_features=True)),
            ("normal", PowerTransformer()),
            ("components", PCA(n_components=EXPLAINED, whiten=True, svd_solver="full")),
        ]
    )
    with threadpool_limits(1):
        points = pipeline.fit_transform(values)
        clusters = cluster(points, config.method, config.k, seed)
        labels = clusters.predict(points)
    means = pd.DataFrame(values, columns=list(columns)).groupby(labels).mean().reindex(range(config.k))
    order = np.argsort(-means[columns[0]].fillna(-np.inf).to_numpy(), kind="stable")
    spread = float(np.mean((points - _centres(clusters)[labels]) ** 2))
    names = _names(means.iloc[order], values, columns, described)
    return Personas(columns, low, high, pipeline, clusters, order, max(spread, 1e-12), names)


def cluster(points: np.ndarray, method: str, k: int, seed: int) -> KMeans | GaussianMixture:
    """The scikit-learn estimator of `method`, fitted on components."""
    with warnings.catch_warnings():  # fewer different points than clusters: seen in the stability, not on stderr
        warnings.simplefilter("ignore", ConvergenceWarning)
        return _estimator(method, k, seed).fit(points)


def _estimator(method: str, k: int, seed: int) -> KMeans | GaussianMixture:
    if method == "gmm":
        return GaussianMixture(k, covariance_type="full", reg_covar=1e-3, n_init=3, random_state=seed)
    return KMeans(k, n_init=10, random_state=seed)


def _centres(clusters: KMeans | GaussianMixture) -> np.ndarray:
    return clusters.means_ if isinstance(clusters, GaussianMixture) else clusters.cluster_centers_


def _names(
    means: pd.DataFrame, values: np.ndarray, columns: tuple[str, ...], described: Mapping[str, Feature]
) -> tuple[str, ...]:
    """A name from the features on which a persona is furthest from everyone; numbered where two agree."""
    scores = (means.to_numpy() - np.nanmean(values, axis=0)) / np.maximum(np.nanstd(values, axis=0), 1e-12)
    names: list[str] = []
    for row in scores:
        words = []
        for j in np.argsort(-np.abs(np.nan_to_num(row)), kind="stable"):
            feature = described[columns[j]]
            word = feature.high if row[j] > 0 else feature.low
            if word:
                words.append(word)
        name = ", ".join(words[:NAMED_BY]) or "average"
        names.append(name if name not in names else f"{name} ({1 + sum(n.startswith(name) for n in names)})")
    return tuple(names)
