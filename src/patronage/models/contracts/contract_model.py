"""Churn and value of customers under contract: the law of renewals, and the trees that improve on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
from scipy.special import expit, logit

from patronage import names as c
from patronage.models.btyd.clv import DAYS_A_YEAR
from patronage.models.contracts.renewals import RenewalLaw, Renewals, runs
from patronage.models.ensemble.encoding import Encoding, Matrices
from patronage.models.ensemble.reasons import Contributions, in_words, of_trees
from patronage.models.ensemble.target import RATE_FLOOR
from patronage.models.ensemble.trees import load_with_trees, save_with_trees
from patronage.statistics import clip_probability
from patronage.typing import Array

FILE = "contract.json"
DAYS_A_MONTH = DAYS_A_YEAR / 12
NO_CONTRACT = "no contract runs: churn and value are those of orders"
RENEWAL = c.DAYS_SINCE_PAYMENT  # the law's part in the reasons


@dataclass(frozen=True)
class ContractValue:
    """How a contract is valued: see `ClvConfig`."""

    horizon_days: int
    discount_rate: float
    margin: float
    level: float


@dataclass(frozen=True)
class ContractModel:
    """The fitted value.

    Attributes
    ----------
    booster
        None where no tree improved on the law for later customers.
    level, slope
        Of the calibrated log-odds on those of law and trees.
    window_days
        Length of the label windows that it learned from.
    usual
        The mean log-odds of the law where it learned, from which the reasons count.
    """

    law: RenewalLaw
    encoding: Encoding
    booster: lgb.Booster | None
    level: float
    slope: float
    window_days: int
    horizon_days: int
    usual: float
    medians: dict[str, float]
    value: ContractValue

    def churn(self, features: pd.DataFrame) -> Array:
        """(N,) P(cancelled in the horizon), of contracts that run.

        Where the horizon is longer than what was learned from, it moves by what the law's moves.
        """
        raw = logit(clip_probability(self.law.p_cancel(features, self.horizon_days), RATE_FLOOR))
        if self.booster is not None and len(features):
            x = Matrices(features, [self.encoding]).of(self.encoding)
            raw = raw + np.asarray(self.booster.predict(x, raw_score=True, num_threads=1))
        return clip_probability(expit(self.level + self.slope * raw), RATE_FLOOR)

    def reasons(self, features: pd.DataFrame) -> list[str]:
        """What raises the risk of each contract, and what lowers it, in words."""
        raw = logit(clip_probability(self.law.p_cancel(features, self.horizon_days), RATE_FLOOR))
        base, parts = self.usual, {RENEWAL: raw - self.usual}
        if self.booster is not None:
            middle, shares = of_trees(self.booster, self.encoding, Matrices(features, [self.encoding]))
            base += middle
            for name, part in shares.items():
                parts[name] = parts[name] + part if name in parts else part
        return in_words(Contributions(base, parts), features, self.medians, self.window_days)

    def columns(self, features: pd.DataFrame) -> dict[str, Array]:
        """Churn, remaining months and value of customers, missing where no contract runs."""
        running = runs(features)
        own = features[running]
        at = self.law.renewals(own)
        columns = {c.CHURN_PROBABILITY: self.churn(own), **self._value(own, at)}
        spread = {}
        for name, values in columns.items():
            spread[name] = np.full(len(features), np.nan)
            spread[name][running] = values
        return spread

    def replace_in(
        self, forecast: Mapping[str, np.ndarray], features: pd.DataFrame, *, reasons: bool
    ) -> dict[str, np.ndarray]:
        """The columns of a forecast with the contract's own where one runs, and those that only contracts have."""
        running = runs(features)
        columns: dict[str, np.ndarray] = {
            name: np.where(running, values, forecast[name]) if name in forecast else values
            for name, values in self.columns(features).items()
        }
        if reasons:
            words = forecast[c.CHURN_REASONS].copy()
            words[running] = self.reasons(features[running])
            columns[c.CHURN_REASONS] = words
        return columns

    def _value(self, features: pd.DataFrame, at: Renewals) -> dict[str, Array]:
        """Remaining months and discounted payments, within the value horizon, by the law of renewals."""
        most = max(int(np.ceil(self.value.horizon_days / min(self.law.periods))), 1)
        number = np.arange(most)
        day = at.due[:, None] + number * at.period[:, None]  # of each renewal
        inside = day < self.value.horizon_days
        survival = np.where(inside, self.law.survival(features, np.broadcast_to(number + 1.0, day.shape)), 0.0)
        lasts = np.minimum(self.value.horizon_days - day, at.period[:, None]).clip(min=0)
        now = np.minimum(at.due, self.value.horizon_days)
        discount = np.where(inside, (1 + self.value.discount_rate) ** (-day / DAYS_A_YEAR), 0.0)
        payment = features[c.CONTRACT_PAYMENT].to_numpy(np.float64)
        own = np.array(self.law.payments)[self.law.plan(features)]
        earned = self.value.margin * np.where(np.isfinite(payment), payment, own)
        worth = np.column_stack([np.zeros(len(day)), np.cumsum(discount, axis=1)])
        tails = {"low": (1 - self.value.level) / 2, "median": 0.5, "high": (1 + self.value.level) / 2}
        at_quantile = {
            name: worth[np.arange(len(day)), (survival > 1 - share).sum(axis=1)] for name, share in tails.items()
        }
        return {
            c.P_RENEWAL: self.law.survival(features, np.ones(len(day))),
            c.EXPECTED_REMAINING_MONTHS: (now + (survival * lasts).sum(axis=1)) / DAYS_A_MONTH,
            c.CLV: earned * (survival * discount).sum(axis=1),
            c.CLV_LOW: earned * at_quantile["low"],
            c.MEDIAN_CLV: earned * at_quantile["median"],
            c.CLV_HIGH: earned * at_quantile["high"],
        }

    def save(self, folder: Path) -> None:
        """Write JSON and LightGBM's text."""
        save_with_trees(self, folder / FILE)

    @classmethod
    def load(cls, folder: Path) -> ContractModel:
        """Read what `save` wrote."""
        state = load_with_trees(folder / FILE)
        law, value = RenewalLaw.of(state.pop("law")), ContractValue(**state.pop("value"))
        return cls(law=law, value=value, **state)
