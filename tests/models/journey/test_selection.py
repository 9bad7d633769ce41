"""Agreement by hand, and a choice that can go each way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.models.journey.learning import histogram
from patronage.models.journey.selection import Candidate, assess, choose, draw, kappa


def test_kappa_by_hand():
    one, other = np.array([3, 3, 4, 4, 6]), np.array([3, 4, 4, 4, 6])
    # of ten customers, nine agree; by chance .3 * .2 + .5 * .6 + .2 * .2 would
    assert np.isclose(kappa(one, other, np.array([2, 1, 1, 4, 2])), (0.9 - 0.4) / (1 - 0.4))
    assert kappa(one, one, np.ones(5, int)) == 1
    assert kappa(np.zeros(3, int), np.zeros(3, int), np.ones(3, int)) == 1


@pytest.mark.parametrize(
    ("agreement", "classes"),
    [((0.95, 0.9, 0.85), 3), ((0.95, 0.9, 0.7), 2), ((0.7, 0.75, 0.7), 2), ((0.7, 0.8, 0.1), 2)],
)
def test_the_best_forecast_among_those_that_agree(agreement, classes):
    rows = zip((1, 2, 3), (-0.5, -0.4, -0.3), agreement, strict=True)
    assert choose([Candidate(*row) for row in rows]) == classes


class TestDraw:
    counted = pd.Series([5, 1, 94], ["m", "p", "p."])

    def test_draws_customers_not_paths(self):
        drawn = draw(self.counted, 50, np.random.default_rng(0))
        assert drawn.sum() == 50
        assert (drawn <= self.counted.reindex(drawn.index)).all()
        assert drawn["p."] > 40

    def test_takes_all_of_a_few(self):
        assert draw(self.counted, 100, np.random.default_rng(0)).equals(self.counted)


def test_two_classes_of_customers_are_found(perturbed, simulate):
    paths = simulate(perturbed(4, cadences=(0.05, 1.0)), 3000, seed=5).features[c.JOURNEY_PATH]
    one, two = assess(histogram(paths), (1, 2), left_censored=False, rng=np.random.default_rng(0))
    assert two.log_likelihood > one.log_likelihood + 0.01
    assert two.agreement > 0.8
    again = assess(histogram(paths), (1, 2), left_censored=False, rng=np.random.default_rng(0))
    assert (one, two) == again
