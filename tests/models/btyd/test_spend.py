from __future__ import annotations

import numpy as np
import pytest

from patronage.models.btyd.spend import GammaGamma, ShrunkenMean

PUBLISHED = GammaGamma(6.25, 3.74, 15.44)


def test_shrinks_the_observed_mean_towards_the_population():
    population = 6.25 * 15.44 / 2.74
    spend = PUBLISHED.expected_spend([0, 1, 10, 1e6], [99.0, 99.0, 99.0, 99.0])
    assert spend[0] == pytest.approx(population)
    assert (np.diff(spend) > 0).all()
    assert spend[3] == pytest.approx(99.0, rel=1e-5)


def test_is_the_weighted_mean_of_fader_and_hardie():
    weight = 6.25 * 3 / (6.25 * 3 + 3.74 - 1)
    expected = (1 - weight) * 6.25 * 15.44 / 2.74 + weight * 50
    assert PUBLISHED.expected_spend(3, 50.0) == pytest.approx(expected, rel=1e-14)


def test_a_customer_without_repeat_orders_needs_no_value():
    spend = PUBLISHED.expected_spend([0, 0, 0, 2], [np.nan, 0.0, -5.0, 20.0])
    assert np.isfinite(spend).all()
    assert (spend[:3] == spend[0]).all()


def test_more_refunds_than_sales_count_as_zero():
    assert PUBLISHED.expected_spend(2, -30.0) == PUBLISHED.expected_spend(2, 0.0) > 0


@pytest.mark.parametrize("q", [0.05, 0.5, 0.999, 1.0, 1.001, 1.1])
def test_a_population_without_a_mean_is_held_to_ten_times_its_usual_value(q):
    law = GammaGamma(2.0, q, 15.0)
    assert law.expected_spend(0, 0.0) == pytest.approx(10 * 2.0 * 15.0 / q)


def test_the_hold_begins_without_a_jump():
    spend = [GammaGamma(2.0, q, 15.0).expected_spend(0, 0.0) for q in (1.1111, 1.1112)]
    assert spend[0] == pytest.approx(spend[1], rel=1e-3)
    assert spend[1] == pytest.approx(2.0 * 15.0 / 0.1112)


def test_likelihood_is_a_density_of_the_mean_value():
    value = np.geomspace(1e-4, 1e7, 200_001)
    for x in (1, 4):
        density = np.exp(PUBLISHED.log_likelihood(x, value))
        assert np.trapezoid(density * value, np.log(value)) == pytest.approx(1, abs=1e-6)
        mean = np.trapezoid(density * value**2, np.log(value))
        assert mean == pytest.approx(PUBLISHED.expected_spend(0, 0.0), rel=1e-3)


def test_the_shrunken_mean_by_hand():
    law = ShrunkenMean(mean=20.0, weight=2.0)
    assert law.expected_spend([0, 2, 8], [np.nan, 40.0, -5.0]).tolist() == [20.0, 30.0, 4.0]
    assert law.weight_of_mean([0, 2, 8]).tolist() == [1.0, 0.5, 0.2]


def test_the_weight_of_the_mean_is_that_of_the_expected_value():
    x = np.array([0.0, 1.0, 12.0])
    weight, population = PUBLISHED.weight_of_mean(x), PUBLISHED.expected_spend(0, 0.0)
    np.testing.assert_allclose(PUBLISHED.expected_spend(x, 80.0), weight * population + (1 - weight) * 80, rtol=1e-12)
    assert GammaGamma(2.0, 0.9, 15.0).weight_of_mean(1) == 0  # there is no mean to shrink towards
