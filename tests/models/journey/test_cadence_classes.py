"""Agreement by hand, and a choice that can go each way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.models.journey.cadence_classes import (
    CadenceCandidate,
    choose_classes,
    compare_classes,
    draw_customers,
    kappa,
    nats_per_period,
    thirds,
)
from patronage.models.journey.em import count_paths
from patronage.models.journey.paths import encode


def test_kappa_by_hand():
    first, second = np.array([3, 3, 4, 4, 6]), np.array([3, 4, 4, 4, 6])
    # of ten customers, nine agree; by chance .3 * .2 + .5 * .6 + .2 * .2 would
    assert np.isclose(kappa(first, second, np.array([2, 1, 1, 4, 2])), (0.9 - 0.4) / (1 - 0.4))
    assert kappa(first, first, np.ones(5, int)) == 1
    assert kappa(np.zeros(3, int), np.zeros(3, int), np.ones(3, int)) == 1


@pytest.mark.parametrize(
    ("agreement", "classes"),
    [
        ((0.95, 0.9, 0.85), 3),
        ((0.95, 0.9, 0.7), 2),
        ((0.6, 0.75, 0.79), 2),  # three agree no better than chance would have it
        ((0.7, 0.75, 0.7), 1),
        ((0.7, 0.8, 0.1), 2),
        ((0.95, 0.9, 0.8), 3),  # on the border agrees
        ((0.95, 0.9, 0.7999), 2),
    ],
)
def test_the_best_forecast_among_those_that_agree(agreement, classes):
    rows = zip((1, 2, 3), (-0.5, -0.4, -0.3), agreement, strict=True)
    assert choose_classes([CadenceCandidate(*row) for row in rows]) == classes


@pytest.mark.parametrize(("error", "classes"), [(0.0, 3), (0.05, 2), (0.1, 1)])
def test_more_classes_must_predict_better_by_two_standard_errors(error, classes):
    rows = [
        CadenceCandidate(1, -0.5, 0.9),
        CadenceCandidate(2, -0.4, 0.9, error),
        CadenceCandidate(3, -0.3, 0.9, error),
    ]
    assert choose_classes(rows) == classes


def test_the_standard_error_is_that_of_the_gain_over_the_first_on_the_same_customers():
    counts = pd.Series([30, 30, 30], ["p.p.p.p", "p......", "pp.pp.p"])
    first, second = compare_classes(counts, (1, 2), rng=np.random.default_rng(0))
    assert first.error == 0
    assert 0 <= second.error < 0.1


def test_periods_after_entry_count():
    paths = encode(pd.Series(["ppp", "p", ""]))
    # the first path has two periods after entry and stands for three customers, the others have none
    assert nats_per_period(np.array([-1.0, 0.0, 0.0]), paths, np.array([3, 1, 1])) == pytest.approx(-3 / 6)
    assert nats_per_period(np.zeros(1), encode(pd.Series(["p"])), np.ones(1, int)) == 0


class TestDraw:
    counts = pd.Series([5, 1, 94], ["m", "p", "p."])

    def test_draws_customers_not_paths(self):
        drawn = draw_customers(self.counts, 50, np.random.default_rng(0))
        assert drawn.sum() == 50
        assert (drawn <= self.counts.reindex(drawn.index)).all()
        assert drawn["p."] > 40

    def test_takes_all_of_a_few(self):
        assert draw_customers(self.counts, 100, np.random.default_rng(0)).equals(self.counts)


def test_a_customer_less_moves_one_customer_between_the_parts():
    counts = pd.Series([5, 1, 94, 2], ["m", "p", "p.", "pp"])
    parts = thirds(counts)
    assert sum(part.reindex(counts.index, fill_value=0) for part in parts).equals(counts)
    less = thirds(counts - pd.Series([0, 0, 1, 0], counts.index))
    moved = [int((part.reindex(counts.index, fill_value=0) - other.reindex(counts.index, fill_value=0)).abs().sum())
             for part, other in zip(parts, less, strict=True)]  # fmt: skip
    assert sorted(moved) == [0, 0, 1]


@pytest.mark.slow
def test_two_planted_classes_are_better_than_one(perturbed, simulate):
    paths = simulate(perturbed(4, cadences=(0.05, 1.0)), 3000, seed=5).features[c.JOURNEY_PATH]
    single, double = compare_classes(count_paths(paths), (1, 2), rng=np.random.default_rng(0))
    assert double.log_likelihood > single.log_likelihood + 0.01
    assert double.agreement > 0.8
    again = compare_classes(count_paths(paths), (1, 2), rng=np.random.default_rng(0))
    assert (single, double) == again
