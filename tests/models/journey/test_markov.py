"""The kernels against enumeration of every path of states, and against plain NumPy."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import product

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.models.journey import markov, reference
from patronage.models.journey.learning import histogram
from patronage.models.journey.markov import Parameters, expect, read_out, step, unseen, walk
from patronage.models.journey.paths import encode
from patronage.models.journey.stages import ALPHABET, STAGES, hysteresis

NAMES = np.array([2, 3, 5, 0], np.int8)


@pytest.fixture(scope="module")
def small():
    """A model of four states without structure, save that nobody returns to entry and one step is impossible."""
    rng = np.random.default_rng(3)
    transitions = rng.dirichlet(np.ones(4), (5, 4))
    transitions[:, :, 3] = 0
    transitions[:, 1, 0] = 0
    transitions /= transitions.sum(axis=2, keepdims=True)
    return Parameters(transitions, rng.dirichlet(np.ones(5), 4))


def enumerate_states(codes, parameters):
    """P(states 0..T, events) of each path of states from entry, as {states: probability}."""
    weights = {}
    for states in product(range(len(parameters.emissions)), repeat=len(codes)):
        probability, before = 1.0, len(parameters.emissions) - 1
        for event, now in zip(codes, states, strict=True):
            probability *= parameters.emissions[before, event] * parameters.transitions[event, before, now]
            before = now
        weights[states] = probability
    return weights


class TestBruteForce:
    @pytest.mark.parametrize("path", ["p", "e.", "p.m", ".eipm", "pp...p", "m.e.i.p"])
    def test_filter(self, small, path):
        paths = encode(pd.Series([path]))
        weights = enumerate_states(paths.codes, small)
        belief = np.zeros(4)
        for states, weight in weights.items():
            belief[states[-1]] += weight
        filtered = walk(paths, small, NAMES)
        total = sum(weights.values())
        assert np.abs(filtered.beliefs[0] - belief / total).max() < 1e-10
        entry = small.emissions[-1, paths.codes[0]]  # entry is given, not predicted
        assert abs(filtered.log_likelihood[0] - np.log(total / entry)) < 1e-10

    @pytest.mark.parametrize("path", ["p", "e.", ".eipm", "pp...p"])
    def test_expected_steps(self, small, path):
        paths = encode(pd.Series([path]))
        weights = enumerate_states(paths.codes, small)
        counts = np.zeros((5, 4, 4))
        for states, weight in weights.items():
            for event, before, now in zip(paths.codes, (3, *states), states, strict=False):
                counts[event, before, now] += weight / sum(weights.values())
        assert np.abs(expect(paths, np.array([1]), small).counts - counts).max() < 1e-10


class TestReference:
    def test_kernels_equal_numpy(self, perturbed, simulate):
        truth = perturbed(0)
        column = simulate(truth, 300, seed=0).features[c.JOURNEY_PATH]
        paths, weights = encode(column), np.arange(300) % 4
        filtered = walk(paths, truth, np.zeros(len(truth.emissions), np.int8))
        counts, log_likelihood = np.zeros_like(truth.transitions), 0.0
        for i, (start, end) in enumerate(zip(paths.offsets, paths.offsets[1:], strict=False)):
            codes = paths.codes[start:end]
            beliefs, probabilities = reference.forward(codes, truth)
            assert np.abs(filtered.beliefs[i] - beliefs[-1]).max() < 1e-12
            assert abs(filtered.log_likelihood[i] - np.log(probabilities[1:]).sum()) < 1e-10
            one = reference.expect(codes, truth)
            counts += weights[i] * one.counts
            log_likelihood += weights[i] * one.log_likelihood
        expected = expect(paths, weights, truth)
        assert np.abs(expected.counts - counts).max() < 1e-9
        assert abs(expected.log_likelihood / log_likelihood - 1) < 1e-12

    def test_the_stage_on_display_follows_the_hysteresis(self, perturbed, simulate):
        truth = perturbed(0)
        paths = encode(simulate(truth, 50, seed=0).features[c.JOURNEY_PATH])
        names = (np.arange(len(truth.emissions)) % len(STAGES)).astype(np.int8)
        shown = walk(paths, truth, names).shown
        for start, end in zip(paths.offsets, paths.offsets[1:], strict=False):
            label = np.array([-1], np.int8)
            beliefs, _ = reference.forward(paths.codes[start:end], truth)
            for t, belief in enumerate(beliefs[1:]):
                label = hysteresis(belief[None] @ np.eye(len(STAGES))[names], label)
                assert label == shown[start + t]


def test_steps_equal_the_filter(perturbed, simulate):
    truth = perturbed(1)
    column = simulate(truth, 400, seed=2, longest=20).features[c.JOURNEY_PATH]
    grid = column.str.rjust(20, " ")
    beliefs = unseen(len(grid), truth)
    for t in range(20):
        here = (grid.str[t] != " ").to_numpy()
        codes = encode(grid.str[t].where(here, ".")).codes
        beliefs = np.where(here[:, None], step(beliefs, codes, truth), beliefs)
    names = np.zeros(len(truth.emissions), np.int8)
    assert np.array_equal(beliefs, walk(encode(column), truth, names).beliefs)


class TestDeterminism:
    def test_sums_do_not_depend_on_the_number_of_threads(self, perturbed, simulate, monkeypatch):
        truth = perturbed(2)
        counted = histogram(simulate(truth, 500, seed=3).features[c.JOURNEY_PATH])
        paths, weights = encode(counted.index.to_series()), counted.to_numpy()
        first = expect(paths, weights, truth)
        monkeypatch.setattr(markov, "ThreadPoolExecutor", partial(ThreadPoolExecutor, 1))
        second = expect(paths, weights, truth)
        assert np.array_equal(first.counts, second.counts)
        assert first.log_likelihood == second.log_likelihood

    def test_a_path_stands_for_its_weight(self, small):
        column = pd.Series(["p.p", "e.", "p.p", "p.p"])
        each = expect(encode(column), np.ones(4, np.int64), small)
        counted = histogram(column)
        together = expect(encode(counted.index.to_series()), counted.to_numpy(), small)
        assert np.allclose(each.counts, together.counts, rtol=1e-14)
        assert counted.to_dict() == {"e.": 1, "p.p": 3}

    def test_read_out_is_the_product(self):
        rng = np.random.default_rng(0)
        beliefs, readout = rng.dirichlet(np.ones(15), 100), rng.random((15, 3))
        assert np.allclose(read_out(beliefs, readout), beliefs @ readout, rtol=1e-14)
        assert np.array_equal(read_out(beliefs, readout)[40:41], read_out(beliefs[40:41], readout))


def test_no_path_is_impossible(perturbed):
    truth = perturbed(0)
    every = pd.Series(["".join(path) for path in product(ALPHABET, repeat=5)])
    filtered = walk(encode(every), truth, np.zeros(len(truth.emissions), np.int8))
    assert np.isfinite(filtered.log_likelihood).all()
    assert np.allclose(filtered.beliefs.sum(axis=1), 1)
