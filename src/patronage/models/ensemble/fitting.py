"""Fits the ensemble to labelled snapshots of earlier origins: each member of each target, and its validation.

Trees tell customers apart; they don't know the total, which at earlier origins was that of another season and of
younger cohorts. So the level of a member that takes BTYD for a feature is BTYD's at the cutoff, for a probability as
for an amount.

The members are averaged equally, with one exception. Where a log shows what customers do between orders, BTYD sees too
little of them: it is left out where the trees alone predicted better both who orders and how often.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit

from patronage.config import ChurnConfig
from patronage.errors import FitError
from patronage.labels import LabelledSnapshot, held_out
from patronage.models.btyd.mean import BTYD_COLUMNS
from patronage.models.ensemble.boosting import BinnedData, StackedRows, boost, fit_task, stack
from patronage.models.ensemble.encoding import Encoding, Matrices
from patronage.models.ensemble.ensemble import Ensemble
from patronage.models.ensemble.member import BTYD, MEMBERS, Member, TargetEnsemble
from patronage.models.ensemble.target import CHURN, TARGETS, Target
from patronage.typing import Array

FURTHEST = 10.0  # of log-odds
STANDARD_ERRORS = 2.0  # by which the trees alone must be better, on churn and on orders: one origin is one season


class EnsembleFit(NamedTuple):
    """The ensemble, and its out-of-time validation.

    Attributes
    ----------
    validation
        P(churn) and expected orders of held-out customers at the latest origin, by members that saw neither that
        origin nor these customers; missing where the customer has no label.
    """

    ensemble: Ensemble
    validation: pd.DataFrame


def fit_ensemble(
    snapshots: Sequence[LabelledSnapshot],
    current: pd.DataFrame,
    columns: Sequence[str],
    config: ChurnConfig,
    *,
    seed: int,
) -> EnsembleFit:
    """Learn the three targets from labelled snapshots of earlier origins, the latest first.

    Parameters
    ----------
    snapshots
        Of customers who have bought. Features must hold `BTYD_COLUMNS` where a member needs them.
    current
        Features of those who have bought by the cutoff, likewise with `BTYD_COLUMNS`, over the same window.
    columns
        The lens features to learn from; text is taken as categories.

    Raises
    ------
    FitError
        No customer of any origin has a label.
    """
    rows = sample_rows(stack(snapshots, config.validation_share, seed), config.fit_sample, seed)
    if not CHURN.is_known(rows.labels).any():
        raise FitError("churn: no customer had an order in the lookback of any origin; raise lookback_days")
    shared: dict[bytes, BinnedData] = {}  # targets that are known of the same customers share one binning
    fits = []
    for target in TARGETS:
        known = target.is_known(rows.labels).to_numpy()
        if (key := known.tobytes()) not in shared:
            shared[key] = BinnedData(rows.select(known), columns, config, seed)
        later = not (config.contractual and target is CHURN)  # BTYD knows nothing of the end of a contract
        fits.append(_fit_target(target, shared[key], current, config, seed, level_by_btyd=later))
    churn, orders, spend = [fit.without(BTYD) for fit in fits] if _trees_know_more(*fits[:2]) else fits
    numbers = rows.features[[name for name in columns if pd.api.types.is_numeric_dtype(rows.features[name])]]
    medians = {name: float(value) for name, value in numbers.median().items() if np.isfinite(value)}
    window = snapshots[0].horizon_days
    ensemble = Ensemble(churn.ensemble, orders.ensemble, spend.ensemble, window, dict(config.bands), medians)
    return EnsembleFit(ensemble, pd.concat([churn.validation, orders.validation], axis=1))


def fit_target(
    target: Target,
    snapshots: Sequence[LabelledSnapshot],
    current: pd.DataFrame,
    columns: Sequence[str],
    config: ChurnConfig,
    *,
    seed: int,
) -> TargetEnsemble:
    """Learn one target alone; see `fit_ensemble`. The labels need only hold that target's column."""
    rows = stack(snapshots, config.validation_share, seed)
    known = rows.select(target.is_known(rows.labels).to_numpy())
    data = BinnedData(known, columns, config, seed)
    return _fit_target(target, data, current, config, seed, level_by_btyd=False).ensemble


def needs_btyd(config: ChurnConfig) -> bool:
    """Whether a chosen member reads BTYD's predictions or starts from them."""
    return any(kind.uses_btyd for name, kind in MEMBERS.items() if config.members.get(name))


