"""The only comparisons of a date with a cutoff.

Everything is half-open: features use rows `< cutoff`, labels rows in `[cutoff, cutoff + horizon)`. Whoever
wants to know whether something leaks reads this file and then looks for who calls `within`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from patronage.engine import Engine
from patronage.errors import ConfigError

YEAR_DAYS = 364  # whole weeks


def parse(value: str) -> datetime:
    """A cutoff from conf: a date in the business time zone of the data, meant at midnight.

    A time of day is refused: days and periods are counted whole.
    """
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise ConfigError(f"cutoff={value} is not a date; expected YYYY-MM-DD, such as cutoff=1998-01-01") from None
    if moment.tzinfo is not None:
        raise ConfigError(f"cutoff={value} carries a time zone; give a date, and the zone in data.timezone")
    if moment != datetime(moment.year, moment.month, moment.day):
        raise ConfigError(f"cutoff={value} has a time of day; expected a date, such as cutoff={moment:%Y-%m-%d}")
    return moment


def before(column: str, cutoff: datetime, engine: Engine) -> str:
    """SQL: the row was known at the cutoff."""
    return f"{column} < {engine.timestamp(cutoff)}"


def within(column: str, cutoff: datetime, horizon_days: int, engine: Engine) -> str:
    """SQL: the row lies in the label window. Only `labels` may ask."""
    end = window_end(cutoff, horizon_days)
    return f"{column} >= {engine.timestamp(cutoff)} AND {column} < {engine.timestamp(end)}"


def window_end(cutoff: datetime, horizon_days: int) -> datetime:
    """The first moment after the label window."""
    return cutoff + timedelta(days=horizon_days)


def is_observed(cutoff: datetime, horizon_days: int, last_row: datetime) -> bool:
    """Whether a log whose last row is `last_row` shows the whole label window.

    The day of the last row counts as seen to its end.
    """
    seen_until = datetime(last_row.year, last_row.month, last_row.day) + timedelta(days=1)
    return window_end(cutoff, horizon_days) <= seen_until


def is_past(fitted: datetime, cutoff: datetime) -> bool:
    """Whether a model that was fitted at `fitted` could be known at the cutoff."""
    return fitted <= cutoff


def check_inside(cutoff: datetime, first_row: datetime, last_row: datetime, max_staleness_days: int) -> None:
    """Refuse a cutoff that has no history before it, or one so late that the log is stale.

    Raises
    ------
    ConfigError
        With the span of the log and the cutoffs that it allows.
    """
    latest = last_row + timedelta(days=1 + max_staleness_days)
    if first_row < cutoff <= latest:
        return
    raise ConfigError(
        f"cutoff={cutoff:%Y-%m-%d} lies outside the data ({first_row:%Y-%m-%d} to {last_row:%Y-%m-%d}); "
        f"give a cutoff after {first_row:%Y-%m-%d} and not after {latest:%Y-%m-%d}"
        + ("" if cutoff <= first_row else " (data.max_staleness_days allows more)")
    )


def year_before(cutoff: datetime) -> datetime:
    """The same day of the week, at the same time of the last year."""
    return cutoff - timedelta(days=YEAR_DAYS)


def ends_within_a_year(horizon_days: int) -> bool:
    """Whether the horizon a year before was over at the cutoff."""
    return horizon_days <= YEAR_DAYS


def has_history(cutoff: datetime, first_row: datetime, min_history_days: int) -> bool:
    """Whether so many days of log lie before the cutoff."""
    return cutoff >= first_row + timedelta(days=min_history_days)


def label_window(cutoff: datetime, horizon_days: int, first_row: datetime, min_history_days: int) -> int:
    """How many days of labels to learn from: the horizon, or, where the log is shorter, half of what it leaves.

    The other half is for origins. Below 1 there is nothing to learn from.
    """
    spare = (cutoff - first_row).days - min_history_days
    return horizon_days if spare >= horizon_days else spare // 2


def origins(
    cutoff: datetime,
    window_days: int,
    first_row: datetime,
    *,
    spacing_days: int,
    most: int,
    min_history_days: int,
) -> tuple[datetime, ...]:
    """The moments to learn from: earlier cutoffs whose label windows end at or before the cutoff.

    Returns
    -------
    tuple of datetime
        The latest first, `spacing_days` apart, each with at least `min_history_days` of log before it;
        empty where the label window leaves no such moment.
    """
    latest = cutoff - timedelta(days=window_days)
    candidates = (latest - timedelta(days=step * spacing_days) for step in range(most))
    return tuple(origin for origin in candidates if has_history(origin, first_row, min_history_days))
