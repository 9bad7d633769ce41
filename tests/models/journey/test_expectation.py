"""The E-step against enumeration of every path of states, and against plain NumPy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.journey.reference import expect_steps
from patronage import names as c
from patronage.models.journey.em import count_paths
from patronage.models.journey.expectation import expect
from patronage.models.journey.paths import encode

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("path", ["p", "e.", ".eipm", "pp...p"])
def test_expected_steps_are_the_sum_over_all_paths_of_states(small, enumerate_states, path):
    paths = encode(pd.Series([path]))
    weights = enumerate_states(paths.codes, small)
    counts = np.zeros((5, 4, 4))
    for states, weight in weights.items():
        for event, before, after in zip(paths.codes, (3, *states), states, strict=False):
            counts[event, before, after] += weight / sum(weights.values())
    assert np.abs(expect(paths, np.array([1]), small).counts - counts).max() < 1e-10


def test_the_kernel_equals_numpy(perturbed, simulate):
    truth = perturbed(0)
    paths, weights = encode(simulate(truth, 300, seed=0).features[c.JOURNEY_PATH]), np.arange(300) % 4
    counts, log_likelihood = np.zeros_like(truth.transitions), 0.0
    for weight, start, end in zip(weights, paths.offsets, paths.offsets[1:], strict=False):
        steps = expect_steps(paths.codes[start:end], truth)
        counts += weight * steps.counts
        log_likelihood += weight * steps.log_likelihood
    expected = expect(paths, weights, truth)
    assert np.abs(expected.counts - counts).max() < 1e-9
    assert abs(expected.log_likelihood / log_likelihood - 1) < 1e-12


def test_sums_do_not_depend_on_the_number_of_threads(perturbed, simulate):
    truth = perturbed(2)
    counts = count_paths(simulate(truth, 3000, seed=3).features[c.JOURNEY_PATH])
    paths, weights = encode(counts.index.to_series()), counts.to_numpy()
    assert len(weights) > 1000  # enough for threads
    several, single = expect(paths, weights, truth, threads=4), expect(paths, weights, truth, threads=1)
    assert np.array_equal(several.counts, single.counts)
    assert several.log_likelihood == single.log_likelihood


def test_a_path_counts_by_its_weight(small):
    column = pd.Series(["p.p", "e.", "p.p", "p.p"])
    each = expect(encode(column), np.ones(4, np.int64), small)
    counts = count_paths(column)
    together = expect(encode(counts.index.to_series()), counts.to_numpy(), small)
    assert np.allclose(each.counts, together.counts, rtol=1e-14)
    assert counts.to_dict() == {"e.": 1, "p.p": 3}
