from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from patronage.models.btyd.bg_nbd import BgNbd, MbgNbd
from patronage.models.btyd.intervals import (
    KNOTS,
    IntervalCalibration,
    _borders,
    _tails,
    calibrate,
    calibrate_spend,
    combined_cv,
    parameter_uncertainty,
)
from patronage.models.btyd.optimum import Fit
from patronage.models.btyd.pareto_nbd import ParetoNbd
from patronage.models.btyd.quantiles import quantile
from patronage.models.btyd.summary import Summary

LAW = BgNbd(0.9, 40.0, 0.6, 4.0)
LAWS = (LAW, MbgNbd(0.9, 40.0, 0.6, 4.0), ParetoNbd(0.9, 40.0, 0.6, 300.0))
CERTAIN = Fit(1000, 1000, 0.0, 0.0, 1, None)
T, HORIZON, SIZE = 365.0, 90.0, 4000


def names(law):
    return type(law).__name__


@pytest.mark.parametrize("law", LAWS, ids=names)
class TestRateVariation:
    """A coefficient of variation of the order rate widens a law and leaves its mean."""

    def test_none_is_the_law_itself(self, law):
        n = np.arange(1, 30)
        assert (law.survival(n, HORIZON, 5, 300, T, 1.0, 0.0) == law.survival(n, HORIZON, 5, 300, T)).all()

    def test_is_monotone_and_widens_both_ends(self, law):
        n = np.arange(1, 400)
        law = replace(law, **({"a": 1e-6} if hasattr(law, "a") else {"s": 1e-6}))  # nobody leaves
        customer = 60, 364.0, T
        narrow, wide = (law.survival(n, HORIZON, *customer, 1.0, rate_cv) for rate_cv in (0.0, 0.4))
        assert (np.diff(wide) <= 0).all()
        assert (wide >= 0).all()
        assert wide.sum() == pytest.approx(narrow.sum(), rel=1e-3)
        low, high = (quantile(law, q, HORIZON, *customer, 1.0, [0.0, 0.4]) for q in (0.1, 0.9))
        assert low[1] < low[0] < high[0] < high[1]

    def test_has_the_variance_of_an_uncertain_factor(self, law):
        law = replace(law, **({"a": 1e-9} if hasattr(law, "a") else {"s": 1e-9}))
        n = np.arange(1, 3000)
        at_least = law.survival(n, HORIZON, 60, 364.0, T, 1.0, 0.4)
        mean = at_least.sum()
        shape = 60 + law.r
        chance = mean + mean**2 * ((1 + 1 / shape) * (1 + 0.4**2) - 1)  # Poisson, of a product of two factors
        assert ((2 * n - 1) * at_least).sum() - mean**2 == pytest.approx(chance, rel=1e-4)


def test_parameter_uncertainty_is_by_the_delta_method():
    """Of alpha alone, for a customer who never leaves: the expected orders are (r + x) h / (alpha + T)."""
    law = BgNbd(0.9, 40.0, 1e-9, 4.0)
    covariance = np.zeros((4, 4))
    covariance[1, 1] = 0.2**2
    fit = replace(CERTAIN, covariance=tuple(map(tuple, covariance.tolist())))
    (cv,) = parameter_uncertainty(law, fit, (HORIZON,), np.array([3.0, 3.0]), np.array([10.0, 365.0]))
    assert cv == pytest.approx([0.2 * 40 / 50, 0.2 * 40 / 405], rel=5e-3)  # ages are held to steps of 5 %
    assert (parameter_uncertainty(law, CERTAIN, (HORIZON,), np.array([3.0]), np.array([10.0])) == 0).all()
    assert combined_cv(np.array([0.3]), 0.4) == pytest.approx([0.5])
    assert combined_cv(np.array([0.123]), 0.0) == pytest.approx([0.12])


@pytest.mark.parametrize("level", [0.025, 0.1, 0.5, 0.9, 0.975])
def test_a_map_and_its_inverse_agree(level):
    wide = np.interp(KNOTS, [0, 0.1, 0.5], [0, 0.2, 0.5])
    calibration = IntervalCalibration("", 1.0, 0.0, (0.0, 5.0), (tuple(KNOTS), tuple(wide), tuple(KNOTS)))
    x = np.array([0.0, 3.0, 9.0])
    assert calibration.probability(calibration.law_level(level, x), x) == pytest.approx([level] * 3)
    assert calibration.law_level(level, x)[[0, 2]] == pytest.approx([level] * 2)
    assert calibration.law_level(0.1, x)[1] == pytest.approx(0.05)
    assert calibration.law_level(0.9, x)[1] == pytest.approx(0.95)


