"""Predictions of the model. Each is linear in the state probabilities: states (N, K) @ table (K, M).

M is the joint step of parameters.py, and P the sum of M over the events: the transition matrix of the states.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from patronage.models.journey.parameters import Parameters
from patronage.models.journey.stages import PURCHASES, STAGES
from patronage.typing import Array

StageOfState = NDArray[np.int8]  # (K,)


def stage_indicator(stage_of_state: StageOfState) -> Array:
    """(K, 7) the stage of each state, as an indicator."""
    return np.eye(len(STAGES))[stage_of_state]


def stages_ahead(parameters: Parameters, stage_of_state: StageOfState, periods: int) -> Array:
    """(K, 7) P(stage in `periods` | state) = P^periods, summed by stage."""
    return np.linalg.matrix_power(parameters.joint.sum(axis=0), periods) @ stage_indicator(stage_of_state)


def stages_after_event(parameters: Parameters, stage_of_state: StageOfState, event: int) -> Array:
    """(K, 7) P(event, then stage | state) = M[event], summed by stage: not conditional on the event."""
    return parameters.joint[event] @ stage_indicator(stage_of_state)


def without_purchase(parameters: Parameters, periods: int) -> Array:
    """(K,) P(no purchase within `periods` | state) = Q^periods 1, Q being the steps without a purchase."""
    quiet = np.delete(parameters.joint, PURCHASES, axis=0).sum(axis=0)
    return np.linalg.matrix_power(quiet, periods).sum(axis=1)


def stages_reached(parameters: Parameters, stage_of_state: StageOfState, periods: int) -> Array:
    """(K, 7) P(in the stage at some time from now to `periods` | state): the stage made absorbing."""
    step, indicator = parameters.joint.sum(axis=0), stage_indicator(stage_of_state)
    reached = indicator.copy()
    for _ in range(periods):
        reached = np.where(indicator > 0, 1.0, step @ reached)
    return reached


def transition_table(
    parameters: Parameters, stage_of_state: StageOfState, occupancy: Array, event: int | None = None
) -> Array:
    """(7, 7) P(next stage | stage), after any event or after one event class.

    The weight of a state is its `occupancy`; the states of a stage without any occupancy have equal weights.
    """
    step = parameters.joint.sum(axis=0) if event is None else parameters.joint[event]
    weights, indicator = (occupancy + np.finfo(float).tiny)[:-1], stage_indicator(stage_of_state)[:-1]
    table = (indicator * weights[:, None]).T @ step[:-1, :-1] @ indicator
    totals = table.sum(axis=1, keepdims=True)
    return np.divide(table, totals, out=np.full_like(table, np.nan), where=totals > 0)
