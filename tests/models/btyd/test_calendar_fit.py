"""The calendar is found from weekly orders, and kept apart from growth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.errors import FitError
from patronage.models.btyd.calendar_fit import _average, fit_calendar

START = 18_000


def customers(height: float, days: int, seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Orders by day, and BTYD summaries, of 1,200 customers who come in growing numbers and may leave."""
    rng = np.random.default_rng(seed)
    came = np.floor(days * np.sqrt(rng.uniform(size=1200))).astype(int)
    left = came + rng.exponential(700, 1200)
    rate = rng.gamma(1.0, 0.02, 1200)
    season = np.exp(height * np.cos(2 * np.pi * (START + np.arange(days)) / 365.25))
    day = np.arange(days)
    active = (day > came[:, None]) & (day < left[:, None])
    orders = active & (rng.uniform(size=active.shape) < rate[:, None] * season)
    x = orders.sum(axis=1)
    last = np.where(x > 0, days - 1 - orders[:, ::-1].argmax(axis=1), came)
    by_day = pd.DataFrame({"first": np.bincount(came, minlength=days), "repeats": orders.sum(axis=0)}, START + day)
    summary = {c.FREQUENCY: x, c.RECENCY: last - came, c.T: days - 1 - came, c.OBSERVED_DAY: START + days - 1}
    return by_day, pd.DataFrame(summary).astype(float)


@pytest.mark.parametrize("height", [0.5, 0.0])
def test_a_planted_season_is_found_and_none_where_there_is_none(height):
    calendar = fit_calendar(*customers(height, 800)).calendar
    assert calendar.waves[0] == pytest.approx(height, abs=0.12)
    assert np.abs(calendar.waves[1:]).max() < 0.12
    assert 0 < calendar.log_sd(START + 800, 90) < 0.1


def test_half_a_year_is_too_short():
    with pytest.raises(FitError, match="weeks with enough repeat orders; a calendar needs 43"):
        fit_calendar(*customers(0.5, 200))


def test_what_a_short_log_cannot_tell_from_drift_is_shrunk_and_uncertain():
    middle = START + 7.0 * np.arange(150)
    planted = 0.3 * np.cos(2 * np.pi * middle / 365.25)
    few, many = (_average(planted[:weeks], np.full(weeks, 0.01), middle[:weeks]) for weeks in (48, 150))
    assert abs(few[0][0]) < abs(many[0][0]) <= 0.31
    assert np.trace(few[1]) > 2 * np.trace(many[1])
