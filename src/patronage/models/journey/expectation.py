r"""The E-step: expected steps between states, by the forward-backward algorithm (Baum et al. 1970).

With a(t) the filtered states before event z(t), c(t) the probability of the event (filtering.py), and b(t) how much
likelier the later events are from each state,

    b(t) = M[z(t)] b(t + 1) / c(t)
    counts[z] = M[z] * sum over t of a(t) b(t + 1)' / c(t)

where * is by element: M is the same at every t, so it is multiplied outside the sum.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from patronage.models.journey.chunks import map_chunks
from patronage.models.journey.filtering import advance
from patronage.models.journey.jit import jit
from patronage.models.journey.parameters import Parameters
from patronage.models.journey.paths import Paths
from patronage.typing import Array


class ExpectedSteps(NamedTuple):
    """What the E-step gives to the M-step."""

    counts: Array  # (Z, K, K) expected number of steps with event z from state j to state k
    log_likelihood: float


def expect(
    paths: Paths, weights: NDArray[np.int64], parameters: Parameters, threads: int | None = None
) -> ExpectedSteps:
    """Expected steps on the paths, of which each stands for `weights` customers."""
    joint = parameters.joint
    transposed = np.ascontiguousarray(joint.transpose(0, 2, 1))
    longest = int(paths.lengths.max(initial=0))

    def task(chunk: tuple[int, int]) -> tuple[Array, float]:
        outer = np.zeros_like(joint)
        return outer, _expect_rows(*paths, weights, chunk, joint, transposed, longest, outer)

    counts, log_likelihood = np.zeros_like(joint), 0.0
    for outer, likelihood in map_chunks(len(weights), task, threads):
        counts += outer
        log_likelihood += likelihood
    return ExpectedSteps(joint * counts, log_likelihood)


@jit
def _expect_rows(
    codes: NDArray[np.int8],
    offsets: NDArray[np.int64],
    weights: NDArray[np.int64],
    rows: tuple[int, int],
    joint: Array,
    transposed: Array,
    longest: int,
    outer: Array,
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
            sums, step, share = outer[path[t]], transposed[path[t]], 1.0 / scale[t]
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
