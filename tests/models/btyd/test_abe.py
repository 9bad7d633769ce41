"""Abe's law beside sums over a fine lattice, its published estimate on CDNOW, and what each parameter does."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import gammainc

from patronage import names as c
from patronage.config import ClvConfig
from patronage.models.btyd import clv
from patronage.models.btyd.abe import Abe
from patronage.models.btyd.covariates import LEAVING, RATE
from patronage.models.btyd.fit import FitCache, fit_orders

LAW = Abe(rate=0.005, rate_sd=1.1, leaving=0.004, leaving_sd=1.7, concordance=1.2)
LAWS = {
    "cdnow": LAW,
    "dense": Abe(0.1, 0.9, 0.0002, 0.5, 0.3),
    "wide": Abe(0.02, 0.5, 0.01, 2.2, 3.0),
}
HISTORIES = [(0, 0, 0), (0, 0, 300), (1, 3, 400), (3, 200, 210), (30, 60, 400), (120, 360, 365)]


def by_many_points(law: Abe, x: int, t_x: float, T: float, days: float) -> list[float]:
    """Log likelihood, P(alive), and mean and P(three or more orders) given alive: sums over 600,000 pairs of rates."""
    z, w = np.linspace(-9, 9, 1201)[:, None], np.linspace(-9, 9, 501)[None, :]
    prior = np.exp(-(z**2 + w**2) / 2) * (z[1] - z[0]) * (w[0, 1] - w[0, 0]) / (2 * np.pi)
    rate = law.rate * np.exp(law.rate_sd * z)
    leaving = law.leaving * np.exp(law.leaving_sd * (law.correlation * z + np.sqrt(1 - law.correlation**2) * w))
    both = rate + leaving
    alive = np.exp(x * np.log(rate) - both * T) * prior
    history = np.exp(x * np.log(rate) - both * t_x) * (leaving + rate * np.exp(-both * (T - t_x))) / both * prior
    mean = rate / leaving * -np.expm1(-leaving * days)
    three = (rate / both) ** 3 * gammainc(3, both * days)
    return [
        float(np.log(history.sum())),
        alive.sum() / history.sum(),
        (alive * mean).sum() / alive.sum(),
        (alive * three).sum() / alive.sum(),
    ]


@pytest.mark.parametrize("history", HISTORIES, ids=str)
@pytest.mark.parametrize("name", LAWS)
def test_the_lattice_is_fine_enough(name, history):
    law = LAWS[name]
    x, _, T = history
    ours = [
        law.log_likelihood(*history),
        law.p_alive(*history),
        law.expected_if_alive(90, x, T),
        law.survival(3, 90, *history, alive=1.0),
    ]
    expected = by_many_points(law, *history, 90)
    assert float(ours[0]) == pytest.approx(expected[0], abs=5e-4)
    np.testing.assert_allclose(ours[1:], expected[1:], rtol=2e-3, atol=1e-12)


def test_rates_that_are_all_alike_give_the_process_of_one_customer():
    """Schmittlein, Morrison and Colombo (1987), given both rates: P(alive) = 1 / (1 + m / s (exp(s (T - t_x)) - 1))."""
    law = Abe(0.05, 1e-3, 0.01, 1e-3, 1.0)
    p_alive = 1 / (1 + 0.01 / 0.06 * np.expm1(0.06 * 50))
    assert law.p_alive(4, 50, 100) == pytest.approx(p_alive, rel=1e-4)
    assert law.expected_orders(30, 4, 50, 100) == pytest.approx(p_alive * 5 * -np.expm1(-0.3), rel=1e-4)
    none = np.exp(-0.06 * 30) + 0.01 / 0.06 * -np.expm1(-0.06 * 30)
    assert law.p_order(30, 4, 50, 100) == pytest.approx(p_alive * (1 - none), rel=1e-4)


def test_tails_one_by_one_are_the_tails_together():
    columns = (np.array([90.0, 30.0]), np.array([3.0, 20.0]), np.array([100.0, 365.0]), np.array([1.0, 2.0]))
    for cv in (0.0, 0.4):
        together = LAW.tails(12, np.zeros(2), *columns, np.full(2, cv))
        singly = [LAW.tail(np.full(2, n), *columns, np.full(2, cv)) for n in range(1, 13)]
        np.testing.assert_allclose(together, np.transpose(singly), atol=1e-14)


def test_the_chances_of_each_number_of_orders_give_the_mean():
    tails = LAW.tails(
        400, np.full(1, 0.0), np.array([90.0]), np.array([5.0]), np.array([200.0]), np.ones(1), np.zeros(1)
    )
    assert tails.sum() == pytest.approx(float(LAW.expected_if_alive(90, 5, 200)), rel=1e-9)


def test_an_uncertain_rate_keeps_the_mean_and_widens_the_rest():
    columns = (np.array([90.0]), np.array([30.0]), np.array([365.0]), np.ones(1))
    sure, unsure = (LAW.tails(200, np.zeros(1), *columns, np.array([cv]))[0] for cv in (0.0, 0.5))
    assert unsure.sum() == pytest.approx(sure.sum(), rel=0.01)  # leaving goes along with the rate a little
    assert unsure[25] > 2 * sure[25]
    assert unsure[0] < sure[0]


def test_who_orders_often_leaves_sooner_where_the_rates_go_together():
    together, apart = (Abe(0.01, 1.0, 0.005, 1.0, concordance) for concordance in (5.0, 0.2))
    assert together.correlation == pytest.approx(2 / 3)
    assert apart.correlation == pytest.approx(-2 / 3)
    often, seldom = (30, 300, 330), (1, 300, 330)
    assert together.expected_if_alive(365, 30, 330) < apart.expected_if_alive(365, 30, 330)
    assert apart.p_alive(*often) > together.p_alive(*often)
    assert together.p_alive(*seldom) > apart.p_alive(*seldom)


@pytest.fixture(scope="module")
def fits():
    return FitCache()


@pytest.mark.slow
def test_its_estimate_on_cdnow_is_near_the_published(cdnow_summary, fits):
    """Abe (2009), Table 3, without covariates, a week as unit: log(rate) -3.54, log(leaving) -3.59.

    The variances are 1.34 and 2.62, the covariance .13. Those are means of a sampled posterior, ours the parameters of
    the highest likelihood, and these customers tell little of how the leaving varies.
    """
    summary = [cdnow_summary[name] for name in (c.FREQUENCY, c.RECENCY, c.T)]
    law, fit = fit_orders("abe", *summary, fits)
    assert np.log(law.rate * 7) == pytest.approx(-3.54, abs=0.15)
    assert np.log(law.leaving * 7) == pytest.approx(-3.59, abs=0.25)
    assert law.rate_sd**2 == pytest.approx(1.34, abs=0.15)
    assert law.leaving_sd**2 == pytest.approx(2.62, abs=1.35)
    assert law.correlation * law.rate_sd * law.leaving_sd == pytest.approx(0.13, abs=0.3)
    assert fit.covariance is not None
    assert fit.log_likelihood > fit_orders("pareto_nbd", *summary, fits)[1].log_likelihood + 10


@pytest.mark.slow
def test_a_first_spend_acts_on_cdnow_as_published(cdnow_summary, fits):
    """Abe (2009), Table 3: 6.04 [.04, 9.39] of log(rate) and 1.73 [-9.02, 7.90] of log(leaving), per 1,000 dollars."""
    features = cdnow_summary.assign(first_spend=cdnow_summary[c.FIRST_ORDER_VALUE] / 1000)
    model = clv.fit(features, ClvConfig(), model="abe", horizon_days=270, covariates=["first_spend"], fits=fits)
    table = model.effects.table().set_index("on")
    assert 0.04 < table.loc[RATE, "coefficient"] < 9.39
    assert table.loc[RATE, "coefficient_low"] > 0
    assert -9.02 < table.loc[LEAVING, "coefficient"] < 7.90
    assert table.loc[LEAVING, "coefficient_low"] < 0 < table.loc[LEAVING, "coefficient_high"]


@pytest.mark.slow
def test_planted_rates_that_go_together_are_found():
    rng = np.random.default_rng(3)
    size, correlation = 1500, 0.5
    z = rng.standard_normal((2, size))
    rate = 0.02 * np.exp(0.8 * z[0])
    leaving = 0.004 * np.exp(1.0 * (correlation * z[0] + np.sqrt(1 - correlation**2) * z[1]))
    age = rng.integers(200, 500, size).astype(float)
    end = np.minimum(rng.exponential(1 / leaving), age)
    x = rng.poisson(rate * end).astype(float)
    t_x = np.where(x > 0, end * rng.random(size) ** (1 / np.maximum(x, 1)), 0.0)  # the latest of x uniform moments
    law, fit = fit_orders("abe", x, t_x, age)
    error = np.sqrt(np.diag(fit.covariance))
    truth = np.log([0.02, 0.8, 0.004, 1.0, 3.0])
    assert (np.abs(np.log(list(vars(law).values())) - truth) < 3 * error).all()
    assert 0.1 < law.correlation < 0.9
