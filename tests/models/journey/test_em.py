"""EM raises the penalised likelihood in every iteration and keeps the order of the hazards."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.models.journey.em import count_paths, fit_em
from patronage.models.journey.maximisation import CHURNED_AT_MOST, LOYAL_AT_LEAST
from patronage.models.journey.stages import CHURNED, LOYAL, PURCHASES, REGULAR, STAGES

HARD = {  # logs that push against the constraints
    "everybody returns after long silence": ["p" + "." * 20 + "p" + "." * 15] * 150 + ["pp" * 10] * 100,
    "regular beats loyal": ["p.p.p.p.p.p.p.p."] * 150 + ["ppp............."] * 150,
    "one purchase each": ["p..........", "p....."] * 150,
    "nobody buys": ["e..e.", "...", "i"] * 100,
}


@pytest.mark.slow
@pytest.mark.parametrize("classes", [1, 2, 3])
class TestLikelihoodRises:
    def test_on_simulated_customers(self, book, classes):
        fit = fit_em(count_paths(book[c.JOURNEY_PATH]), classes)
        assert len(fit.history) > 20
        assert np.diff(fit.history).min() > 0

    @pytest.mark.parametrize("log", HARD.values(), ids=HARD)
    def test_on_hard_logs(self, log, classes):
        history = np.array(fit_em(count_paths(pd.Series(log)), classes).history)
        assert history[-1] > history[0]
        assert (np.diff(history) >= -1e-10 * np.abs(history[1:])).all()


@pytest.mark.slow
def test_the_order_of_hazards_holds_after_the_fit(book):
    emissions = fit_em(count_paths(book[c.JOURNEY_PATH]), 2).parameters.emissions[:-1]
    hazards = -np.log1p(-emissions[:, PURCHASES].sum(axis=1)).reshape(2, len(STAGES))
    assert (hazards[:, LOYAL] >= LOYAL_AT_LEAST * hazards[:, REGULAR] * (1 - 1e-9)).all()
    assert (hazards[:, CHURNED] <= CHURNED_AT_MOST * hazards[:, REGULAR] * (1 + 1e-9)).all()


def test_without_iterations_the_result_is_the_prior(book):
    counts = count_paths(book[c.JOURNEY_PATH])
    assert len(fit_em(counts, 2, iterate=False).history) == 1


def test_the_tolerance_ends_idle_iterations(book):
    counts = count_paths(book[c.JOURNEY_PATH])
    assert len(fit_em(counts, 2, tolerance=1e-3).history) < 20
