"""A past that a log tells otherwise than at training, and latest days that no earlier ones are like."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from patronage.config.score import PlausibleConfig
from patronage.data.daily_lines import DailyLines
from patronage.scoring.same_past import latest_days, same_past

LIMITS = PlausibleConfig()
WEEK = np.array([1.0, 1.1, 1.2, 1.3, 1.8, 2.0, 0.2])


def growing(days: int = 400) -> DailyLines:
    """A shop that grows fivefold in a year, with a rhythm of weeks, and doubles before Christmas."""
    rng, day = np.random.default_rng(6), np.arange(days)
    season = np.where(day % 365 > 320, 2.0, 1.0)
    lines = rng.poisson(40 * 5 ** (day / 365) * WEEK[day % 7] * season)
    logs = [float(rng.normal(3.0 + 0.3 * (season[n] - 1), 0.8, size).sum()) for n, size in enumerate(lines)]
    return DailyLines("2023-01-01", tuple(lines.tolist()), tuple((lines // 2 + 1).tolist()), tuple(logs))


def until(days: DailyLines, number: int) -> DailyLines:
    return DailyLines(days.first, days.lines[:number], days.buyers[:number], days.logs[:number])


def dearer(days: DailyLines, times: float, since: int = 0) -> DailyLines:
    lines, logs = np.array(days.lines), np.array(days.logs)
    logs[since:] += lines[since:] * np.log(times)
    return replace(days, logs=tuple(logs.tolist()))


def over(days: DailyLines, times: int, since: int = 0) -> DailyLines:
    def again(values):
        return tuple(value * (times if number >= since else 1) for number, value in enumerate(values))

    return replace(days, lines=again(days.lines), logs=again(days.logs))


def moved(days: DailyLines, by: int) -> DailyLines:
    return replace(days, first=f"{pd.Timestamp(days.first) + pd.Timedelta(days=by):%Y-%m-%d}")


SHOP = growing()


@pytest.mark.parametrize(
    ("now", "line"),
    [
        (SHOP, None),
        (dearer(SHOP, 2.9), None),
        (dearer(SHOP, 10), "a usual purchase of 2023-01-01 to 2023-10-27 is 2"),
        (dearer(SHOP, 0.01), "at training (plausible.past=3)"),
        (over(SHOP, 2), None),
        (over(SHOP, 10), "0 purchases of 2023-01-01 to 2023-10-27, and "),
        (moved(SHOP, -100), "the purchases before the training lie 100 days earlier than they lay then"),
        (moved(SHOP, 98), "lie 98 days later than they lay then"),  # whole weeks, which their rhythm does not tell
        (moved(until(SHOP, 250), -1), "lie 1 days earlier"),
    ],
)
def test_the_past_does_not_change(now, line):
    lines = list(same_past(now, until(SHOP, 300), LIMITS))
    assert (lines == []) if line is None else (len(lines) == 1 and line in lines[0]), lines


def test_a_log_that_begins_later_is_compared_where_both_tell():
    late = moved(DailyLines("2023-01-01", *(values[200:] for values in (SHOP.lines, SHOP.buyers, SHOP.logs))), 200)
    assert list(same_past(late, until(SHOP, 300), LIMITS)) == []
    (line,) = same_past(dearer(late, 10), until(SHOP, 300), LIMITS)
    assert "of 2023-07-20 to 2023-10-27" in line
    assert list(same_past(dearer(late, 10), until(SHOP, 220), LIMITS)) == []  # of three weeks no past is known


@pytest.mark.parametrize("days", range(60, 400, 20))
def test_growth_and_a_season_are_no_fault(days):
    assert list(latest_days(until(SHOP, days), LIMITS)) == []


@pytest.mark.parametrize(
    ("now", "line"),
    [
        (dearer(SHOP, 10, 399), "a usual purchase of 2024-02-04 is "),
        (dearer(SHOP, 0.1, 393), "a usual purchase of the 7 days to 2024-02-04 is "),
        (over(SHOP, 10, 399), "the purchases of a customer and day of 2024-02-04 is "),
        (dearer(until(SHOP, 20), 10, 19), None),  # too young to know its usual days
    ],
)
def test_a_fault_of_the_latest_days_is_beyond_all_others(now, line):
    lines = list(latest_days(now, LIMITS))
    assert (lines == []) if line is None else (len(lines) == 1 and line in lines[0]), lines


def test_a_small_shop_is_judged_by_its_month():
    rare = until(DailyLines(SHOP.first, (3,) * 400, (2,) * 400, (9.0,) * 400), 400)
    (line,) = latest_days(dearer(rare, 10, 372), LIMITS)
    assert line.startswith("a usual purchase of the 28 days to 2024-02-04 is 200.9, and was 20.09 to 20.09 in the year")
    assert list(latest_days(dearer(rare, 10, 398), LIMITS)) == []


def of_few_customers(seed: int) -> DailyLines:
    """Some thirty purchases a month, of amounts that differ twentyfold, several of them at a time."""
    rng = np.random.default_rng(seed)
    buyers = rng.poisson(0.6, 500)
    lines = np.array([rng.geometric(0.6, each).sum() for each in buyers])
    logs = [float(size * rng.normal(3, 0.5) + rng.normal(0, 0.6, size).sum()) for size in lines]
    return DailyLines("2023-01-01", tuple(lines.tolist()), tuple(buyers.tolist()), tuple(logs))


@pytest.mark.parametrize("seed", range(5))
def test_a_shop_of_few_customers_is_judged_beside_what_chance_makes_of_its_months(seed):
    few = of_few_customers(seed)
    assert [list(latest_days(until(few, days), LIMITS)) for days in range(100, 500, 25)] == [[]] * 16
    (line,) = latest_days(dearer(few, 10, 470), LIMITS)
    assert line.startswith("a usual purchase of the 28 days to 2024-05-14 is ")
    assert list(latest_days(dearer(until(few, 120), 10, 90), LIMITS)) == []  # too young to know its months