def drifting(simulate, drift, seed=11, level=1.0):
    """Customers whose rate after T is their own, times a factor that no history shows."""
    rng = np.random.default_rng(seed)
    factor = level * (rng.gamma(1 / drift**2, drift**2, SIZE) if drift else np.ones(SIZE))
    customers = simulate(LAW, SIZE, T, HORIZON, rng, factor)
    return customers.x.astype(float), customers.t_x, np.full(SIZE, T), customers.later.astype(float)


def calibration_at(x, t_x, age, orders, law=LAW):
    return calibrate(law, LAW, np.zeros(len(x)), HORIZON, Summary(x, t_x, age), orders)


def test_rates_that_do_not_drift_need_no_calibration(simulate):
    calibration = calibration_at(*drifting(simulate, 0.0))
    assert calibration.refused == ""
    assert calibration.drift <= 0.1
    assert np.abs(np.array(calibration.tails) - KNOTS).max() < 0.02


def test_rates_that_drift_are_estimated(simulate):
    calibration = calibration_at(*drifting(simulate, 0.5))
    assert calibration.drift == pytest.approx(0.5, abs=0.15)
    assert calibration.level == pytest.approx(1, abs=0.1)
    assert len(calibration.tails) == len(calibration.borders) + 1


def test_maps_rise_and_narrow_half_as_far_as_they_widen(simulate):
    for tails in calibration_at(*drifting(simulate, 0.6)).tails:
        assert (np.diff(tails) > 0).all()
        assert (np.array(tails) >= KNOTS / 2).all()
        assert tails[0] == 0
        assert tails[-1] == pytest.approx(0.5)


def test_the_level_of_a_season_is_not_taken_for_drift(simulate):
    calibration = calibration_at(*drifting(simulate, 0.0, level=1.35))
    assert calibration.level == pytest.approx(1.35, abs=0.1)
    assert calibration.drift <= 0.1


def test_what_the_level_moved_by_is_no_drift(simulate):
    settled, moved = (calibration_at(*drifting(simulate, 0.5, level=level)) for level in (1.0, 1.35))
    assert moved.drift < settled.drift


def test_a_map_of_spend_is_that_of_customers_who_ordered():
    rng = np.random.default_rng(4)
    x = rng.poisson(2.0, 4_000).astype(float)
    u = rng.uniform(size=len(x))
    assert np.abs(np.array(calibrate_spend(u, x, "").tails) - KNOTS).max() < 0.02
    short = calibrate_spend(np.clip(0.5 + 1.5 * (u - 0.5), 0, 1), x, "")  # a sixth lies beyond each end
    assert short.probability(np.array([0.1]), np.array([3.0]))[0] > 0.2
    narrow = calibrate_spend(0.5 + (u - 0.5) / 2, x, "")
    assert 0.02 < narrow.probability(np.array([0.1]), np.array([3.0]))[0] < 0.07  # half of 0.05 below 0.1
    assert calibrate_spend(u, x, "no").refused == "no"
    assert "repeat orders" in calibrate_spend(u[:50], x[:50], "").refused


def test_drift_grows_as_a_random_walk_beyond_the_window_that_was_seen():
    calibration = IntervalCalibration("", 1.0, 0.2, window_days=90)
    assert calibration.drift_over(45) == calibration.drift_over(90) == 0.2
    assert calibration.drift_over(360) == pytest.approx(0.4)
    assert calibration.drift_over(36_000) == 1.0
    assert IntervalCalibration("", 1.0, 0.2).drift_over(360) == 0.2


@pytest.mark.parametrize("level", [0.5, 2.0])
def test_a_season_that_turned_is_refused(simulate, level):
    calibration = calibration_at(*drifting(simulate, 0.5, level=level))
    assert calibration.refused.startswith("the level moved: orders were")
    assert calibration.drift == 0
    assert calibration.level == pytest.approx(level, rel=0.1)
    assert calibration.law_level(0.1, np.array([0.0, 9.0])).tolist() == [0.1, 0.1]


