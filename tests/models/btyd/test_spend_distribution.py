from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from patronage import names as c
from patronage.config import ClvConfig
from patronage.models.btyd import clv
from patronage.models.btyd.bg_nbd import BgNbd
from patronage.models.btyd.earlier_origin import calibrate_intervals
from patronage.models.btyd.spend import GammaGamma, ShrunkenMean
from patronage.models.btyd.spend_distribution import (
    OrderCounts,
    OrderValues,
    SpendDistribution,
    count_bins,
    fit_order_values,
)

LAW, VALUE_LAW = BgNbd(0.8, 30.0, 0.8, 2.5), GammaGamma(4.0, 3.5, 40.0)
SIZE, AGE, HORIZON = 6_000, 200.0, 120.0


@pytest.fixture(scope="module")
def shoppers(simulate):
    """Customers of BG/NBD and Gamma-Gamma: what a model reads of them, and their orders and spend in the horizon."""
    rng = np.random.default_rng(5)
    customers = simulate(LAW, SIZE, AGE, HORIZON, rng)
    nu = rng.gamma(VALUE_LAW.q, 1 / VALUE_LAW.v, SIZE)

    def total(orders):
        return np.where(orders > 0, rng.gamma(VALUE_LAW.p * np.maximum(orders, 1)) / nu, 0.0)

    features = {
        c.FREQUENCY: customers.x.astype(float),
        c.RECENCY: customers.t_x,
        c.T: np.full(SIZE, AGE),
        c.MONETARY_VALUE: total(customers.x) / np.maximum(customers.x, 1),
    }
    return features, customers.later.astype(float), total(customers.later)


def fitted(features, level=0.8):
    config = ClvConfig(level=level, value_horizon_days=int(HORIZON), discount_rate=0.0)
    return clv.fit(features, config, model="bg_nbd", horizon_days=HORIZON)


@pytest.mark.slow
@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
def test_intervals_of_spend_and_value_contain_their_level_of_simulated_customers(shoppers, level):
    """Of customers whose interval begins above nothing, exactly; of all, at least."""
    features, orders, spend = shoppers
    model = calibrate_intervals(fitted(features, level), fitted(features, level), features, orders, spend)
    predicted = model.predict(features)
    inside = (predicted[c.EXPECTED_SPEND_LOW] > 0) & (predicted[c.EXPECTED_SPEND_HIGH] > 0)
    for low, high in ((c.EXPECTED_SPEND_LOW, c.EXPECTED_SPEND_HIGH), (c.CLV_LOW, c.CLV_HIGH)):
        covered = (predicted[low] <= spend) & (spend <= predicted[high])
        if inside.sum() > 300:
            assert covered[inside].mean() == pytest.approx(level, abs=0.04)
        assert covered.mean() >= level - 0.02
    for name, share in ((c.EXPECTED_SPEND_HIGH, (1 - level) / 2), (c.MEDIAN_SPEND, 0.5)):
        some = predicted[name] > 0
        assert (spend > predicted[name])[some].mean() == pytest.approx(share, abs=0.025)


def test_the_probability_of_spend_is_uniform_for_the_true_model(shoppers):
    features, _, spend = shoppers
    model = replace(fitted(features), law=LAW, spend_law=VALUE_LAW)
    x = features[c.FREQUENCY]
    counts = count_bins(model.survival(features), SIZE)
    assert counts.none + counts.mass.sum(axis=1) == pytest.approx(np.ones(SIZE))
    ratio = spend / VALUE_LAW.expected_spend(x, features[c.MONETARY_VALUE])
    reached = SpendDistribution(OrderValues.of(VALUE_LAW)).probability(counts, ratio, x)
    bought = spend > 0
    given = (reached - counts.none)[bought] / (1 - counts.none)[bought]
    assert np.quantile(given, [0.1, 0.25, 0.5, 0.75, 0.9]) == pytest.approx([0.1, 0.25, 0.5, 0.75, 0.9], abs=0.02)


def test_quantiles_invert_the_probability():
    values, x = OrderValues(1.5, 2.0, 0.7), np.array([0.0, 1.0, 1.0, 40.0, 3.0])
    none = np.array([0.95, 0.3, 0.0, 0.0, 1.0])
    mass = np.array([[0.05, 0, 0], [0.3, 0.3, 0.1], [1, 0, 0], [0.1, 0.1, 0.8], [0, 0, 0]])
    counts = OrderCounts(none, np.array([1.0, 2.0, 9.5]), mass)
    distribution = SpendDistribution(values)
    levels = (0.1, 0.5, 0.975)
    for level, quantile in zip(levels, distribution.quantiles(counts, levels, x), strict=True):
        assert ((quantile > 0) == (level > none)).all()
        some = quantile > 0
        reached = distribution.probability(counts, quantile, x)
        assert reached[some] == pytest.approx(np.full(some.sum(), level), abs=0.002 if level < 0.9 else 0.004)


@pytest.mark.slow
def test_one_customer_is_the_same_alone_and_among_others(shoppers):
    features, *_ = shoppers
    model = fitted(features)
    batch = model.predict(features)
    rows = [0, 17, 423]
    alone = [model.predict({name: column[[row]] for name, column in features.items()}) for row in rows]
    for row, single in zip(rows, alone, strict=True):
        assert all(single[name][0] == batch[name][row] for name in batch)


def test_the_variation_of_later_orders_is_recovered():
    """Order values that vary more than the law has it, around a mean that is better known after more orders."""
    rng = np.random.default_rng(8)
    true = OrderValues(0.9, 4.0, 0.5)
    x, orders = rng.poisson(3.0, 8_000).astype(float), 1.0 + rng.poisson(2.0, 8_000)
    posterior = true.posterior(x)
    mean = rng.gamma(posterior, 1.0)
    ratio = 1.3 * (posterior - 1) / mean * rng.gamma(true.shape * orders) / true.shape
    found = fit_order_values(VALUE_LAW, ratio, orders, x)
    assert (found.shape, found.certainty, found.per_order) == pytest.approx((0.9, 4.0, 0.5), rel=0.2)
    few = fit_order_values(VALUE_LAW, ratio[:50], orders[:50], x[:50])
    assert few == OrderValues.of(VALUE_LAW) == OrderValues(4.0, 2.5, 4.0)


def test_a_shrunken_mean_has_a_distribution_with_its_moments():
    law = ShrunkenMean(mean=20.0, weight=2.0, order_cv=0.5)
    values = OrderValues.of(law)
    assert (values.shape, values.certainty, values.per_order) == (4.0, 8.0, 4.0)
    gamma_gamma = GammaGamma(4.0, 9.0, 40.0)  # of the same weight and mean
    assert gamma_gamma.expected_spend(3, 50.0) == pytest.approx(law.expected_spend(3, 50.0))


@pytest.mark.slow
def test_a_learned_distribution_is_saved_and_loaded(shoppers, tmp_path):
    features, orders, spend = shoppers
    model = calibrate_intervals(fitted(features), fitted(features), features, orders, spend)
    assert model.spend_learned is not None
    model.save(tmp_path)
    assert clv.CLVModel.load(tmp_path) == model
