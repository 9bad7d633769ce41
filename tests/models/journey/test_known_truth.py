"""Customers simulated from known parameters: how close does a fit come to the filter that knows them?"""

from __future__ import annotations

import numpy as np
import pytest

from patronage import names as c
from patronage.models.journey.forecast import by_stage
from patronage.models.journey.learning import histogram, learn
from patronage.models.journey.markov import read_out, walk
from patronage.models.journey.paths import encode
from patronage.models.journey.selection import kappa
from patronage.models.journey.stages import decide

CUSTOMERS, SEEDS = 4000, (0, 1, 2)


@pytest.fixture(scope="module")
def scores(perturbed, simulate):
    """Accuracy and calibration error by judge, averaged over three truths."""
    rows = [_scores(perturbed(seed), seed, simulate) for seed in SEEDS]
    return {judge: np.mean([row[judge] for row in rows], axis=0) for judge in rows[0]}


def _scores(truth, seed, simulate):
    train = simulate(truth, CUSTOMERS, seed=10 + seed).features[c.JOURNEY_PATH]
    test = simulate(truth, CUSTOMERS, seed=20 + seed)
    fits = {
        "fitted": learn(histogram(train), 2, left_censored=False),
        "on 500": learn(histogram(train[:500]), 2, left_censored=False),
        "one class": learn(histogram(train), 1, left_censored=False),
        "archetype": learn(histogram(train), 2, left_censored=False, iterate=False),
    }
    names = fits["fitted"].names  # what is called loyal is a convention: the same for the truth
    judges = {judge: (fit.parameters, fit.names) for judge, fit in fits.items()} | {"truth": (truth, names)}
    stages, paths = names[test.states], encode(test.features[c.JOURNEY_PATH])
    return {
        judge: _score(read_out(walk(paths, parameters, own).beliefs, by_stage(own)), stages)
        for judge, (parameters, own) in judges.items()
    }


def _score(posterior, stages):
    sure, right = posterior.max(axis=1), posterior.argmax(axis=1) == stages
    tenths = np.array_split(np.argsort(sure, kind="stable"), 10)
    return right.mean(), sum(len(k) * abs(sure[k].mean() - right[k].mean()) for k in tenths) / len(right)


def test_a_fit_is_nearly_as_accurate_as_the_truth(scores):
    assert scores["truth"][0] - scores["fitted"][0] < 0.01
    assert scores["fitted"][0] > scores["archetype"][0] + 0.005
    assert scores["fitted"][0] > scores["one class"][0] + 0.02


def test_a_fit_is_calibrated(scores):
    assert scores["fitted"][1] < 0.02


def test_500_customers_are_enough(scores):
    assert abs(scores["fitted"][0] - scores["on 500"][0]) < 0.01


def test_two_halves_agree_on_the_stages(perturbed, simulate):
    truth = perturbed(3)
    column = simulate(truth, CUSTOMERS, seed=13).features[c.JOURNEY_PATH]
    judged = encode(simulate(truth, CUSTOMERS, seed=23).features[c.JOURNEY_PATH])
    halves = [learn(histogram(part), 2, left_censored=False) for part in (column[::2], column[1::2])]
    labels = [decide(read_out(walk(judged, fit.parameters, fit.names).beliefs, by_stage(fit.names))) for fit in halves]
    assert kappa(*labels, np.ones(CUSTOMERS, np.int64)) > 0.9
