from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from patronage import names as columns
from patronage.models.btyd import clv
from patronage.models.btyd.intervals import KNOTS, Calibration, both, calibrate, unsure
from patronage.models.btyd.law import BgNbd, MbgNbd, ParetoNbd
from patronage.models.btyd.optimum import Fit

LAW = BgNbd(0.9, 40.0, 0.6, 4.0)
LAWS = (LAW, MbgNbd(0.9, 40.0, 0.6, 4.0), ParetoNbd(0.9, 40.0, 0.6, 300.0))
SURE = Fit(1000, 1000, 0.0, 0.0, 1, None)
T, HORIZON, SIZE = 365.0, 90.0, 4000


def names(law):
    return type(law).__name__


@pytest.mark.parametrize("law", LAWS, ids=names)
class TestSpread:
    """An unsure rate widens a law and leaves its mean."""

    def test_none_is_the_law_itself(self, law):
        n = np.arange(1, 30)
        assert (law.survival(n, HORIZON, 5, 300, T, 1.0, 0.0) == law.survival(n, HORIZON, 5, 300, T)).all()

    def test_is_monotone_and_widens_both_ends(self, law):
        n = np.arange(1, 400)
        law = replace(law, **({"a": 1e-6} if hasattr(law, "a") else {"s": 1e-6}))  # nobody leaves: rates are all
        customer = 60, 364.0, T
        narrow, wide = (law.survival(n, HORIZON, *customer, 1.0, spread) for spread in (0.0, 0.4))
        assert (np.diff(wide) <= 0).all()
        assert (wide >= 0).all()
        assert wide.sum() == pytest.approx(narrow.sum(), rel=1e-3)
        low, high = (law.quantile(q, HORIZON, *customer, 1.0, [0.0, 0.4]) for q in (0.1, 0.9))
        assert low[1] < low[0] < high[0] < high[1]

    def test_has_the_variance_of_an_unsure_factor(self, law):
        law = replace(law, **({"a": 1e-9} if hasattr(law, "a") else {"s": 1e-9}))
        n = np.arange(1, 3000)
        at_least = law.survival(n, HORIZON, 60, 364.0, T, 1.0, 0.4)
        mean = at_least.sum()
        shape = 60 + law.r
        chance = mean + mean**2 * ((1 + 1 / shape) * (1 + 0.4**2) - 1)  # Poisson, of a product of two factors
        assert ((2 * n - 1) * at_least).sum() - mean**2 == pytest.approx(chance, rel=1e-4)


def test_quantile_takes_a_level_for_each_customer():
    both_at_once = LAW.quantile([0.1, 0.9], HORIZON, 20, 350, T)
    assert both_at_once.tolist() == [LAW.quantile(level, HORIZON, 20, 350, T).item() for level in (0.1, 0.9)]


def test_what_the_fit_does_not_know_is_by_the_delta_method():
    """Of alpha alone, for one who never leaves: the expected orders are (r + x) h / (alpha + T)."""
    law = BgNbd(0.9, 40.0, 1e-9, 4.0)
    covariance = np.zeros((4, 4))
    covariance[1, 1] = 0.2**2
    fit = replace(SURE, covariance=tuple(map(tuple, covariance.tolist())))
    (found,) = unsure(law, fit, (HORIZON,), np.array([3.0, 3.0]), np.array([10.0, 365.0]))
    assert found == pytest.approx([0.2 * 40 / 50, 0.2 * 40 / 405], rel=5e-3)  # ages are held to steps of 5 %
    assert (unsure(law, SURE, (HORIZON,), np.array([3.0]), np.array([10.0])) == 0).all()
    assert both(np.array([0.3]), 0.4) == pytest.approx([0.5])


@pytest.mark.parametrize("level", [0.025, 0.1, 0.5, 0.9, 0.975])
def test_a_map_and_its_inverse_agree(level):
    wide = np.interp(KNOTS, [0, 0.1, 0.5], [0, 0.2, 0.5])
    taught = Calibration("", 1.0, 0.0, (0.0, 5.0), (tuple(KNOTS), tuple(wide), tuple(KNOTS)))
    x = np.array([0.0, 3.0, 9.0])
    assert taught.probability(taught.asked(level, x), x) == pytest.approx([level] * 3)
    assert taught.asked(level, x)[[0, 2]] == pytest.approx([level] * 2)
    assert taught.asked(0.1, x)[1] == pytest.approx(0.05)
    assert taught.asked(0.9, x)[1] == pytest.approx(0.95)


def drifting(live, drift, seed=11, level=1.0):
    """Customers whose rate after T is their own, times a factor that no history shows."""
    rng = np.random.default_rng(seed)
    factor = level * (rng.gamma(1 / drift**2, drift**2, SIZE) if drift else np.ones(SIZE))
    lives = live(LAW, SIZE, T, HORIZON, rng, factor)
    return lives.x.astype(float), lives.t_x, np.full(SIZE, T), lives.later.astype(float)


def learn(x, t_x, age, orders, law=LAW):
    return calibrate(law, LAW, SURE, HORIZON, x, t_x, age, orders)


def test_rates_that_do_not_drift_teach_nothing(live):
    taught = learn(*drifting(live, 0.0))
    assert taught.refused == ""
    assert taught.spread <= 0.1
    assert np.abs(np.array(taught.tails) - KNOTS).max() < 0.02


def test_rates_that_drift_are_found_out(live):
    taught = learn(*drifting(live, 0.5))
    assert taught.spread == pytest.approx(0.5, abs=0.15)
    assert taught.level == pytest.approx(1, abs=0.1)
    assert len(taught.tails) == len(taught.borders) + 1


