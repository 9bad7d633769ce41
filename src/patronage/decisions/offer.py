"""Whom to contact: what a retention offer is expected to bring, customer by customer and over the share contacted.

A would-be churner accepts with probability gamma and is then worth V, less the offer; whoever would have stayed takes
the offer too; everyone contacted costs the contact:

    profit = p gamma (V - offer) - (1 - p) offer - contact

EMPC averages the profit at the best share over what is believed of gamma, a Beta distribution.

References
----------
Neslin et al. (2006), Defection detection. Journal of Marketing Research 43(2): the profit of a campaign.
Verbraken, Verbeke, Baesens (2013), A novel profit maximizing metric for measuring classification performance of
customer churn prediction models. IEEE TKDE 25(5): EMPC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import beta

from patronage import names as c
from patronage.labels import held_out
from patronage.typing import Array

CONTACT, HOLDOUT, LEAVE = "contact", "holdout", "leave"
NODES = 100  # of gamma's distribution, at equal probabilities


@dataclass(frozen=True)
class Offer:
    """What is offered; the attributes are those of the group `decision`, amounts in the currency of the data."""

    contact_cost: float
    offer_cost: float
    acceptance_rate: float
    acceptance_sd: float
    value_saved: float
    holdout_share: float
    seed: int

    def profit(self, churn: Array, value: Array, acceptance: float | None = None) -> Array:
        """Expected profit of contacting each customer, given P(churn) and CLV."""
        gamma = self.acceptance_rate if acceptance is None else acceptance
        saved = self.value_saved * value - self.offer_cost
        return churn * gamma * saved - (1 - churn) * self.offer_cost - self.contact_cost

    def decide(self, said: Mapping[str, npt.ArrayLike] | pd.DataFrame, customers: pd.Index) -> dict[str, np.ndarray]:
        """The expected profit with its interval, and what to do.

        Parameters
        ----------
        said
            With churn_probability and clv with its interval.
        customers
            The ids, in the order of `said`: the lot that keeps some uncontacted falls by id, the same every time.
        """
        churn = np.asarray(said[c.CHURN_PROBABILITY], np.float64)
        profits = {
            name: self.profit(churn, np.asarray(said[value], np.float64))
            for name, value in (
                (c.EXPECTED_PROFIT, c.CLV), (c.EXPECTED_PROFIT_LOW, c.CLV_LOW), (c.EXPECTED_PROFIT_HIGH, c.CLV_HIGH)
            )
        }  # fmt: skip
        by_lot = held_out(customers, self.holdout_share, self.seed, "decide").to_numpy()
        worth_it = profits[c.EXPECTED_PROFIT] > 0
        action = np.select([worth_it & by_lot, worth_it], [HOLDOUT, CONTACT], LEAVE)
        return {**profits, c.ACTION: action}

    def acceptances(self) -> Array:
        """Rates of acceptance that are equally likely, by the Beta distribution of its mean and deviation."""
        mean, variance = self.acceptance_rate, self.acceptance_sd**2
        size = mean * (1 - mean) / variance - 1
        return beta.ppf((np.arange(NODES) + 0.5) / NODES, mean * size, (1 - mean) * size)


class Curve(NamedTuple):
    """Mean profit per customer of the base, over the share contacted; `best_share` brings the most."""

    share: Array
    profit: Array

    @property
    def best_share(self) -> float:
        return float(self.share[int(np.argmax(self.profit))])


def profit_curve(expected: Array, realised: Array | None = None) -> Curve:
    """Contact in the order of the expected profit, and count the expected or the realised one."""
    order = np.argsort(-expected, kind="stable")
    counted = (expected if realised is None else realised)[order]
    people = np.arange(len(expected) + 1) / max(len(expected), 1)
    return Curve(people, np.concatenate([[0.0], np.cumsum(counted)]) / max(len(expected), 1))


class Empc(NamedTuple):
    """Expected maximum profit per customer, and the share contacted that brings it, averaged over gamma."""

    profit: float
    share: float


def empc(happened: Array, churn: Array, value: float, offer: Offer) -> Empc:
    """Verbraken et al.'s measure of a churn model: the customers all have the same value, and gamma is uncertain.

    Parameters
    ----------
    happened
        1 who churned.
    churn
        P(churn) by the model; only its order matters. Customers who tie are contacted together.
    """
    order = np.argsort(-churn, kind="stable")
    ends = np.flatnonzero(np.r_[np.diff(churn[order]) != 0, True])  # the last of those who tie
    churners = np.concatenate([[0.0], np.cumsum(happened[order])[ends]]) / len(churn)
    share = np.concatenate([[0.0], ends + 1.0]) / len(churn)
    best, shares = [], []
    for gamma in offer.acceptances():
        gained = gamma * (offer.value_saved * value - offer.offer_cost) * churners
        profit = gained - offer.offer_cost * (share - churners) - offer.contact_cost * share
        top = int(np.argmax(profit))
        best.append(profit[top])
        shares.append(share[top])
    return Empc(float(np.mean(best)), float(np.mean(shares)))
