"""The preparation of features for the clustering: winsorised, roughly normal, scaled, and weighted by their novelty.

Each feature is clipped to quantiles of the fit, divided by its typical size (so that cents and euros give the same
personas), transformed to be roughly normal (Yeo and Johnson 2000) and standardised. A missing value becomes the mean,
which favours no persona.

Features that tell of one thing are a view, and share the view's weight in equal parts: what has five features does not
weigh five times. A view of shares of one whole is a mix: square roots, on one scale, so that distances are Hellinger's
and what few buy does not weigh as much as what all buy. Features that belong to no view share one vote as far as they
are correlated. The squared distance between two customers is sum_j w_j (z_ij - z_kj)², and their weights are those non-
negative ones under which the weighted features span most dimensions: their covariance C has the largest participation
ratio tr(C)² / tr(C²). With r the correlations that is the w >= 0 that solves min w' (r*r) w - 2 sum(w), the maximum
diversity of Leinster and Meckes (2016) under similarity r². Uncorrelated features weigh 1 each; two copies of one
feature weigh 1 together, exactly; a blend of two others weighs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import nnls
from sklearn.preprocessing import PowerTransformer

from patronage.config.personas import ViewConfig
from patronage.errors import ConfigError
from patronage.typing import Columns

LEAST_KNOWN = 0.1  # of the customers: a feature that is known of fewer is evidence of little
SMALL_SHARE, ROOT = 1e-4, 0.5  # with this scale and power Yeo and Johnson's transform is a square root
NULL = 1e-9  # eigenvalues below this share of the largest are zero


@dataclass(frozen=True)
class Preparation:
    """The fitted preparation; every array has one entry a column.

    Attributes
    ----------
    columns
        The features that it reads.
    low, high
        Where each is winsorised.
    scale
        Its typical size, in its own unit.
    power
        Yeo and Johnson's lambda.
    mean, spread
        Of the transformed feature.
    weights
        Its vote; 0 for a feature that the others determine.
    left_out
        Chosen features that are missing for nearly all customers, or the same for all.
    """

    columns: tuple[str, ...]
    low: np.ndarray
    high: np.ndarray
    scale: np.ndarray
    power: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    weights: np.ndarray
    left_out: tuple[str, ...]

    @property
    def voting(self) -> np.ndarray:
        """Positions of the columns that have a vote."""
        return np.flatnonzero(self.weights > 0)

    @property
    def dimensions(self) -> float:
        """The sum of the weights: without views, the number of uncorrelated features with the same information."""
        return float(self.weights.sum())

    def voters(self) -> Preparation:
        """The preparation of the columns that have a vote: the others change no distance."""
        voting = self.voting
        arrays = ("low", "high", "scale", "power", "mean", "spread", "weights")
        columns = tuple(self.columns[j] for j in voting)
        return replace(self, columns=columns, **{name: getattr(self, name)[voting] for name in arrays})

    def scores(self, features: Columns) -> np.ndarray:
        """(N, F) standard scores of the columns, each contiguous in memory; 0 for a missing value."""
        given = [np.asarray(features[name], np.float64) for name in self.columns]
        columns = np.empty((len(self.columns), len(given[0])))
        for j, column_values in enumerate(given):
            values = np.clip(column_values, self.low[j], self.high[j])
            values /= self.scale[j]
            column = columns[j]
            np.subtract(yeo_johnson(values, self.power[j]), self.mean[j], out=column)
            column /= self.spread[j]
            column[np.isnan(column)] = 0
        return columns.T

    def points(self, scores: np.ndarray) -> np.ndarray:
        """(N, voting) coordinates in which the clusters are found: scores times the root of the weights."""
        return scores[:, self.voting] * np.sqrt(self.weights[self.voting])

    def value_of(self, column: int, scores: np.ndarray) -> np.ndarray:
        """The feature's values, in its own unit, that have these standard scores."""
        power = self.power[column]
        transformed = np.asarray(scores) * self.spread[column] + self.mean[column]
        return _inverse(transformed, power) * self.scale[column]

    def state(self) -> dict[str, Any]:
        """JSON-ready."""
        return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in vars(self).items()}

    @classmethod
    def of(cls, state: dict[str, Any]) -> Preparation:
        """From what `state` gave."""
        names: dict[str, Any] = {name: tuple(state[name]) for name in ("columns", "left_out")}
        return cls(**{name: np.array(value) for name, value in state.items()} | names)


