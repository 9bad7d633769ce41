"""Feasts that move, beside published dates."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from dateutil.easter import EASTER_ORTHODOX, EASTER_WESTERN, easter

from patronage.config.feasts import check_window, feast_spans
from patronage.errors import ConfigError


@pytest.mark.parametrize(("name", "method"), [("easter", EASTER_WESTERN), ("orthodox_easter", EASTER_ORTHODOX)])
def test_easter_is_that_of_another_implementation(name, method):
    spans = feast_spans(f"{name}-7", f"{name}+1", 1950, 2100)
    assert spans == [
        (easter(year, method) - timedelta(days=7), easter(year, method) + timedelta(days=1))
        for year in range(1950, 2101)
    ]


def test_the_first_day_of_eid_is_a_day_beside_the_announced_one_at_most():
    announced = [date(2019, 6, 4), date(2020, 5, 24), date(2021, 5, 13), date(2022, 5, 2), date(2023, 4, 21),
                 date(2024, 4, 10), date(2025, 3, 30)]  # fmt: skip
    starts = [first for first, _ in feast_spans("hijri-10-01", "hijri-10-03", 2019, 2025)]
    assert all(abs(day - own) <= timedelta(days=1) for day, own in zip(announced, starts, strict=True))


def test_a_feast_of_the_islamic_calendar_may_come_twice_in_a_year():
    assert len(feast_spans("hijri-09-01", "hijri-09-29", 2030, 2030)) == 2  # January and December


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        ("12-01", "easter", "two kinds"),
        ("easter", "easter-7", "lies after"),
        ("hijri-13-01", "hijri-13-02", "is not a day of the year"),
        ("Oct", "10-31", "Oct is not a day of the year; expected MM-DD"),
    ],
)
def test_a_window_that_is_none_is_refused(start, end, message):
    with pytest.raises(ConfigError, match=message):
        check_window("lenses.occasion.calendar.own", start, end)
