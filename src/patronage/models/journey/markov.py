r"""The event-driven, partially hidden Markov model: its parameters and its two recursions.

In period t a customer in state j emits event z with probability B[j, z], and the event moves the customer to
state k with probability A[z, j, k]. All we need is the joint step

    M[z, j, k] = B[j, z] A[z, j, k] = P(event z, then state k | state j).

States are stages by cadence classes (stage k of class g is 7 g + k) and, last, entry: the state of a person of
whom nothing has been seen. So the first event needs no formula of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from patronage.models.journey.compiled import compiled
from patronage.models.journey.paths import Paths
from patronage.models.journey.stages import HYSTERESIS, NOT_SHOWN, STAGES, ordinal_median

Floats = NDArray[np.float64]
Result = TypeVar("Result")

CHUNKS = 16  # fixed, so that sums have one order on any number of cores
FEW = 1000


class Parameters(NamedTuple):
    """The probabilities of the model, over Z event classes and K states."""

    transitions: Floats  # A (Z, K, K)
    emissions: Floats  # B (K, Z)

    @property
    def joint(self) -> Floats:
        """M (Z, K, K)."""
        return self.emissions.T[:, :, None] * self.transitions


class Filtered(NamedTuple):
    """What the paths say of N customers."""

    beliefs: Floats  # (N, K) P(state | path)
    log_likelihood: Floats  # (N,) log P(events after entry | entry event)
    shown: NDArray[np.int8]  # (total periods,) the stage on display after each period


class Expected(NamedTuple):
    """What the E-step leaves to the M-step."""

    counts: Floats  # (Z, K, K) expected number of steps with event z from state j to state k
    log_likelihood: float


@compiled
def advance(belief: Floats, step: Floats, after: Floats) -> float:
    """after = belief M[z] / P(z); returns P(z). States of probability 0 stay exactly 0."""
    after[:] = 0.0
    for j in range(len(belief)):
        weight = belief[j]
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


@compiled
def _walk(
    codes: NDArray[np.int8],
    offsets: NDArray[np.int64],
    rows: tuple[int, int],
    joint: Floats,
    names: NDArray[np.int8],
    beliefs: Floats,
    log_likelihood: Floats,
    shown: NDArray[np.int8],
) -> None:
    after, posterior = np.empty(joint.shape[1]), np.empty(len(STAGES))
    for i in range(rows[0], rows[1]):
        belief, label = beliefs[i], NOT_SHOWN
        for t in range(offsets[i], offsets[i + 1]):
            total = advance(belief, joint[codes[t]], after)
            if t > offsets[i]:
                log_likelihood[i] += math.log(total)
            belief[:] = after
            posterior[:] = 0.0
            for k in range(len(names)):
                posterior[names[k]] += belief[k]
            label = ordinal_median(posterior, label, HYSTERESIS)
            shown[t] = label


def walk(paths: Paths, parameters: Parameters, names: NDArray[np.int8]) -> Filtered:
    """Follow each path from entry to its end.

    Parameters
    ----------
    names
        (K,) the stage of each state.
    """
    rows = len(paths.lengths)
    beliefs, log_likelihood = unseen(rows, parameters), np.zeros(rows)
    shown, joint = np.full(len(paths.codes), NOT_SHOWN, np.int8), parameters.joint

    def task(chunk: tuple[int, int]) -> None:
        _walk(*paths, chunk, joint, names, beliefs, log_likelihood, shown)

    list(_by_chunk(rows, task))
    return Filtered(beliefs, log_likelihood, shown)


def unseen(rows: int, parameters: Parameters) -> Floats:
    """(rows, K) the belief about customers of whom nothing has been seen."""
    beliefs = np.zeros((rows, len(parameters.emissions)))
    beliefs[:, -1] = 1.0
    return beliefs


@compiled
def _step(beliefs: Floats, codes: NDArray[np.int8], joint: Floats, after: Floats) -> None:
    for i in range(len(beliefs)):
        advance(beliefs[i], joint[codes[i]], after[i])


def step(beliefs: Floats, codes: NDArray[np.int8], parameters: Parameters) -> Floats:
    """(N, K) beliefs one period later, after the events `codes` (N,)."""
    after = np.empty_like(beliefs)
    _step(beliefs, codes, parameters.joint, after)
    return after


@compiled
def _expect(
    codes: NDArray[np.int8],
    offsets: NDArray[np.int64],
    weights: NDArray[np.int64],
    rows: tuple[int, int],
    joint: Floats,
    backward: Floats,
    longest: int,
    outer: Floats,
) -> float:
    states = joint.shape[1]
    forward, scale = np.empty((longest + 1, states)), np.empty(longest)
    later, now = np.empty(states), np.empty(states)
    log_likelihood = 0.0
    for i in range(rows[0], rows[1]):
        path = codes[offsets[i] : offsets[i + 1]]
        forward[0, :] = 0.0
        forward[0, -1] = 1.0
        for t in range(len(path)):
            scale[t] = advance(forward[t], joint[path[t]], forward[t + 1])
            if t > 0:
                log_likelihood += weights[i] * math.log(scale[t])
        later[:] = 1.0
        for t in range(len(path) - 1, -1, -1):
            sums, step, share = outer[path[t]], backward[path[t]], 1.0 / scale[t]
            now[:] = 0.0
            for j in range(states):
                weight = forward[t, j] * share * weights[i]
                if weight > 0.0:
                    for k in range(states):
                        sums[j, k] += weight * later[k]
                if forward[t + 1, j] > 0.0:
                    weight = later[j] * share
                    for k in range(states):
                        now[k] += weight * step[j, k]
            later[:] = now
    return log_likelihood


def expect(paths: Paths, weights: NDArray[np.int64], parameters: Parameters) -> Expected:
    r"""Count the steps that the paths, each standing for `weights` customers, are expected to hold.

    With a(t) the belief before event z(t), c(t) the probability of the event, and b(t) how much likelier what
    follows is from each state,

        b(t) = M[z(t)] b(t + 1) / c(t)
        counts[z] = M[z] * sum over t of a(t) b(t + 1)' / c(t)

    where * is by element: M is the same at every t, so it waits outside the sum.
    """
    joint = parameters.joint
    backward = np.ascontiguousarray(joint.transpose(0, 2, 1))
    longest = int(paths.lengths.max(initial=0))

    def task(chunk: tuple[int, int]) -> tuple[Floats, float]:
        outer = np.zeros_like(joint)
        return outer, _expect(*paths, weights, chunk, joint, backward, longest, outer)

    counts, log_likelihood = np.zeros_like(joint), 0.0
    for outer, likelihood in _by_chunk(len(weights), task):
        counts += outer
        log_likelihood += likelihood
    return Expected(joint * counts, log_likelihood)


@compiled
def _read_out(beliefs: Floats, readout: Floats, out: Floats) -> None:
    for i in range(len(beliefs)):
        for k in range(len(readout)):
            weight = beliefs[i, k]
            if weight > 0.0:
                for m in range(readout.shape[1]):
                    out[i, m] += weight * readout[k, m]


def read_out(beliefs: Floats, readout: Floats) -> Floats:
    """beliefs (N, K) @ readout (K, M); unlike BLAS, sums in an order that depends on no other row."""
    out = np.zeros((len(beliefs), readout.shape[1]))
    _read_out(beliefs, readout, out)
    return out


def _by_chunk(rows: int, task: Callable[[tuple[int, int]], Result]) -> Iterator[Result]:
    """Run `task` on fixed ranges of rows, several at a time; results come in the order of the ranges."""
    borders = sorted({chunk * rows // CHUNKS for chunk in range(CHUNKS + 1)})
    if rows < FEW:  # threads take longer to start
        yield from map(task, pairwise(borders))
        return
    with ThreadPoolExecutor() as pool:
        yield from pool.map(task, pairwise(borders))
