"""Known holidays of a business: the days of each by name, as `data.holidays` has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from patronage.errors import ConfigError

EPOCH = date(1970, 1, 1)
UNNAMED = "holiday"  # of dates that are given without a name
EXPECTED = "expected names with their dates, such as {christmas: [2024-12-24/2024-12-26, 2025-12-24/2025-12-26]}"


@dataclass(frozen=True)
class Holiday:
    """Days that share an effect on orders.

    Attributes
    ----------
    spans
        First and last day of each time that it comes, both included, in days since 1970-01-01, the earliest first.
    """

    name: str
    spans: tuple[tuple[int, int], ...]


def known_holidays(given: Any, setting: str = "data.holidays") -> tuple[Holiday, ...]:
    """The holidays of a setting: a mapping of names to dates, dates alone, or the path of a YAML file of either.

    A date is `2024-12-25`; a time of several days `2024-12-24/2024-12-26`.

    Raises
    ------
    ConfigError
        The file cannot be read, a date is none, or a day is named twice.
    """
    if isinstance(given, str):
        given = _of_file(Path(given).expanduser(), setting)
    if not given:
        return ()
    named = given if isinstance(given, Mapping) else {UNNAMED: given}
    holidays = []
    for name, dates in named.items():
        if not isinstance(dates, list | tuple):
            raise ConfigError(f"{setting}.{name}={dates}; {EXPECTED}")
        holidays.append(Holiday(str(name), tuple(sorted(_span(str(each), f"{setting}.{name}") for each in dates))))
    _check_apart(holidays, setting)
    return tuple(holidays)


def _of_file(path: Path, setting: str) -> Any:
    if not path.is_file():
        raise ConfigError(f"{setting}={path}: no such file; {EXPECTED}, or the path of a YAML file of these")
    try:
        return OmegaConf.to_container(OmegaConf.load(path))
    except (YAMLError, OmegaConfBaseException, OSError, ValueError) as error:
        raise ConfigError(f"{setting}={path}: no YAML ({str(error).splitlines()[0]}); {EXPECTED}") from error


def _span(given: str, setting: str) -> tuple[int, int]:
    first, _, last = given.partition("/")
    try:
        days = [(date.fromisoformat(text.strip()) - EPOCH) // timedelta(days=1) for text in (first, last or first)]
    except ValueError:
        raise ConfigError(f"{setting}: {given} is no date; expected YYYY-MM-DD, or YYYY-MM-DD/YYYY-MM-DD") from None
    if days[0] > days[1]:
        raise ConfigError(f"{setting}: {given} ends before it begins; give the earlier date first")
    return days[0], days[1]


def _check_apart(holidays: list[Holiday], setting: str) -> None:
    """Refuse a day with two effects: nothing could tell them apart."""
    spans = sorted((span, holiday.name) for holiday in holidays for span in holiday.spans)
    for (span, name), (following, other) in pairwise(spans):
        if following[0] <= span[1]:
            day = EPOCH + timedelta(days=following[0])
            raise ConfigError(f"{setting}: {day} lies in {name} and in {other}; leave it in one of them, once")
