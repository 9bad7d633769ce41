r"""The M-step: the most probable parameters under which the stages keep their meaning.

"Loyal", "at risk" and "churned" mean something beside "regular" only if their purchase hazards per period,
lam = -log(1 - p), are in order. Within each cadence class

    lam_loyal >= 1.5 lam_regular
    .1 lam_regular <= lam_at_risk <= .5 lam_regular
    lam_churned <= .05 lam_regular

and a first-time buyer does not stay one in silence for ever: A[silent, first, first] <= 1 - 1 / patience.
Without these, churned drifts to a purchase every ten weeks and slow classes keep first-time buyers for ever.

With n expected periods with a purchase and m without, a stage adds n log(1 - exp(-lam)) - m lam, concave in
lam, and the constraints are linear. So the constrained maximum is exact: given lam_regular, the others are their
free optima, clipped, and what remains is concave in one number. Hence EM never lowers the penalised likelihood.
"""

from __future__ import annotations

import numpy as np

from patronage.models.journey.parameters import Parameters
from patronage.models.journey.stages import (
    AT_RISK,
    CHURNED,
    FIRST_TIME,
    INTENT,
    LOYAL,
    REGULAR,
    SILENT,
    STAGES,
)
from patronage.typing import Array

LOYAL_AT_LEAST = 1.5
AT_RISK_AT_LEAST, AT_RISK_AT_MOST = 0.1, 0.5
CHURNED_AT_MOST = 0.05

_ORDERED = [REGULAR, LOYAL, AT_RISK, CHURNED]
_SLOWEST, _FASTEST, _HALVINGS = 1e-9, 50.0, 60


def maximise(steps: Array, events: Array, patience: float) -> Parameters:
    """The parameters under which the expected counts, prior included, are most probable within the constraints.

    Parameters
    ----------
    steps
        (Z, K, K) steps with event z from state j to state k.
    events
        (K, Z) periods in state j with event z.
    patience
        Periods by which most second purchases happened (summary.py).
    """
    transitions, emissions = _normalise(steps), _normalise(events)
    _cap_first_time(transitions, patience)
    _order_hazards(emissions, events)
    return Parameters(transitions, emissions)


def _cap_first_time(transitions: Array, patience: float) -> None:
    """Where too many would stay, the rest share what is left in proportion: the exact constrained optimum."""
    stays_at_most = 1 - 1 / patience
    for state in range(FIRST_TIME, transitions.shape[1] - 1, len(STAGES)):
        row = transitions[SILENT, state]
        if row[state] > stays_at_most:
            row *= (1 - stays_at_most) / (1 - row[state])
            row[state] = stays_at_most


def _order_hazards(emissions: Array, counts: Array) -> None:
    by_stage = counts[:-1].reshape(-1, len(STAGES), counts.shape[1])[:, _ORDERED]
    quiet, bought = by_stage[..., : INTENT + 1].sum(axis=2), by_stage[..., INTENT + 1 :].sum(axis=2)
    buys = -np.expm1(-ordered_hazards(bought, quiet))
    rows = emissions[:-1].reshape(-1, len(STAGES), counts.shape[1])
    shares = rows[:, _ORDERED]
    shares[..., : INTENT + 1] *= ((1 - buys) / shares[..., : INTENT + 1].sum(axis=2))[..., None]
    shares[..., INTENT + 1 :] *= (buys / shares[..., INTENT + 1 :].sum(axis=2))[..., None]
    rows[:, _ORDERED] = shares


def ordered_hazards(bought: Array, quiet: Array) -> Array:
    """Maximise sum of bought log(1 - exp(-lam)) - quiet lam within the order of the stages.

    Parameters
    ----------
    bought, quiet
        (G, 4) positive expected periods with and without a purchase, as regular, loyal, at risk, churned.

    Returns
    -------
    (G, 4) hazards.
    """

    def slope(hazards: Array, stage: int) -> Array:
        return bought[:, stage] / np.expm1(hazards) - quiet[:, stage]

    def slope_of_profile(regular: Array) -> Array:
        # The envelope theorem: a stage pulls at "regular" only while its constraint binds.
        return (
            slope(regular, 0)
            + LOYAL_AT_LEAST * slope(LOYAL_AT_LEAST * regular, 1).clip(max=0)
            + AT_RISK_AT_LEAST * slope(AT_RISK_AT_LEAST * regular, 2).clip(max=0)
            + AT_RISK_AT_MOST * slope(AT_RISK_AT_MOST * regular, 2).clip(min=0)
            + CHURNED_AT_MOST * slope(CHURNED_AT_MOST * regular, 3).clip(min=0)
        )

    low, high = np.full(len(bought), np.log(_SLOWEST)), np.full(len(bought), np.log(_FASTEST))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        rises = slope_of_profile(np.exp(middle)) > 0
        low, high = np.where(rises, middle, low), np.where(rises, high, middle)
    regular = np.exp((low + high) / 2)
    _, loyal, at_risk, churned = np.log1p(bought / quiet).T
    return np.column_stack(
        [
            regular,
            np.maximum(loyal, LOYAL_AT_LEAST * regular),
            np.clip(at_risk, AT_RISK_AT_LEAST * regular, AT_RISK_AT_MOST * regular),
            np.minimum(churned, CHURNED_AT_MOST * regular),
        ]
    )


def _normalise(counts: Array) -> Array:
    return counts / counts.sum(axis=-1, keepdims=True)
