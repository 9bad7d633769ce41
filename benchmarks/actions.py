"""Measure the next best action by the number of customers: `python benchmarks/actions.py` writes actions.md beside it.

Customers and ten actions are made up; every action fits half of the customers, and the budget pays for a tenth of what
would be chosen without one. `whole` is all of `next_actions`: profits, caps, allocation, holdout, reasons in words;
`allocation` is the choice within the budget alone. CPU seconds of one process.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from patronage.config import ActionConfig, ActionsConfig
from patronage.decisions.allocation import allocate
from patronage.decisions.catalogue import ActionPlan
from patronage.decisions.next_action import next_actions

BEFORE = """On the same busy machine, two minutes apart, a million customers took 14.8 CPU seconds, 9.9 of them the
allocation, before the search for the price of money left out the customers whose action it can no longer change. All
else is equal to the last digit."""
SIZES, ACTIONS = (10_000, 100_000, 1_000_000), 10
LABELS = np.array([f"label {number}" for number in range(ACTIONS)], object)
HEAD = (
    "| customers | actions | whole CPU s | allocation CPU s | gap | share of the budget spent |\n" + "|---:" * 6 + "|"
)


def customers_of(size: int, rng: np.random.Generator) -> pd.DataFrame:
    """Made-up assignments."""
    p_churn, orders, clv = rng.uniform(0, 1, size), rng.gamma(2, 1, size), rng.gamma(2, 60, size)
    return pd.DataFrame(
        {
            "journey_stage": rng.choice(LABELS, size),
            "benefit_segment": rng.choice(LABELS, size),
            "best_contact_window": rng.choice(LABELS, size),
            "churn_probability": p_churn,
            "p_order": 1 - p_churn,
            "journey_p_order": 1 - p_churn,
            "expected_orders": orders,
            "expected_spend": orders * rng.gamma(3, 10, size),
            "clv": clv,
            "clv_low": 0.5 * clv,
            "clv_high": 2 * clv,
        },
        index=pd.Index([f"c{number:08d}" for number in range(size)], name="customer_id"),
    )


def plan_of(rng: np.random.Generator) -> ActionPlan:
    """Ten actions."""
    catalogue = {
        f"action {number}": ActionConfig(
            {"journey_stage": list(rng.choice(LABELS, ACTIONS // 2, replace=False))},
            ("order", "risk", "spend")[number % 3], 0.05, 0.0, 0.1, cost=float(rng.uniform(0.1, 2)), offer_cost=1.0,
        )
        for number in range(ACTIONS)
    }  # fmt: skip
    return ActionPlan.of(ActionsConfig(catalogue=catalogue), margin=0.4, order_margin=12.0, seed=0)


def row_of(size: int) -> str:
    """One line of the table."""
    rng = np.random.default_rng(size)
    customers, plan = customers_of(size, rng), plan_of(rng)
    state = pd.DataFrame(columns=["customer_id", "sender", "messages", "unsubscribed", "cart"])
    budget = 0.1 * next_actions(customers, state, plan).allocation.cost
    started = time.process_time()
    result = next_actions(customers, state, plan, budget)
    whole = time.process_time() - started
    profit, cost = rng.normal(0, 1, (size, ACTIONS)), rng.uniform(0, 2, (size, ACTIONS))
    started = time.process_time()
    allocate(profit, cost, 0.1 * size)
    alone = time.process_time() - started
    spent = result.allocation.cost / budget
    return f"| {size:,} | {ACTIONS} | {whole:.1f} | {alone:.1f} | {result.allocation.gap:.1e} | {spent:.4%} |"


def main() -> None:
    """Measure, and write the table."""
    rows = [row_of(size) for size in SIZES]
    version = ".".join(map(str, sys.version_info[:3]))
    text = (
        f"# The next best action by the number of customers\n\nMade by `benchmarks/actions.py`; Python {version}. "
        f"The machine's load was {os.getloadavg()[0]:.1f} at the end.\n\n{BEFORE}\n\n"
    )
    Path(__file__).with_suffix(".md").write_text("\n".join([text + HEAD, *rows]) + "\n")


if __name__ == "__main__":
    main()
