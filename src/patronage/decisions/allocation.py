"""Which action each customer gets where a budget binds: a multiple-choice knapsack, with a bound on what is lost.

Each customer gets one action or none; the costs together stay within the budget. A price of money, the multiplier of
the budget, turns this into a choice for each customer alone. What the price leaves of the budget is filled in the
order of profit per cost. The value of the priced problem is an upper bound, so the gap to the best allocation is known.

References
----------
Sinha and Zoltners (1979), The multiple-choice knapsack problem. Operations Research 27(3).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from patronage.typing import Array, Index

STEPS = 60  # of the search for the price: it halves its interval at each
NOTHING = -1
ROUNDS = 10  # in which what is left of a budget is spent


class Allocation(NamedTuple):
    """What each customer gets.

    Attributes
    ----------
    action
        (N,) the column of the action, -1 for none.
    profit, cost
        Of all together.
    bound
        No allocation within the budget earns more.
    price
        What one unit more of the budget would earn; 0 where it does not bind.
    """

    action: Index
    profit: float
    cost: float
    bound: float
    price: float

    @property
    def gap(self) -> float:
        """The share of the bound that the best allocation may earn beyond this one."""
        return max(0.0, 1.0 - self.profit / self.bound) if self.bound > 0 else 0.0


def allocate(profit: Array, cost: Array, budget: float | None = None) -> Allocation:
    """Choose the action of each customer that earns most in all.

    Parameters
    ----------
    profit
        (N, A) expected of each action, its cost paid; not finite where the customer may not get it.
    cost
        (N, A) of each action, 0 or more.
    budget
        The most that the chosen may cost in all; None: no limit.

    Returns
    -------
    Allocation
        Exact without a budget or where it does not bind; else with its gap. Ties go to the first action, and the last
        places of a budget to the first customers.
    """
    worth = np.where(np.isfinite(profit) & (profit > 0), profit, -np.inf)
    free = _choose(worth, cost, 0.0)
    spent = _of(cost, free).sum()
    if budget is None or spent <= budget:
        total = float(_of(worth, free).sum())
        return Allocation(free, total, float(spent), total, 0.0)
    low, high = _prices(worth, cost, budget)
    chosen = _choose(worth, cost, high)
    bound = float(_of(worth - high * cost, chosen).sum() + high * budget)
    chosen = _fill(chosen, _choose(worth, cost, low), worth, cost, budget)
    chosen = _spend_rest(chosen, worth, cost, budget)
    return Allocation(chosen, float(_of(worth, chosen).sum()), float(_of(cost, chosen).sum()), bound, high)


def _prices(worth: Array, cost: Array, budget: float) -> tuple[float, float]:
    """Two prices of money as near as can be told apart: at the first the budget does not last, at the second it does.

    Who gets the same action at both ends of the search gets it at every price between them, since an action's profit
    falls evenly with the price. So each step looks only at those who are still open.
    """
    low, high = 0.0, _dearest(worth, cost)
    at_low, at_high = _choose(worth, cost, low), _choose(worth, cost, high)
    settled = 0.0  # what those cost who are no longer open
    for _ in range(STEPS):
        same = at_low == at_high
        settled += float(_of(cost[same], at_low[same]).sum())
        worth, cost, at_low, at_high = worth[~same], cost[~same], at_low[~same], at_high[~same]
        middle = (low + high) / 2
        if not low < middle < high:
            break
        choice = _choose(worth, cost, middle)
        if settled + float(_of(cost, choice).sum()) > budget:
            low, at_low = middle, choice
        else:
            high, at_high = middle, choice
    return low, high


def _choose(worth: Array, cost: Array, price: float) -> Index:
    """(N,) the best action of each customer at a price of money; none where nothing earns more than its price."""
    if worth.shape[1] == 0:
        return np.full(len(worth), NOTHING)
    priced = worth - price * cost if price else worth
    best = np.argmax(priced, axis=1)
    return np.where(priced[np.arange(len(best)), best] > 0, best, NOTHING)


def _of(values: Array, action: Index) -> Array:
    """(N,) the value of each customer's action; 0 of none."""
    some = action != NOTHING
    taken = np.zeros(len(action))
    taken[some] = values[some, action[some]]
    return taken


def _dearest(worth: Array, cost: Array) -> float:
    """A price at which only what costs nothing is chosen."""
    usable = np.isfinite(worth) & (cost > 0)
    return float(np.max(worth[usable] / cost[usable])) if usable.any() else 0.0


def _fill(chosen: Index, dearer: Index, worth: Array, cost: Array, budget: float) -> Index:
    """Spend what is left on the customers who are about to change at this price, first come first served."""
    filled = chosen.copy()
    changing = np.flatnonzero(chosen != dearer)
    more = (_of(cost, dearer) - _of(cost, chosen))[changing]
    earns = (_of(worth, dearer) - _of(worth, chosen))[changing]
    left = budget - _of(cost, chosen).sum()
    ratio = np.where(more > 0, earns / np.where(more > 0, more, 1.0), np.inf)
    for place in np.argsort(-ratio, kind="stable"):
        if earns[place] > 0 and more[place] <= left:
            filled[changing[place]] = dearer[changing[place]]
            left -= more[place]
    return filled


def _spend_rest(chosen: Index, worth: Array, cost: Array, budget: float) -> Index:
    """Give what is left to customers without an action, the best profit per cost first, as long as something fits."""
    filled = chosen.copy()
    left = budget - _of(cost, filled).sum()
    rows = np.flatnonzero((filled == NOTHING) & ((worth > 0) & (cost <= left)).any(axis=1))  # what is left only shrinks
    worth, cost = worth[rows], cost[rows]
    ratio = np.where((worth > 0) & (cost > 0), worth / np.where(cost > 0, cost, 1.0), -np.inf)
    for _ in range(ROUNDS if len(rows) else 0):
        affordable = np.where((cost <= left) & (filled[rows] == NOTHING)[:, None], ratio, -np.inf)
        best = np.argmax(affordable, axis=1)
        value = affordable[np.arange(len(rows)), best]
        order = np.argsort(-value, kind="stable")[: int((value > 0).sum())]
        total = np.cumsum(cost[order, best[order]])
        taken = order[total <= left]
        if not len(taken):
            break
        filled[rows[taken]] = best[taken]
        left -= total[len(taken) - 1]
    return filled
