"""The catalogue of actions as a fitted value: whom each fits, and what it is expected to bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import ActionConfig, ActionsConfig
from patronage.config.actions import KNOWN, ORDER, RISK, SPEND
from patronage.typing import Array, Mask

LEARNED, ASSUMED = "learned", "assumed"
PROSPECTS = (  # the columns that gains are made of
    c.P_ORDER, c.JOURNEY_P_ORDER, c.EXPECTED_ORDERS, c.EXPECTED_SPEND, c.CHURN_PROBABILITY, c.CLV, c.CLV_LOW,
    c.CLV_HIGH,
)  # fmt: skip


class Prospects(NamedTuple):
    """What the gains of actions are made of, by customer.

    Attributes
    ----------
    p_order
        P(at least one order in the horizon), whether the customer has bought before or not.
    order
        The margin of an order.
    spend
        The margin of the expected spend in the horizon.
    risk, risk_low, risk_high
        P(churn) times the clv, and times the ends of its interval.
    """

    p_order: Array
    order: Array
    spend: Array
    risk: Array
    risk_low: Array
    risk_high: Array


class Promise(NamedTuple):
    """What an action is expected to bring each customer, its cost paid; and that cost."""

    profit: Array
    low: Array
    high: Array
    cost: Array
    basis: str


@dataclass(frozen=True)
class ActionPlan:
    """The group `actions`, with what was learned at fit.

    Attributes
    ----------
    catalogue
        By the name of the action.
    margin
        On revenue.
    order_margin
        Of a usual order, for customers who have none of their own.
    least
        By arm, what it surely changes on average, of learned arms whose effect is the same for everybody: such an
        action is recommended where that pays, since one that may as well lose is an assumption again.
    """

    catalogue: Mapping[str, ActionConfig]
    budget: float | None
    holdout_share: float
    days: int
    messages: int
    by_sender: Mapping[str, int]
    never: Mapping[str, list[str]]
    margin: float
    order_margin: float
    seed: int
    least: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, config: ActionsConfig, *, margin: float, order_margin: float, seed: int) -> Self:
        """The plan of a configuration."""
        return cls(
            catalogue=dict(config.catalogue),
            budget=config.budget,
            holdout_share=config.holdout_share,
            days=config.caps.days,
            messages=config.caps.messages,
            by_sender=dict(config.caps.by_sender),
            never={name: list(labels) for name, labels in config.never.items()},
            margin=margin,
            order_margin=order_margin,
            seed=seed,
        )

    def surely_pays(self, name: str) -> bool:
        """Whether an action that everybody is given the same effect of pays at the low end of its average."""
        action = self.catalogue[name]
        return self.least.get(action.arm or name, np.inf) > action.cost

    def to_json(self) -> dict[str, Any]:
        """For the bundle's file."""
        return asdict(self)

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> Self:
        """What `to_json` gave."""
        catalogue = {name: ActionConfig(**action) for name, action in state["catalogue"].items()}
        return cls(**{**state, "catalogue": catalogue})

    def prospects(self, assignments: pd.DataFrame) -> Prospects:
        """What gains are made of; missing where the assignments know nothing."""
        p_order = _number(assignments, c.P_ORDER)
        p_order = np.where(np.isnan(p_order), _number(assignments, c.JOURNEY_P_ORDER), p_order)
        orders, spend = _number(assignments, c.EXPECTED_ORDERS), self.margin * _number(assignments, c.EXPECTED_SPEND)
        own = (orders > 0) & (spend > 0)
        order = np.where(own, spend / np.where(own, orders, 1.0), self.order_margin)
        p_churn = _number(assignments, c.CHURN_PROBABILITY)
        return Prospects(
            p_order, order, spend, *(p_churn * _number(assignments, name) for name in (c.CLV, c.CLV_LOW, c.CLV_HIGH))
        )


def fits(action: ActionConfig, assignments: pd.DataFrame) -> Mask:
    """(N,) whether the labels of a customer meet the conditions of an action; nobody's do where a lens is absent."""
    met = np.ones(len(assignments), bool)
    for column, labels in action.conditions.items():
        met &= _meets(assignments[column], labels) if column in assignments else False
    return met


def _meets(column: pd.Series, labels: Sequence[str]) -> Mask:
    met = column.isin(labels)
    if KNOWN in labels:
        met |= column.notna() & (column != c.UNKNOWN)
    return met.to_numpy(bool)


def promise(name: str, action: ActionConfig, assignments: pd.DataFrame, prospects: Prospects) -> Promise:
    """What an action is expected to bring: by the effect of its arm where the assignments hold one, else as assumed."""
    arm = action.arm or name
    if c.effect_of(arm) in assignments:
        cost = np.full(len(assignments), action.cost)
        columns = (c.effect_of(arm), c.effect_low(arm), c.effect_high(arm))
        effect, low, high = (_number(assignments, column) for column in columns)
        return Promise(effect - cost, low - cost, high - cost, cost, LEARNED)
    at_stake = _at_stake(action, prospects)
    rates = (action.rate, action.rate_low, action.rate_high)
    takes = [_takes(action, rate, prospects.p_order) for rate in rates]
    profits = [
        rate * stake - action.cost - action.offer_cost * taken
        for rate, stake, taken in zip(rates, at_stake, takes, strict=True)
    ]
    low, high = np.minimum(profits[0], profits[1]), np.maximum(profits[0], profits[2])
    return Promise(profits[0], low, high, action.cost + action.offer_cost * takes[0], ASSUMED)


def _at_stake(action: ActionConfig, prospects: Prospects) -> tuple[Array, Array, Array]:
    """What the rate is a share of; its low and its high end."""
    if action.gain == RISK:
        return prospects.risk, prospects.risk_low, prospects.risk_high
    if action.gain == ORDER:
        value = (1 - prospects.p_order) * prospects.order
    elif action.gain == SPEND:
        value = prospects.spend
    else:
        value = np.full(len(prospects.p_order), action.worth)
    return value, value, value


def _takes(action: ActionConfig, rate: float, p_order: Array) -> Array:
    """P(the customer takes the offer): who would order anyway does, and who is won by it."""
    if not action.offer_cost:
        return np.zeros(len(p_order))
    return p_order + rate * (1 - p_order)


def _number(assignments: pd.DataFrame, name: str) -> Array:
    if name not in assignments:
        return np.full(len(assignments), np.nan)
    return assignments[name].to_numpy(np.float64, na_value=np.nan)
