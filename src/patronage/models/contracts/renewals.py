"""Contracts in the rhythm of their plans: P(cancelled in the horizon), by the sBG of each plan.

A plan is a length of period, seen in the gaps between payments; a contract that has been paid once has the plan of the
contracts with the nearest payment. What is learned from are windows of earlier origins: a contract that has been
renewed r times and meets m renewals in the window is still there with probability S(m | r). So contracts that began
before the log, and those that ended before an origin, bend nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from patronage import names as c
from patronage.errors import FitError
from patronage.labels import LabelledSnapshot
from patronage.models.btyd.contracts import ShiftedBetaGeometric
from patronage.typing import Array, Columns, Mask

PERIODS = (7.0, 14.0, 28.0, 30.44, 60.88, 91.31, 182.62, 365.25, 730.5)  # days of the plans that are sold
PRIOR_SD = 2.0  # of the logarithms of alpha and beta, around a cancellation in five renewals
USUAL = (1.0, 4.0)
MOST_EARLY = 0.2  # of the cancellations; with more before any renewal, they come on any day


class Renewals(NamedTuple):
    """Where contracts stand at a cutoff; every array has one entry a contract.

    Attributes
    ----------
    period
        Days of the plan.
    renewed
        How often it was renewed so far.
    due
        Days until the next renewal, from 0 on.
    """

    period: Array
    renewed: Array
    due: Array

    def within(self, days: float) -> Array:
        """(N,) renewals in the next `days`."""
        return np.maximum(np.ceil((days - self.due) / self.period), 0.0)


@dataclass(frozen=True)
class RenewalLaw:
    """The plans of a log, each with its sBG.

    Attributes
    ----------
    periods, payments, alphas, betas
        One entry a plan: days, the median payment (missing where none is known), the parameters of the sBG.
    usual
        The number of the commonest plan, of a contract of which nothing is known.
    early
        P(cancelled) of a contract that meets no renewal in a window like those that were learned from.
    any_day
        Whether contracts are cancelled all through their periods, and not where they are renewed.
    """

    periods: tuple[float, ...]
    payments: tuple[float, ...]
    alphas: tuple[float, ...]
    betas: tuple[float, ...]
    usual: int
    early: float = 0.0
    any_day: bool = False

    def plan(self, features: Columns) -> Array:
        """(N,) the number of each contract's plan."""
        gap, payment = (np.asarray(features[name], np.float64) for name in (c.CONTRACT_GAP, c.CONTRACT_PAYMENT))
        plan = np.full(len(gap), float(self.usual))
        logs = np.log(np.maximum(self.payments, 1e-9))
        known = np.isfinite(payment) & (payment > 0)
        plan[known] = np.abs(np.log(payment[known])[:, None] - logs).argmin(axis=1)
        known_gap = np.isfinite(gap) & (gap > 0)
        plan[known_gap] = np.abs(np.log(gap[known_gap])[:, None] - np.log(self.periods)).argmin(axis=1)
        return plan.astype(int)

    def renewals(self, features: Columns) -> Renewals:
        """Where contracts that run stand. A payment that is late is due at once."""
        period = np.array(self.periods)[self.plan(features)]
        age, since = (np.asarray(features[name], np.float64) for name in (c.CONTRACT_DAYS, c.DAYS_SINCE_PAYMENT))
        since = np.where(np.isfinite(since), since, age % period)
        return Renewals(period, np.maximum(np.round((age - since) / period), 0.0), np.maximum(period - since, 0.0))

    def survival(self, features: Columns, renewals: Array) -> Array:
        """(N,) or (N, M) P(so many renewals more), of contracts that run."""
        plan, renewed = self.plan(features), self.renewals(features).renewed
        answer = np.empty(np.shape(renewals))
        for number, (alpha, beta) in enumerate(zip(self.alphas, self.betas, strict=True)):
            rows = plan == number
            before = renewed[rows] if answer.ndim == 1 else renewed[rows][:, None]
            answer[rows] = ShiftedBetaGeometric(alpha, beta).survival(renewals[rows], before)
        return answer

    def p_cancel(self, features: Columns, days: float) -> Array:
        """(N,) P(cancelled within so many days)."""
        at = self.renewals(features)
        met = days / at.period if self.any_day else at.within(days)
        return 1 - self.survival(features, met) * (1 - self.early)

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Self:
        """The law of which `dataclasses.asdict` gave these values, after a way through JSON."""
        periods, payments, alphas, betas = (tuple(state[name]) for name in ("periods", "payments", "alphas", "betas"))
        return cls(periods, payments, alphas, betas, state["usual"], state["early"], state["any_day"])

    @classmethod
    def fit(cls, snapshots: Sequence[LabelledSnapshot]) -> Self:
        """Learn from the contracts that ran at earlier origins.

        Raises
        ------
        FitError
            No contract was paid twice, so that no period is known.
        """
        features = pd.concat([snapshot.features for snapshot in snapshots])
        churned = pd.concat([snapshot.labels[c.CHURNED] for snapshot in snapshots]).to_numpy(np.float64)
        days = snapshots[0].horizon_days
        running = runs(features) & np.isfinite(churned)
        features, churned = features[running], churned[running]
        gap = features[c.CONTRACT_GAP].to_numpy(np.float64)
        known_gap = np.isfinite(gap) & (gap > 0)
        if not known_gap.any():
            raise FitError(
                "churn.contractual: no contract was paid twice before any origin, so that no renewal is known; give a "
                "longer log, a payment in the transactions for each renewal, or choose churn=ensemble"
            )
        nearest = np.abs(np.log(gap[known_gap])[:, None] - np.log(PERIODS)).argmin(axis=1)
        places, counts = np.unique(nearest, return_counts=True)
        places = places[counts >= max(0.01 * counts.sum(), 1)]  # a gap after a break is no plan
        payment = features[c.CONTRACT_PAYMENT].to_numpy(np.float64)[known_gap]
        payments = tuple(float(np.nanmedian(payment[nearest == place])) for place in places)
        periods = tuple(PERIODS[place] for place in places)
        usual = int(np.argmax([(nearest == place).sum() for place in places]))
        unfitted = cls(periods, payments, (USUAL[0],) * len(periods), (USUAL[1],) * len(periods), usual)
        plan, at = unfitted.plan(features), unfitted.renewals(features)
        met, any_day, none = at.within(days), False, at.within(days) == 0
        if churned[none].sum() > MOST_EARLY * churned.sum():
            met, any_day, none = days / at.period, True, np.zeros(len(churned), bool)
        early = float(churned[none].sum() / max(none.sum(), 1))
        laws = [_fit(at.renewed[rows], met[rows], churned[rows]) for rows in (plan == k for k in range(len(periods)))]
        alphas, betas = tuple(law.alpha for law in laws), tuple(law.beta for law in laws)
        return cls(periods, payments, alphas, betas, usual, early, any_day)


def runs(features: Columns) -> Mask:
    """(N,) whether a contract runs."""
    return np.isfinite(np.asarray(features[c.CONTRACT_DAYS], np.float64))


def _fit(renewed: Array, met: Array, churned: Array) -> ShiftedBetaGeometric:
    """The sBG of a plan, from how many renewals its contracts met in a window, and whether they were cancelled."""
    rows, counts = np.unique(np.column_stack([renewed, met, churned])[met > 0], axis=0, return_counts=True)
    middle = np.log(USUAL)

    def loss(logs: Array) -> float:
        law = ShiftedBetaGeometric(*np.exp(logs).tolist())
        stays = law.survival(rows[:, 1], rows[:, 0]).clip(1e-12, 1 - 1e-12)
        likelihood = counts @ np.where(rows[:, 2] > 0, np.log1p(-stays), np.log(stays))
        return float((((logs - middle) / PRIOR_SD) ** 2).sum() / 2 - likelihood)

    best = minimize(loss, middle, method="L-BFGS-B", bounds=[(-6.0, 9.0)] * 2).x
    return ShiftedBetaGeometric(*np.exp(best).tolist())
