from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import poisson

from patronage import names as columns
from patronage.models.btyd.abe import Abe
from patronage.models.btyd.bg_nbd import BgNbd, MbgNbd
from patronage.models.btyd.pareto_nbd import ParetoNbd
from patronage.models.btyd.quantiles import quantile

LAWS = (BgNbd(0.6, 20.0, 0.8, 2.5), MbgNbd(0.9, 25.0, 0.7, 1.8), ParetoNbd(0.7, 20.0, 0.8, 60.0))
LAW_CLASSES = {law.__name__: law for law in (BgNbd, MbgNbd, ParetoNbd)}
GRID = pd.read_csv(Path(__file__).with_name("grid.csv"))
each_law = pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)


def at_grid(name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The points of a law's grid, and our values at them beside the oracle's names."""
    grid = GRID[GRID["law"] == name]
    rows = []
    for point in grid.drop(columns="law").itertuples():
        law = LAW_CLASSES[name](point.p1, point.p2, point.p3, point.p4)
        customer = point.x, point.t_x, point.T
        rows.append(
            {
                "log_likelihood": law.log_likelihood(*customer),
                "p_alive": law.p_alive(*customer),
                "survival": law.survival(point.n, point.horizon, *customer, point.multiplier),
                "expected_orders": law.expected_orders(point.horizon, *customer, point.multiplier),
            }
        )
    return grid, pd.DataFrame(rows, index=grid.index, dtype=float)


@pytest.mark.parametrize("name", ["BgNbd", "MbgNbd", "ParetoNbd"])
def test_equals_arithmetic_of_many_digits(name):
    grid, ours = at_grid(name)
    assert len(grid) >= 100
    for quantity in ours.columns:
        near_nothing = 1e-13 if quantity == "log_likelihood" else 0  # of a history that is all but sure
        np.testing.assert_allclose(ours[quantity], grid[quantity], rtol=1e-10, atol=near_nothing, err_msg=quantity)


@pytest.mark.parametrize(
    ("law", "customer", "horizon", "value"),
    [
        (BgNbd(1.05, 18.5, 0.064, 0.099), (0, 0, 1434), 2472, 1.301),  # lifetimes: NaN
        (BgNbd(0.5, 10, 1, 2.5), (4, 70, 100), 90, None),  # inf
        (MbgNbd(0.243, 4.414, 0.793, 2.426), (1000, 300, 310), 365, None),  # NaN
        (ParetoNbd(0.553, 74, 1, 81.7), (3, 40, 100), 90, None),  # NaN
    ],
)
def test_is_finite_where_lifetimes_is_not(law, customer, horizon, value):
    mean = law.expected_orders(horizon, *customer)
    assert np.isfinite(mean)
    assert mean > 0
    if value is not None:
        assert round(float(mean), 3) == value


@pytest.mark.parametrize(
    "law",
    [
        BgNbd(4e5, 1.2e7, 1.5e-12, 1.1e7),
        MbgNbd(1.3e6, 3.9e7, 1.7e-13, 2.4e7),
        ParetoNbd(2e6, 6e7, 1e-9, 1e-2),
    ],
)
def test_a_fit_that_ran_off_to_infinity_still_predicts_a_poisson(law):
    """All customers alike and nobody leaving: what lifetimes returns for a plain Poisson log."""
    rate = law.r / law.alpha
    assert law.p_alive(5, 80, 100) == pytest.approx(1, abs=1e-8)
    assert law.expected_orders(90, 5, 80, 100) == pytest.approx(90 * rate, rel=1e-4)
    assert law.p_order(90, 5, 80, 100) == pytest.approx(-np.expm1(-90 * rate), rel=1e-4)
    assert quantile(law, 0.9, 90, 5, 80, 100) == poisson.ppf(0.9, 90 * rate)
    assert law.log_likelihood(5, 80, 100) == pytest.approx(5 * np.log(rate) - 100 * rate, rel=1e-4)


def log_uniform(rng, low, high, size=None):
    return np.exp(rng.uniform(np.log(low), np.log(high), size))


def random_law(rng):
    r, alpha, third = log_uniform(rng, 0.001, 100), log_uniform(rng, 0.01, 5000), log_uniform(rng, 0.001, 1000)
    third = rng.choice([0.001, 1.0, third, third])
    kind = rng.choice([BgNbd, MbgNbd, ParetoNbd, Abe], p=[0.32, 0.32, 0.32, 0.04])  # a lattice takes its time
    if kind is Abe:
        rate, leaving = log_uniform(rng, 1e-5, 10), log_uniform(rng, 1e-6, 1)
        return Abe(rate, log_uniform(rng, 0.05, 3), leaving, log_uniform(rng, 0.05, 3), log_uniform(rng, 0.05, 20))
    return kind(r, alpha, third, log_uniform(rng, 0.01, 10_000) if kind is ParetoNbd else log_uniform(rng, 0.001, 5000))


@pytest.mark.slow
def test_holds_at_a_hundred_thousand_random_points():
    rng, size = np.random.default_rng(4), 1000
    warnings.simplefilter("error")
    for _ in range(100):
        law = random_law(rng)
        x = np.floor(log_uniform(rng, 0.5, 1e5, size))
        T = log_uniform(rng, 0.04, 15_000, size)
        t_x = np.where(x > 0, T * rng.choice([1, 0.5, 0.001], size) * rng.random(size) ** rng.choice([0, 1], size), 0)
        horizon, n = log_uniform(rng, 0.01, 1e5, size), np.floor(log_uniform(rng, 1, 1e5, size))
        multiplier = np.where(rng.random(size) < 0.5, 1, log_uniform(rng, 0.001, 100, size))
        customer = x, t_x, T, multiplier
        alive, mean = law.p_alive(*customer[:3]), law.expected_orders(horizon, *customer)
        p_order, survival = law.p_order(horizon, *customer), law.survival(n, horizon, *customer)
        everything = np.array([alive, mean, p_order, survival])
        assert np.isfinite(law.log_likelihood(*customer[:3])).all(), law
        assert (np.isfinite(everything) & (everything >= 0)).all(), law

        slack = 1 + 1e-9
        assert (alive <= 1).all(), law
        assert (p_order <= alive * slack).all(), law
        assert (p_order <= mean * slack).all(), law
        assert (survival * n <= mean * slack).all(), law
        assert (law.survival(n + 1, horizon, *customer) <= survival * slack).all(), law
        assert (survival <= law.survival(n, 2 * horizon, *customer) * slack).all(), law
        assert (mean <= law.expected_orders(2 * horizon, *customer) * slack).all(), law

        wide = law.survival(n, horizon, *customer, log_uniform(rng, 0.01, 1, size))
        assert (np.isfinite(wide) & (wide >= 0)).all(), law
        assert (wide <= alive * slack).all(), law


@each_law
def test_mean_is_the_sum_of_the_survival(law):
    n = np.arange(1, 3000)
    for customer in [(0, 0, 30), (3, 40, 100), (80, 199, 200)]:
        mean = law.expected_orders(90, *customer, 1.3)
        np.testing.assert_allclose(law.survival(n, 90, *customer, 1.3).sum(), mean, rtol=1e-10)
        np.testing.assert_allclose(law.pmf(n, 90, *customer, 1.3) @ n, mean, rtol=1e-8)
        assert law.pmf(0, 90, *customer, 1.3) == pytest.approx(1 - law.p_order(90, *customer, 1.3), abs=1e-12)


@each_law
def test_a_multiplier_of_zero_or_an_empty_horizon_means_no_order(law):
    for horizon, multiplier in [(90, 0), (0, 1)]:
        customer = 3, 40, 100, multiplier
        assert law.p_order(horizon, *customer) == 0
        assert law.expected_orders(horizon, *customer) == 0
        assert quantile(law, 0.99, horizon, *customer) == 0
        assert law.survival(0, horizon, *customer) == 1


@pytest.mark.slow
@each_law
@pytest.mark.parametrize("multiplier", [1.0, 2.0])
def test_simulated_customers_follow_the_law(law, multiplier, simulate):
    T, horizon, size = 120.0, 90.0, 100_000
    customers = simulate(law, size, T, horizon, np.random.default_rng(11), multiplier)
    customer = customers.x, customers.t_x, T, multiplier

    def agree(y_true, y_pred):
        noise = np.sqrt((y_pred * (1 - y_pred)).sum()) if y_true.dtype == bool else y_true.std() * size**0.5
        assert abs(y_true.sum() - y_pred.sum()) <= 4 * noise + 1e-6

    agree(customers.later, law.expected_orders(horizon, *customer))
    for group in (customers.x == 0, customers.x == 1, customers.x > 4, customers.t_x > 100):
        agree(customers.alive & group, law.p_alive(*customer[:3]) * group)
        for n in (1, 2, 5):
            agree((customers.later >= n) & group, law.survival(n, horizon, *customer) * group)


@each_law
def test_randomised_pit_of_simulated_customers_is_uniform(law, simulate):
    rng = np.random.default_rng(12)
    customers = simulate(law, 50_000, 120.0, 90.0, rng)
    customer = customers.x, customers.t_x, 120.0
    at_least, more = (law.survival(k, 90.0, *customer) for k in (customers.later, customers.later + 1))
    pit = 1 - more - rng.random(len(more)) * (at_least - more)
    counts = np.histogram(pit, bins=20, range=(0, 1))[0]
    assert ((counts - 2500) ** 2 / 2500).sum() < 50  # chi-squared, 19 degrees: 1 in 10,000


@each_law
def test_discounting_equals_small_steps_of_the_mean(law):
    steps, rate = np.linspace(0, 730, 20_001), np.log(1.2) / 365
    for customer in [(0, 0, 1), (3, 40, 100), (80, 199, 200)]:
        counts = np.diff(law.expected_orders(steps, *customer))
        by_steps = counts @ np.exp(-rate * (steps[1:] + steps[:-1]) / 2)
        assert law.discounted_orders(730, rate, *customer) == pytest.approx(by_steps, rel=1e-7)
        assert law.discounted_orders(730, 0, *customer) == law.expected_orders(730, *customer)


@each_law
def test_discounting_for_ever_converges(law):
    values = law.discounted_orders(np.array([1e4, 1e5, 1e6, 1e12]), np.log(1.1) / 365, 3, 40, 100)
    assert values[0] < values[1]
    np.testing.assert_allclose(values[1:], values[-1], rtol=1e-10)


@each_law
def test_a_value_does_not_depend_on_the_other_rows_to_the_last_bit(law):
    rng = np.random.default_rng(13)
    x = rng.integers(0, 40, 5000).astype(float)
    T = rng.integers(1, 900, 5000).astype(float)
    t_x = np.where(x > 0, np.floor(T * rng.random(5000)), 0)
    for method in (
        lambda *c: law.expected_orders(90, *c),
        lambda *c: law.survival(2, 90, *c),
        lambda *c: law.discounted_orders(365, 0.001, *c),
    ):
        together = method(x, t_x, T)
        assert (together[:50] == method(x[:50], t_x[:50], T[:50])).all()
        assert together[7] == method(x[7], t_x[7], T[7])


def lifetimes_fitter(law):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lifetimes

        kinds = {BgNbd: lifetimes.BetaGeoFitter, MbgNbd: lifetimes.ModifiedBetaGeoFitter}
        fitter = kinds.get(type(law), lifetimes.ParetoNBDFitter)()
    fitter.params_ = pd.Series(vars(law))
    return fitter


@pytest.mark.parametrize(
    "law",
    [
        BgNbd(0.243, 4.414 * 7, 0.793, 2.426),
        MbgNbd(0.525, 6.183 * 7, 0.891, 1.614),
        ParetoNbd(0.553, 10.578 * 7, 0.606, 11.669 * 7),
    ],
    ids=lambda law: type(law).__name__,
)
def test_agrees_with_lifetimes_on_cdnow(law, cdnow_summary):
    fitter = lifetimes_fitter(law)
    customers = [cdnow_summary[name].to_numpy() for name in (columns.FREQUENCY, columns.RECENCY, columns.T)]
    theirs = fitter.conditional_probability_alive(*customers)
    np.testing.assert_allclose(law.p_alive(*customers), theirs, rtol=1e-6)
    for horizon in (7.0, 90.0, 365.0):
        theirs = fitter.conditional_expected_number_of_purchases_up_to_time(horizon, *customers)
        np.testing.assert_allclose(law.expected_orders(horizon, *customers), theirs, rtol=1e-6)
    if isinstance(law, ParetoNbd):
        theirs = fitter.conditional_probability_of_n_purchases_up_to_time(2, 90.0, *customers)
        np.testing.assert_allclose(law.pmf(2, 90.0, *customers), theirs, rtol=1e-6, atol=1e-10)
