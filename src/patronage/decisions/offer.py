"""Which customers to contact with a retention offer: the expected profit of each contact, and of the share contacted.

A customer who would churn accepts the offer with probability gamma and is then worth V, less the offer. A customer who
would stay takes the offer too. Every contact costs:

    profit = p gamma (V - offer) - (1 - p) offer - contact

EMPC is the mean of the profit at the best share, over a Beta distribution of gamma.

Where the effect of the offer was learned from contacts by lot, it stands for all of this: profit = effect - contact.

References
----------
Neslin et al. (2006), Defection detection. Journal of Marketing Research 43(2): the profit of a campaign.
Verbraken, Verbeke, Baesens (2013), A novel profit maximizing metric for measuring classification performance of
customer churn prediction models. IEEE TKDE 25(5): EMPC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import beta

from patronage import names as c
from patronage.decisions.catalogue import ASSUMED, LEARNED
from patronage.labels import held_out
from patronage.typing import Array, Columns, Mask

CONTACT, HOLDOUT, LEAVE = "contact", "holdout", "leave"
QUANTILES = 100  # of gamma's distribution, at equal probabilities
# Each profit is that of a value: the CLV and the ends of its interval.
PROFITS = {c.EXPECTED_PROFIT: c.CLV, c.EXPECTED_PROFIT_LOW: c.CLV_LOW, c.EXPECTED_PROFIT_HIGH: c.CLV_HIGH}


@dataclass(frozen=True)
class Offer:
    """A retention offer; the attributes are those of the group `decision`, amounts in the currency of the data."""

    contact_cost: float
    offer_cost: float
    acceptance_rate: float
    acceptance_sd: float
    value_saved: float
    holdout_share: float
    seed: int
    arm: str | None = None

    def arm_of(self, arms: Sequence[str]) -> str | None:
        """Which of the arms that effects were learned of is the offer; None: none, and the profit is assumed.

        Parameters
        ----------
        arms
            Control first.
        """
        if self.arm is None:
            return arms[1] if len(arms) == 2 else None
        return self.arm if self.arm in arms[1:] else None

    def profit(self, p_churn: Array, value: Array) -> Array:
        """Expected profit of contacting each customer, given P(churn) and CLV."""
        saved = self.value_saved * value - self.offer_cost
        return p_churn * self.acceptance_rate * saved - (1 - p_churn) * self.offer_cost - self.contact_cost

    def decide(
        self,
        forecast: Columns,
        customers: pd.Index,
        *,
        never: Mask | None = None,
        effects: Mapping[str, Array] | None = None,
    ) -> dict[str, np.ndarray]:
        """The expected profit of each customer with its interval, and the action.

        Parameters
        ----------
        forecast
            churn_probability, and clv with its interval.
        customers
            The ids, in the order of `forecast`. Which customers are held out is decided by the id, so that it is
            the same every time.
        never
            Customers who are left in any case.
        effects
            What was learned that the offer changes, in the currency: `effect_ARM`, then its low and its high end.

        Returns
        -------
        dict
            `action` is contact where the expected profit is above 0, holdout for a share of these, else leave;
            `expected_profit_basis` tells whether it was learned.
        """
        if effects is None:
            p_churn = np.asarray(forecast[c.CHURN_PROBABILITY], np.float64)
            profits = {
                profit: self.profit(p_churn, np.asarray(forecast[value], np.float64))
                for profit, value in PROFITS.items()
            }
        else:
            profits = {
                profit: np.asarray(effect, np.float64) - self.contact_cost
                for profit, effect in zip(PROFITS, effects.values(), strict=True)
            }
        basis = np.full(len(customers), ASSUMED if effects is None else LEARNED, object)
        uncontacted = held_out(customers, self.holdout_share, self.seed, "decide").to_numpy()
        profitable = profits[c.EXPECTED_PROFIT] > 0
        if never is not None:
            profitable &= ~never
        action = np.select([profitable & uncontacted, profitable], [HOLDOUT, CONTACT], LEAVE)
        return {**profits, c.EXPECTED_PROFIT_BASIS: basis, c.ACTION: action}

    def acceptances(self) -> Array:
        """Equally likely rates of acceptance, by the Beta distribution of their mean and standard deviation."""
        mean, variance = self.acceptance_rate, self.acceptance_sd**2
        size = mean * (1 - mean) / variance - 1
        return beta.ppf((np.arange(QUANTILES) + 0.5) / QUANTILES, mean * size, (1 - mean) * size)


class ProfitCurve(NamedTuple):
    """Mean profit per customer of the base, over the share contacted."""

    share: Array
    profit: Array

    @property
    def best_share(self) -> float:
        """The share with the highest profit; the smallest of several."""
        return float(self.share[int(np.argmax(self.profit))])


def profit_curve(expected: Array, realised: Array | None = None) -> ProfitCurve:
    """Contact in the order of the expected profit, and sum up the expected or the realised one."""
    order = np.argsort(-expected, kind="stable")
    profits = (expected if realised is None else realised)[order]
    share = np.arange(len(expected) + 1) / max(len(expected), 1)
    return ProfitCurve(share, np.concatenate([[0.0], np.cumsum(profits)]) / max(len(expected), 1))


class Empc(NamedTuple):
    """Expected maximum profit per customer, and the share contacted that reaches it, averaged over gamma."""

    profit: float
    share: float


def empc(y_true: Array, y_pred: Array, value: float, offer: Offer) -> Empc:
    """The EMPC of a churn model: all customers have the same value, and gamma is uncertain.

    Parameters
    ----------
    y_true
        1 for a customer who churned.
    y_pred
        P(churn) by the model; only its order matters. Customers who tie are contacted together.
    value
        The mean CLV.
    """
    order = np.argsort(-y_pred, kind="stable")
    last_of_tie = np.flatnonzero(np.r_[np.diff(y_pred[order]) != 0, True])
    churners = np.concatenate([[0.0], np.cumsum(y_true[order])[last_of_tie]]) / len(y_pred)
    share = np.concatenate([[0.0], last_of_tie + 1.0]) / len(y_pred)
    best, best_shares = [], []
    for gamma in offer.acceptances():
        saved = gamma * (offer.value_saved * value - offer.offer_cost) * churners
        profit = saved - offer.offer_cost * (share - churners) - offer.contact_cost * share
        top = int(np.argmax(profit))
        best.append(profit[top])
        best_shares.append(share[top])
    return Empc(float(np.mean(best)), float(np.mean(best_shares)))
