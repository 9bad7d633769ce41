"""Churn, number of orders and spend by BTYD and LightGBM together, learned from several origins.

At every origin the BTYD model is fitted anew on what was known then. Its expectation (P(an order in the horizon),
expected orders, expected spend) is a member by itself, enters a LightGBM model as features, and is what another one
starts from, so that it learns the residual only. The answer is the equal average of the members (facts of the design:
features win on dense, stationary logs, the start wins where the season turns, and learned weights lose when it does).
Spend is said in two ways by each member: as learned, and as its orders at BTYD's value of an order.
P(alive) takes no part: under BG/NBD a one-time buyer is alive for sure.

Where the horizon is longer than any label window before the cutoff, everything is learned on a shorter window, and
the raw score moves by what BTYD's own moves from the window to the horizon.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import lightgbm as lgb
import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import ChurnConfig
from patronage.errors import FitError
from patronage.labels import LabelledSnapshot, held_out
from patronage.models.btyd.mean import BTYD_COLUMNS
from patronage.models.ensemble.boosting import BinnedData, Rows, boost, problem, rehearsal, stack
from patronage.models.ensemble.encoding import Encoding, Matrices
from patronage.models.ensemble.member import MEMBERS, Member
from patronage.models.ensemble.reasons import Contributions, contributions, in_words
from patronage.models.ensemble.target import (
    AMOUNT_FLOOR,
    CHURN,
    ORDERS,
    RATE_FLOOR,
    SPEND,
    TARGETS,
    Target,
)
from patronage.typing import Array, Columns

__all__ = [
    "BTYD_COLUMNS", "CHURN", "ORDERS", "RATE_FLOOR", "SPEND", "Answer", "Ensemble", "Member", "Target", "fit",
    "needs_btyd",
]  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """The fitted members of one target.

    Attributes
    ----------
    typical
        BTYD's mean raw score where they learned; 0 where no member starts from it.
    """

    target: Target
    members: tuple[Member, ...]
    typical: float = 0.0

    def parts(
        self, features: Columns, far: Columns | None = None, matrices: Matrices | None = None
    ) -> dict[str, Array]:
        """What each member learned to say; matrices of the features that are there are used again."""
        made = matrices or Matrices(features, [member.encoding for member in self.members])
        moved: Array | float = 0.0
        if far is not None:
            moved = self.target.start(far) - self.target.start(features)
        return {
            member.name: self.target.mean(member.raw(self.target, features, made) + moved) for member in self.members
        }


@dataclass(frozen=True)
class Ensemble:
    """The fitted answers to the three targets.

    Attributes
    ----------
    window_days
        Length of the label windows that it learned from; shorter than the horizon where the log is.
    bands
        Name to upper border of `churn_probability`, safest first.
    usual
        The median of every number that was learned from.
    """

    churn: Answer
    orders: Answer
    spend: Answer
    window_days: int
    bands: dict[str, float]
    usual: dict[str, float]

    @property
    def answers(self) -> tuple[Answer, Answer, Answer]:
        return self.churn, self.orders, self.spend

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads: lens features, and BTYD's expectations if a member was fitted with them."""
        members = [member for answer in self.answers for member in answer.members]
        read = [*BTYD_COLUMNS] if any(member.base is None for member in members) else []
        read += [name for member in members for name in member.encoding.columns]
        return tuple(dict.fromkeys(read))

    def matrices(self, features: Columns) -> Matrices:
        """What its members read, for whoever asks for answers and for reasons."""
        return Matrices(features, [member.encoding for answer in self.answers for member in answer.members])

    def predict(self, features: pd.DataFrame, far: pd.DataFrame | None = None) -> pd.DataFrame:
        """P(churn), expected orders and expected spend in the horizon, on the index of `features`.

        Parameters
        ----------
        features
            Lens features, and BTYD's expectations over `window_days`.
        far
            BTYD's expectations over the horizon, where that is longer than `window_days`.
        """
        return pd.DataFrame(self.answer(features, far), index=features.index)

    def answer(
        self, features: Columns, far: Columns | None = None, matrices: Matrices | None = None
    ) -> dict[str, Array]:
        """What `predict` says, as arrays."""
        parts = self.parts(features, far, matrices)
        return {label: np.mean(list(members.values()), axis=0) for label, members in parts.items()}

    def parts(
        self, features: Columns, far: Columns | None = None, matrices: Matrices | None = None
    ) -> dict[str, dict[str, Array]]:
        """What each member says of each target, by the target's label; see `predict`.

        Spend is the mean of what was learned of it, which knows who buys what is dear, and of the member's orders at
        BTYD's value of an order, which no single dear order moves: the two err on different customers.
        """
        made = matrices or self.matrices(features)
        said = {answer.target.label: answer.parts(features, far, made) for answer in self.answers}
        btyd = features if far is None else far
        for name in said[c.SPEND]:
            if any(MEMBERS[name]):
                spend, orders = (np.asarray(btyd[name]) for name in (c.EXPECTED_SPEND, c.EXPECTED_ORDERS))
                worth = spend / orders.clip(AMOUNT_FLOOR)
                said[c.SPEND][name] = (said[c.SPEND][name] + said[c.ORDERS][name] * worth) / 2
        return said

    def band(self, probability: Array) -> np.ndarray:
        """The name of the band that each churn probability lies in."""
        borders = list(self.bands.values())[:-1]
        names = np.asarray(list(self.bands), dtype=object)
        return names[np.searchsorted(borders, probability, side="right")]

    def explain_churn(
        self, features: Columns, far: Columns | None = None, matrices: Matrices | None = None
    ) -> Contributions:
        """The log-odds of churn divided among the features; see `reasons`."""
        made = matrices or self.matrices(features)
        return contributions(self.churn.target, self.churn.members, self.churn.typical, features, made, far)

    def reasons(self, features: Columns, far: Columns | None = None, matrices: Matrices | None = None) -> list[str]:
        """What pushes each customer's churn risk up most and what holds it down, in words."""
        found = self.explain_churn(features, far, matrices)
        return in_words(found, features, self.usual, self.window_days)

    def importance(self) -> pd.DataFrame:
        """Share of the total gain of each column (rows) in each answer and member that boosts, largest first."""
        gains = {
            f"{answer.target.label} {member.name}": pd.Series(
                member.booster.feature_importance("gain"), index=list(member.encoding.columns)
            )
            for answer in self.answers
            for member in answer.members
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
            "usual": self.usual,
            "typical": {answer.target.label: answer.typical for answer in self.answers},
            "members": {
                answer.target.label: [
                    {
                        "name": member.name,
                        "columns": member.encoding.columns,
                        "levels": member.encoding.levels,
                        "base": member.base,
                    }
                    for member in answer.members
                ]
                for answer in self.answers
            },
        }
        (folder / "ensemble.json").write_text(json.dumps(state, indent=1))
        for answer in self.answers:
            for member in answer.members:
                if member.booster is not None:
                    member.booster.save_model(folder / f"{answer.target.label}_{member.name}.txt")

    @classmethod
    def load(cls, folder: Path) -> Ensemble:
        """Read what `save` wrote."""
        state = json.loads((folder / "ensemble.json").read_text())
        answers = {}
        for target in TARGETS:
            members = []
            for one in state["members"][target.label]:
                trees = folder / f"{target.label}_{one['name']}.txt"
                booster = lgb.Booster(model_file=trees) if trees.is_file() else None
                levels = {name: tuple(values) for name, values in one["levels"].items()}
                members.append(Member(one["name"], Encoding(tuple(one["columns"]), levels), booster, one["base"]))
            answers[target.label] = Answer(target, tuple(members), state["typical"][target.label])
        return cls(
            answers[c.CHURNED],
            answers[c.ORDERS],
            answers[c.SPEND],
            state["window_days"],
            state["bands"],
            state["usual"],
        )


