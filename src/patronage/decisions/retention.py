"""What contacting those who may leave is worth: the profit by the share contacted, promised and realised, and EMPC.

The offer is an action of the catalogue whose gain is the value at risk, such as `win_back`. A customer who would churn
accepts it with probability gamma, the rate of the action, and is then worth V, less the offer. A customer who would
stay takes the offer too. Every contact costs:

    profit = p gamma (V - offer) - (1 - p) offer - cost

EMPC is the mean of the profit at the best share, over a Beta distribution of gamma.

References
----------
Neslin et al. (2006), Defection detection. Journal of Marketing Research 43(2): the profit of a campaign.
Verbraken, Verbeke, Baesens (2013), A novel profit maximizing metric for measuring classification performance of
customer churn prediction models. IEEE TKDE 25(5): EMPC.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from scipy.stats import beta, norm

from patronage.config import ActionConfig
from patronage.config.actions import RISK
from patronage.typing import Array

WIN_BACK = "win_back"
QUANTILES = 100  # of gamma's distribution, at equal probabilities


def retention_offer(catalogue: Mapping[str, ActionConfig]) -> tuple[str, ActionConfig] | None:
    """The action for those who may leave: `win_back`, else the first whose gain is the value at risk."""
    risky = {name: action for name, action in catalogue.items() if action.gain == RISK}
    name = WIN_BACK if WIN_BACK in risky else next(iter(risky), None)
    return None if name is None else (name, risky[name])


def retention_profit(action: ActionConfig, p_churn: Array, value: Array) -> Array:
    """Expected profit of contacting each customer, given P(churn) and the value: what the catalogue assumes of it."""
    saved = action.rate * (value - action.offer_cost)
    return p_churn * saved - (1 - p_churn) * action.offer_cost - action.cost


def implied_rate(action: ActionConfig, p_churn: Array, value: Array, effect: Array) -> float | None:
    """The rate at which the assumed formula would give the learned effects on average; None where it could not."""
    at_stake = float((p_churn * (value - action.offer_cost)).sum())
    given = float(((1 - p_churn) * action.offer_cost).sum())
    return (float(effect.sum()) + given) / at_stake if at_stake > 0 else None


def acceptances(action: ActionConfig) -> Array:
    """Equally likely rates, of a Beta distribution: its mean is the rate, its 95 % as wide as rate_low to rate_high."""
    mean = action.rate
    deviation = (action.rate_high - action.rate_low) / (2 * float(norm.ppf(0.975)))
    variance = min(deviation**2, 0.98 * mean * (1 - mean))
    if variance <= 0:
        return np.full(QUANTILES, mean)
    size = mean * (1 - mean) / variance - 1
    return np.asarray(beta.ppf((np.arange(QUANTILES) + 0.5) / QUANTILES, mean * size, (1 - mean) * size), np.float64)


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


def empc(y_true: Array, y_pred: Array, value: float, action: ActionConfig) -> Empc:
    """The EMPC of a churn model: all customers have the same value, and gamma is uncertain.

    Parameters
    ----------
    y_true
        1 for a customer who churned.
    y_pred
        P(churn) by the model; only its order matters. Customers who tie are contacted together.
    value
        The mean CLV.
    action
        Of `retention_offer`.
    """
    order = np.argsort(-y_pred, kind="stable")
    last_of_tie = np.flatnonzero(np.r_[np.diff(y_pred[order]) != 0, True])
    churners = np.concatenate([[0.0], np.cumsum(y_true[order])[last_of_tie]]) / len(y_pred)
    share = np.concatenate([[0.0], last_of_tie + 1.0]) / len(y_pred)
    best, best_shares = [], []
    for gamma in acceptances(action):
        saved = gamma * (value - action.offer_cost) * churners
        profit = saved - action.offer_cost * (share - churners) - action.cost * share
        top = int(np.argmax(profit))
        best.append(profit[top])
        best_shares.append(share[top])
    return Empc(float(np.mean(best)), float(np.mean(best_shares)))
