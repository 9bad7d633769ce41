"""Whether arms were drawn by lot: balance of every feature, shares beside the stated propensities, overlap.

A lot knows nothing of the customers. Each feature, and whether it is missing, is held against each arm by the
inverse-propensity difference of means; and trees try to predict the arm of customers they have not seen. What comes
after the lot may spoil it: outcomes that are missing more often in one arm, and one lot that is counted once for each
of a customer's rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import lightgbm as lgb
import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency, norm

from patronage import names as c
from patronage.models.effects.learners import TreeSettings, Trial, folds_of
from patronage.statistics import log_losses, roc_auc
from patronage.typing import Array, Index

ALPHA = 0.001  # of a balance test after Bonferroni: one experiment in a thousand is refused by chance
PREDICTABLE = 3.0  # z of the log-loss that trees gain, from which the arms were chosen; by chance trees lose
SAME_ARM = 4.0  # z of equal arms of a customer's rows, from which the lot was of the customer
FOLDS = 3
FEWEST = 30  # customers of an arm
OVERLAP = 0.01  # a propensity below leaves nobody to compare with


@dataclass(frozen=True)
class RandomnessFinding:
    """What was found, and why effects are refused; no reasons: the arms look drawn by lot.

    Attributes
    ----------
    balance
        A row per arm and feature: `difference` in standard deviations, `z`, `p` after Bonferroni.
    auc
        Arm beside control by trees on unseen customers: with equal chances, one half is a lot.
    """

    balance: pd.DataFrame
    auc: float
    reasons: tuple[str, ...]

    @property
    def too_few(self) -> bool:
        """Whether an arm has too few customers to tell anything."""
        return bool(self.reasons) and self.balance.empty


def check_randomness(
    trial: Trial, arms: list[str], features: list[str], settings: TreeSettings, without_outcome: Index | None = None
) -> RandomnessFinding:
    """Hold the arms (control first) against what a lot would give; `without_outcome` counts those left out, by arm."""
    counts: Index = np.bincount(trial.arm, minlength=len(arms)).astype(np.intp)
    reasons = [
        f"arm {name} has {count} customers with a known outcome; expected at least {FEWEST}"
        for name, count in zip(arms, counts, strict=True)
        if count < FEWEST
    ]
    if reasons:
        return RandomnessFinding(pd.DataFrame(), np.nan, tuple(reasons))
    balance = pd.concat([_balance(trial, arm, arms[arm], features) for arm in range(1, len(arms))], ignore_index=True)
    balance["p"] = np.minimum(balance["p"] * len(balance), 1.0)
    reasons += _share_reasons(trial, arms, counts)
    reasons += missing_reasons(
        arms, counts, np.zeros(len(arms), np.intp) if without_outcome is None else without_outcome
    )
    reasons += _same_arm_reasons(trial)
    off = balance[balance["p"] < ALPHA].sort_values("p")
    if not off.empty:
        worst = ", ".join(f"{row.feature} ({row.difference:+.2f} sd in {row.arm})" for row in off.head(3).itertuples())
        reasons.append(f"{len(off)} of {len(balance)} balance tests fail: {worst}")
    arm = _predictability(trial, settings)
    if arm.z > PREDICTABLE:
        reasons.append(f"the arm can be predicted from the features (AUC {arm.auc:.2f}, the lot gives {arm.lot:.2f})")
    return RandomnessFinding(balance, arm.auc, tuple(reasons))


class Predictability(NamedTuple):
    """Of an arm beside control: AUC by trees, AUC of the lot, and z of what trees gain in log-loss."""

    auc: float
    lot: float
    z: float


def _balance(trial: Trial, arm: int, name: str, features: list[str]) -> pd.DataFrame:
    """The weighted difference of each feature, and of its being missing, between an arm and control."""
    weight = (trial.arm == arm) / trial.propensity[:, arm] - (trial.arm == 0) / trial.propensity[:, 0]
    rows = []
    for position, feature in enumerate(features):
        column = trial.x[:, position]
        missing = np.isnan(column)
        if (~missing).any():
            rows.append((feature, *_difference(column[~missing], weight[~missing])))
        if 0 < missing.sum() < len(missing):
            rows.append((f"{feature} is missing", *_difference(missing.astype(float), weight)))
    table = pd.DataFrame(rows, columns=["feature", "difference", "z", "p"])
    table.insert(0, c.ARM, name)
    return table


def _difference(values: Array, weight: Array) -> tuple[float, float, float]:
    """Difference in standard deviations, z and p; of extreme values the ranks, whose variance exists, would agree."""
    low, high = np.quantile(values, [0.005, 0.995])
    values = np.clip(values, low, high) if low < high else values
    spread = values.std()
    if not spread:
        return 0.0, 0.0, 1.0
    parts = weight * (values - values.mean()) / spread
    error = parts.std() / np.sqrt(len(parts))
    z = parts.mean() / max(error, 1e-300)
    return float(parts.mean()), float(z), float(2 * norm.sf(abs(z)))


def _share_reasons(trial: Trial, arms: list[str], counts: Index) -> list[str]:
    """Arms whose share is not that of the stated propensity, and propensities that leave nobody to compare with."""
    reasons = []
    for arm, name in enumerate(arms):
        stated = trial.propensity[:, arm]
        error = np.sqrt((stated * (1 - stated)).sum())
        if abs(counts[arm] - stated.sum()) > 4 * max(error, 1.0):
            share = counts[arm] / len(trial.y)
            reasons.append(f"arm {name}: {share:.1%} of the customers, but the propensities say {stated.mean():.1%}")
        if stated.min() < OVERLAP:
            reasons.append(
                f"arm {name}: a propensity of {stated.min():.3f} leaves no overlap; expected {OVERLAP} or more"
            )
    return reasons


def missing_reasons(arms: list[str], known: Index, missing: Index) -> list[str]:
    """Outcomes that are missing more often in one arm than in another: who has one was then no lot."""
    if not missing.any() or not known.any() or chi2_contingency(np.stack([known, missing])).pvalue >= ALPHA:
        return []
    shares = ", ".join(f"{share:.1%} of {name}" for name, share in zip(arms, missing / (known + missing), strict=True))
    return [f"the outcome is missing for {shares}; give 0 where nothing came"]


def _same_arm_reasons(trial: Trial) -> list[str]:
    """Customers whose rows were given the same arm more often than a lot for each row would."""
    if trial.group is None:
        return []
    order = np.argsort(trial.group, kind="stable")
    first, second = order[:-1], order[1:]
    pair = trial.group[first] == trial.group[second]
    first, second = first[pair], second[pair]
    by_lot = (trial.propensity[first] * trial.propensity[second]).sum(axis=1)
    same = (trial.arm[first] == trial.arm[second]).astype(float)
    error = float(np.sqrt((by_lot * (1 - by_lot)).sum()))
    if not len(same) or (same - by_lot).sum() <= SAME_ARM * max(error, 1.0):
        return []
    return [
        f"customers with several rows have the same arm in {same.mean():.0%} of them, and a lot for each row would "
        f"give {by_lot.mean():.0%}: the lot was of the customer; give a row per customer with the outcome in all"
    ]


def _predictability(trial: Trial, settings: TreeSettings) -> Predictability:
    """How well trees that start from the stated propensity predict the arm of customers whom they have not seen."""
    worst = Predictability(0.5, 0.5, -np.inf)
    for arm in range(1, trial.propensity.shape[1]):
        rows = np.flatnonzero((trial.arm == arm) | (trial.arm == 0))
        x, given = trial.x[rows], (trial.arm[rows] == arm).astype(float)
        stated = trial.propensity[rows, arm] / (trial.propensity[rows, arm] + trial.propensity[rows, 0])
        start, predicted = np.log(stated / (1 - stated)), np.empty(len(rows))
        fold = folds_of(given, FOLDS, settings.seed, None if trial.group is None else trial.group[rows])
        parameters = {**settings.parameters(len(rows)), "objective": "binary"}
        for number in range(FOLDS):
            learn, aim = fold != number, fold == number
            data = lgb.Dataset(x[learn], given[learn], init_score=start[learn], params={"verbosity": -1})
            trees = lgb.train(parameters, data, num_boost_round=30)
            predicted[aim] = start[aim] + np.asarray(trees.predict(x[aim], raw_score=True))
        gain = log_losses(given, stated) - log_losses(given, 1 / (1 + np.exp(-predicted)))
        z = float(gain.mean() / max(gain.std() / np.sqrt(len(gain)), 1e-300))
        if z > worst.z:
            worst = Predictability(float(roc_auc(given, predicted)), float(roc_auc(given, start)), z)
    return worst
