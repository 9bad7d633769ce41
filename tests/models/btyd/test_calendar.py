"""The clock of the calendar, held against sums by hand."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from patronage import names as c
from patronage.models.btyd.calendar import FLAT, YEAR, CalendarClock, HolidayEffect

WAVES = CalendarClock(
    (0.4, -0.2, 0.1, 0.05), tuple(map(tuple, (0.01 * np.eye(4)).tolist())), levels=(0.9, 1.0, 1.0, 0.8)
)
FEATURES = {c.RECENCY: [0.0, 30.0], c.T: [100.0, 400.0], c.OBSERVED_DAY: [18_000.0, 18_000.0], c.FREQUENCY: [0.0, 9.0]}

DOUBLED = HolidayEffect("sale", ((18_010, 18_012), (18_375, 18_377)), float(np.log(2)), 0.1, 1)
CLOSED = HolidayEffect("closed", ((18_050, 18_050),), float(np.log(0.25)), 0.2, 3)
WITH_HOLIDAYS = replace(FLAT, holidays=(DOUBLED, CLOSED))


def test_the_clock_is_the_integral_of_the_index():
    moments = np.arange(18_000, 18_200, 0.25) + 0.125
    assert WAVES.elapsed(18_000, 18_200) == pytest.approx(WAVES.index(moments).sum() / 4, rel=1e-6)
    angle = 2 * np.pi * 18_050 / YEAR
    by_hand = np.exp(0.4 * np.cos(angle) - 0.2 * np.sin(angle) + 0.1 * np.cos(2 * angle) + 0.05 * np.sin(2 * angle))
    ratio = WAVES.index(18_050) / WAVES.index(18_000 - 18_000 % YEAR)
    assert ratio == pytest.approx(by_hand / np.exp(0.5), rel=1e-4)


def test_a_year_of_the_clock_is_a_year():
    assert WAVES.elapsed(18_123.0, 18_123.0 + YEAR) == pytest.approx(YEAR)
    assert WAVES.factor(FEATURES, YEAR) == pytest.approx([0.9, 0.8])
    assert WAVES.log_sd(18_001, YEAR) == pytest.approx(0.0, abs=1e-3)
    assert 0.01 < WAVES.log_sd(18_001, 90) < 0.2


def test_ages_are_put_on_the_clock_and_an_age_of_zero_stays():
    on_clock = WAVES.operational(FEATURES)
    first = np.array([18_000 - 100 + 1, 18_000 - 400 + 1])
    np.testing.assert_allclose(on_clock[c.T], WAVES.elapsed(first, 18_001))
    assert on_clock[c.RECENCY][0] == 0.0
    assert on_clock[c.RECENCY][1] == pytest.approx(float(WAVES.elapsed(first[1], first[1] + 30)))
    assert (on_clock[c.RECENCY] <= on_clock[c.T]).all()
    assert on_clock[c.FREQUENCY] == FEATURES[c.FREQUENCY]


def test_a_flat_calendar_changes_nothing():
    assert FLAT.flat
    assert not WAVES.flat
    assert not CalendarClock(levels=(1.0, 1.0, 1.0, 0.9)).flat
    assert FLAT.operational(FEATURES) == FEATURES
    assert FLAT.elapsed(3, 10) == 7
    assert FLAT.factor(FEATURES, 90).tolist() == [1.0, 1.0]
    assert FLAT.log_sd(18_000, 90) == 0.0


def test_it_comes_back_from_json():
    assert CalendarClock.of(json.loads(json.dumps(asdict(WAVES)))) == WAVES
    seasonal = replace(WAVES, holidays=(DOUBLED, CLOSED))
    assert CalendarClock.of(json.loads(json.dumps(asdict(seasonal)))) == seasonal
    former = {name: value for name, value in asdict(WAVES).items() if name != "holidays"}  # of an older bundle
    assert CalendarClock.of(former) == WAVES


def test_a_holiday_makes_its_days_longer_or_shorter():
    assert not WITH_HOLIDAYS.flat
    assert WITH_HOLIDAYS.elapsed(18_000, 18_010) == 10
    assert WITH_HOLIDAYS.elapsed(18_000, 18_013) == pytest.approx(13 + 3)
    assert WITH_HOLIDAYS.elapsed(18_011, 18_012) == pytest.approx(2)  # a part of it
    assert WITH_HOLIDAYS.elapsed(18_000, 18_100) == pytest.approx(100 + 3 - 0.75)
    np.testing.assert_allclose(WITH_HOLIDAYS.elapsed([18_000, 18_050.5], [18_013, 18_051]), [16, 0.125])
    features = {**FEATURES, c.OBSERVED_DAY: [18_009.0, 18_009.0]}
    assert WITH_HOLIDAYS.factor(features, 10) == pytest.approx([1.3, 1.3])
    late = {**FEATURES, c.OBSERVED_DAY: [18_060.0, 18_060.0]}
    assert WITH_HOLIDAYS.operational(late)[c.T] == pytest.approx([100 + 3 - 0.75, 400 + 3 - 0.75])


def test_on_top_of_a_season_a_holiday_multiplies_it():
    both = replace(WAVES, holidays=(DOUBLED,))
    assert both.elapsed(18_010, 18_013) == pytest.approx(2 * float(WAVES.elapsed(18_010, 18_013)))
    assert both.index(18_011) == WAVES.index(18_011)  # the season's, which is learned beside them


def test_a_holiday_is_as_unsure_as_its_share_of_the_horizon():
    assert WITH_HOLIDAYS.log_sd(18_000, 10) == 0.0
    assert WITH_HOLIDAYS.log_sd(18_010, 3) == pytest.approx(0.1)
    assert WITH_HOLIDAYS.log_sd(18_000, 100) == pytest.approx(np.hypot(6 * 0.1, 0.25 * 0.2) / 102.25)
    both = replace(WAVES, holidays=(DOUBLED,))
    assert both.log_sd(18_000, 90) > WAVES.log_sd(18_000, 90)
