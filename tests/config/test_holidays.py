"""Holidays as they are given: by name, as dates alone, in a file; and what is refused."""

from __future__ import annotations

from datetime import date

import pytest

from patronage.config.holidays import Holiday, known_holidays
from patronage.errors import ConfigError


def day(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


CHRISTMAS = Holiday("christmas", ((day("2023-12-24"), day("2023-12-26")), (day("2024-12-24"), day("2024-12-26"))))


def test_names_with_days_and_spans_in_any_order():
    given = {"christmas": ["2024-12-24/2024-12-26", "2023-12-24/2023-12-26"], "sale": [date(2024, 11, 29)]}
    sale = Holiday("sale", ((day("2024-11-29"),) * 2,))
    assert known_holidays(given) == (CHRISTMAS, sale)


def test_dates_alone_are_one_holiday():
    assert known_holidays(["2024-11-29"]) == (Holiday("holiday", ((day("2024-11-29"),) * 2,)),)


@pytest.mark.parametrize("nothing", [None, {}, [], ""])
def test_none_is_none(nothing):
    assert known_holidays(nothing or None) == ()


def test_a_file_holds_the_same(tmp_path):
    file = tmp_path / "holidays.yaml"
    file.write_text("christmas:\n  - 2023-12-24/2023-12-26\n  - 2024-12-24/2024-12-26\n")
    assert known_holidays(str(file)) == (CHRISTMAS,)
    file.write_text("- 2024-11-29\n")
    assert known_holidays(str(file))[0].name == "holiday"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sale": ["29.11.2024"]}, r"data.holidays.sale: 29.11.2024 is no date; expected YYYY-MM-DD"),
        ({"sale": ["2024-11-30/2024-11-29"]}, "ends before it begins"),
        ({"sale": "2024-11-29"}, "expected names with their dates"),
        ({"sale": ["2024-11-29"], "week": ["2024-11-25/2024-12-01"]}, "2024-11-29 lies in week and in sale"),
        ("nowhere.yaml", "no such file"),
    ],
)
def test_what_is_no_holiday_is_refused(given, message):
    with pytest.raises(ConfigError, match=message):
        known_holidays(given)


def test_a_file_that_is_no_yaml_is_refused(tmp_path):
    (tmp_path / "broken.yaml").write_text("a: [1, 2")
    with pytest.raises(ConfigError, match="no YAML"):
        known_holidays(str(tmp_path / "broken.yaml"))
