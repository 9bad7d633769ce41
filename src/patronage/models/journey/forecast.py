"""What comes next. Every forecast is linear in the belief, so each is a readout (K, M): belief @ readout.

M is the joint step of markov.py and P = sum over events of M the step whatever happens.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from patronage.models.journey.markov import Parameters
from patronage.models.journey.stages import PURCHASES, STAGES

Floats = NDArray[np.float64]
Names = NDArray[np.int8]


def by_stage(names: Names) -> Floats:
    """(K, 7) the stage of each state, as an indicator."""
    return np.eye(len(STAGES))[names]


def ahead(parameters: Parameters, names: Names, periods: int) -> Floats:
    """(K, 7) P(stage in `periods` | state) = P^periods, by stage."""
    return np.linalg.matrix_power(parameters.joint.sum(axis=0), periods) @ by_stage(names)


def after(parameters: Parameters, names: Names, event: int) -> Floats:
    """(K, 7) P(event, then stage | state) = M[event], by stage: not yet conditional on the event."""
    return parameters.joint[event] @ by_stage(names)


def without_purchase(parameters: Parameters, periods: int) -> Floats:
    """(K,) P(no purchase within `periods` | state) = Q^periods 1, Q being the steps without a purchase."""
    quiet = np.delete(parameters.joint, PURCHASES, axis=0).sum(axis=0)
    return np.linalg.matrix_power(quiet, periods).sum(axis=1)


def reach(parameters: Parameters, names: Names, periods: int) -> Floats:
    """(K, 7) P(in the stage at some time from now to `periods` | state): the stage made absorbing."""
    step, indicator = parameters.joint.sum(axis=0), by_stage(names)
    reached = indicator.copy()
    for _ in range(periods):
        reached = np.where(indicator > 0, 1.0, step @ reached)
    return reached


def transition_table(parameters: Parameters, names: Names, occupancy: Floats, event: int | None = None) -> Floats:
    """(7, 7) P(next stage | stage), whatever happens or after an event.

    States weigh as often as they were seen; those of a stage in which nobody was seen weigh the same.
    """
    step = parameters.joint.sum(axis=0) if event is None else parameters.joint[event]
    seen, indicator = (occupancy + np.finfo(float).tiny)[:-1], by_stage(names)[:-1]
    table = (indicator * seen[:, None]).T @ step[:-1, :-1] @ indicator
    totals = table.sum(axis=1, keepdims=True)
    return np.divide(table, totals, out=np.full_like(table, np.nan), where=totals > 0)
