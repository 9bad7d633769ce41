r"""The parameters of the event-driven, partially hidden Markov model.

In period t a customer in state j emits event z with probability B[j, z], and the event moves the customer to
state k with probability A[z, j, k]: an input-output hidden Markov model (Bengio and Frasconi 1995) whose input is the
event itself. All computations need only the joint step

    M[z, j, k] = B[j, z] A[z, j, k] = P(event z, then state k | state j).

States are stages by cadence classes (stage k of class g is 7 g + k) and, last, entry: the state before the first
event. So the first event needs no formula of its own.
"""

from __future__ import annotations

from typing import NamedTuple

from patronage.typing import Array


class Parameters(NamedTuple):
    """The probabilities of the model, over Z event classes and K states."""

    transitions: Array  # A (Z, K, K)
    emissions: Array  # B (K, Z)

    @property
    def joint(self) -> Array:
        """M (Z, K, K)."""
        return self.emissions.T[:, :, None] * self.transitions
