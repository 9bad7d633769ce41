"""Churn, number of orders and spend by BTYD and LightGBM together, learned from several origins.

At every origin the BTYD model is fitted anew on what was known then. Its prediction (P(an order in the horizon),
expected orders, expected spend) is a member by itself, enters a LightGBM model as features, and is what another one
starts from, so that it learns the residual only. The ensemble predicts the equal average of the members: features win
on dense, stationary logs, the start wins where the season turns, and learned weights lose when it does. BTYD alone is
left out where the trees surely predict better without it (`fitting.py`), as on logs with events between orders. Spend
is predicted in two ways by each member: as learned, and as its orders at BTYD's value of an order. P(alive) takes no
part: under BG/NBD a one-time buyer is alive for sure.

Where the horizon is longer than any label window before the cutoff, everything is learned on a shorter window, and
the raw score moves by what BTYD's own moves from the window to the horizon.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.lenses.lens import Feature
from patronage.models.btyd.mean import BTYD_COLUMNS
from patronage.models.ensemble.encoding import Encoding, Matrices
from patronage.models.ensemble.member import MEMBERS, Member, TargetEnsemble
from patronage.models.ensemble.reasons import FEATURES, Contributions, contributions, in_words
from patronage.models.ensemble.target import AMOUNT_FLOOR, TARGETS, Target
from patronage.models.ensemble.trees import read_trees, write_trees
from patronage.typing import Array, Columns

FILE = "ensemble.json"


@dataclass(frozen=True)
class Ensemble:
    """The fitted members of the three targets.

    Attributes
    ----------
    window_days
        Length of the label windows that it learned from; shorter than the horizon where the log is short.
    bands
        Name to upper border of `churn_probability`, safest first.
    medians
        The median of every number where the members learned, for the reasons.
    """

    churn: TargetEnsemble
    orders: TargetEnsemble
    spend: TargetEnsemble
    window_days: int
    bands: dict[str, float]
    medians: dict[str, float]

    @property
    def targets(self) -> tuple[TargetEnsemble, TargetEnsemble, TargetEnsemble]:
        return self.churn, self.orders, self.spend

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads: lens features, and BTYD's predictions if a member was fitted with them."""
        members = [member for ensemble in self.targets for member in ensemble.members]
        columns = [*BTYD_COLUMNS] if any(member.base is None for member in members) else []
        columns += [name for member in members for name in member.encoding.columns]
        return tuple(dict.fromkeys(columns))

    def matrices(self, features: Columns) -> Matrices:
        """What the members read, made once for predictions and reasons."""
        return Matrices(features, [member.encoding for ensemble in self.targets for member in ensemble.members])

    def predict(
        self, features: Columns, btyd_at_horizon: Columns | None = None, matrices: Matrices | None = None
    ) -> dict[str, Array]:
        """P(churn), expected orders and expected spend in the horizon, by the target's label.

        Parameters
        ----------
        features
            Lens features, and BTYD's predictions over `window_days`.
        btyd_at_horizon
            BTYD's predictions over the horizon, where they differ from those over `window_days`.
        matrices
            Those of the features, where the caller has them.
        """
        members = self.member_predictions(features, btyd_at_horizon, matrices)
        return {label: np.mean(list(predictions.values()), axis=0) for label, predictions in members.items()}

    def member_predictions(
        self, features: Columns, btyd_at_horizon: Columns | None = None, matrices: Matrices | None = None
    ) -> dict[str, dict[str, Array]]:
        """The predictions of each member, by the target's label and the member's name; see `predict`.

        A member's spend is the mean of what was learned of spend, which knows who buys expensive things, and of the
        member's orders at BTYD's value of an order, which no single expensive order moves: the two err on different
        customers.
        """
        matrices = matrices or self.matrices(features)
        predictions = {
            ensemble.target.label: ensemble.predict(features, btyd_at_horizon, matrices) for ensemble in self.targets
        }
        btyd = features if btyd_at_horizon is None else btyd_at_horizon
        for name in predictions[c.SPEND]:
            if MEMBERS[name].uses_btyd:
                spend, orders = (np.asarray(btyd[column]) for column in (c.EXPECTED_SPEND, c.EXPECTED_ORDERS))
                order_value = spend / orders.clip(AMOUNT_FLOOR)
                by_orders = predictions[c.ORDERS][name] * order_value
                predictions[c.SPEND][name] = (predictions[c.SPEND][name] + by_orders) / 2
        return predictions

    def band(self, probability: Array) -> np.ndarray:
        """The name of the band that each churn probability lies in."""
        borders = list(self.bands.values())[:-1]
        names = np.asarray(list(self.bands), dtype=object)
        return names[np.searchsorted(borders, probability, side="right")]

    def contributions(
        self, features: Columns, btyd_at_horizon: Columns | None = None, matrices: Matrices | None = None
    ) -> Contributions:
        """The log-odds of churn divided among the features; see `reasons.py`."""
        return contributions(self.churn, features, matrices or self.matrices(features), btyd_at_horizon)

    def churn_reasons(
        self,
        features: Columns,
        btyd_at_horizon: Columns | None = None,
        matrices: Matrices | None = None,
        described: Mapping[str, Feature] = FEATURES,
    ) -> list[str]:
        """What raises each customer's churn risk most and what lowers it, in words."""
        parts = self.contributions(features, btyd_at_horizon, matrices)
        return in_words(parts, features, self.medians, self.window_days, described)

    def importance(self) -> pd.DataFrame:
        """Share of the total gain of each column (rows) in each target and member that boosts, largest first."""
        gains = {
            f"{ensemble.target.label} {member.name}": pd.Series(
                member.booster.feature_importance("gain"), index=list(member.encoding.columns)
            )
            for ensemble in self.targets
            for member in ensemble.members
            if member.booster is not None
        }
        table = pd.DataFrame(gains, index=list(self.columns)).fillna(0.0)
        table = table / table.sum().clip(lower=1e-12)
        return table.loc[table.sum(axis=1).sort_values(ascending=False, kind="stable").index]

    def save(self, folder: Path) -> None:
        """Write LightGBM's text format and JSON."""
        state = {
            "window_days": self.window_days,
            "bands": self.bands,
            "medians": self.medians,
            "btyd_level": {ensemble.target.label: ensemble.btyd_level for ensemble in self.targets},
            "members": {
                ensemble.target.label: [_member_state(member) for member in ensemble.members]
                for ensemble in self.targets
            },
        }
        (folder / FILE).write_text(json.dumps(state, indent=1))
        for ensemble in self.targets:
            for member in ensemble.members:
                if member.booster is not None:
                    write_trees(member.booster, folder / _trees_file(ensemble.target, member.name))

    @classmethod
    def load(cls, folder: Path) -> Ensemble:
        """Read what `save` wrote."""
        state = json.loads((folder / FILE).read_text())
        churn, orders, spend = (
            TargetEnsemble(
                target,
                tuple(_read_member(folder, target, member) for member in state["members"][target.label]),
                state["btyd_level"][target.label],
            )
            for target in TARGETS
        )
        return cls(churn, orders, spend, state["window_days"], state["bands"], state["medians"])


def _member_state(member: Member) -> dict[str, Any]:
    encoding = member.encoding
    return {"name": member.name, "columns": encoding.columns, "levels": encoding.levels, "base": member.base}


def _read_member(folder: Path, target: Target, state: dict[str, Any]) -> Member:
    trees = folder / _trees_file(target, state["name"])
    booster = read_trees(trees) if trees.is_file() else None
    levels = {name: tuple(values) for name, values in state["levels"].items()}
    return Member(state["name"], Encoding(tuple(state["columns"]), levels), booster, state["base"])


def _trees_file(target: Target, member: str) -> str:
    return f"{target.label}_{member}.txt"
