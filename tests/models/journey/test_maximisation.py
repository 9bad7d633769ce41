"""The M-step against a general optimiser."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from patronage.models.journey.maximisation import maximise, ordered_hazards
from patronage.models.journey.stages import FIRST_TIME, SILENT

ORDER = [
    {"type": "ineq", "fun": lambda h: h[1] - 1.5 * h[0]},
    {"type": "ineq", "fun": lambda h: h[2] - 0.1 * h[0]},
    {"type": "ineq", "fun": lambda h: 0.5 * h[0] - h[2]},
    {"type": "ineq", "fun": lambda h: 0.05 * h[0] - h[3]},
]


def worth(hazards, bought, quiet):
    return (bought * np.log(-np.expm1(-hazards)) - quiet * hazards).sum()


@pytest.mark.parametrize("seed", range(20))
def test_hazards_are_the_constrained_maximum(seed):
    rng = np.random.default_rng(seed)
    bought, quiet = rng.gamma(1, 50, (2, 4)) + 0.5
    hazards = ordered_hazards(bought[None], quiet[None])[0]
    assert all(constraint["fun"](hazards) > -1e-12 for constraint in ORDER)
    start = np.array([0.1, 0.2, 0.03, 0.004])
    best = minimize(
        lambda h: -worth(h, bought, quiet) / 100, start, constraints=ORDER, bounds=[(1e-6, 20)] * 4, tol=1e-12
    )
    assert worth(hazards, bought, quiet) >= -100 * best.fun - 1e-6 * abs(100 * best.fun)


def test_free_optima_within_the_order_stay():
    rates = np.array([[0.1, 0.3, 0.03, 0.002]])
    hazards = ordered_hazards(1000 * rates, 1000 * (1 - rates))
    assert np.allclose(-np.expm1(-hazards), rates)


def test_first_time_buyers_do_not_stay_for_ever():
    steps = np.zeros((5, 8, 8))
    steps[:, :, 3] = 1.0
    steps[SILENT, FIRST_TIME] = [0, 0, 97, 0, 0, 2, 1, 0]
    fitted = maximise(steps, np.ones((8, 5)), patience=10.0)
    assert np.allclose(fitted.transitions[SILENT, FIRST_TIME], [0, 0, 0.9, 0, 0, 0.1 * 2 / 3, 0.1 / 3, 0])
    patient = maximise(steps, np.ones((8, 5)), patience=100.0)
    assert np.allclose(patient.transitions[SILENT, FIRST_TIME], [0, 0, 0.97, 0, 0, 0.02, 0.01, 0])
