"""The numerics of the laws, held against closed forms and against quadrature to thirty digits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import betaln, gammaln

from patronage.models.btyd.integrals import arrival, discounted, log_gamma_ratio, orders_until_dropout


def row(*values: float) -> tuple[np.ndarray, ...]:
    return tuple(np.array([value], dtype=float) for value in values)


@pytest.mark.parametrize(("z", "a"), [(0.3, 1.7), (5.0, 2.0), (15.9, 0.2), (16.0, 30.0)])
def test_the_log_of_a_quotient_of_gammas(z, a):
    assert float(log_gamma_ratio(z, a)) == pytest.approx(gammaln(z + a) - gammaln(z), rel=1e-12)


def test_it_keeps_its_digits_where_a_difference_of_logs_loses_six():
    exact = math.log(1e5) + math.log(1e5 + 1)  # gamma(z + 2) / gamma(z) = z (z + 1)
    assert float(log_gamma_ratio(1e5, 2.0)) == pytest.approx(exact, rel=1e-14)


def test_an_order_before_a_rival_of_the_same_scale():
    # With one scale the race of n=1 is a quotient: shape / (shape + rival) of all that end within the horizon.
    shape, scale, horizon, rival = 2.0, 3.0, 5.0, 1.5
    ends = 1 - (1 + horizon / scale) ** -(shape + rival)
    probability = arrival(*row(1.0, shape, scale, horizon, rival, scale))
    assert float(probability[0]) == pytest.approx(shape / (shape + rival) * ends, rel=1e-12)


@pytest.mark.parametrize("n", [1.0, 4.0, 60.0])
def test_the_nth_order_before_a_rival_by_quadrature(n):
    shape, scale, horizon, rival, rival_scale = 0.7, 12.0, 40.0, 0.4, 150.0

    def density(u: float) -> float:
        log = (n - 1) * math.log(u / scale) - (n + shape) * math.log1p(u / scale) - betaln(n, shape)
        return math.exp(log - rival * math.log1p(u / rival_scale)) / scale

    expected, _ = quad(density, 0, horizon, epsabs=0, epsrel=1e-11, limit=500)
    assert float(arrival(*row(n, shape, scale, horizon, rival, rival_scale))[0]) == pytest.approx(expected, rel=1e-9)


def test_orders_until_dropout_by_quadrature():
    shape, exposure, a, b = 0.8, 2.5, 0.9, 3.1

    def integrand(p: float) -> float:
        log = (a - 1) * math.log(p) + (b - 1) * math.log1p(-p) - betaln(a, b)
        return (1 - (1 + p * exposure) ** -shape) / p * math.exp(log)

    expected, _ = quad(integrand, 0, 1, epsrel=1e-11, limit=500)
    assert float(orders_until_dropout(*row(shape), np.array([[exposure]]), *row(a, b))[0, 0]) == pytest.approx(
        expected, rel=1e-9
    )


def test_without_dropout_the_mean_is_rate_times_time():
    orders = orders_until_dropout(*row(2.0), np.array([[3.0]]), *row(1e-9, 1e3))
    assert float(orders[0, 0]) == pytest.approx(6.0, rel=1e-6)


def test_a_constant_stream_has_the_present_value_of_an_annuity():
    rate, horizon = 0.1, 7.0
    value = discounted(lambda times, rows: 2.0 * times, *row(horizon, 1.0), rate)
    assert float(value[0]) == pytest.approx(2.0 * (1 - math.exp(-rate * horizon)) / rate, rel=1e-8)


def test_without_a_rate_the_present_value_is_the_count():
    assert float(discounted(lambda times, rows: times**2, *row(3.0, 1.0), 0.0)[0]) == pytest.approx(9.0, rel=1e-12)


def test_a_row_does_not_depend_on_the_other_rows():
    first, second = (2.0, 0.7, 12.0, 40.0, 0.4, 150.0), (300.0, 5.0, 1.0, 1e4, 2.0, 3.0)
    together = arrival(*(np.array(pair) for pair in zip(first, second, strict=True)))
    assert together[0] == arrival(*row(*first))[0]
    assert together[1] == arrival(*row(*second))[0]
