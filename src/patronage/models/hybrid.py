"""Churn by BTYD and LightGBM together, learned from several origins.

At every origin the BTYD model is fitted anew on what was known then. Its P(no order in the horizon) is a member by
itself, enters a LightGBM model as a feature (with the expected orders), and is what another one starts from, so that
it learns the residual only. The answer is the equal average of the members (facts of the design: features win on
dense, stationary logs, the start wins where the season turns, and learned weights lose when it does). P(alive) takes
no part: under BG/NBD a one-time buyer is alive for sure.

The rounds of boosting are chosen forward in time and on other customers, and may be 0.
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

# How each member is made: does it see BTYD's expectations, and does it start from BTYD's probability?
MEMBERS = {
    "btyd": (False, True),
    "plain": (False, False),
    "features": (True, False),
    "offset": (False, True),
}


@dataclass(frozen=True)
class Member:
    """One part of the average.

    Attributes
    ----------
    columns
        The features that its booster reads.
    booster
        None where nothing is boosted, or no round beat the start.
    base_rate
        What it starts from; None where it starts from BTYD's P(no order).
    """

    name: str
    columns: tuple[str, ...]
    booster: lgb.Booster | None
    base_rate: float | None

    @property
    def rounds(self) -> int:
        return 0 if self.booster is None else self.booster.num_trees()

    def probability(self, features: pd.DataFrame) -> np.ndarray:
        """(N,) churn probability."""
        raw = _start(features, self.base_rate)
        if self.booster is not None:
            values = features[list(self.columns)].to_numpy(float)
            raw = raw + np.asarray(self.booster.predict(values, raw_score=True, num_threads=1))
        return expit(raw)


@dataclass(frozen=True)
class Churn:
    """A fitted churn model: the equal average of its members.

    Attributes
    ----------
    bands
        Name to upper border of `churn_probability`, safest first.
    """

    members: tuple[Member, ...]
    bands: dict[str, float]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads: lens features, and BTYD's expectations if a member was fitted with them."""
        read = [*BTYD_COLUMNS] if any(member.base_rate is None for member in self.members) else []
        read += [name for member in self.members for name in member.columns]
        return tuple(dict.fromkeys(read))

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        """Churn probability and its band, on the same index."""
        probability = np.mean([member.probability(features) for member in self.members], axis=0)
        borders = list(self.bands.values())[:-1]
        band = np.asarray(list(self.bands), dtype=object)[np.searchsorted(borders, probability, side="right")]
        return pd.DataFrame({c.CHURN_PROBABILITY: probability, c.CHURN_BAND: band}, index=features.index)

    def importance(self) -> pd.DataFrame:
        """Share of the total gain of each column (rows) in each member that boosts (columns), largest first."""
        gains = {
            member.name: pd.Series(member.booster.feature_importance("gain"), index=list(member.columns))
            for member in self.members
            if member.booster is not None
        }
        table = pd.DataFrame(gains, index=list(self.columns)).fillna(0.0)
        table = table / table.sum().clip(lower=1e-12)
        return table.loc[table.sum(axis=1).sort_values(ascending=False, kind="stable").index]

    def save(self, folder: Path) -> None:
        """Write LightGBM's text format and JSON."""
        state = {
            "members": [{"name": m.name, "columns": m.columns, "base_rate": m.base_rate} for m in self.members],
            "bands": self.bands,
        }
        (folder / "churn.json").write_text(json.dumps(state, indent=1))
        for member in self.members:
            if member.booster is not None:
                member.booster.save_model(folder / f"{member.name}.txt")

    @classmethod
    def load(cls, folder: Path) -> Churn:
        """Read what `save` wrote."""
        state = json.loads((folder / "churn.json").read_text())
        members = []
        for one in state["members"]:
            trees = folder / f"{one['name']}.txt"
            booster = lgb.Booster(model_file=trees) if trees.is_file() else None
            members.append(Member(one["name"], tuple(one["columns"]), booster, one["base_rate"]))
        return cls(tuple(members), state["bands"])


def needs_btyd(config: ChurnConfig) -> bool:
    """Whether a chosen member looks at BTYD."""
    return any(sees or starts for name, (sees, starts) in MEMBERS.items() if config.members.get(name))


@dataclass(frozen=True)
class _Rows:
    """The labelled customers of all origins on top of each other."""

    features: pd.DataFrame
    churned: np.ndarray
    latest: np.ndarray  # of the latest origin?
    aside: np.ndarray  # kept for validation?


