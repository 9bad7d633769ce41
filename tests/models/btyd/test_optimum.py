from __future__ import annotations

import numpy as np
import pytest

from patronage.errors import FitError
from patronage.models.btyd.optimum import first_optimum, refine

TOP = np.array([2.0, 5.0])
WEIGHTS = np.array([300.0, 700.0])
STARTS = np.array([[1.0, 1.0], [2.0, 4.0]])


def log_likelihood(parameters):
    """A parabola in the log-parameters, the same for both summaries."""
    away = np.log(parameters) - np.log(TOP)
    return np.full(2, -(away[0] ** 2) - away[0] * away[1] - 2 * away[1] ** 2)


def test_measures_curvature_and_counts_searches():
    parameters, fit = first_optimum("law", lambda start, tolerance: TOP, STARTS, log_likelihood, WEIGHTS)
    assert parameters == TOP.tolist()
    assert (fit.searches, fit.n_customers, fit.n_summaries) == (1, 1000, 2)
    assert fit.log_likelihood == 0
    np.testing.assert_allclose(fit.covariance, np.linalg.inv([[2000, 1000], [1000, 4000]]), rtol=1e-6)


def test_a_search_that_returns_its_start_is_detected():
    with pytest.raises(FitError, match=r"^law: found no optimum .* in 6 searches from 2 starts; the best: .* was left"):
        first_optimum("law", lambda start, tolerance: start, STARTS, log_likelihood, WEIGHTS)


def test_goes_on_from_where_a_search_ended():
    parameters, fit = first_optimum(
        "law", lambda start, tolerance: np.sqrt(start * TOP) if start[0] < 1.4 else TOP, STARTS, log_likelihood, WEIGHTS
    )
    assert parameters == TOP.tolist()
    assert fit.searches == 2


def test_climbs_on_from_where_a_search_meets_a_wall():
    """As lifetimes' does where its likelihood of Pareto/NBD turns NaN."""
    parameters, fit = first_optimum(
        "law", lambda start, tolerance: np.array([1.3, 3.0]), STARTS, log_likelihood, WEIGHTS
    )
    np.testing.assert_allclose(parameters, TOP, rtol=1e-3)
    assert fit.searches == 3  # all that the first start has
    assert fit.newton_decrement <= 1e-3
    assert fit.newton_gain == pytest.approx(-500 * log_likelihood(np.array([1.3, 3.0])).sum(), abs=1e-3)


def test_passes_over_a_search_that_fails():
    def search(start, tolerance):
        if tolerance < 1e-4:
            raise ValueError("\n  No\n convergence. ")
        return TOP

    assert first_optimum("law", search, STARTS, log_likelihood, WEIGHTS)[1].searches == 3

    def fail(start, tolerance):
        raise ValueError("\n  No\n convergence. ")

    with pytest.raises(FitError, match="the best: No convergence; check the units"):
        first_optimum("law", fail, STARTS, log_likelihood, WEIGHTS)


def test_no_covariance_where_a_parameter_does_not_matter():
    _, fit = first_optimum(
        "law", lambda start, tolerance: TOP, STARTS, lambda p: -((np.log(p[:1]) - np.log(2)) ** 2), np.array([50.0])
    )
    assert fit.covariance is None


def test_a_likelihood_that_overflows_is_no_optimum():
    with pytest.raises(FitError, match="inf of log-likelihood"):
        first_optimum("law", lambda start, tolerance: TOP, STARTS, lambda p: np.full(2, np.nan), WEIGHTS)


def test_goes_on_from_the_optimum_of_a_sample():
    parameters, some = first_optimum("law", lambda start, tolerance: TOP, STARTS, log_likelihood, WEIGHTS / 10)
    parameters, fit = refine("law", [2.1, 4.8], some, log_likelihood, WEIGHTS)
    np.testing.assert_allclose(parameters, TOP, rtol=1e-3)
    assert (fit.n_customers, fit.searches, fit.newton_gain) == (1000, 1, 0)
    with pytest.raises(FitError, match="near that of a sample"):
        refine("law", [2.1, 4.8], some, lambda p: np.full(2, np.nan), WEIGHTS)
