"""The choice of one action each within a budget."""

from itertools import product

import numpy as np
import pytest

from patronage.decisions.allocation import NOTHING, allocate


def best_by_hand(profit, cost, budget):
    """The most that any allocation earns: all are tried."""
    choices = [NOTHING, *range(profit.shape[1])]
    best = 0.0
    for actions in product(choices, repeat=len(profit)):
        some = [(row, action) for row, action in enumerate(actions) if action != NOTHING]
        if all(np.isfinite(profit[place]) for place in some) and sum(cost[place] for place in some) <= budget:
            best = max(best, sum(profit[place] for place in some))
    return best


def test_without_a_budget_everyone_gets_what_earns_most():
    profit = np.array([[1.0, 3.0], [-1.0, -2.0], [np.nan, 0.5], [2.0, 2.0]])
    result = allocate(profit, np.ones((4, 2)))
    assert result.action.tolist() == [1, NOTHING, 1, 0]
    assert (result.profit, result.cost, result.gap, result.price) == (5.5, 3.0, 0.0, 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_the_stated_gap_holds_beside_all_allocations(seed):
    rng = np.random.default_rng(seed)
    profit, cost = rng.normal(1, 2, (6, 3)), rng.uniform(0, 3, (6, 3))
    profit[rng.random((6, 3)) < 0.2] = np.nan
    for budget in (0.0, 1.0, 4.0, 100.0):
        result, best = allocate(profit, cost, budget), best_by_hand(profit, cost, budget)
        assert result.cost <= budget + 1e-9
        assert result.profit <= best + 1e-9
        assert best <= result.bound + 1e-9


def test_a_large_crowd_loses_next_to_nothing():
    rng = np.random.default_rng(1)
    profit, cost = rng.normal(0, 1, (5000, 5)), rng.uniform(0.1, 2, (5000, 5))
    result = allocate(profit, cost, 500.0)
    assert 499 < result.cost <= 500
    assert result.gap < 1e-4
    assert result.price > 0


def test_a_budget_of_nothing_takes_what_is_free():
    result = allocate(np.array([[1.0, 2.0]]), np.array([[0.0, 1.0]]), 0.0)
    assert result.action.tolist() == [0]


def test_equal_customers_share_a_budget_in_their_order():
    result = allocate(np.ones((4, 1)), np.ones((4, 1)), 2.0)
    assert result.action.tolist() == [0, 0, NOTHING, NOTHING]
    assert result.gap == pytest.approx(0.0)


def test_nobody_and_no_action():
    assert allocate(np.zeros((0, 2)), np.zeros((0, 2)), 1.0).profit == 0
    assert allocate(np.zeros((3, 0)), np.zeros((3, 0))).action.tolist() == [NOTHING] * 3
