"""The next actions of a run: the table, what is recommended in each segment, and a line to print."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from patronage import names as c
from patronage.bundle import Bundle
from patronage.config.actions import LEAVE_ALONE, ActionConfig
from patronage.config.shipped import shipped
from patronage.decisions.catalogue import ASSUMED, LEARNED
from patronage.decisions.next_action import NextActions, by_segment
from patronage.decisions.retention import implied_rate, retention_offer
from patronage.names import Artifact
from patronage.report import Report


def action_report(actions: NextActions, assignments: pd.DataFrame, bundle: Bundle) -> Report:
    """The report of what is recommended.

    Parameters
    ----------
    assignments
        Of the same customers, indexed by them.
    """
    if not bundle.actions.catalogue:
        return Report()
    return Report(
        frames={Artifact.ACTIONS: actions.frame},
        tables={Artifact.ACTIONS_BY_SEGMENT: by_segment(actions.frame, assignments)},
        messages=action_messages(actions, assignments, bundle),
    )


def action_messages(actions: NextActions, assignments: pd.DataFrame, bundle: Bundle) -> list[str]:
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
    lines += [f"actions      {line}" for line in learned_lines(bundle, assignments)]
    assumed = sorted(some.loc[some[c.BASIS] == ASSUMED, c.ACTION].unique())
    if assumed:
        placeholders = placeholder_costs(bundle.actions.catalogue)
        costs = (
            f"; shipped costs for {', '.join(placeholders)}: give actions.catalogue.NAME.cost" if placeholders else ""
        )
        lines.append(f"actions      assumed, not learned from contacts by lot: {', '.join(assumed)}{costs}")
    if actions.left_out:
        lacking = ", ".join(f"{name} ({', '.join(columns)})" for name, columns in actions.left_out.items())
        lines.append(f"actions      left out, since the data does not support their conditions: {lacking}")
    return lines


def learned_lines(bundle: Bundle, assignments: pd.DataFrame, currency: str = "") -> list[str]:
    """What each arm of the catalogue changes, and of the retention offer which rate that amounts to."""
    if bundle.effects is None:
        return []
    lines, offer = [], retention_offer(bundle.actions.catalogue)
    for name, action in bundle.actions.catalogue.items():
        arm = action.arm or name
        if arm not in bundle.effects.arms[1:]:
            continue
        mean, low, high = bundle.effects.average(arm)
        unit = f" {currency}" if currency else ""
        line = f"{name}: {arm} changes {mean:+.3g} [{low:+.3g}, {high:+.3g}]{unit} per customer"
        if offer is not None and offer[0] == name:
            columns = [c.CHURN_PROBABILITY, c.CLV, c.effect_of(arm)]
            known = assignments.reindex(columns=columns).astype(float).dropna()
            rate = implied_rate(action, *known.to_numpy().T) if len(known) else None
            line += "" if rate is None else f", as much as a rate of {rate:.1%} would ({action.rate:.1%} was assumed)"
        lines.append(line)
    return lines


def placeholder_costs(catalogue: Mapping[str, ActionConfig]) -> list[str]:
    """The actions whose costs are still those that we ship."""
    ours = {name: ActionConfig(**action) for name, action in shipped("actions/retail", "catalogue").items()}
    return [
        name
        for name, action in catalogue.items()
        if name in ours and (action.cost, action.offer_cost) == (ours[name].cost, ours[name].offer_cost)
    ]
