"""The recursions of markov.py in plain NumPy, one path at a time: the page to hold against the paper.

Slow, and used by nothing but the tests, which hold the compiled kernels to it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from patronage.models.journey.markov import Expected, Parameters

Floats = NDArray[np.float64]


def forward(codes: NDArray[np.int8], parameters: Parameters) -> tuple[Floats, Floats]:
    """The beliefs a(0..T) (T + 1, K) before and after each event, and the events' probabilities (T,)."""
    joint = parameters.joint
    beliefs, probabilities = [np.eye(len(parameters.emissions))[-1]], []
    for event in codes:
        unnormalised = beliefs[-1] @ joint[event]
        probabilities.append(unnormalised.sum())
        beliefs.append(unnormalised / unnormalised.sum())
    return np.array(beliefs), np.array(probabilities)


def expect(codes: NDArray[np.int8], parameters: Parameters) -> Expected:
    """Expected steps of one path: counts[z, j, k] sums P(state j, event z, then state k | the whole path)."""
    joint = parameters.joint
    beliefs, probabilities = forward(codes, parameters)
    counts, later = np.zeros_like(joint), np.ones(len(parameters.emissions))
    for t in reversed(range(len(codes))):
        step = joint[codes[t]] / probabilities[t]
        counts[codes[t]] += beliefs[t][:, None] * step * later
        later = step @ later
    return Expected(counts, float(np.log(probabilities[1:]).sum()))
