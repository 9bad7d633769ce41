"""The windows of the calendar that all of a country share, such as the weeks before Christmas or Ramadan, in SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial

import pandas as pd

from patronage.config import OccasionConfig, OccasionWindow
from patronage.config.feasts import dated_spans, feast_spans, moves
from patronage.engine import texts
from patronage.lenses.history import History

Calendar = Mapping[str, OccasionWindow]


def windows(history: History, occasion: OccasionConfig) -> dict[str, str]:
    """SQL by the name of each window: whether `day` lies in it, by the calendar of the customer's `country`."""
    calendars = [occasion.calendar, *(calendar for _, calendar in _own(history, occasion))]
    names = dict.fromkeys(name for calendar in calendars for name in calendar)

    def test(name: str, own: Calendar) -> str:
        return _within(own[name], history) if name in own else "false"

    return {name: _by_country(history, occasion, partial(test, name)) for name in names}


def covered(day: str, history: History, occasion: OccasionConfig) -> str:
    """SQL: days of the windows before that day, but for a number that is the same at every day of the log.

    By the calendar of the customer's `country`. A leap day's error is accepted.
    """
    return _by_country(history, occasion, lambda own: _covered(day, own, history))


def _own(history: History, occasion: OccasionConfig) -> list[tuple[list[str], Calendar]]:
    """The calendars of countries, each with those that share it; none where no customer's country is known."""
    if occasion.country not in history.tables.attributes:
        return []
    groups: list[tuple[list[str], Calendar]] = []
    for country, calendar in occasion.calendars.items():
        same = next((names for names, other in groups if other == calendar), None)
        if same is None:
            groups.append(([country], calendar))
        else:
            same.append(country)
    return groups


def _by_country(history: History, occasion: OccasionConfig, of: Callable[[Calendar], str]) -> str:
    cases = " ".join(f"WHEN country IN ({texts(names)}) THEN {of(own)}" for names, own in _own(history, occasion))
    usual = of(occasion.calendar)
    return f"(CASE {cases} ELSE {usual} END)" if cases else usual


def _within(window: OccasionWindow, history: History) -> str:
    """SQL: the day lies in a window, which may wrap round the end of the year."""
    if (spans := _spans(window, history)) is not None:
        tests = [f"day BETWEEN DATE '{first}' AND DATE '{last}'" for first, last in spans]
        return f"({' OR '.join(tests) or 'false'})"
    start, end = (int(border.replace("-", "")) for border in (window.start, window.end))
    day = "(extract(month FROM day) * 100 + extract(day FROM day))"
    return f"({day} >= {start} {'AND' if start <= end else 'OR'} {day} <= {end})"


def _covered(day: str, calendar: Calendar, history: History) -> str:
    pieces, whole = [], 0
    for window in calendar.values():
        if (spans := _spans(window, history)) is not None:
            since = {span: history.engine.days(f"DATE '{span[0]}'", day) for span in spans}
            pieces += [f"least(greatest({days}, 0), {(span[1] - span[0]).days + 1})" for span, days in since.items()]
            continue
        start, end = (_day_of_year(border) for border in (window.start, window.end))
        for first_day, last_day in [(start, end)] if start <= end else [(start, 365), (1, end)]:
            length = last_day - first_day + 1
            whole += length
            pieces.append(f"least(greatest(extract(doy FROM {day}) - {first_day}, 0), {length})")
    return f"(extract(year FROM {day}) * {whole} + {' + '.join(pieces) or 0})"


def _spans(window: OccasionWindow, history: History) -> list[tuple[date, date]] | None:
    """Every time that a window came which moves from year to year; None of one that does not."""
    if window.dates:
        return dated_spans(window.dates)
    if not moves(window.start):
        return None
    return feast_spans(window.start, window.end, history.tables.first.year - 1, history.cutoff.year)


def _day_of_year(border: str) -> int:
    month, day = (int(part) for part in border.split("-"))
    return pd.Timestamp(2023, month, min(day, 28)).day_of_year + max(day - 28, 0)