def needs_btyd(config: ChurnConfig) -> bool:
    """Whether a chosen member looks at BTYD."""
    return any(sees or starts for name, (sees, starts) in MEMBERS.items() if config.members.get(name))


def fit(
    snapshots: Sequence[LabelledSnapshot], now: pd.DataFrame, columns: Sequence[str], config: ChurnConfig, seed: int
) -> tuple[Ensemble, pd.DataFrame]:
    """Learn the three targets from labelled snapshots of earlier origins, the latest first.

    Parameters
    ----------
    snapshots
        Of customers who have bought. Features must already hold `BTYD_COLUMNS` where a member needs them.
    now
        Features of those who have bought by the cutoff, likewise with `BTYD_COLUMNS`, over the same window.
    columns
        The lens features to learn from; text is taken as categories.

    Returns
    -------
    Hybrid
    DataFrame
        The rehearsal: what members that knew neither the latest origin nor these customers answered there of churn
        and orders; missing where the customer has no label.

    Raises
    ------
    FitError
        No customer of any origin has a label.
    """
    rows = stack(snapshots, config.validation_share, seed)
    customers = rows.features.index
    if config.fit_sample is not None and (many := customers.nunique()) > config.fit_sample:
        rows = rows.select(held_out(customers, config.fit_sample / many, seed, "sample").to_numpy())
    if not CHURN.known(rows.labels).any():
        raise FitError("churn: no customer had an order in the lookback of any origin; raise lookback_days")
    shared: dict[bytes, BinnedData] = {}  # questions that are known of the same customers have theirs in common
    found = []
    for target in TARGETS:
        known = target.known(rows.labels).to_numpy()
        if (key := known.tobytes()) not in shared:
            shared[key] = BinnedData(rows.select(known), columns, config, seed)
        found.append(_answer(target, shared[key], now, config, seed))
    churn, orders, spend = found
    numbers = rows.features[[name for name in columns if pd.api.types.is_numeric_dtype(rows.features[name])]]
    usual = {name: float(value) for name, value in numbers.median().items() if np.isfinite(value)}
    days = snapshots[0].horizon_days
    made = Ensemble(churn.answer, orders.answer, spend.answer, days, dict(config.bands), usual)
    return made, pd.concat([churn.rehearsed, orders.rehearsed], axis=1)