def test_a_law_that_changed_is_refused(simulate):
    calibration = calibration_at(*drifting(simulate, 0.5), law=replace(LAW, a=3.0))
    assert calibration.refused.startswith("the law changed: today's expects")


def test_too_few_are_refused(simulate):
    few = [column[:50] for column in drifting(simulate, 0.5)]
    assert "customers with repeat orders at the earlier origin; 100 are needed" in calibration_at(*few).refused
    none = [column[:0] for column in few]
    assert calibration_at(*none).refused.startswith("0 customers with repeat orders")


@pytest.mark.parametrize(("repeaters", "refused"), [(99, True), (100, False)])
def test_the_border_of_too_few_repeat_customers(simulate, repeaters, refused):
    x, t_x, age, orders = drifting(simulate, 0.0)
    rows = np.concatenate([np.flatnonzero(x > 0)[:repeaters], np.flatnonzero(x == 0)[:40]])
    orders = LAW.expected_orders(HORIZON, x, t_x, age)  # at the level that is expected
    calibration = calibration_at(x[rows], t_x[rows], age[rows], orders[rows].round())
    assert ("100 are needed" in calibration.refused) == refused


@pytest.mark.parametrize(("level", "refused"), [(1.49, False), (1.51, True), (0.671, False), (0.66, True)])
def test_the_borders_of_a_level_that_moved(simulate, level, refused):
    x, t_x, age, _ = drifting(simulate, 0.0)
    expected = LAW.expected_orders(HORIZON, x, t_x, age)
    calibration = calibration_at(x, t_x, age, level * expected)
    assert calibration.level == pytest.approx(level)
    assert calibration.refused.startswith("the level moved") == refused


def test_groups_end_at_their_borders():
    """A frequency at a border belongs to the group below it."""
    wide = tuple(np.interp(KNOTS, [0, 0.1, 0.5], [0, 0.2, 0.5]))
    calibration = IntervalCalibration("", 1.0, 0.0, (0.0, 5.0), (tuple(KNOTS), wide, tuple(KNOTS)))
    assert calibration.law_level(0.1, np.array([0.0, 1.0, 5.0, 6.0])) == pytest.approx([0.1, 0.05, 0.05, 0.1])


def test_groups_are_thirds_of_those_with_repeat_orders():
    assert _borders(np.array([0.0, 0, 0, 1, 2, 3, 4, 5, 6])) == pytest.approx((0, 1 + 5 / 3, 1 + 10 / 3))
    assert _borders(np.array([0.0, 1, 1, 1, 1, 2])) == (0.0, 1.0)  # a border that two thirds share is one


def test_the_tails_of_groups_by_hand():
    at = np.repeat([0.3, 0.5], [200, 100])  # two hundred customers at 0.3, a hundred in the middle
    tails = np.array(_tails(at, at, (at > 0.4).astype(np.intp), 2))
    by_knot = {knot: tails[:, number] for number, knot in enumerate(KNOTS.tolist())}
    # below 0.35 lie (200 / 2 + 200 * 0.35) / 500 = 0.34 of all: of the first (100 + 68) / 400, of the second 68 / 300,
    # which is less than 0.35, and so counts by half
    assert by_knot[0.35] == pytest.approx([0.42, 0.35 - (0.35 - 68 / 300) / 2])
    # below 0.2 lies nobody: 40 / 500 = 0.08 of all, 16 / 400 of the first, 16 / 300 of the second
    assert by_knot[0.2] == pytest.approx([0.2 - (0.2 - 0.04) / 2, 0.2 - (0.2 - 16 / 300) / 2])


def test_a_count_that_straddles_a_knot_counts_in_part_on_both_sides():
    low, high = np.repeat([0.1, 0.7], 100), np.repeat([0.3, 0.9], 100)
    (tails,) = _tails(low, high, np.zeros(200, np.intp), 1)
    # half of each side's half lies beyond 0.2: 0.25 of them, (50 + 40) / 400 = 0.225 of all, (50 + 45) / 400
    assert dict(zip(KNOTS.tolist(), tails, strict=True))[0.2] == pytest.approx(0.2375)
