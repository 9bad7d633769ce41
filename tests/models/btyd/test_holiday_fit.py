"""Effects of holidays: planted ones are found, and what tells little moves little."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.config.holidays import Holiday
from patronage.models.btyd.holiday_fit import AGAIN_SD, PRIOR_SD, fit_holidays

FIRST = 18_000
SALE = Holiday("sale", ((FIRST + 200, FIRST + 203), (FIRST + 565, FIRST + 568), (FIRST + 930, FIRST + 933)))
CLOSED = Holiday("closed", ((FIRST + 300, FIRST + 300), (FIRST + 665, FIRST + 665)))


def days_with(effects: dict[Holiday, float], rate: float = 60.0, seed: int = 1) -> pd.Series:
    """800 days that grow, turn with the year and rest on two days of each week."""
    rng, day = np.random.default_rng(seed), FIRST + np.arange(800)
    mean = rate * (1 + np.arange(800) / 1600) * np.exp(0.3 * np.cos(2 * np.pi * day / 365.25))
    mean = mean * np.where(day % 7 < 2, 0.3, 1.0)
    for holiday, factor in effects.items():
        for first, last in holiday.spans:
            mean[(day >= first) & (day <= last)] *= factor
    return pd.Series(rng.poisson(mean), index=day)


def test_planted_effects_are_found():
    sale, closed = fit_holidays(days_with({SALE: 2.5, CLOSED: 0.1}), [SALE, CLOSED])
    assert (sale.name, sale.times, closed.times) == ("sale", 2, 2)
    assert sale.spans == SALE.spans  # the third is to come
    assert sale.factor == pytest.approx(2.5, rel=0.12)
    assert 0.05 < closed.factor < 0.3
    assert AGAIN_SD < sale.sd < 0.25 < closed.sd + 0.05


def test_intervals_hold_what_was_planted_as_often_as_they_should():
    inside = []
    for seed in range(60):
        planted = float(np.exp(np.random.default_rng(seed).normal(0, 0.5)))
        (found,) = fit_holidays(days_with({SALE: planted}, rate=6.0, seed=seed), [SALE])
        inside.append(abs(found.log_factor - np.log(planted)) < 1.28 * found.sd)
    assert np.mean(inside) >= 0.75  # of 80 %: the sd also holds how the next time differs, which is not planted


def test_no_effect_stays_about_none():
    for seed in range(5):
        sale, closed = fit_holidays(days_with({}, seed=seed), [SALE, CLOSED])
        assert sale.factor == pytest.approx(1, abs=0.12)
        assert closed.factor == pytest.approx(1, abs=0.25)


def test_few_orders_tell_little():
    rich, poor = (fit_holidays(days_with({SALE: 3.0}, rate), [SALE])[0] for rate in (60.0, 0.3))
    assert abs(poor.log_factor) < abs(rich.log_factor)
    assert poor.sd > rich.sd


def test_a_holiday_that_never_came_changes_nothing_but_the_interval():
    coming = Holiday("jubilee", ((FIRST + 900, FIRST + 901),))
    (effect,) = fit_holidays(days_with({}), [coming])
    assert (effect.factor, effect.times) == (1.0, 0)
    assert effect.sd == pytest.approx(np.hypot(PRIOR_SD, AGAIN_SD))
    closed_anyway = fit_holidays(days_with({}) * 0, [SALE])[0]
    assert (closed_anyway.factor, closed_anyway.times) == (1.0, 0)


def test_without_holidays_there_is_nothing_to_learn():
    assert fit_holidays(days_with({}), []) == ()


def test_the_days_of_another_holiday_are_no_measure():
    next_week = Holiday("next", ((FIRST + 207, FIRST + 210),))
    alone = fit_holidays(days_with({SALE: 2.0}), [SALE])[0]
    beside = fit_holidays(days_with({SALE: 2.0, next_week: 20.0}), [SALE, next_week])[0]
    assert beside.factor == pytest.approx(alone.factor, rel=0.1)
