from __future__ import annotations

from datetime import datetime

import pytest

from patronage.config import EngineConfig
from patronage.engine import DuckDB, connect
from patronage.errors import ConfigError

ENGINE = DuckDB(threads=1)


def value(expression: str) -> object:
    return ENGINE.row(f"SELECT {expression}")[0]


@pytest.mark.parametrize(("day", "weekday"), [("2024-01-01", 1), ("2024-01-06", 6), ("2024-01-07", 7)])
def test_monday_is_1_and_sunday_7(day, weekday):
    assert value(ENGINE.weekday(f"DATE '{day}'")) == weekday


def test_days_count_midnights_over_a_leap_day():
    assert value(ENGINE.days("DATE '2024-02-28'", "DATE '2024-03-01'")) == 2


def test_money_squares_do_not_overflow():
    assert value(f"sum({ENGINE.wide('x')} * {ENGINE.wide('x')}) FROM (SELECT 10**13::BIGINT AS x)") == 10**26


def test_texts_are_joined_in_the_order_of_the_key():
    rows = "(VALUES (1, 'a'), (3, 'c'), (2, 'b')) AS v(k, piece)"
    assert value(f"{ENGINE.join_text('piece', 'k DESC')} FROM {rows}") == "cba"


def test_an_instant_becomes_the_clock_time_of_the_business():
    instant = "TIMESTAMPTZ '2024-07-01 22:30:00+00'"
    assert value(ENGINE.local_time(instant, "Europe/Berlin")) == datetime(2024, 7, 2, 0, 30)


@pytest.mark.parametrize("name", ['a"b', "from", "mit Leer", "naïve"])
def test_any_column_name_can_be_quoted(name):
    assert ENGINE.types(f"(SELECT 1 AS {ENGINE.quote(name)})") == {name: "INTEGER"}


def test_another_engine_is_refused():
    with pytest.raises(ConfigError, match="engine.name=sqlite; expected duckdb or spark"):
        connect(EngineConfig(name="sqlite"))