def prepare(
    features: pd.DataFrame, chosen: Sequence[str], winsorise: float, views: Mapping[str, ViewConfig] | None = None
) -> Preparation:
    """Learn the preparation of the chosen features; those of a view share its weight.

    Raises
    ------
    ConfigError
        No chosen feature differs between customers.
    """
    least = LEAST_KNOWN * len(features)
    present = [name for name in chosen if name in features and features[name].notna().sum() > least]
    values = features[present].to_numpy(float)
    low, high = np.nanquantile(values, [winsorise, 1 - winsorise], axis=0) if present else np.zeros((2, 0))
    mixes = [np.isin(present, view.features) for view in (views or {}).values() if view.mix]
    for mix in mixes:  # most customers have nothing of most goods: no share is an outlier
        low[mix], high[mix] = np.nanmin(values[:, mix], axis=0), np.nanmax(values[:, mix], axis=0)
    differ = high > low
    columns = tuple(name for name, differs in zip(present, differ, strict=True) if differs)
    left_out = tuple(name for name in chosen if name not in columns)
    if not columns:
        raise ConfigError(
            f"personas.features: none of {', '.join(chosen) or 'them'} is chosen that differs between customers; "
            "switch one on"
        )
    low, high = low[differ], high[differ]
    values = np.clip(values[:, differ], low, high)
    scale = np.array([np.median(np.abs(column[np.isfinite(column) & (column != 0)])) for column in values.T])
    values = values / scale
    power = PowerTransformer(standardize=False).fit(values).lambdas_
    for mix in mixes:
        values[:, mix[differ]] *= scale[mix[differ]] / SMALL_SHARE
        scale[mix[differ]], power[mix[differ]] = SMALL_SHARE, ROOT
    transformed = np.column_stack([yeo_johnson(column, p) for column, p in zip(values.T, power, strict=True)])
    mean, spread = np.nanmean(transformed, axis=0), np.nanstd(transformed, axis=0)
    for mix in mixes:
        spread[mix[differ]] = np.sqrt((spread[mix[differ]] ** 2).mean())
    scores = np.nan_to_num((transformed - mean) / spread)
    weights = weights_of_views(scores, columns, views or {})
    return Preparation(columns, low, high, scale, power, mean, spread, weights, left_out)


def weights_of_views(scores: np.ndarray, columns: Sequence[str], views: Mapping[str, ViewConfig]) -> np.ndarray:
    """The weight of each column: an equal part of its view's; of those without a view, what makes them span most."""
    weights = np.zeros(len(columns))
    free = np.ones(len(columns), bool)
    for view in views.values():
        own = [j for j, name in enumerate(columns) if name in view.features]
        weights[own] = view.weight / max(len(own), 1)
        free[own] = False
    if free.any():
        weights[free] = weights_of(scores[:, free])
    if not weights.any():
        raise ConfigError("personas.views: no view with features that differ between customers has a weight above 0")
    return weights


def weights_of(scores: np.ndarray) -> np.ndarray:
    """The non-negative weights under which the columns span most dimensions."""
    if scores.shape[1] == 1:
        return np.ones(1)
    similar = np.corrcoef(scores, rowvar=False) ** 2
    values, vectors = np.linalg.eigh(similar)
    # r² is singular where features are copies; the vector of ones lies in its range, so that nothing is lost
    positive = values > NULL * values.max()
    root = np.sqrt(values[positive])
    weights, _ = nnls((vectors[:, positive] * root).T, (vectors[:, positive] / root).sum(axis=0))
    return weights


def yeo_johnson(x: np.ndarray, power: float) -> np.ndarray:
    """Yeo and Johnson's transform, as scikit-learn has it, by log1p and expm1: twice as fast."""
    if not (x < 0).any():
        return _one_side(x, power)
    return np.where(x >= 0, _one_side(np.maximum(x, 0), power), -_one_side(np.maximum(-x, 0), 2 - power))


def _one_side(x: np.ndarray, power: float) -> np.ndarray:
    logs = np.log1p(x)
    if power == 0:
        return logs
    logs *= power
    np.expm1(logs, out=logs)
    logs /= power
    return logs


def _inverse(y: np.ndarray, power: float) -> np.ndarray:
    def one_side(y: np.ndarray, power: float) -> np.ndarray:
        return np.expm1(y if power == 0 else np.log1p(np.maximum(power * y, -1 + 1e-12)) / power)

    return np.where(y >= 0, one_side(np.maximum(y, 0), power), -one_side(np.maximum(-y, 0), 2 - power))
