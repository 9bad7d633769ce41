"""Whether what a contact is expected to bring was learned or is assumed, and which costs are still ours."""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.bundle import Bundle
from patronage.config.shipped import shipped
from patronage.decisions.offer import Offer

OPTIONS = ("decision/offer", "decision/reminder")
COSTS = ("contact_cost", "offer_cost")


def offer_messages(bundle: Bundle, assignments: pd.DataFrame | None = None) -> list[str]:
    """One line about what `expected_profit` stands on, and one about costs that no user gave.

    Parameters
    ----------
    assignments
        Tell which acceptance the learned effect amounts to.
    """
    offer, arm = bundle.offer, learned_arm(bundle)
    if arm is None or bundle.effects is None:
        basis = (
            f"assumed, not learned: {offer.acceptance_rate:.0%} of those who would leave accept the offer, and each is "
            f"worth {offer.value_saved:.0%} of the clv"
        )
        if bundle.effects is not None:
            arms = ", ".join(bundle.effects.arms[1:])
            basis += f"; the effects hold {arms}, name one of them in decision.arm"
    else:
        mean, low, high = bundle.effects.average(arm)
        basis = f"learned from contacts by lot: {arm} changes {mean:+.3g} [{low:+.3g}, {high:+.3g}] per customer"
        rate = None if assignments is None else implied_acceptance(bundle, assignments)
        if rate is not None:
            basis += f", as much as an acceptance of {rate:.1%} would ({offer.acceptance_rate:.0%} was assumed)"
    lines = [f"decision     {basis}"]
    if placeholders := placeholder_figures(offer, learned=arm is not None):
        figures = ", ".join(f"{name}={value:g}" for name, value in placeholders.items())
        lines.append(f"decision     costs are the shipped placeholders, {figures}: give your own in decision.*")
    return lines


def learned_arm(bundle: Bundle) -> str | None:
    """The arm whose effect stands for the offer; None where it is assumed."""
    return None if bundle.effects is None else bundle.offer.arm_of(bundle.effects.arms)


def placeholder_figures(offer: Offer, *, learned: bool) -> dict[str, float]:
    """The costs that are still those that we ship; where the effect was learned only the contact's counts."""
    names = COSTS[:1] if learned else COSTS
    ours = {name: [shipped(option, name) for option in OPTIONS] for name in names}
    return {name: getattr(offer, name) for name in names if getattr(offer, name) in ours[name]}


def implied_acceptance(bundle: Bundle, assignments: pd.DataFrame) -> float | None:
    """The acceptance rate at which the assumed formula would give the learned effect on average."""
    arm, offer = learned_arm(bundle), bundle.offer
    if arm is None or c.CLV not in assignments:
        return None
    known = assignments[[c.CHURN_PROBABILITY, c.CLV, c.effect_of(arm)]].astype(float).dropna()
    p_churn, value, effect = known.to_numpy().T if len(known) else np.zeros((3, 0))
    at_stake = float((p_churn * (offer.value_saved * value - offer.offer_cost)).sum())
    given = float(((1 - p_churn) * offer.offer_cost).sum())
    return (float(effect.sum()) + given) / at_stake if at_stake > 0 else None
