"""Customers simulated from known parameters: how close does a fit come to the filter that knows them?"""

from __future__ import annotations

import numpy as np
import pytest

from patronage import names as c
from patronage.models.journey.cadence_classes import kappa
from patronage.models.journey.em import count_paths, fit_em
from patronage.models.journey.filtering import filter_paths, multiply
from patronage.models.journey.paths import encode
from patronage.models.journey.prediction import stage_indicator
from patronage.models.journey.stages import decide

pytestmark = pytest.mark.slow

CUSTOMERS, SEEDS = 4000, (0, 1, 2)


@pytest.fixture(scope="module")
def scores(perturbed, simulate):
    """Accuracy and calibration error by model, averaged over three truths."""
    rows = [_scores(perturbed(seed), seed, simulate) for seed in SEEDS]
    return {name: np.mean([row[name] for row in rows], axis=0) for name in rows[0]}


def _scores(truth, seed, simulate):
    train = simulate(truth, CUSTOMERS, seed=10 + seed).features[c.JOURNEY_PATH]
    test = simulate(truth, CUSTOMERS, seed=20 + seed)
    fits = {
        "fitted": fit_em(count_paths(train), 2),
        "on 500": fit_em(count_paths(train[:500]), 2),
        "one class": fit_em(count_paths(train), 1),
        "prior": fit_em(count_paths(train), 2, iterate=False),
    }
    shared = fits["fitted"].stage_of_state  # which states are loyal is a convention: the same for the truth
    models = {name: (fit.parameters, fit.stage_of_state) for name, fit in fits.items()} | {"truth": (truth, shared)}
    stages, paths = shared[test.states], encode(test.features[c.JOURNEY_PATH])
    return {name: _score(_posterior(paths, *model), stages) for name, model in models.items()}


def _posterior(paths, parameters, stage_of_state):
    return multiply(filter_paths(paths, parameters, stage_of_state).states, stage_indicator(stage_of_state))


def _score(posterior, stages):
    probability, right = posterior.max(axis=1), posterior.argmax(axis=1) == stages
    tenths = np.array_split(np.argsort(probability, kind="stable"), 10)
    return right.mean(), sum(len(k) * abs(probability[k].mean() - right[k].mean()) for k in tenths) / len(right)


def test_a_fit_is_nearly_as_accurate_as_the_truth(scores):
    assert scores["truth"][0] - scores["fitted"][0] < 0.01
    assert scores["fitted"][0] > scores["prior"][0] + 0.005
    assert scores["fitted"][0] > scores["one class"][0] + 0.02


def test_a_fit_is_calibrated(scores):
    assert scores["fitted"][1] < 0.02


def test_500_customers_are_enough(scores):
    assert (
        abs(scores["fitted"][0] - scores["on 500"][0]) < 0.015
    )  # .011 since a prospect is a fact, see docs/journey.md


def test_two_halves_agree_on_the_stages(perturbed, simulate):
    truth = perturbed(3)
    column = simulate(truth, CUSTOMERS, seed=13).features[c.JOURNEY_PATH]
    test = encode(simulate(truth, CUSTOMERS, seed=23).features[c.JOURNEY_PATH])
    halves = [fit_em(count_paths(part), 2) for part in (column[::2], column[1::2])]
    labels = [decide(_posterior(test, fit.parameters, fit.stage_of_state)) for fit in halves]
    assert kappa(*labels, np.ones(CUSTOMERS, np.int64)) > 0.9
