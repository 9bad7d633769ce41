"""The next actions of a run: the table, what is recommended in each segment, and a line to print."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from patronage import names as c
from patronage.config.actions import LEAVE_ALONE, ActionConfig
from patronage.config.shipped import shipped
from patronage.decisions.catalogue import ASSUMED, LEARNED, ActionPlan
from patronage.decisions.next_action import NextActions, by_segment
from patronage.names import Artifact
from patronage.report import Report


def action_report(actions: NextActions, assignments: pd.DataFrame, plan: ActionPlan) -> Report:
    """The report of what is recommended.

    Parameters
    ----------
    assignments
        Of the same customers, indexed by them.
    """
    if not plan.catalogue:
        return Report()
    return Report(
        frames={Artifact.ACTIONS: actions.frame},
        tables={Artifact.ACTIONS_BY_SEGMENT: by_segment(actions.frame, assignments)},
        messages=action_messages(actions, plan),
    )


def action_messages(actions: NextActions, plan: ActionPlan) -> list[str]:
    """How many get an action, what it is expected to earn, and what stands on assumptions."""
    frame, allocation = actions.frame, actions.allocation
    some = frame[frame[c.ACTION] != LEAVE_ALONE]
    counts = ", ".join(f"{name} {number:,}" for name, number in some[c.ACTION].value_counts().items())
    contacted = some[~some[c.HOLDOUT]]
    lines = [
        f"actions      {len(some):,} of {len(frame):,} customers get one ({counts or 'none pays'}); "
        f"{len(some) - len(contacted):,} of these are held out by lot; expected profit "
        f"{contacted[c.EXPECTED_PROFIT].sum():,.0f} for a cost of {contacted[c.EXPECTED_COST].sum():,.0f}"
    ]
    if allocation.price:
        lines.append(
            f"actions      the budget binds: one unit more would earn {allocation.price:.2f}; the best allocation "
            f"earns at most {allocation.gap:.4%} more"
        )
    if learned := sorted(some.loc[some[c.BASIS] == LEARNED, c.ACTION].unique()):
        lines.append(f"actions      learned from contacts by lot: {', '.join(learned)}")
    assumed = sorted(some.loc[some[c.BASIS] == ASSUMED, c.ACTION].unique())
    if assumed:
        placeholders = placeholder_costs(plan.catalogue)
        costs = (
            f"; shipped costs for {', '.join(placeholders)}: give actions.catalogue.NAME.cost" if placeholders else ""
        )
        lines.append(f"actions      assumed, not learned from contacts by lot: {', '.join(assumed)}{costs}")
    if actions.left_out:
        lacking = ", ".join(f"{name} ({', '.join(columns)})" for name, columns in actions.left_out.items())
        lines.append(f"actions      left out, since the data does not support their conditions: {lacking}")
    return lines


def placeholder_costs(catalogue: Mapping[str, ActionConfig]) -> list[str]:
    """The actions whose costs are still those that we ship."""
    ours = {name: ActionConfig(**action) for name, action in shipped("actions/retail", "catalogue").items()}
    return [
        name
        for name, action in catalogue.items()
        if name in ours and (action.cost, action.offer_cost) == (ours[name].cost, ours[name].offer_cost)
    ]
