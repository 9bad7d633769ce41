"""The windows of the calendar that everyone shares, such as the weeks before Christmas, in SQL."""

from __future__ import annotations

import pandas as pd

from patronage.config import LensesConfig


def borders(window: object) -> tuple[int, int]:
    """The window's ends as numbers such as 1224."""
    start, end = (int(str(getattr(window, side)).replace("-", "")) for side in ("start", "end"))
    return start, end


def within(start: int, end: int) -> str:
    """SQL: the day lies in a window of the calendar, which may wrap round the end of the year."""
    day = "(extract(month FROM day) * 100 + extract(day FROM day))"
    return f"({day} >= {start} {'AND' if start <= end else 'OR'} {day} <= {end})"


def covered(day: str, config: LensesConfig) -> str:
    """SQL: days of the calendar's windows from the year 0 until that day; a leap day's error is accepted."""
    pieces, whole = [], 0
    for window in config.occasion.calendar.values():
        start, end = (_day_of_year(border) for border in borders(window))
        for first, last in [(start, end)] if start <= end else [(start, 365), (1, end)]:
            length = last - first + 1
            whole += length
            pieces.append(f"least(greatest(extract(doy FROM {day}) - {first}, 0), {length})")
    return f"(extract(year FROM {day}) * {whole} + {' + '.join(pieces) or 0})"


def _day_of_year(month_day: int) -> int:
    return pd.Timestamp(2023, month_day // 100, min(month_day % 100, 28)).day_of_year + max(month_day % 100 - 28, 0)
