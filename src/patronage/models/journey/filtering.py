r"""Filtering: the probability of each state after each event, by the normalised forward algorithm.

With a(t) the (K,) state probabilities before event z(t), and M the joint step of parameters.py (Rabiner 1989,
equations 19 to 21, scaled as in his section V-A; here the scale c(t) is the probability of the event),

    c(t) = sum of a(t) M[z(t)]
    a(t + 1) = a(t) M[z(t)] / c(t).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from patronage.models.journey.chunks import map_chunks
from patronage.models.journey.jit import jit
from patronage.models.journey.parameters import Parameters
from patronage.models.journey.paths import Paths
from patronage.models.journey.stages import HYSTERESIS, NOT_SHOWN, STAGES, ordinal_median
from patronage.typing import Array


class Filtered(NamedTuple):
    """The filtered paths of N customers."""

    states: Array  # (N, K) P(state | path)
    log_likelihood: Array  # (N,) log P(events after entry | entry event)
    shown: NDArray[np.int8]  # (total periods,) the stage on display after each period


def filter_paths(paths: Paths, parameters: Parameters, stage_of_state: NDArray[np.int8]) -> Filtered:
    """Filter each path from entry to its end.

    Parameters
    ----------
    stage_of_state
        (K,) the stage of each state.
    """
    rows = len(paths.lengths)
    states, log_likelihood = entry_states(rows, parameters), np.zeros(rows)
    shown, joint = np.full(len(paths.codes), NOT_SHOWN, np.int8), parameters.joint

    def task(chunk: tuple[int, int]) -> None:
        _filter_rows(*paths, chunk, joint, stage_of_state, states, log_likelihood, shown)

    list(map_chunks(rows, task))
    return Filtered(states, log_likelihood, shown)


def entry_states(rows: int, parameters: Parameters) -> Array:
    """(rows, K) state probabilities of customers without any observed period."""
    states = np.zeros((rows, len(parameters.emissions)))
    states[:, -1] = 1.0
    return states


def step(states: Array, codes: NDArray[np.int8], parameters: Parameters) -> Array:
    """(N, K) state probabilities one period later, after the events `codes` (N,)."""
    after = np.empty_like(states)
    _step_rows(states, codes, parameters.joint, after)
    return after


def multiply(states: Array, table: Array) -> Array:
    """states (N, K) @ table (K, M); unlike BLAS, sums in an order that depends on no other row."""
    product = np.zeros((len(states), table.shape[1]))
    _multiply_rows(states, table, product)
    return product


@jit
def advance(state: Array, step: Array, after: Array) -> float:
    """after = state M[z] / P(z); returns P(z). States of probability 0 stay exactly 0."""
    after[:] = 0.0
    for j in range(len(state)):
        weight = state[j]
        if weight > 0.0:
            for k in range(len(after)):
                after[k] += weight * step[j, k]
    total = 0.0
    for k in range(len(after)):
        total += after[k]
    scale = 1.0 / total
    for k in range(len(after)):
        after[k] *= scale
    return total


@jit
def _filter_rows(
    codes: NDArray[np.int8],
    offsets: NDArray[np.int64],
    rows: tuple[int, int],
    joint: Array,
    stage_of_state: NDArray[np.int8],
    states: Array,
    log_likelihood: Array,
    shown: NDArray[np.int8],
) -> None:
    after, posterior = np.empty(joint.shape[1]), np.empty(len(STAGES))
    for i in range(rows[0], rows[1]):
        state, label = states[i], NOT_SHOWN
        for t in range(offsets[i], offsets[i + 1]):
            total = advance(state, joint[codes[t]], after)
            if t > offsets[i]:
                log_likelihood[i] += math.log(total)
            state[:] = after
            posterior[:] = 0.0
            for k in range(len(stage_of_state)):
                posterior[stage_of_state[k]] += state[k]
            label = ordinal_median(posterior, label, HYSTERESIS)
            shown[t] = label


@jit
def _step_rows(states: Array, codes: NDArray[np.int8], joint: Array, after: Array) -> None:
    for i in range(len(states)):
        advance(states[i], joint[codes[i]], after[i])


@jit
def _multiply_rows(states: Array, table: Array, product: Array) -> None:
    for i in range(len(states)):
        for k in range(len(table)):
            weight = states[i, k]
            if weight > 0.0:
                for m in range(table.shape[1]):
                    product[i, m] += weight * table[k, m]