def test_maps_rise_and_only_widen(live):
    for tails in learn(*drifting(live, 0.6)).tails:
        assert (np.diff(tails) > 0).all()
        assert (np.array(tails) >= KNOTS).all()
        assert tails[0] == 0
        assert tails[-1] == pytest.approx(0.5)


def test_the_level_of_a_season_is_not_taken_for_spread(live):
    taught = learn(*drifting(live, 0.0, level=1.35))
    assert taught.level == pytest.approx(1.35, abs=0.1)
    assert taught.spread <= 0.1


@pytest.mark.parametrize("level", [0.5, 2.0])
def test_a_season_that_turned_is_refused(live, level):
    taught = learn(*drifting(live, 0.5, level=level))
    assert taught.refused.startswith("the level moved: orders were")
    assert taught.spread == 0
    assert taught.level == pytest.approx(level, rel=0.1)
    assert taught.asked(0.1, np.array([0.0, 9.0])).tolist() == [0.1, 0.1]


def test_a_law_that_changed_is_refused(live):
    taught = learn(*drifting(live, 0.5), law=replace(LAW, a=3.0))
    assert taught.refused.startswith("the law changed: today's foretells")


def test_too_few_are_refused(live):
    few = [column[:50] for column in drifting(live, 0.5)]
    assert "customers with repeat orders at the earlier origin; 100 are needed" in learn(*few).refused
    none = [column[:0] for column in few]
    assert learn(*none).refused.startswith("0 customers with repeat orders")


@pytest.fixture(scope="module")
def taught(cdnow):
    """CDNOW's model, as if one earlier origin had shown rates that drift and tails that were too short."""
    model = clv.fit(
        cdnow, model="bg_nbd", horizon_days=90, value_horizon_days=365, discount_rate=0.1, margin=0.3, level=0.8
    )
    orders = pd.Series(np.random.default_rng(2).poisson(model.predict(cdnow)[columns.EXPECTED_ORDERS]), cdnow.index)
    recalibrated = clv.recalibrate(model, model, cdnow, orders)
    assert recalibrated.calibration.refused == ""
    wide = tuple(np.interp(KNOTS, [0, 0.1, 0.5], [0, 0.2, 0.5]).tolist())
    calibration = Calibration("", 1.1, 0.4, (0.0,), (tuple(KNOTS.tolist()), wide))
    return model, replace(model, calibration=calibration)


def test_recalibration_moves_the_distribution_and_no_mean(taught, cdnow):
    before, after = (model.predict(cdnow) for model in taught)
    ends = [columns.EXPECTED_ORDERS_LOW, columns.EXPECTED_ORDERS_HIGH, columns.CLV_LOW, columns.CLV_HIGH]
    moved = [*ends, columns.P_ORDER]
    pd.testing.assert_frame_equal(after.drop(columns=moved), before.drop(columns=moved), check_exact=True)
    for model, said in zip(taught, (before, after), strict=True):  # an interval and P(order) never contradict
        np.testing.assert_allclose(said[columns.P_ORDER], model.at_least(1, cdnow), rtol=1e-12)
        assert ((said[columns.EXPECTED_ORDERS_LOW] > 0) == (said[columns.P_ORDER] > 0.9)).all()
        assert ((said[columns.EXPECTED_ORDERS_HIGH] > 0) == (said[columns.P_ORDER] > 0.1)).all()
    assert (after[ends[1::2]] >= before[ends[1::2]]).all(axis=None)
    assert (after[ends[0::2]] <= before[ends[0::2]]).all(axis=None)
    assert (after[ends[1]] > before[ends[1]]).any()


def test_recalibrated_quantiles_are_of_the_recalibrated_distribution(taught, cdnow):
    model = taught[1]
    predicted = model.predict(cdnow)
    high, low = predicted[columns.EXPECTED_ORDERS_HIGH], predicted[columns.EXPECTED_ORDERS_LOW]
    assert (model.at_least(high + 1, cdnow) <= 0.1 + 1e-12).all()
    assert (model.at_least(high, cdnow)[high > 0] > 0.1 - 1e-12).all()
    assert (model.at_least(low, cdnow) >= 0.9 - 1e-12).all()


def test_recalibration_is_saved_and_loaded(taught, tmp_path):
    taught[1].save(tmp_path)
    assert clv.CLVModel.load(tmp_path) == taught[1]


def test_the_order_of_customers_does_not_matter(taught, cdnow):
    model = taught[0]
    orders = pd.Series(np.random.default_rng(2).poisson(1.0, len(cdnow)), cdnow.index)
    straight = clv.recalibrate(model, model, cdnow, orders)
    shuffled = clv.recalibrate(model, model, cdnow.sample(frac=1, random_state=1), orders)
    assert shuffled.calibration.spread == straight.calibration.spread
    np.testing.assert_allclose(shuffled.calibration.tails, straight.calibration.tails, rtol=1e-9)


def test_a_total_knows_chance_fit_and_level(taught, cdnow):
    plain, drifted = (model.total(cdnow) for model in taught)
    assert plain.low < plain.expected < plain.high
    assert plain.expected == pytest.approx(taught[0].predict(cdnow)[columns.EXPECTED_ORDERS].sum())
    everyone = pd.concat([cdnow] * 50, ignore_index=True)
    many = taught[0].total(everyone)
    assert np.log(many.high / many.expected) == pytest.approx(1.2816 * 0.125, rel=0.2)  # chance is averaged out
    one = taught[0].total(cdnow.iloc[:1])
    assert one.high / one.expected > 2 * plain.high / plain.expected
    assert drifted.expected == plain.expected
    assert taught[0].total(cdnow, level=0.95).high > plain.high
    nothing = taught[0].total(cdnow, pd.Series(0.0, cdnow.index))
    assert nothing == (0, 0, 0)
