"""The next best action of each customer: within caps and budget, with a stable holdout, and why in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import ActionConfig
from patronage.config.actions import LEAVE_ALONE
from patronage.decisions.allocation import NOTHING, Allocation, allocate
from patronage.decisions.catalogue import ASSUMED, PROSPECTS, ActionPlan, Promise, fits, promise
from patronage.decisions.contact_state import NO_CART, OPEN, UNSUBSCRIBED
from patronage.labels import held_out
from patronage.models.returned import NEVER_AGAIN
from patronage.typing import Array, Index, Mask

# Why a customer is left alone, in the order in which the reasons count
UNSUBSCRIBED_WHY, NEVER_WHY, CAP_WHY = "unsubscribed", "has a label that is never contacted", "was contacted enough"
RETURNED_WHY = "sent back nearly all that was bought"
NO_FIT_WHY, UNPAID_WHY, BUDGET_WHY = (
    "no action fits",
    "no action is expected to pay",
    "the budget goes further elsewhere",
)
GROUPED_BY = (c.PERSONA, c.JOURNEY_STAGE, c.VALUE_TIER, c.CHURN_BAND, c.SATISFACTION_SEGMENT)
AGREED = (
    c.EXPECTED_PROFIT, c.EXPECTED_PROFIT_LOW, c.EXPECTED_PROFIT_HIGH, c.EXPECTED_PROFIT_BASIS, c.ACTION, c.HOLDOUT,
)  # fmt: skip
SHOWN = (c.BENEFIT_SEGMENT, c.BEST_CONTACT_WINDOW, c.BEST_CONTACT_WEEKDAY)


@dataclass(frozen=True)
class NextActions:
    """What is recommended.

    Attributes
    ----------
    frame
        A row per customer, sorted by id; docs/effects.md lists the columns.
    left_out
        Actions whose conditions name columns that the assignments lack, with these columns.
    """

    frame: pd.DataFrame
    allocation: Allocation
    left_out: Mapping[str, list[str]]


def next_actions(
    assignments: pd.DataFrame, state: pd.DataFrame, plan: ActionPlan, budget: float | None = None
) -> NextActions:
    """Choose one action for each customer, or none.

    Parameters
    ----------
    assignments
        Indexed by customer.
    state
        Of `contact_state`.
    budget
        In place of the plan's.
    """
    customers = assignments.sort_index(kind="stable")
    pressure = _pressure(state, customers.index)
    if len(state):
        own = [c.CART, *(name for name in (c.PERSONAL_DATE, c.PERSONAL_DAY) if name in pressure)]
        customers = customers.assign(**{name: pressure[name] for name in own})
    options = _options(customers, plan)
    blocked = np.where(pressure[UNSUBSCRIBED].to_numpy(bool), UNSUBSCRIBED_WHY, options.blocked).astype(object)
    capped = _capped(pressure, plan)
    allowed = options.fit & ~capped & (blocked == "")[:, None]
    profit = np.where(allowed, options.profit, np.nan)
    allocation = allocate(profit, options.cost, plan.budget if budget is None else budget)
    why = _why_left(blocked, options.fit, capped, profit)
    frame = _frame(customers, plan, options.promises, allocation.action, why)
    lacking = {
        name: [column for column in action.conditions if column not in customers]
        for name, action in plan.catalogue.items()
    }
    return NextActions(frame, allocation, {name: columns for name, columns in lacking.items() if columns})


def by_labels(assignments: pd.DataFrame, plan: ActionPlan) -> dict[str, np.ndarray]:
    """The action that each row speaks for alone: as `next_actions` chooses without a budget and without messages.

    A single row knows no budget, no message, no cart and no date; actions that ask for a cart or a date fit nobody.

    Returns
    -------
    dict
        `action`, `expected_profit` with its ends (0 of who is left alone), `expected_profit_basis`, and `holdout`.
    """
    options, size = _options(assignments, plan), len(assignments)
    allowed = options.fit & (options.blocked == "")[:, None]
    chosen = allocate(np.where(allowed, options.profit, np.nan), options.cost).action
    numbers = {name: np.zeros(size) for name in (c.EXPECTED_PROFIT, c.EXPECTED_PROFIT_LOW, c.EXPECTED_PROFIT_HIGH)}
    actions, basis = np.full(size, LEAVE_ALONE, object), np.full(size, ASSUMED, object)
    holdout = np.zeros(size, bool)
    for number, (name, promised) in enumerate(zip(plan.catalogue, options.promises, strict=True)):
        rows = np.flatnonzero(chosen == number)
        actions[rows], basis[rows] = name, promised.basis
        holdout[rows] = _held_out(name, assignments.index[rows], plan)
        for column, value in zip(numbers, (promised.profit, promised.low, promised.high), strict=True):
            numbers[column][rows] = value[rows]
    return {**numbers, c.EXPECTED_PROFIT_BASIS: basis, c.ACTION: actions, c.HOLDOUT: holdout}


def agreeing(assignments: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """The assignments with the actions of `next_actions`, which knows more than a row does: they then say the same."""
    own = frame.set_index(c.CUSTOMER_ID).reindex(assignments.index)
    columns = {name: own[name].to_numpy() for name in AGREED if name != c.EXPECTED_PROFIT_BASIS}
    return assignments.assign(**columns, **{c.EXPECTED_PROFIT_BASIS: own[c.BASIS].to_numpy()})


def reads(plan: ActionPlan) -> list[str]:
    """The columns of the assignments that `next_actions` and `by_segment` look at, as far as they are there."""
    conditions = [column for action in plan.catalogue.values() for column in action.conditions]
    arms = [action.arm or name for name, action in plan.catalogue.items()]
    effects = [column(arm) for arm in arms for column in (c.effect_of, c.effect_low, c.effect_high)]
    return list(dict.fromkeys([*PROSPECTS, *GROUPED_BY, *SHOWN, c.FLAGS, *conditions, *plan.never, *effects]))


def by_segment(frame: pd.DataFrame, assignments: pd.DataFrame) -> pd.DataFrame:
    """What is recommended in each segment, and what it is worth.

    Returns
    -------
    DataFrame
        `labels` and `label`; `action`, `customers` whom it is recommended for, `holdout` of these, `expected_profit`
        and `expected_cost` of those who are contacted, together.
    """
    own = frame.set_index(c.CUSTOMER_ID)
    contacted = ~own[c.HOLDOUT]
    rows = pd.DataFrame(
        {
            c.ACTION: own[c.ACTION],
            c.HOLDOUT: own[c.HOLDOUT].astype(int),
            c.EXPECTED_PROFIT: own[c.EXPECTED_PROFIT].where(contacted, 0.0),
            c.EXPECTED_COST: own[c.EXPECTED_COST].where(contacted, 0.0),
        }
    )
    parts = []
    for column in (name for name in GROUPED_BY if name in assignments):
        label = assignments[column].reindex(rows.index).astype(str)
        grouped = rows.groupby([label.rename("label"), rows[c.ACTION].astype(str)], sort=True)
        sums = grouped[[c.HOLDOUT, c.EXPECTED_PROFIT, c.EXPECTED_COST]].sum()
        sums.insert(0, "customers", grouped.size())
        parts.append(sums.reset_index().assign(labels=column))
    names = ["labels", "label", c.ACTION, "customers", c.HOLDOUT, c.EXPECTED_PROFIT, c.EXPECTED_COST]
    return pd.concat(parts, ignore_index=True)[names] if parts else pd.DataFrame(columns=names)


def _pressure(state: pd.DataFrame, customers: pd.Index) -> pd.DataFrame:
    """On the customers: messages in all and `by SENDER`, whether unsubscribed, whether a cart is open."""
    table = pd.DataFrame(index=customers)
    known = state[state[c.CUSTOMER_ID].isin(customers)]
    grouped = known.groupby(c.CUSTOMER_ID)
    table[c.MESSAGES] = grouped[c.MESSAGES].sum().astype(float).reindex(customers).fillna(0.0)
    table[UNSUBSCRIBED] = (known[known[UNSUBSCRIBED] == 1].groupby(c.CUSTOMER_ID).size() > 0).reindex(
        customers, fill_value=False
    )
    opened = known[known[c.CART] == OPEN].groupby(c.CUSTOMER_ID).size() > 0
    table[c.CART] = np.where(opened.reindex(customers, fill_value=False), OPEN, NO_CART)
    if c.PERSONAL_DATE in known:
        coming = known.dropna(subset=[c.PERSONAL_DATE]).drop_duplicates(c.CUSTOMER_ID).set_index(c.CUSTOMER_ID)
        for name in (c.PERSONAL_DATE, c.PERSONAL_DAY):
            table[name] = coming[name].reindex(customers)
    for sender, rows in known[known[c.SENDER].notna()].groupby(c.SENDER):
        sums = rows.groupby(c.CUSTOMER_ID)[c.MESSAGES].sum().astype(float)
        table[_by(sender)] = sums.reindex(customers).fillna(0.0)
    return table


def _by(sender: object) -> str:
    return f"by {sender}"


class Options(NamedTuple):
    """What the labels of customers speak for.

    Attributes
    ----------
    promises
        Of each action.
    fit
        (N, A) whether the conditions are met.
    profit, cost
        (N, A) of the promises.
    blocked
        (N,) why a customer may get no action at all; empty where the customer may.
    """

    promises: list[Promise]
    fit: Mask
    profit: Array
    cost: Array
    blocked: Array


def _options(customers: pd.DataFrame, plan: ActionPlan) -> Options:
    prospects, nothing = plan.prospects(customers), np.zeros((len(customers), 0))
    promises = [promise(name, action, customers, prospects) for name, action in plan.catalogue.items()]
    fit = np.column_stack([nothing.astype(bool), *(fits(action, customers) for action in plan.catalogue.values())])
    profit = np.column_stack([nothing, *(each.profit for each in promises)])
    profit = np.where([plan.surely_pays(name) for name in plan.catalogue], profit, np.nan)
    cost = np.nan_to_num(np.column_stack([nothing, *(each.cost for each in promises)]))
    return Options(promises, fit, profit, cost, _blocked(customers, plan))


def _blocked(customers: pd.DataFrame, plan: ActionPlan) -> Array:
    """(N,) why no action is allowed by the labels; empty where one may be."""
    never, returned = np.zeros(len(customers), bool), np.zeros(len(customers), bool)
    for column, labels in plan.never.items():
        if column in customers:
            never |= customers[column].isin(labels).to_numpy()
    if c.FLAGS in customers:
        flags = customers[c.FLAGS].astype("str")
        returned = flags.str.contains(NEVER_AGAIN, regex=False).fillna(False).to_numpy(bool)
    return np.select([never, returned], [NEVER_WHY, RETURNED_WHY], "").astype(object)


def _capped(pressure: pd.DataFrame, plan: ActionPlan) -> Mask:
    """(N, A) whether one message more would be too many, in all or by the sender of the action."""
    full = pressure[c.MESSAGES].to_numpy() >= plan.messages
    columns = []
    for action in plan.catalogue.values():
        most, sent = plan.by_sender.get(action.sender), _by(action.sender)
        own = pressure[sent].to_numpy() if sent in pressure else np.zeros(len(pressure))
        columns.append(full | (own >= most if most is not None else False))
    return np.column_stack(columns or [np.zeros((len(pressure), 0), bool)])


def _why_left(blocked: Array, fit: Mask, capped: Mask, profit: Array) -> Array:
    """(N,) why a customer would be left alone."""
    pays = (np.nan_to_num(profit, nan=-1.0) > 0).any(axis=1)
    return np.select(
        [blocked != "", ~fit.any(axis=1), (fit & capped).any(axis=1) & ~(fit & ~capped).any(axis=1), ~pays],
        [blocked, NO_FIT_WHY, CAP_WHY, UNPAID_WHY],
        BUDGET_WHY,
    )


def _frame(
    customers: pd.DataFrame, plan: ActionPlan, promises: list[Promise], chosen: Index, why_left: Array
) -> pd.DataFrame:
    """The table of the chosen actions."""
    size = len(customers)
    text = {name: np.full(size, "", object) for name in (c.WHY, c.BASIS, c.SENDER, c.CONTENT, c.WHEN)}
    numbers = {
        name: np.zeros(size)
        for name in (c.EXPECTED_PROFIT, c.EXPECTED_PROFIT_LOW, c.EXPECTED_PROFIT_HIGH, c.EXPECTED_COST)
    }
    holdout, actions = np.zeros(size, bool), np.full(size, LEAVE_ALONE, object)
    alone = chosen == NOTHING
    text[c.WHY][alone], text[c.BASIS][alone] = why_left[alone], ASSUMED
    for number, (name, action) in enumerate(plan.catalogue.items()):
        rows = np.flatnonzero(chosen == number)
        if not len(rows):
            continue
        own, promised = customers.iloc[rows], promises[number]
        actions[rows] = name
        text[c.WHY][rows] = _reasons(action.conditions, own)
        text[c.BASIS][rows], text[c.SENDER][rows] = promised.basis, action.sender
        text[c.CONTENT][rows] = [f"{name}/{benefit}" for benefit in _labels(own, c.BENEFIT_SEGMENT, "any")]
        text[c.WHEN][rows] = _moments(action, own)
        holdout[rows] = _held_out(name, own.index, plan)
        values = (promised.profit, promised.low, promised.high, promised.cost)
        for column, value in zip(numbers, values, strict=True):
            numbers[column][rows] = value[rows]
    return pd.DataFrame(
        {
            c.CUSTOMER_ID: customers.index.to_numpy(object),
            c.ACTION: actions,
            c.WHY: text[c.WHY],
            **numbers,
            **{name: text[name] for name in (c.BASIS, c.WHEN, c.SENDER, c.CONTENT)},
            c.HOLDOUT: holdout,
        }
    )


def _held_out(action: str, customers: pd.Index, plan: ActionPlan) -> Mask:
    """(N,) whom the lot of an action leaves alone: each action has its own, and the same every time."""
    purpose = sha256(action.encode()).hexdigest()[:6]
    return held_out(customers, plan.holdout_share, plan.seed, purpose).to_numpy()


def _labels(customers: pd.DataFrame, column: str, otherwise: str) -> Array:
    if column not in customers:
        return np.full(len(customers), otherwise, object)
    labels = customers[column].astype(object).to_numpy()
    return np.where(pd.isna(labels) | (labels == c.UNKNOWN), otherwise, labels)


def _reasons(conditions: Mapping[str, list[str]], customers: pd.DataFrame) -> Array:
    """The labels that fit, such as `journey_stage is at_risk`."""
    held = [customers[column].astype(object) for column in conditions]
    reasons = [
        labels.map({label: f"{labels.name} is {label}" for label in labels.unique()}).to_numpy(object)
        for labels in held
    ]
    joined = reasons[0]
    for more in reasons[1:]:
        joined = joined + ", " + more
    return joined


def _moments(action: ActionConfig, customers: pd.DataFrame) -> Array:
    """The best window of the customer, and how long the action may wait; or the customer's own day that it is about."""
    within_days = action.within_days
    if c.PERSONAL_DATE in action.conditions:
        return customers[c.PERSONAL_DAY].dt.strftime("on %Y-%m-%d").to_numpy(object)
    days, parts = (_labels(customers, name, "") for name in (c.BEST_CONTACT_WEEKDAY, c.BEST_CONTACT_WINDOW))
    window = pd.Series([", ".join(filter(None, both)) for both in zip(days, parts, strict=True)])
    until = f"within {within_days} day{'s' if within_days > 1 else ''}"
    return window.map({each: f"{each}, {until}" if each else until for each in window.unique()}).to_numpy(object)
