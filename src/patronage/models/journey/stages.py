"""Seven stages, five event classes, and the rule that turns a posterior over stages into one label."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from patronage import names as c
from patronage.models.journey.jit import jit
from patronage.typing import Array

# The order is the decision's order: five active stages, then less and less of a customer.
STAGES = ("non_user", "prospect", "first_time", "regular", "loyal", "at_risk", c.CHURNED)
NON_USER, PROSPECT, FIRST_TIME, REGULAR, LOYAL, AT_RISK, CHURNED = range(7)

# Event classes, the least first: the class of a period is that of its greatest event; `multi` is two or more purchases.
ALPHABET = ".eipm"
SILENT, ENGAGE, INTENT, PURCHASE, MULTI = range(5)
PURCHASES = (PURCHASE, MULTI)

HYSTERESIS = 0.2
NOT_SHOWN = -1


@jit
def ordinal_median(posterior: Array, shown: int, margin: float) -> int:
    """The label of one customer's posterior; the stage on display gets `margin` of extra mass while it is possible.

    The most probable stage would hardly ever be "at risk", which lies between two stages of more mass. The label is
    therefore the median of the order active < at risk < churned: active (the most probable of the five active stages)
    if those hold half of the mass, churned if that stage holds more than half, else at risk.
    """
    bonus = margin if shown >= 0 and posterior[shown] > 0.0 else 0.0
    active, best, highest = 0.0, 0, -1.0
    for stage in range(LOYAL + 1):
        mass = posterior[stage] + (bonus if stage == shown else 0.0)
        active += mass
        if mass > highest:
            best, highest = stage, mass
    half = (1.0 + bonus) / 2.0
    if active >= half:
        return best
    return CHURNED if posterior[CHURNED] + (bonus if shown == CHURNED else 0.0) > half else AT_RISK


@jit
def _decide_rows(posteriors: Array, shown: NDArray[np.int8], margin: float, labels: NDArray[np.int8]) -> None:
    for i in range(len(posteriors)):
        labels[i] = ordinal_median(posteriors[i], shown[i], margin)


def decide(posteriors: Array) -> NDArray[np.int8]:
    """(N, 7) posteriors to (N,) stage numbers, by the ordinal median."""
    return hysteresis(posteriors, np.full(len(posteriors), NOT_SHOWN, np.int8))


def hysteresis(posteriors: Array, shown: NDArray[np.int8], margin: float = HYSTERESIS) -> NDArray[np.int8]:
    """The label to display one period after `shown` (N,): it changes only where evidence leads by `margin`.

    Two active stages change places when one leads the other by `margin`; active, at risk and churned when the
    mass passes .5 by half of it. A stage that the facts exclude (posterior 0) is left at once.
    """
    labels = np.empty(len(posteriors), np.int8)
    _decide_rows(np.ascontiguousarray(posteriors), shown.astype(np.int8), margin, labels)
    return labels
