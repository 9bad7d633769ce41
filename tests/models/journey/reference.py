"""The forward and forward-backward algorithms in plain NumPy, one path at a time, to test the kernels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from patronage.models.journey.expectation import ExpectedSteps
from patronage.models.journey.parameters import Parameters

Floats = NDArray[np.float64]


def forward(codes: NDArray[np.int8], parameters: Parameters) -> tuple[Floats, Floats]:
    """The state probabilities a(0..T) (T + 1, K) before and after each event, and the events' probabilities (T,)."""
    joint = parameters.joint
    states, probabilities = [np.eye(len(parameters.emissions))[-1]], []
    for event in codes:
        unnormalised = states[-1] @ joint[event]
        probabilities.append(unnormalised.sum())
        states.append(unnormalised / unnormalised.sum())
    return np.array(states), np.array(probabilities)


def expect_steps(codes: NDArray[np.int8], parameters: Parameters) -> ExpectedSteps:
    """Expected steps of one path: counts[z, j, k] sums P(state j, event z, then state k | the whole path)."""
    joint = parameters.joint
    states, probabilities = forward(codes, parameters)
    counts, later = np.zeros_like(joint), np.ones(len(parameters.emissions))
    for t in reversed(range(len(codes))):
        step = joint[codes[t]] / probabilities[t]
        counts[codes[t]] += states[t][:, None] * step * later
        later = step @ later
    return ExpectedSteps(counts, float(np.log(probabilities[1:]).sum()))
