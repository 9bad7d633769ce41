"""Fits the ensemble to labelled snapshots of earlier origins: each member of each target, and its validation."""

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
    in_season: bool = False,
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
    in_season
        BTYD knows the season of the horizon. Then the level of a probability is BTYD's too, as that of an amount is:
        the rate at earlier origins was that of another season.

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
        fits.append(_fit_target(target, shared[key], current, config, seed, in_season=in_season))
    churn, orders, spend = fits
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
    return _fit_target(target, BinnedData(known, columns, config, seed), current, config, seed).ensemble


def needs_btyd(config: ChurnConfig) -> bool:
    """Whether a chosen member reads BTYD's predictions or starts from them."""
    return any(kind.uses_btyd for name, kind in MEMBERS.items() if config.members.get(name))


class _TargetFit(NamedTuple):
    ensemble: TargetEnsemble
    validation: pd.Series


def sample_rows(rows: StackedRows, size: int | None, seed: int) -> StackedRows:
    """The rows of at most about `size` customers, the same ones at every origin."""
    customers = rows.features.index
    if size is None or (total := customers.nunique()) <= size:
        return rows
    return rows.select(held_out(customers, size / total, seed, "sample").to_numpy())


def _fit_target(
    target: Target, data: BinnedData, current: pd.DataFrame, config: ChurnConfig, seed: int, *, in_season: bool = False
) -> _TargetFit:
    in_season = in_season and not config.contractual
    fits = [
        _fit_member(name, target, data, current, config, seed, in_season=in_season) for name in _chosen(target, config)
    ]
    predictions = np.mean([target.mean(scores) for _, scores in fits], axis=0)
    members = tuple(member for member, _ in fits)
    rows = data.rows
    starts = any(member.base is None for member in members)
    btyd_level = float(target.start(rows.features).mean()) if starts else 0.0
    customers = rows.features.index[rows.validation]
    return _TargetFit(TargetEnsemble(target, members, btyd_level), pd.Series(predictions, customers, name=target.label))


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
    in_season: bool,
) -> tuple[Member, Array]:
    """The member, and its raw scores of the validation rows."""
    rows, encoding = data.rows, data.encoding
    start, base = _start(name, target, rows, current)
    validation = start[rows.validation]
    if name == BTYD:
        return Member(name, encoding.only(()), None, base), validation
    reads_btyd = MEMBERS[name].reads_btyd
    encoding = Encoding((*encoding.columns, *(BTYD_COLUMNS if reads_btyd else ())), encoding.levels)
    boosted = boost(fit_task(target, rows, data.binned(encoding), start), rows, config, seed)
    member = Member(name, encoding, boosted.booster, base)
    if base is not None and reads_btyd and not target.is_probability:
        # trees tell customers apart, they don't know the total: it stays BTYD's
        level = target.base(target.mean(member.raw(target, current, Matrices(current, [encoding]))))
        member = replace(member, base=base + (base - level))
    if base is not None and reads_btyd and target.is_probability and in_season:
        raw = member.raw(target, current, Matrices(current, [encoding]))
        member = replace(member, base=base + _shift(raw, float(1 - current[target.expectation].mean())))
    return member, validation + boosted.validation


def _shift(raw: Array, mean: float) -> float:
    """What to add to log-odds so that the mean of the probabilities is as given."""

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
