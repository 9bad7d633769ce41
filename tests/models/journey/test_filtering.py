"""The forward algorithm against enumeration of every path of states, and against plain NumPy."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from models.journey.reference import forward
from patronage import names as c
from patronage.models.journey.filtering import entry_states, filter_paths, multiply, step
from patronage.models.journey.paths import encode
from patronage.models.journey.stages import ALPHABET, STAGES, hysteresis

STAGE_OF_STATE = np.array([2, 3, 5, 0], np.int8)


@pytest.mark.parametrize("path", ["p", "e.", "p.m", ".eipm", "pp...p", "m.e.i.p"])
def test_the_filter_is_the_sum_over_all_paths_of_states(small, enumerate_states, path):
    paths = encode(pd.Series([path]))
    weights = enumerate_states(paths.codes, small)
    last = np.zeros(4)
    for states, weight in weights.items():
        last[states[-1]] += weight
    filtered = filter_paths(paths, small, STAGE_OF_STATE)
    total = sum(weights.values())
    assert np.abs(filtered.states[0] - last / total).max() < 1e-10
    entry = small.emissions[-1, paths.codes[0]]  # the likelihood is conditional on the first event
    assert abs(filtered.log_likelihood[0] - np.log(total / entry)) < 1e-10


def test_the_kernel_equals_numpy(perturbed, simulate):
    truth = perturbed(0)
    paths = encode(simulate(truth, 300, seed=0).features[c.JOURNEY_PATH])
    filtered = filter_paths(paths, truth, np.zeros(len(truth.emissions), np.int8))
    for i, (start, end) in enumerate(zip(paths.offsets, paths.offsets[1:], strict=False)):
        states, probabilities = forward(paths.codes[start:end], truth)
        assert np.abs(filtered.states[i] - states[-1]).max() < 1e-12
        assert abs(filtered.log_likelihood[i] - np.log(probabilities[1:]).sum()) < 1e-10


def test_the_stage_on_display_follows_the_hysteresis(perturbed, simulate):
    truth = perturbed(0)
    paths = encode(simulate(truth, 50, seed=0).features[c.JOURNEY_PATH])
    stage_of_state = (np.arange(len(truth.emissions)) % len(STAGES)).astype(np.int8)
    shown = filter_paths(paths, truth, stage_of_state).shown
    for start, end in zip(paths.offsets, paths.offsets[1:], strict=False):
        label = np.array([-1], np.int8)
        states, _ = forward(paths.codes[start:end], truth)
        for t, state in enumerate(states[1:]):
            label = hysteresis(state[None] @ np.eye(len(STAGES))[stage_of_state], label)
            assert label == shown[start + t]


def test_steps_equal_the_filter(perturbed, simulate):
    truth = perturbed(1)
    column = simulate(truth, 400, seed=2, longest=20).features[c.JOURNEY_PATH]
    grid = column.str.rjust(20, " ")
    states = entry_states(len(grid), truth)
    for t in range(20):
        observed = (grid.str[t] != " ").to_numpy()
        codes = encode(grid.str[t].where(observed, ".")).codes
        states = np.where(observed[:, None], step(states, codes, truth), states)
    stage_of_state = np.zeros(len(truth.emissions), np.int8)
    assert np.array_equal(states, filter_paths(encode(column), truth, stage_of_state).states)


def test_the_product_of_a_row_depends_on_no_other_row():
    rng = np.random.default_rng(0)
    states, table = rng.dirichlet(np.ones(15), 100), rng.random((15, 3))
    assert np.allclose(multiply(states, table), states @ table, rtol=1e-14)
    assert np.array_equal(multiply(states, table)[40:41], multiply(states[40:41], table))


def test_no_path_is_impossible(perturbed):
    truth = perturbed(0)
    paths = pd.Series(["".join(path) for path in product(ALPHABET, repeat=5)])
    filtered = filter_paths(encode(paths), truth, np.zeros(len(truth.emissions), np.int8))
    assert np.isfinite(filtered.log_likelihood).all()
    assert np.allclose(filtered.states.sum(axis=1), 1)
