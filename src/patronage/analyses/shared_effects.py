"""Which of the rules that were found only go along with another one.

A rule is held beside the others that were found, but not beside those that follow it: where most customers fulfil the
other one only later, it may be what the first leads to, and beside its own consequence every cause loses its effect.
(A tour that makes customers order more is worth little beside how often they ordered in the weeks after it.) Held so, a
rule goes along where less than half of its effect is left, or where its interval holds none. Beside one that follows
it, a rule goes along only where less than a third is left: the one that follows tells nearly all of it then. Of rules
that go along with nothing but each other the surest is found. Where no days are known, none is known to follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from patronage.analyses.rules import Rules
from patronage.statistics import linear_effects, residuals
from patronage.typing import Array

MOST_TOGETHER = 25  # rules in one regression
SAME_CUSTOMERS = 0.9  # correlation of two rules above which one of them speaks for both
LEAST_LEFT = 1 / 2  # of an effect, beside the others
LEAST_LEFT_BESIDE_NEXT = 1 / 3  # of an effect, beside one that follows it


class SharedEffect(NamedTuple):
    """The effect of a rule beside the others, and the place of the rule that it goes along with, if it does."""

    together: float
    partner: int | None


def shared_effects(rules: Rules, effects: Array, y: Array, adjust: Array) -> list[SharedEffect]:
    """Hold rules that were found beside each other.

    Parameters
    ----------
    rules
        The surest first.
    effects
        (R,) of each by itself.

    Returns
    -------
    list of SharedEffect
        One per rule; of a rule that as good as the same customers fulfil as a surer one, `together` is missing.
    """
    n = len(rules.wordings)
    if n < 2:
        return [SharedEffect(float(effect), None) for effect in effects[:n]]
    alike = np.abs(np.corrcoef(rules.matrix, rowvar=False)) - np.eye(n)
    first = [place for place in range(n) if not (alike[place, :place] > SAME_CUSTOMERS).any()]
    left = _left_beside_own(rules, y, adjust)
    shared = [
        _beside_others(rules, place, first, float(effects[place]), *left[rules.key_of(place)])
        if place in first
        else SharedEffect(np.nan, int(alike[place, :place].argmax()))
        for place in range(n)
    ]
    return _with_the_surest(shared)


def _left_beside_own(rules: Rules, y: Array, adjust: Array) -> dict[str, tuple[Array, Array]]:
    """What is left of all rules and of `y` beside what a rule is held beside, by its key."""
    designs = {
        rules.key_of(place): np.column_stack([adjust, *rules.more_beside(place)])
        for place in range(len(rules.wordings))
    }
    return {key: (residuals(rules.matrix, design), residuals(y, design)) for key, design in designs.items()}


def _beside_others(
    rules: Rules, place: int, first: Sequence[int], effect: float, left: Array, y_left: Array
) -> SharedEffect:
    """Each rule has a regression of its own, since each is beside other things, too.

    What is left of another rule beside those would leave out a part of it that goes with this one.
    """
    others = [other for other in first if other != place]
    next_ones = [other for other in others if rules.follows(place, other)]
    held = [place, *(other for other in others if other not in next_ones)]
    joint = linear_effects(left[:, held], y_left)
    together, low, high = (float(ends[0]) for ends in (joint.value, joint.low, joint.high))
    products, with_y = left.T @ left, y_left @ left
    alone = with_y[place] / products[place, place]
    if len(held) > 1 and (low <= 0 <= high or together / effect < LEAST_LEFT):
        taken = joint.value[1:] * products[place, held[1:]] / products[place, place]  # by each of the others
        return SharedEffect(together, held[1 + int(np.argmax(taken * np.sign(alone)))])
    for other in next_ones:
        pair = np.ix_([place, other], [place, other])
        beside = np.linalg.lstsq(products[pair], with_y[[place, other]])[0][0]
        if beside / alone < LEAST_LEFT_BESIDE_NEXT:
            return SharedEffect(together, other)
    return SharedEffect(together, None)


def _with_the_surest(shared: list[SharedEffect]) -> list[SharedEffect]:
    """Of rules that go along with nothing but each other the surest is found."""
    shared = list(shared)
    for place in range(len(shared)):
        chain, partner = {place}, shared[place].partner
        while partner is not None and partner not in chain:
            chain.add(partner)
            partner = shared[partner].partner
        if partner is not None:
            shared[place] = shared[place]._replace(partner=None)
    return shared
