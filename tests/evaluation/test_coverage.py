from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.evaluation.coverage import coverage, crps, evaluate_intervals
from patronage.models.btyd.bg_nbd import BgNbd
from patronage.models.btyd.clv import CLVModel, CLVSettings
from patronage.models.btyd.intervals import KNOTS, IntervalCalibration
from patronage.models.btyd.optimum import Fit
from patronage.models.btyd.spend import GammaGamma

SIZE, T, HORIZON = 4000, 365.0, 90.0
SURE = Fit(SIZE, SIZE, 0.0, 0.0, 1, None)


@pytest.fixture(scope="module")
def model() -> CLVModel:
    """Rates alone: leaving is next to impossible, so that X* is a negative binomial that can be drawn in a line."""
    settings = CLVSettings("bg_nbd", HORIZON, 365, 0.1, 1.0, 0.8)
    return CLVModel(settings, BgNbd(0.9, 40.0, 1e-9, 4.0), GammaGamma(6.0, 4.0, 15.0), SURE, SURE)


def simulated(law: BgNbd, drift: float = 0.0) -> tuple[pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(4)
    rate = rng.gamma(law.r, 1 / law.alpha, SIZE)
    x = rng.poisson(rate * T)
    factor = rng.gamma(1 / drift**2, drift**2, SIZE) if drift else 1.0
    summary = {c.FREQUENCY: x, c.RECENCY: np.where(x > 0, T, 0.0), c.T: T, c.MONETARY_VALUE: 30.0}
    features = pd.DataFrame(summary, index=[f"c{i}" for i in range(SIZE)])
    return features, pd.Series(rng.poisson(rate * factor * HORIZON), index=features.index)


def test_coverage_by_hand():
    """A PIT between .05 and .15 is half within 80 %, one between .4 and .6 wholly, one above .95 not at all."""
    assert coverage(np.array([0.05, 0.4, 0.95]), np.array([0.15, 0.6, 1.0]), 0.8) == pytest.approx(1.5 / 3)


def test_a_count_of_probability_zero_is_inside_or_out():
    assert coverage(np.array([1.0, 0.5]), np.array([1.0, 0.5]), 0.8) == 0.5


def test_no_customers_have_no_coverage():
    assert np.isnan(coverage(np.array([]), np.array([]), 0.8))


def test_coverage_is_the_mean_of_randomised_coverage():
    rng = np.random.default_rng(0)
    low = rng.random(50) * 0.8
    high = low + rng.random(50) * 0.2
    drawn = rng.uniform(low, high, (20_000, 50))
    assert coverage(low, high, 0.5) == pytest.approx(((drawn > 0.25) & (drawn < 0.75)).mean(), abs=0.002)


def test_a_true_law_covers_its_levels(model):
    metrics = evaluate_intervals(model, *simulated(model.law))
    for level in (50, 80, 95):
        assert metrics[f"clv/coverage_{level}"] == pytest.approx(level / 100, abs=0.02)
        assert metrics[f"clv/coverage_{level}_repeat"] == pytest.approx(level / 100, abs=0.02)
    assert metrics["clv/total_ratio"] == pytest.approx(1, abs=0.03)
    assert metrics["clv/total_covered_80"] == 1
    assert metrics["clv/total_width_80"] == pytest.approx(2 * np.sinh(1.2816 * 0.125), rel=0.05)


def test_rates_that_drift_are_covered_once_their_spread_is_known(model):
    features, orders = simulated(model.law, drift=0.6)
    blind = evaluate_intervals(model, features, orders)
    tails = (tuple(KNOTS.tolist()),)
    calibration = IntervalCalibration("", 1.0, 0.6, (), tails)
    knowing = evaluate_intervals(replace(model, calibration=calibration), features, orders)
    assert blind["clv/coverage_80_repeat"] < 0.76
    assert knowing["clv/coverage_80_repeat"] == pytest.approx(0.8, abs=0.02)
    assert knowing["clv/crps"] < blind["clv/crps"]
    assert knowing["clv/log_score"] < blind["clv/log_score"]


def test_crps_and_log_score_by_brute_force(model):
    features, orders = simulated(model.law)
    features, orders = features.iloc[:20], orders.iloc[:20]
    customer = [features[name].to_numpy()[:, None] for name in (c.FREQUENCY, c.RECENCY, c.T)]
    n = np.arange(600)
    at_most = 1 - model.law.survival(n + 1, HORIZON, *customer)
    step = n >= orders.to_numpy()[:, None]
    expected = ((at_most - step) ** 2).sum(axis=1)
    np.testing.assert_allclose(crps(model.survival(features), orders.to_numpy()), expected, atol=1e-5)
    probability = model.law.pmf(orders.to_numpy(), HORIZON, *(column[:, 0] for column in customer))
    assert evaluate_intervals(model, features, orders)["clv/log_score"] == pytest.approx(
        -np.log(probability).mean(), rel=1e-6
    )


def test_customers_are_matched_by_index_and_untouched(model):
    features, orders = simulated(model.law)
    before = features.copy(deep=True)
    straight = evaluate_intervals(model, features, orders)
    assert evaluate_intervals(model, features, orders[::-1]) == straight
    pd.testing.assert_frame_equal(features, before)


def test_without_repeat_orders_the_repeat_coverage_is_missing(model):
    features, orders = simulated(model.law)
    without_repeat = features[features[c.FREQUENCY] == 0]
    metrics = evaluate_intervals(model, without_repeat, orders)
    assert np.isnan(metrics["clv/coverage_80_repeat"])
    assert np.isfinite(metrics["clv/coverage_80"])


def test_the_multiplier_of_the_season_moves_the_distribution(model):
    features, _ = simulated(model.law)
    orders = pd.Series(0, index=features.index)
    silent = evaluate_intervals(model, features, orders, pd.Series(1e-3, index=features.index))
    assert silent["clv/log_score"] < 0.02 < evaluate_intervals(model, features, orders)["clv/log_score"]


def test_the_spend_of_the_true_law_is_covered_as_often_as_it_should_be(model):
    rng = np.random.default_rng(3)
    features, orders = simulated(model.law)
    law = model.spend_law
    x = features[c.FREQUENCY].to_numpy(float)
    nu = rng.gamma(law.p * x + law.q, 1 / (law.v + x * features[c.MONETARY_VALUE].to_numpy(float)))
    amounts = np.where(orders > 0, rng.gamma(law.p * np.maximum(orders, 1)) / nu, 0.0)
    spend = pd.DataFrame(
        {
            c.SPEND: amounts,
            c.EXPECTED_ORDERS: 1.0,
            c.EXPECTED_SPEND: law.expected_spend(x, features[c.MONETARY_VALUE]),
        },
        features.index,
    )
    metrics = evaluate_intervals(model, features, orders, spend=spend)
    for level in (50, 80, 95):
        assert metrics[f"clv/spend_coverage_{level}"] == pytest.approx(level / 100, abs=0.03)
        assert metrics[f"clv/spend_coverage_{level}_repeat"] == pytest.approx(level / 100, abs=0.04)
    double = evaluate_intervals(model, features, orders, spend=spend.assign(**{c.SPEND: 4 * amounts}))
    assert double["clv/spend_coverage_80_repeat"] < metrics["clv/spend_coverage_80_repeat"] - 0.05