class _TargetFit(NamedTuple):
    """The members of a target, and (M, N) their raw scores of the N customers held out at the latest origin."""

    target: Target
    members: tuple[Member, ...]
    scores: Array
    labels: pd.Series
    btyd_level: float

    @property
    def ensemble(self) -> TargetEnsemble:
        return TargetEnsemble(self.target, self.members, self.btyd_level)

    @property
    def validation(self) -> pd.Series:
        return pd.Series(self.target.mean(self.scores).mean(axis=0), self.labels.index, name=self.target.label)

    def without(self, name: str) -> _TargetFit:
        """The same without one member."""
        others = [number for number, member in enumerate(self.members) if member.name != name]
        return self._replace(members=tuple(self.members[number] for number in others), scores=self.scores[others])

    def losses(self) -> Array:
        """(N,) loss of the mean of the members."""
        return self.target.losses(self.labels.to_numpy(), self.target.raw(self.validation.to_numpy()))


def _trees_know_more(*fits: _TargetFit) -> bool:
    """Whether every target was predicted better without the member that has no trees."""
    for fit in fits:
        trees = fit.without(BTYD)
        if not trees.members or len(trees.members) == len(fit.members):
            return False
        gain = fit.losses() - trees.losses()
        if len(gain) < 2 or gain.mean() <= STANDARD_ERRORS * gain.std(ddof=1) / np.sqrt(len(gain)):
            return False
    return True


def sample_rows(rows: StackedRows, size: int | None, seed: int) -> StackedRows:
    """The rows of at most about `size` customers, the same ones at every origin."""
    customers = rows.features.index
    if size is None or (total := customers.nunique()) <= size:
        return rows
    return rows.select(held_out(customers, size / total, seed, "sample").to_numpy())


def _fit_target(
    target: Target, data: BinnedData, current: pd.DataFrame, config: ChurnConfig, seed: int, *, level_by_btyd: bool
) -> _TargetFit:
    fits = [
        _fit_member(name, target, data, current, config, seed, level_by_btyd=level_by_btyd)
        for name in _chosen(target, config)
    ]
    members, scores = tuple(member for member, _ in fits), np.array([score for _, score in fits])
    rows = data.rows
    starts = any(member.base is None for member in members)
    btyd_level = float(target.start(rows.features).mean()) if starts else 0.0
    labels = pd.Series(target.y_true(rows.labels), rows.features.index)[rows.validation]
    return _TargetFit(target, members, scores, labels, btyd_level)


def _chosen(target: Target, config: ChurnConfig) -> list[str]:
    """The members that are on. BTYD predicts no cancellation, so no member starts from it there."""
    contract = config.contractual and target is CHURN
    return [name for name, on in config.members.items() if on and not (contract and MEMBERS[name].starts_from_btyd)]


def _fit_member(
    name: str,
    target: Target,
    data: BinnedData,
    current: pd.DataFrame,
    config: ChurnConfig,
    seed: int,
    *,
    level_by_btyd: bool,
) -> tuple[Member, Array]:
    """The member, and its raw scores of the validation rows.

    With `level_by_btyd` the mean at `current`, a later moment than that of the rows, is BTYD's.
    """
    rows, encoding = data.rows, data.encoding
    start, base = _start(name, target, rows, current)
    validation = start[rows.validation]
    if name == BTYD:
        return Member(name, encoding.only(()), None, base), validation
    reads_btyd = MEMBERS[name].reads_btyd
    encoding = Encoding((*encoding.columns, *(BTYD_COLUMNS if reads_btyd else ())), encoding.levels)
    boosted = boost(fit_task(target, rows, data.binned(encoding), start), rows, config, seed)
    member = Member(name, encoding, boosted.booster, base)
    if base is not None and reads_btyd and level_by_btyd:
        raw = member.raw(target, current, Matrices(current, [encoding]))
        member = replace(member, base=base + _shift(target, raw, current[target.expectation].to_numpy()))
    return member, validation + boosted.validation


def _shift(target: Target, raw: Array, expected: Array) -> float:
    """What to add to raw scores so that the mean probability of an order, or amount, is that of what BTYD expects."""
    if not target.is_probability:
        return target.base(expected) - target.base(target.mean(raw))
    mean = 1 - float(expected.mean())

    def excess(shift: float) -> float:
        return float(expit(raw + shift).mean()) - mean

    return float(brentq(excess, -FURTHEST, FURTHEST)) if excess(-FURTHEST) < 0 < excess(FURTHEST) else 0.0


def _start(name: str, target: Target, rows: StackedRows, current: pd.DataFrame) -> tuple[Array, float | None]:
    """The raw scores that a member starts from in each row, and the one of everyone at the cutoff.

    The latter is None where the start is BTYD's prediction of each customer. A member that reads BTYD without
    starting from it takes an amount's level from BTYD, and a probability's from the origins before the latest.
    """
    kind = MEMBERS[name]
    if kind.starts_from_btyd:
        return target.start(rows.features), None
    if kind.reads_btyd and not target.is_probability:
        expected = rows.features[target.expectation].groupby(rows.origin).transform("mean")
        return target.raw(expected.to_numpy()), target.base(current[target.expectation].to_numpy())
    earlier = ~rows.latest if (~rows.latest).any() else rows.latest
    base = target.base(target.y_true(rows.labels)[earlier])
    return np.full(len(rows.labels), base), base
