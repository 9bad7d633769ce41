from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from scipy import stats

from patronage.simulation.lifecycle import FADING_SPEED, Calendar, Lifecycle, draw_lifecycle
from patronage.simulation.settings import SimulatedConfig


class TestCalendar:
    def test_it_knows_leap_years_and_where_weeks_begin(self):
        calendar = Calendar(date(2024, 1, 31), 366)  # a Wednesday
        assert calendar.week_starts()[:2].tolist() == [-2, 5]
        assert calendar.month_starts()[:3].tolist() == [-30, 1, 30]
        assert calendar.year_starts().tolist() == [-30, 336]
        assert calendar.month_day(3, 1).tolist() == [30, 395]
        assert calendar.weekday(np.array([0, 4, 5])).tolist() == [2, 6, 0]

    def test_messages_and_offers_are_spread_evenly(self):
        calendar = Calendar(date(2022, 1, 1), 366, messages_per_year=2, offers_per_year=0)
        assert calendar.message_days.tolist() == [91, 273]
        assert calendar.offer_days.tolist() == []

    def test_weekend_orders_are_not_postponed_beyond_the_quiet_days(self):
        calendar = Calendar(date(2022, 1, 1), 30)  # a Saturday
        days = np.repeat([0, 3], 2000)  # Saturdays and Tuesdays
        postponed = calendar.postponed(np.random.default_rng(0), days)
        assert set(postponed[:2000]) == {0}
        assert np.bincount(postponed[2000:]) / 2000 == pytest.approx([6 / 8, 1 / 8, 1 / 8], abs=0.03)

    def test_seconds_become_timestamps_from_the_first_midnight(self):
        calendar = Calendar(date(2022, 1, 1), 30)
        stamps = calendar.timestamps(np.array([0, 86_399, 86_400]), np.array([True, True, False]))
        assert [stamp and stamp.isoformat() for stamp in stamps.to_pylist()] == [
            "2022-01-01T00:00:00", "2022-01-01T23:59:59", None,
        ]  # fmt: skip


class TestLifecycle:
    # interested on day 10, fades from 30, leaves on 40, active again from 100 to 110
    LIFECYCLE = Lifecycle(*(np.array([day]) for day in (10.0, 30.0, 40.0, 100.0, 110.0)))

    def test_the_active_clock_slows_down_stops_and_goes_on(self):
        assert self.LIFECYCLE.exposure.tolist() == [20 + 10 * FADING_SPEED + 10]
        ages = np.array([0.0, 20.0, 20 + 5 * FADING_SPEED, 20 + 10 * FADING_SPEED, 20 + 10 * FADING_SPEED + 3])
        assert self.LIFECYCLE.day_of(ages, np.zeros(5, int)) == pytest.approx([10, 30, 35, 100, 103])

    @pytest.mark.parametrize(
        ("day", "speed"),
        [
            (9.9, 0),
            (10, 1),
            (29.9, 1),
            (30, FADING_SPEED),
            (39.9, FADING_SPEED),
            (40, 0),
            (99.9, 0),
            (100, 1),
            (110, 0),
        ],
    )
    def test_each_border_belongs_to_what_begins_there(self, day, speed):
        day, customer = np.array([day]), np.zeros(1, int)
        assert self.LIFECYCLE.speed(day, customer).tolist() == [speed]
        assert self.LIFECYCLE.active(day, customer).tolist() == [speed > 0]


class TestDrawLifecycle:
    def draw(self, **settings):
        config = SimulatedConfig(**settings)
        dropout = np.random.default_rng(1).gamma(0.8, 1 / 400, 20_000)
        return config, dropout, *draw_lifecycle(np.random.default_rng(2), config, dropout, np.ones(20_000))

    def test_a_lifetime_is_exponential(self):
        settings, dropout, _, first_order, lifecycle = self.draw(days=10**7, signup_span=0.0)
        buyers = np.isfinite(first_order) & (lifecycle.leaves < settings.days)  # so long a log cuts few lifetimes
        lifetime = (lifecycle.leaves - first_order)[buyers] * dropout[buyers]
        assert buyers.sum() > 15_000
        assert stats.kstest(lifetime, stats.expon.cdf).pvalue > 1e-3

    def test_days_are_in_order_and_cut_at_the_end_of_the_log(self):
        settings, _, signed_up, first_order, lifecycle = self.draw(days=200, fading_days=60.0, return_share=0.5)
        days = [lifecycle.interested, lifecycle.fades, lifecycle.leaves, lifecycle.returns, lifecycle.leaves_again]
        assert (np.diff(days, axis=0) >= 0).all()
        assert np.max(days) == settings.days
        assert (signed_up < lifecycle.interested).all()
        assert (first_order > lifecycle.interested)[first_order < settings.days].all()

    def test_shares_of_buyers_and_of_returning_customers_are_those_of_the_settings(self):
        settings, _, _, first_order, lifecycle = self.draw(
            days=10**7, signup_span=0.0, buyer_share=0.7, return_share=0.2
        )
        buys = np.isfinite(first_order)
        left = buys & (lifecycle.leaves < settings.days)
        assert buys.mean() == pytest.approx(0.7, abs=0.015)
        assert (lifecycle.returns < settings.days)[left].mean() == pytest.approx(0.2, abs=0.015)
        assert not (lifecycle.returns < settings.days)[~buys].any()
