from __future__ import annotations

import os
import subprocess
import sys
import warnings

import numpy as np
import pytest

from patronage import names as columns
from patronage.errors import FitError
from patronage.models.btyd.bg_nbd import BgNbd, MbgNbd
from patronage.models.btyd.fit import FitCache, fit_orders, fit_spend, shrunken_mean
from patronage.models.btyd.pareto_nbd import ParetoNbd
from patronage.models.btyd.spend import GammaGamma

pytestmark = pytest.mark.slow

LAWS = (BgNbd(0.6, 20.0, 0.8, 2.5), MbgNbd(0.9, 25.0, 0.7, 1.8), ParetoNbd(0.7, 20.0, 0.8, 60.0))
NAMES = ("bg_nbd", "mbg_nbd", "pareto_nbd")


@pytest.fixture(scope="module")
def summary(cdnow_summary):
    return [cdnow_summary[name].to_numpy() for name in (columns.FREQUENCY, columns.RECENCY, columns.T)]


@pytest.fixture(scope="module")
def fitted(summary):
    return {name: fit_orders(name, *summary) for name in NAMES}


@pytest.mark.parametrize(
    ("name", "published", "log_likelihood"),
    [
        ("bg_nbd", {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, -9582.4),
        ("mbg_nbd", {}, -9582.1),
        ("pareto_nbd", {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}, -9595.0),
    ],
)
def test_published_estimates_of_cdnow(name, published, log_likelihood, fitted, summary):
    law, fit = fitted[name]
    weeks = {key: value / 7 if key in ("alpha", "beta") else value for key, value in vars(law).items()}
    assert {key: round(weeks[key], 3) for key in published} == published
    in_weeks = fit.log_likelihood + summary[0].sum() * np.log(7)  # a density per day becomes one per week
    assert round(in_weeks, 1) == log_likelihood
    assert law.log_likelihood(*summary).sum() == pytest.approx(fit.log_likelihood, rel=1e-12)
    assert fit.n_customers == 2357 > fit.n_summaries


def test_published_estimates_of_spend(cdnow_summary):
    law, fit = fit_spend(cdnow_summary[columns.FREQUENCY], cdnow_summary[columns.MONETARY_VALUE])
    assert (round(law.p, 2), round(law.q, 2), round(law.v, 2)) == (6.25, 3.74, 15.44)
    assert round(fit.log_likelihood, 2) == -4055.92
    assert fit.n_customers == 946


def test_the_unit_of_time_is_the_data_s(fitted, summary):
    x, t_x, T = summary
    weeks, fit = fit_orders("bg_nbd", x, t_x / 7, T / 7)
    assert weeks.alpha * 7 == pytest.approx(fitted["bg_nbd"][0].alpha, rel=1e-6)
    assert weeks.b == pytest.approx(fitted["bg_nbd"][0].b, rel=1e-6)
    assert fit.log_likelihood == pytest.approx(fitted["bg_nbd"][1].log_likelihood + x.sum() * np.log(7), rel=1e-9)


def test_the_unit_of_money_is_the_data_s(cdnow_summary):
    x, value = cdnow_summary[columns.FREQUENCY], cdnow_summary[columns.MONETARY_VALUE]
    small, large = fit_spend(x, value)[0], fit_spend(x, value * 1e6)[0]
    assert large.v == pytest.approx(small.v * 1e6, rel=1e-6)
    assert large.p == pytest.approx(small.p, rel=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_order_and_repetition_of_customers_do_not_matter(name, fitted, summary):
    law, fit = fitted[name]
    shuffled = np.random.default_rng(0).permutation(len(summary[0]))
    assert fit_orders(name, *(column[shuffled] for column in summary)) == (law, fit)
    law_of_all, fit_of_all = fit_orders(name, *(np.tile(column, 3) for column in summary))
    assert list(vars(law_of_all).values()) == pytest.approx(list(vars(law).values()), rel=1e-4)
    assert fit_of_all.n_summaries == fit.n_summaries
    assert fit_of_all.log_likelihood == pytest.approx(3 * fit.log_likelihood, rel=1e-9)


def test_weights_give_what_raw_rows_give_lifetimes(summary, fitted):
    import lifetimes

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        raw = lifetimes.BetaGeoFitter().fit(*summary)
    law, fit = fitted["bg_nbd"]
    assert list(vars(law).values()) == pytest.approx(list(raw.params_), rel=1e-5)
    errors = np.sqrt(np.diag(fit.covariance)) * raw.params_
    errors["alpha"] *= raw._scale  # lifetimes forgets to scale this one back
    scaled = raw.standard_errors_.copy()
    scaled["alpha"] *= raw._scale
    assert list(errors) == pytest.approx(list(scaled), rel=1e-3)


@pytest.mark.parametrize(("name", "law"), list(zip(NAMES, LAWS, strict=True)), ids=NAMES)
def test_recovers_a_simulated_law(name, law, simulate):
    T = 200.0
    customers = simulate(law, 8000, T, 1.0, np.random.default_rng(5))
    estimate, fit = fit_orders(name, customers.x, customers.t_x, np.full(8000, T))
    away = np.log(list(vars(estimate).values())) - np.log(list(vars(law).values()))
    squared = away @ np.linalg.solve(fit.covariance, away)
    assert squared < 18.5  # chi-squared, 4 degrees: 1 in 1,000; so neither biased nor too sure
    assert np.abs(away).max() < 0.5


def test_recovers_a_simulated_law_of_spend():
    rng, law = np.random.default_rng(6), GammaGamma(4.0, 3.0, 20.0)
    x = rng.integers(1, 8, 5000)
    nu = rng.gamma(law.q, 1 / law.v, 5000)
    estimate, fit = fit_spend(x, rng.gamma(law.p * x) / (nu * x))
    away = np.log(list(vars(estimate).values())) - np.log(list(vars(law).values()))
    assert away @ np.linalg.solve(fit.covariance, away) < 16.3
    assert np.abs(away).max() < 0.3


def test_nobody_leaving_is_a_fit_without_covariance(capsys):
    rng = np.random.default_rng(7)
    x = rng.poisson(rng.gamma(0.5, 1 / 40, 3000) * 365)
    t_x = np.where(x > 0, np.round(365 * rng.beta(np.maximum(x, 1), 1)), 0)
    law, fit = fit_orders("bg_nbd", x, t_x, np.full(3000, 365.0))
    assert law.a / (law.a + law.b) < 1e-6
    assert fit.covariance is None
    assert fit.searches > 1  # lifetimes' first search fails
    assert capsys.readouterr().out == ""  # which it prints
    expected = law.expected_orders(365, x, t_x, 365.0)
    np.testing.assert_allclose(expected, (law.r + x) / (law.alpha + 365) * 365, rtol=1e-3)


def test_dense_customers_who_hardly_leave_have_an_optimum_too(simulate):
    """lifetimes' likelihood is NaN beyond some beta; ours is not."""
    customers = simulate(ParetoNbd(1.4, 9.6, 6.0, 47_000.0), 1000, 270.0, 90.0, np.random.default_rng(1))
    t_x = np.round(customers.t_x)
    law, fit = fit_orders("pareto_nbd", customers.x, t_x, np.full(1000, 270.0))
    assert fit.newton_decrement <= 1e-3
    expected = law.expected_orders(90, customers.x, t_x, 270.0).sum()
    assert expected == pytest.approx(customers.later.sum(), rel=0.05)


def test_where_no_step_from_bg_nbd_arrives_lifetimes_searches():
    """All came within a week, and nobody leaves: what BG/NBD tells of leaving is no place to begin."""
    rng = np.random.default_rng(0)
    age = rng.uniform(53, 60, 3000).round()
    x = rng.poisson(rng.gamma(0.6, 1 / 40, 3000) * age)
    t_x = np.where(x > 0, np.floor(age * rng.beta(np.maximum(x, 1), 1)), 0)
    _, fit = fit_orders("pareto_nbd", x, t_x, age)
    assert fit.searches > 0
    assert fit.newton_decrement <= 1e-3


def test_a_cache_gives_the_fit_of_the_same_customers(fitted, summary):
    fits = FitCache()
    x, t_x, age = summary
    first = fit_orders("bg_nbd", x, t_x, age, fits)
    assert first == fitted["bg_nbd"]
    reversed_rows = fit_orders("bg_nbd", x[::-1], t_x[::-1], age[::-1], fits)
    assert reversed_rows[0] is first[0]
    assert fit_orders("mbg_nbd", x, t_x, age, fits) == fitted["mbg_nbd"]
    assert fit_orders("bg_nbd", x[1:], t_x[1:], age[1:], fits) != first
    assert fit_orders("bg_nbd", x, t_x, age, fits)[0] is first[0]
    assert fit_orders("bg_nbd", x, t_x, age)[0] is not first[0]


def test_a_cache_of_order_values(cdnow_summary):
    fits = FitCache()
    x, value = cdnow_summary[columns.FREQUENCY], cdnow_summary[columns.MONETARY_VALUE]
    assert fit_spend(x, value, fits)[0] is fit_spend(x[::-1], value[::-1], fits)[0]
    assert fit_spend(x, 2 * value, fits)[0] is not fit_spend(x, value, fits)[0]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_to_fit(name):
    with pytest.raises(FitError, match=rf"^{name}: found 2 customers and no repeat order; a lifetime value needs"):
        fit_orders(name, [0, 0], [0, 0], [10, 20])
    with pytest.raises(FitError, match="found 0 customers"):
        fit_orders(name, [], [], [])


def test_no_order_value_to_fit():
    with pytest.raises(FitError, match=r"^gamma_gamma: found 3 customers, none with a repeat order of positive mean"):
        fit_spend([0, 2, 1], [np.nan, 0.0, -3.0])


@pytest.mark.parametrize("name", ["bg_nbd", "pareto_nbd"])
def test_of_many_summaries_lifetimes_gets_some_and_the_optimum_is_that_of_all(name, fitted, summary):
    law, fit = fitted[name]
    by_sample, sample_fit = fit_orders(name, *summary, max_searched=400)
    assert (sample_fit.n_customers, sample_fit.n_summaries) == (fit.n_customers, fit.n_summaries)
    assert fit.n_summaries > 400
    assert by_sample != law
    assert sample_fit.log_likelihood == pytest.approx(fit.log_likelihood, abs=2e-3)
    np.testing.assert_allclose(list(vars(by_sample).values()), list(vars(law).values()), rtol=5e-3)
    np.testing.assert_allclose(sample_fit.covariance, fit.covariance, rtol=0.05)


def test_the_error_has_the_reason_of_lifetimes():
    with pytest.raises(FitError, match="recency vector are larger than T") as caught:
        fit_orders("bg_nbd", [1, 2], [5, 9], [10, 3])
    assert "\n" not in str(caught.value)


def test_lifetimes_stays_silent_and_leaves_no_trace(capsys):
    before = list(warnings.filters)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        law, _ = fit_orders("bg_nbd", [1, 0, 2, 5], [5, 0, 9, 11], [10, 12, 13, 13])
    assert isinstance(law, BgNbd)
    assert warnings.filters == before
    assert capsys.readouterr().out == ""


def test_importing_the_model_does_not_import_lifetimes():
    code = "import sys, patronage.models.btyd.clv; print('lifetimes' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert ran.stdout.strip() == "False"


def test_one_price_for_all_is_that_price():
    law, fit = fit_spend([1, 2, 5], [9.99, 9.99, 9.99])
    assert law.expected_spend(np.array([0, 1, 7]), np.array([0, 9.99, 9.99])) == pytest.approx([9.99] * 3, rel=1e-5)
    assert fit.covariance is None


def test_the_shrunken_mean_recovers_the_variances():
    """Of customers' means 5^2, of a customer's orders 10^2: the population's mean weighs four orders."""
    rng = np.random.default_rng(3)
    x = rng.integers(1, 15, 60_000)
    value = rng.normal(60, 5, x.size) + rng.normal(0, 10, x.size) / np.sqrt(x)
    law = shrunken_mean(np.append(x, 0), np.append(value, np.nan))
    assert law.mean == pytest.approx(60, abs=0.2)
    assert law.weight == pytest.approx(4, rel=0.1)
