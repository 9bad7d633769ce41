from __future__ import annotations

import os
import subprocess
import sys
import warnings

import numpy as np
import pytest

from patronage import names as columns
from patronage.errors import FitError
from patronage.models.btyd.fit import _estimate, fit_orders, fit_spend
from patronage.models.btyd.law import BgNbd, MbgNbd, ParetoNbd
from patronage.models.btyd.spend import GammaGamma

LAWS = (BgNbd(0.6, 20.0, 0.8, 2.5), MbgNbd(0.9, 25.0, 0.7, 1.8), ParetoNbd(0.7, 20.0, 0.8, 60.0))
NAMES = ("bg_nbd", "mbg_nbd", "pareto_nbd")


@pytest.fixture(scope="module")
def summary(cdnow):
    return [cdnow[name].to_numpy() for name in (columns.FREQUENCY, columns.RECENCY, columns.T)]


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
    assert fit.n_customers == 2357 > fit.n_distinct


def test_published_estimates_of_spend(cdnow):
    law, fit = fit_spend(cdnow[columns.FREQUENCY], cdnow[columns.MONETARY_VALUE])
    assert (round(law.p, 2), round(law.q, 2), round(law.v, 2)) == (6.25, 3.74, 15.44)
    assert round(fit.log_likelihood, 2) == -4055.92
    assert fit.n_customers == 946


def test_the_unit_of_time_is_the_data_s(fitted, summary):
    x, t_x, T = summary
    weeks, fit = fit_orders("bg_nbd", x, t_x / 7, T / 7)
    assert weeks.alpha * 7 == pytest.approx(fitted["bg_nbd"][0].alpha, rel=1e-6)
    assert weeks.b == pytest.approx(fitted["bg_nbd"][0].b, rel=1e-6)
    assert fit.log_likelihood == pytest.approx(fitted["bg_nbd"][1].log_likelihood + x.sum() * np.log(7), rel=1e-9)


def test_the_unit_of_money_is_the_data_s(cdnow):
    x, value = cdnow[columns.FREQUENCY], cdnow[columns.MONETARY_VALUE]
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
    assert fit_of_all.n_distinct == fit.n_distinct
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
def test_recovers_a_simulated_law(name, law, live):
    T = 200.0
    lives = live(law, 8000, T, 1.0, np.random.default_rng(5))
    found, fit = fit_orders(name, lives.x, lives.t_x, np.full(8000, T))
    away = np.log(list(vars(found).values())) - np.log(list(vars(law).values()))
    squared = away @ np.linalg.solve(fit.covariance, away)
    assert squared < 18.5  # chi-squared, 4 degrees: 1 in 1,000; so neither biased nor too sure
    assert np.abs(away).max() < 0.5


def test_recovers_a_simulated_law_of_spend():
    rng, law = np.random.default_rng(6), GammaGamma(4.0, 3.0, 20.0)
    x = rng.integers(1, 8, 5000)
    nu = rng.gamma(law.q, 1 / law.v, 5000)
    found, fit = fit_spend(x, rng.gamma(law.p * x) / (nu * x))
    away = np.log(list(vars(found).values())) - np.log(list(vars(law).values()))
    assert away @ np.linalg.solve(fit.covariance, away) < 16.3
    assert np.abs(away).max() < 0.3


