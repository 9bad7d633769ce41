"""The windows of occasions; and feasts that move: Easter, Orthodox Easter and the Islamic calendar, by their rules.

`easter-7` is a week before Easter, `orthodox_easter+1` the Monday after it. `hijri-09-01` is the first day of Ramadan
by the tabular Islamic calendar, which may lie a day beside the one that a country announces. A feast without a rule
here, such as Diwali or the Lunar New Year, is given by its dates.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from patronage.config.holidays import EPOCH, known_holidays
from patronage.config.rules import month_day
from patronage.errors import ConfigError

OF_EASTER = re.compile(r"(easter|orthodox_easter)([+-]\d{1,2})?")
OF_HIJRI = re.compile(r"hijri-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|30)")
HIJRI_EPOCH = date(622, 7, 18)  # 1 Muharram 1 on the Gregorian calendar, by the astronomical reckoning
HIJRI_LEAP = (2, 5, 7, 10, 13, 16, 18, 21, 24, 26, 29)  # years of 355 days among each 30


@dataclass
class OccasionWindow:
    """One universal occasion, every year, both ends included.

    An end is a month-day as MM-DD, or a day of a feast that moves, such as `easter-7`; both ends are
    of one kind. A feast without a rule has `dates` instead, such as 2023-11-09/2023-11-15, a time each.
    """

    start: str = ""
    end: str = ""
    dates: list[str] = field(default_factory=list)


def _window(key: str, given: Any) -> OccasionWindow:
    try:
        return OccasionWindow(**given)
    except TypeError:
        raise ConfigError(f"lenses.occasion.calendars.{key}={given}; expected start and end, or dates") from None


def country_calendar(country: str, given: Any) -> dict[str, OccasionWindow]:
    """The windows of a country by their names, from the configuration.

    Raises
    ------
    ConfigError
        Naming the setting and what is expected.
    """
    if not isinstance(given, dict):
        raise ConfigError(f"lenses.occasion.calendars.{country}={given}; expected a table of windows by name")
    return {
        name: window if isinstance(window, OccasionWindow) else _window(f"{country}.{name}", window)
        for name, window in given.items()
    }


def moves(end: str) -> bool:
    """Whether this end of a window moves from year to year."""
    return bool(OF_EASTER.fullmatch(end) or OF_HIJRI.fullmatch(end))


def check_window(key: str, start: str, end: str, dates: Sequence[str] = ()) -> None:
    """Refuse a window whose ends are no days, or of two kinds, or that has dates beside its ends.

    Raises
    ------
    ConfigError
        Naming the setting and what is expected.
    """
    if dates:
        if start or end:
            raise ConfigError(f"{key}: start and end, or dates; not both")
        known_holidays({key: list(dates)}, key)
        return
    if moves(start) != moves(end):
        raise ConfigError(f"{key}: {start} and {end} are of two kinds; both are MM-DD, or days of a feast that moves")
    if not moves(start):
        month_day(key, start)
        month_day(key, end)
        return
    if any(first > last for first, last in feast_spans(start, end, 2000, 2030)):
        raise ConfigError(f"{key}: {start} lies after {end}; give the earlier day first")


def feast_spans(start: str, end: str, first_year: int, last_year: int) -> list[tuple[date, date]]:
    """First and last day of each time that a window came, whose first day lies in one of the years.

    Examples
    --------
    >>> from patronage.config.feasts import feast_spans
    >>> feast_spans("easter-7", "easter+1", 2024, 2024)
    [(datetime.date(2024, 3, 24), datetime.date(2024, 4, 1))]
    """
    starts = _days(start, first_year, last_year + 1)
    ends = _days(end, first_year, last_year + 1)
    return [(first, last) for first, last in zip(starts, ends, strict=True) if first_year <= first.year <= last_year]


def dated_spans(dates: Sequence[str]) -> list[tuple[date, date]]:
    """First and last day of each time of a window that is given by its dates."""
    (window,) = known_holidays({"dates": list(dates)})
    return [(EPOCH + timedelta(days=first), EPOCH + timedelta(days=last)) for first, last in window.spans]


def _days(of: str, first_year: int, last_year: int) -> list[date]:
    """The day in each year of its own calendar that can begin in these years."""
    if match := OF_EASTER.fullmatch(of):
        shift = timedelta(days=int(match[2] or 0))
        return [_easter(year, orthodox=match[1] != "easter") + shift for year in range(first_year, last_year + 1)]
    month, day = (int(part) for part in of.removeprefix("hijri-").split("-"))
    years = range((first_year - 622) * 33 // 32 - 1, (last_year - 622) * 33 // 32 + 3)
    return [_of_hijri(year, month, day) for year in years]


def _easter(year: int, *, orthodox: bool) -> date:
    """Easter Sunday on the Gregorian calendar; Meeus 1991, Astronomical Algorithms, chapter 8."""
    if orthodox:
        moon = (19 * (year % 19) + 15) % 30
        week = (2 * (year % 4) + 4 * (year % 7) - moon + 34) % 7
        julian = date(year, (moon + week + 114) // 31, (moon + week + 114) % 31 + 1)
        return julian + timedelta(days=year // 100 - year // 400 - 2)
    century, of_century = divmod(year, 100)
    leaps, of_leaps = divmod(century, 4)
    correction = (century - (century + 8) // 25 + 1) // 3
    moon = (19 * (year % 19) + century - leaps - correction + 15) % 30
    week = (32 + 2 * of_leaps + 2 * (of_century // 4) - moon - of_century % 4) % 7
    late = (year % 19 + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * late + 114, 31)
    return date(year, month, day + 1)


def _of_hijri(year: int, month: int, day: int) -> date:
    """The Gregorian date of a day of the tabular Islamic calendar: odd months have 30 days, even ones 29."""
    leap_days = sum((year - 1) // 30 + ((year - 1) % 30 >= leap) for leap in HIJRI_LEAP)
    passed = 354 * (year - 1) + leap_days + 29 * (month - 1) + month // 2 + day - 1
    return HIJRI_EPOCH + timedelta(days=passed)
