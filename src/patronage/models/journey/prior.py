"""The prior of the model, a typical shop: the start of the fit, and the centre of its Dirichlet prior.

Its zeros are the facts that define the stages. A non_user never acted: the first act makes a prospect, for ever. No
customer leaves {non_user, prospect} without a purchase; the first purchase in the log leads to first_time, and the
second away from it for ever; no customer is regular or loyal without two. A zero of the start stays zero in EM, so the
stages keep their meaning for every customer after any fit.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from patronage.models.journey.parameters import Parameters
from patronage.models.journey.stages import (
    ALPHABET,
    AT_RISK,
    CHURNED,
    ENGAGE,
    FIRST_TIME,
    INTENT,
    LOYAL,
    MULTI,
    NON_USER,
    PROSPECT,
    PURCHASE,
    REGULAR,
    SILENT,
    STAGES,
)
from patronage.models.journey.summary import PathSummary
from patronage.typing import Array

Moves = Mapping[int, Mapping[int, float]]

# By stage: purchase hazard and engagement, relative to a regular customer; share of purchases that are multi.
HAZARD = np.array([0.0, 0.0, 1.0, 1.0, 2.2, 0.35, 0.02])
ENGAGEMENT = np.array([0.05, 1.0, 1.0, 1.0, 1.5, 0.4, 0.05])
MULTIPLE = np.array([0.1, 0.1, 0.1, 0.1, 0.25, 0.1, 0.1])
BUYS_AS_NON_USER, BUYS_AS_PROSPECT = 0.002, 0.03  # probabilities: before the first purchase a customer has no cadence

DRIFT = 0.01  # probability with which a regular or loyal customer moves to the neighbouring cadence class
LOYAL_AFTER = {PURCHASE: 0.15, MULTI: 0.4}  # share of customers whose purchase makes them loyal
# The stage after the first purchase in the log. A customer may have bought before the log begins, but until a second
# purchase nothing is known of a rhythm, and such customers buy less than half as often as those who bought twice.
FIRST_PURCHASES = {PURCHASE: FIRST_TIME, MULTI: REGULAR}
ENTRIES = {SILENT: NON_USER, ENGAGE: PROSPECT, INTENT: PROSPECT} | FIRST_PURCHASES  # the stage after the first event


def prior_parameters(cadences: Array, summary: PathSummary) -> Parameters:
    """The model of a typical shop whose repeat buyers have these cadences.

    Parameters
    ----------
    cadences
        (G,) purchase hazard per period of a regular customer of each class, rising.
    """
    classes = len(cadences)
    size = classes * len(STAGES) + 1
    transitions = np.zeros((len(ALPHABET), size, size))
    emissions = np.zeros((size, len(ALPHABET)))
    for g, hazard in enumerate(cadences):
        block = slice(g * len(STAGES), (g + 1) * len(STAGES))
        emissions[block] = _emissions(hazard, summary)
        for event, moves in _moves(hazard, summary.patience).items():
            transitions[event, block, block] = _matrix(moves)
        for event, stage in ENTRIES.items():
            transitions[event, -1, block.start + stage] = 1 / classes
    emissions[-1] = emissions[NON_USER]  # never fitted: the model is conditional on the first event
    _add_drift(transitions, classes)
    return Parameters(transitions, emissions)


def _emissions(hazard: float, summary: PathSummary) -> Array:
    """(7, 5) probabilities of each event class by stage."""
    buys = -np.expm1(-HAZARD * hazard)
    buys[[NON_USER, PROSPECT]] = BUYS_AS_NON_USER, BUYS_AS_PROSPECT
    engages = np.minimum(summary.engagement_share * ENGAGEMENT, 0.6)
    intends = np.minimum(summary.intent_share * ENGAGEMENT, 0.35)
    quiet = np.column_stack([1 - engages - intends, engages, intends]) * (1 - buys)[:, None]
    return np.column_stack([quiet, buys * (1 - MULTIPLE), buys * MULTIPLE])


def _moves(hazard: float, patience: float) -> dict[int, Moves]:
    """Where each event leads from each stage."""
    lapse = float(np.clip(-0.35 * np.expm1(-hazard), 0.005, 0.15))
    expire = 1 / patience
    silent: Moves = {
        NON_USER: {NON_USER: 1},
        PROSPECT: {PROSPECT: 1},
        FIRST_TIME: {FIRST_TIME: 1 - expire, AT_RISK: 0.7 * expire, CHURNED: 0.3 * expire},
        REGULAR: {REGULAR: 1 - 1.2 * lapse, AT_RISK: lapse, CHURNED: 0.2 * lapse},
        LOYAL: {LOYAL: 1 - 1.6 * lapse, REGULAR: 0.8 * lapse, AT_RISK: 0.6 * lapse, CHURNED: 0.2 * lapse},
        AT_RISK: {AT_RISK: 1 - lapse, CHURNED: lapse},
        CHURNED: {CHURNED: 1},
    }
    engaged: Moves = {  # engagement revives a churned customer to at risk; only a purchase makes a customer regular
        NON_USER: {PROSPECT: 1},
        PROSPECT: {PROSPECT: 1},
        FIRST_TIME: {FIRST_TIME: 0.97, AT_RISK: 0.03},
        REGULAR: {REGULAR: 0.95, LOYAL: 0.02, AT_RISK: 0.03},
        LOYAL: {LOYAL: 0.93, REGULAR: 0.05, AT_RISK: 0.02},
        AT_RISK: {AT_RISK: 1},
        CHURNED: {AT_RISK: 0.8, CHURNED: 0.2},
    }
    return {SILENT: silent, ENGAGE: engaged, INTENT: engaged} | {
        event: _purchase_moves(LOYAL_AFTER[event], stage) for event, stage in FIRST_PURCHASES.items()
    }


def _purchase_moves(loyal: float, after_first: int) -> Moves:
    repeat = {REGULAR: 1 - loyal, LOYAL: loyal}
    wary = {REGULAR: 1 - loyal / 2, LOYAL: loyal / 2}
    return {
        NON_USER: {after_first: 1},
        PROSPECT: {after_first: 1},
        FIRST_TIME: repeat,
        REGULAR: repeat,
        LOYAL: {REGULAR: 0.1, LOYAL: 0.9},
        AT_RISK: wary,
        CHURNED: wary,
    }


def _matrix(moves: Moves) -> Array:
    matrix = np.zeros((len(STAGES), len(STAGES)))
    for start, ends in moves.items():
        for end, probability in ends.items():
            matrix[start, end] = probability
    return matrix


def _add_drift(transitions: Array, classes: int) -> None:
    """Link neighbouring cadence classes: a purchase may speed a customer up, silence slow one down."""
    s = len(STAGES)
    for event, step in ((SILENT, -1), (PURCHASE, 1), (MULTI, 1)):
        for g in range(max(0, -step), min(classes, classes - step)):
            for stage, arrives_as in ((REGULAR, REGULAR), (LOYAL, REGULAR if step == 1 else LOYAL)):
                row = transitions[event, g * s + stage]
                row *= 1 - DRIFT
                row[(g + step) * s + arrives_as] += DRIFT
