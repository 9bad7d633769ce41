"""Forecasts against enumeration of every future, and against simulation's own arithmetic."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from patronage.models.journey import prediction
from patronage.models.journey.stages import PURCHASE, STAGES

STAGE_OF_STATE = np.array([*range(7), *range(7), 0], np.int8)
PERIODS = 3


@pytest.fixture(scope="module")
def futures(perturbed):
    """Each future of three periods from regular of the slow class: (events, states, probability)."""
    truth = perturbed(0)
    futures_list = []
    for events in product(range(5), repeat=PERIODS):
        belief = {(3,): 1.0}
        for event in events:
            longer = {}
            for states, probability in belief.items():
                for now in np.flatnonzero(truth.joint[event, states[-1]]):
                    longer[(*states, int(now))] = probability * truth.joint[event, states[-1], now]
            belief = longer
        futures_list += [(events, states, probability) for states, probability in belief.items()]
    assert np.isclose(sum(probability for *_, probability in futures_list), 1)
    return truth, futures_list


def test_ahead(futures):
    truth, futures_list = futures
    stages = np.zeros(7)
    for _, states, probability in futures_list:
        stages[STAGE_OF_STATE[states[-1]]] += probability
    assert np.abs(prediction.stages_ahead(truth, STAGE_OF_STATE, PERIODS)[3] - stages).max() < 1e-12


def test_reach(futures):
    truth, futures_list = futures
    for stage in range(len(STAGES)):
        reached = sum(probability for _, states, probability in futures_list if stage in STAGE_OF_STATE[list(states)])
        assert abs(prediction.stages_reached(truth, STAGE_OF_STATE, PERIODS)[3, stage] - reached) < 1e-12


def test_without_purchase(futures):
    truth, futures_list = futures
    none = sum(probability for events, _, probability in futures_list if max(events) < PURCHASE)
    assert abs(prediction.without_purchase(truth, PERIODS)[3] - none) < 1e-12


class TestTransitionTable:
    def test_weighs_states_by_their_occupancy(self, futures):
        truth, _ = futures
        occupancy = np.zeros(15)
        occupancy[[3, 10]] = 3.0, 1.0
        step = truth.joint.sum(axis=0) @ prediction.stage_indicator(STAGE_OF_STATE)
        table = prediction.transition_table(truth, STAGE_OF_STATE, occupancy)
        assert np.allclose(table[3], 0.75 * step[3] + 0.25 * step[10])
        assert np.allclose(table.sum(axis=1), 1)

    def test_of_events_add_up(self, futures):
        truth, _ = futures
        occupancy = np.zeros(15)
        occupancy[3] = 1.0
        tables = [prediction.transition_table(truth, STAGE_OF_STATE, occupancy, event) for event in range(5)]
        mixed = sum(truth.emissions[3, event] * tables[event][3] for event in range(5))
        assert np.allclose(mixed, prediction.transition_table(truth, STAGE_OF_STATE, occupancy)[3])