def fit(snapshots: Sequence[Snapshot], columns: Sequence[str], config: ChurnConfig, seed: int) -> Churn:
    """Learn who churns from labelled snapshots of earlier origins, the latest first.

    Parameters
    ----------
    snapshots
        Features must already hold `BTYD_COLUMNS` where a member needs them.
    columns
        The lens features to learn from.

    Raises
    ------
    FitError
        No customer of any origin has a label.
    """
    rows = _stack(snapshots, config, seed)
    if len(rows.churned) == 0:
        raise FitError("churn: no customer had an order in the lookback of any origin; raise lookback_days")
    chosen = [name for name, on in config.members.items() if on]
    members = [_fit_member(name, rows, tuple(columns), config, seed) for name in chosen]
    return Churn(tuple(members), dict(config.bands))


def _stack(snapshots: Sequence[Snapshot], config: ChurnConfig, seed: int) -> _Rows:
    features, churned, latest, aside = [], [], [], []
    for position, snapshot in enumerate(snapshots):
        if snapshot.labels is None:
            raise ValueError("a snapshot to learn from has no labels")
        asked = snapshot.labels[c.CHURNED].notna()
        features.append(snapshot.features[asked])
        churned.append(snapshot.labels.loc[asked, c.CHURNED].to_numpy(float))
        latest.append(np.full(len(features[-1]), position == 0))
        aside.append(held_out(features[-1].index, config.validation_share, seed, "rounds").to_numpy())
    return _Rows(pd.concat(features), *(np.concatenate(column) for column in (churned, latest, aside)))


def _fit_member(name: str, rows: _Rows, columns: tuple[str, ...], config: ChurnConfig, seed: int) -> Member:
    sees, starts = MEMBERS[name]
    rate = None if starts else _rate(rows.churned)
    if name == "btyd":
        return Member(name, (), None, rate)
    read = (*columns, *(BTYD_COLUMNS if sees else ()))
    x = rows.features[list(read)].to_numpy(float)
    parameters = _parameters(config, seed)
    rounds = _choose_rounds(x, rows, starts, parameters, config)
    booster = None
    if rounds:
        data = _dataset(x, rows.churned, _start(rows.features, rate))
        booster = lgb.train(parameters, data, num_boost_round=rounds)
    return Member(name, read, booster, rate)


def _rate(churned: np.ndarray) -> float:
    return float(np.clip(churned.mean(), RATE_FLOOR, 1 - RATE_FLOOR))


def _start(features: pd.DataFrame, base_rate: float | None) -> np.ndarray:
    """The log-odds that boosting starts from."""
    if base_rate is not None:
        return np.full(len(features), logit(base_rate))
    return logit(np.clip(1 - features[c.P_ORDER].to_numpy(float), RATE_FLOOR, 1 - RATE_FLOOR))


def _parameters(config: ChurnConfig, seed: int) -> dict[str, Any]:
    return {
        "objective": "binary",
        "metric": "binary_logloss",
        "boost_from_average": False,  # the start is ours, here and in prediction
        "learning_rate": config.learning_rate,
        "num_leaves": config.num_leaves,
        "min_data_in_leaf": config.min_data_in_leaf,
        "lambda_l2": config.lambda_l2,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }


def _dataset(x: np.ndarray, y: np.ndarray, start: np.ndarray, reference: lgb.Dataset | None = None) -> lgb.Dataset:
    return lgb.Dataset(x, y, init_score=start, reference=reference, params={"verbosity": -1})


def _choose_rounds(
    x: np.ndarray, rows: _Rows, starts_from_btyd: bool, parameters: dict[str, Any], config: ChurnConfig
) -> int:
    """The rounds that are best later in time and on other customers; 0 where the start is better still.

    With one origin there is no later time to validate on, and other customers of the same origin must do.
    """
    past = ~rows.latest & ~rows.aside if (~rows.latest).any() else ~rows.aside
    later = rows.latest & rows.aside
    y = rows.churned
    if len(np.unique(y[past])) < 2 or not later.any():
        return 0
    rate = None if starts_from_btyd else _rate(y[past])
    start = _start(rows.features, rate)
    train = _dataset(x[past], y[past], start[past])
    history: dict[str, dict[str, list[float]]] = {}
    lgb.train(
        parameters,
        train,
        num_boost_round=config.max_rounds,
        valid_sets=[_dataset(x[later], y[later], start[later], train)],
        valid_names=["later"],
        callbacks=[lgb.early_stopping(config.patience, verbose=False), lgb.record_evaluation(history)],
    )
    losses = history["later"]["binary_logloss"]
    without = float(np.mean(np.logaddexp(0, np.where(y[later] == 1, -start[later], start[later]))))
    best = int(np.argmin(losses))
    return best + 1 if losses[best] < without else 0