def test_nobody_leaving_is_a_fit_without_covariance(capsys):
    rng = np.random.default_rng(7)
    x = rng.poisson(rng.gamma(0.5, 1 / 40, 3000) * 365)
    t_x = np.where(x > 0, np.round(365 * rng.beta(np.maximum(x, 1), 1)), 0)
    law, fit = fit_orders("bg_nbd", x, t_x, np.full(3000, 365.0))
    assert law.a / (law.a + law.b) < 1e-6
    assert fit.covariance is None
    assert fit.attempts > 1  # lifetimes' first search fails
    assert capsys.readouterr().out == ""  # which it prints
    foretold = law.expected_orders(365, x, t_x, 365.0)
    np.testing.assert_allclose(foretold, (law.r + x) / (law.alpha + 365) * 365, rtol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_a_search_from_an_estimate_starts_there(name, fitted, summary, monkeypatch):
    law, _ = fitted[name]
    estimate = np.array(list(vars(law).values()))

    def search_again(name, search, starts, log_likelihood, weights):
        assert search(estimate, 1e-4) == pytest.approx(estimate, rel=1e-4 if name == "pareto_nbd" else 1e-12)
        return estimate.tolist(), None

    module = sys.modules[fit_orders.__module__]
    monkeypatch.setattr(module, "first_optimum", search_again)
    monkeypatch.setattr(module, "_made", {})
    assert fit_orders(name, *summary) == (law, None)


def test_dense_customers_who_hardly_leave_stop_lifetimes_but_not_us(live):
    """lifetimes' likelihood is NaN beyond some beta; the estimate beyond it is an optimum all the same."""
    lives = live(ParetoNbd(1.4, 9.6, 6.0, 47_000.0), 1000, 270.0, 90.0, np.random.default_rng(1))
    t_x = np.round(lives.t_x)
    law, fit = fit_orders("pareto_nbd", lives.x, t_x, np.full(1000, 270.0))
    assert fit.climbed > 1
    assert fit.gain <= 1e-3
    foretold = law.expected_orders(90, lives.x, t_x, 270.0).sum()
    assert foretold == pytest.approx(lives.later.sum(), rel=0.05)


def test_the_same_customers_are_fitted_once_and_others_anew(fitted, summary, monkeypatch):
    module = sys.modules[fit_orders.__module__]
    monkeypatch.setattr(module, "_made", {})
    monkeypatch.setattr(module, "KEPT", 2)
    searched, search = [], module._search_orders
    monkeypatch.setattr(module, "_search_orders", lambda *given: searched.append(given[0]) or search(*given))
    x, t_x, age = summary
    assert fit_orders("bg_nbd", x, t_x, age) == fit_orders("bg_nbd", x[::-1], t_x[::-1], age[::-1]) == fitted["bg_nbd"]
    assert searched == ["bg_nbd"]
    assert fit_orders("mbg_nbd", x, t_x, age) == fitted["mbg_nbd"]
    assert fit_orders("bg_nbd", x[1:], t_x[1:], age[1:]) != fitted["bg_nbd"]
    assert searched == ["bg_nbd", "mbg_nbd", "bg_nbd"]
    assert len(module._made) == 2


class Fitter:
    """One whose standard errors fail, as lifetimes' do where the curvature is singular."""

    def __init__(self, *estimate):
        self.params_ = estimate

    def fit(self):
        raise np.linalg.LinAlgError("Singular matrix")


def test_an_estimate_outlives_its_standard_errors():
    assert _estimate(Fitter(1.0, 2.0)).tolist() == [1, 2]


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_an_estimate_is_positive_and_finite(value):
    with pytest.raises(ValueError, match="lifetimes ended at"):
        _estimate(Fitter(1.0, value))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_to_fit(name):
    with pytest.raises(FitError, match=rf"^{name}: found 2 customers and no repeat order; a lifetime value needs"):
        fit_orders(name, [0, 0], [0, 0], [10, 20])
    with pytest.raises(FitError, match="found 0 customers"):
        fit_orders(name, [], [], [])


def test_no_order_value_to_fit():
    with pytest.raises(FitError, match=r"^gamma_gamma: found 3 customers, none with a repeat order of positive mean"):
        fit_spend([0, 2, 1], [np.nan, 0.0, -3.0])


def test_of_many_summaries_lifetimes_sees_some_and_the_optimum_is_that_of_all(fitted, summary, monkeypatch):
    law, fit = fitted["bg_nbd"]
    module = sys.modules[fit_orders.__module__]
    searched, search = [], module._search_orders
    monkeypatch.setattr(module, "_search_orders", lambda *given: searched.append(len(given[3])) or search(*given))
    monkeypatch.setattr(module, "SEARCHED", 400)
    monkeypatch.setattr(module, "_made", {})
    found, again = fit_orders("bg_nbd", *summary)
    assert max(searched) <= 400 < again.n_distinct == fit.n_distinct
    assert again.n_customers == fit.n_customers
    assert again.log_likelihood == pytest.approx(fit.log_likelihood, abs=2e-3)
    np.testing.assert_allclose(list(vars(found).values()), list(vars(law).values()), rtol=5e-3)
    np.testing.assert_allclose(again.covariance, fit.covariance, rtol=0.02)


def test_what_lifetimes_refuses_is_said():
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