class _Made(NamedTuple):
    answer: Answer
    rehearsed: pd.Series


def _answer(target: Target, material: BinnedData, now: pd.DataFrame, config: ChurnConfig, seed: int) -> _Made:
    made = [_member(name, target, material, now, config, seed) for name in _chosen(target, config)]
    said = np.mean([target.mean(rehearsed) for _, rehearsed in made], axis=0)
    rows = material.rows
    customers = rows.features.index[rehearsal(rows)]
    starts = any(member.base is None for member, _ in made)
    typical = float(target.start(rows.features).mean()) if starts else 0.0
    return _Made(
        Answer(target, tuple(member for member, _ in made), typical), pd.Series(said, customers, name=target.label)
    )


def _chosen(target: Target, config: ChurnConfig) -> list[str]:
    """The members that are on; BTYD says nothing of a cancellation, so that none may start from it there."""
    contract = config.contractual and target is CHURN
    return [name for name, on in config.members.items() if on and not (contract and MEMBERS[name][1])]


def _member(
    name: str, target: Target, material: BinnedData, now: pd.DataFrame, config: ChurnConfig, seed: int
) -> tuple[Member, Array]:
    """The member, and its raw scores in the rehearsal."""
    rows, encoding = material.rows, material.encoding
    given, base = _starts(name, target, rows, now)
    tried = given[rehearsal(rows)]
    if name == "btyd":
        return Member(name, encoding.only(()), None, base), tried
    sees, _ = MEMBERS[name]
    reads = Encoding((*encoding.columns, *(BTYD_COLUMNS if sees else ())), encoding.levels)
    boosted = boost(problem(target, rows, material.binned(reads), given), rows, config, seed)
    member = Member(name, reads, boosted.booster, base)
    if base is not None and sees and not target.is_probability:  # trees say who, not how much: the total stays BTYD's
        said = target.base(target.mean(member.raw(target, now, Matrices(now, [reads]))))
        member = replace(member, base=base + (base - said))
    return member, tried + boosted.rehearsed


def _starts(name: str, target: Target, rows: Rows, now: pd.DataFrame) -> tuple[Array, float | None]:
    """The raw scores that a member starts from in each row, and that of everyone at the cutoff.

    None in place of the latter: BTYD's answer for each customer. A member that only sees BTYD takes an amount's level
    from it, and a probability's from the origins before the latest.
    """
    sees, starts = MEMBERS[name]
    if starts:
        return target.start(rows.features), None
    if sees and not target.is_probability:
        expected = rows.features[target.expectation].groupby(rows.origin).transform("mean")
        return target.raw(expected.to_numpy()), target.base(now[target.expectation].to_numpy())
    earlier = ~rows.latest if (~rows.latest).any() else rows.latest
    base = target.base(target.truth(rows.labels)[earlier])
    return np.full(len(rows.labels), base), base
