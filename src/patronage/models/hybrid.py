"""Churn by LightGBM over several origins, with the expectations of a BTYD model among its features.

At every origin the BTYD model is fitted anew on what was known then; its P(an order in the horizon) and expected
orders enter as features (never P(alive): under BG/NBD a one-time buyer is alive for sure). The number of boosting
rounds is chosen forward in time and on other customers, and may be 0: then the answer is the base rate.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
from scipy.special import expit, logit

from patronage import columns as c
from patronage.config import ChurnConfig
from patronage.errors import FitError
from patronage.labels import Snapshot, held_out

BTYD_COLUMNS = (c.P_ORDER, c.EXPECTED_ORDERS)
RATE_FLOOR = 1e-4  # a rate of exactly 0 or 1 would be a claim that no data can support


@dataclass(frozen=True)
class Churn:
    """A fitted churn model.

    Attributes
    ----------
    columns
        The columns that it reads: lens features, and BTYD's expectations if it was fitted with them.
    booster
        None where no round of boosting beat the base rate.
    base_rate
        Share of churned customers over the training origins.
    bands
        Name to upper border of `churn_probability`, safest first.
    """

    columns: tuple[str, ...]
    booster: lgb.Booster | None
    base_rate: float
    bands: dict[str, float]

    @property
    def rounds(self) -> int:
        return 0 if self.booster is None else self.booster.num_trees()

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        """Churn probability and its band, on the same index."""
        if self.booster is None:
            probability = np.full(len(features), self.base_rate)
        else:
            values = features[list(self.columns)].to_numpy(float)
            raw = self.booster.predict(values, raw_score=True, num_threads=1)
            probability = expit(np.asarray(raw) + logit(self.base_rate))
        borders = list(self.bands.values())[:-1]
        band = np.asarray(list(self.bands), dtype=object)[np.searchsorted(borders, probability, side="right")]
        return pd.DataFrame({c.CHURN_PROBABILITY: probability, c.CHURN_BAND: band}, index=features.index)

    def importance(self) -> pd.Series:
        """Total gain of each column, largest first."""
        gain = np.zeros(len(self.columns)) if self.booster is None else self.booster.feature_importance("gain")
        return pd.Series(gain, index=list(self.columns)).sort_values(ascending=False, kind="stable")

    def save(self, folder: Path) -> None:
        """Write LightGBM's text format and JSON."""
        state = {"columns": self.columns, "base_rate": self.base_rate, "bands": self.bands}
        (folder / "churn.json").write_text(json.dumps(state, indent=1))
        if self.booster is not None:
            self.booster.save_model(folder / "churn.txt")

    @classmethod
    def load(cls, folder: Path) -> Churn:
        """Read what `save` wrote."""
        state = json.loads((folder / "churn.json").read_text())
        trees = folder / "churn.txt"
        booster = lgb.Booster(model_file=trees) if trees.is_file() else None
        return cls(tuple(state["columns"]), booster, state["base_rate"], state["bands"])


def fit(snapshots: Sequence[Snapshot], columns: Sequence[str], config: ChurnConfig, seed: int) -> Churn:
    """Learn who churns from labelled snapshots of earlier origins, the latest first.

    Parameters
    ----------
    snapshots
        Features must already hold `BTYD_COLUMNS` where `config.btyd` is on.
    columns
        The lens features to learn from.

    Raises
    ------
    FitError
        No customer of any origin has a label.
    """
    names = (*columns, *(BTYD_COLUMNS if config.btyd else ()))
    x, y, fresh, aside = _rows(snapshots, names, config, seed)
    if len(y) == 0:
        raise FitError("churn: no customer had an order in the lookback of any origin; raise lookback_days")
    base_rate = float(np.clip(y.mean(), RATE_FLOOR, 1 - RATE_FLOOR))
    parameters = _parameters(config, seed)
    rounds = _choose_rounds(x, y, fresh, aside, parameters, config)
    booster = _boost(x, y, base_rate, parameters, rounds) if rounds else None
    return Churn(names, booster, base_rate, dict(config.bands))


def _rows(
    snapshots: Sequence[Snapshot], names: tuple[str, ...], config: ChurnConfig, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """All origins on top of each other: values, labels, from the latest origin?, customer kept for validation?"""
    x, y, fresh, aside = [], [], [], []
    for position, snapshot in enumerate(snapshots):
        if snapshot.labels is None:
            raise ValueError("a snapshot to learn from has no labels")
        asked = snapshot.labels[c.CHURNED].notna()
        known = snapshot.select(asked)
        x.append(known.features[list(names)].to_numpy(float))
        y.append(snapshot.labels.loc[asked, c.CHURNED].to_numpy(float))
        fresh.append(np.full(len(x[-1]), position == 0))
        aside.append(held_out(known.features.index, config.validation_share, seed).to_numpy())
    return np.vstack(x), np.concatenate(y), np.concatenate(fresh), np.concatenate(aside)


def _parameters(config: ChurnConfig, seed: int) -> dict[str, Any]:
    return {
        "objective": "binary",
        "metric": "binary_logloss",
        "boost_from_average": False,  # the base rate enters as the initial score, here and in predict
        "learning_rate": config.learning_rate,
        "num_leaves": config.num_leaves,
        "min_data_in_leaf": config.min_data_in_leaf,
        "lambda_l2": config.lambda_l2,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }


def _dataset(x: np.ndarray, y: np.ndarray, base_rate: float, reference: lgb.Dataset | None = None) -> lgb.Dataset:
    start = np.full(len(y), logit(base_rate))
    return lgb.Dataset(x, y, init_score=start, reference=reference, params={"verbosity": -1})


def _boost(x: np.ndarray, y: np.ndarray, base_rate: float, parameters: dict[str, Any], rounds: int) -> lgb.Booster:
    return lgb.train(parameters, _dataset(x, y, base_rate), num_boost_round=rounds)


def _choose_rounds(
    x: np.ndarray,
    y: np.ndarray,
    fresh: np.ndarray,
    aside: np.ndarray,
    parameters: dict[str, Any],
    config: ChurnConfig,
) -> int:
    """The rounds that are best later in time and on other customers; 0 where the base rate is better still.

    With one origin there is no later time to validate on, and other customers of the same origin must do.
    """
    past = ~fresh & ~aside if (~fresh).any() else ~aside
    later = fresh & aside
    if len(np.unique(y[past])) < 2 or not later.any():
        return 0
    rate = float(np.clip(y[past].mean(), RATE_FLOOR, 1 - RATE_FLOOR))
    train = _dataset(x[past], y[past], rate)
    history: dict[str, dict[str, list[float]]] = {}
    lgb.train(
        parameters,
        train,
        num_boost_round=config.max_rounds,
        valid_sets=[_dataset(x[later], y[later], rate, train)],
        valid_names=["later"],
        callbacks=[lgb.early_stopping(config.patience, verbose=False), lgb.record_evaluation(history)],
    )
    losses = history["later"]["binary_logloss"]
    without = -float(np.mean(np.where(y[later] == 1, np.log(rate), np.log1p(-rate))))
    best = int(np.argmin(losses))
    return best + 1 if losses[best] < without else 0
