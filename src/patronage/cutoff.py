"""The only comparisons of a date with a cutoff.

Everything is half-open: features use rows `< cutoff`, labels use rows in `[cutoff, cutoff + horizon)`. To see whether
anything uses the future, read this file and search for the calls of `within`: only `labels` may call it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from patronage.engine import Engine
from patronage.errors import ConfigError

YEAR_DAYS = 364  # whole weeks


def parse(value: str) -> datetime:
    """Read a cutoff from conf: midnight of a date in the time zone of the data.

    Raises
    ------
    ConfigError
        The value is no date, or it has a time zone or a time of day: days and periods are counted whole.
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
    """Write the SQL condition that a row was known at the cutoff."""
    return f"{column} < {engine.timestamp(cutoff)}"


def within(column: str, cutoff: datetime, horizon_days: int, engine: Engine) -> str:
    """Write the SQL condition that a row lies in the label window. Only `labels` may call this."""
    end = window_end(cutoff, horizon_days)
    return f"{column} >= {engine.timestamp(cutoff)} AND {column} < {engine.timestamp(end)}"


def window_end(cutoff: datetime, horizon_days: int) -> datetime:
    """Give the first moment after the label window."""
    return cutoff + timedelta(days=horizon_days)


def is_observed(cutoff: datetime, horizon_days: int, last_row: datetime) -> bool:
    """Tell whether a log whose last row is `last_row` covers the whole label window.

    The day of the last row counts as observed to its end.
    """
    observed_until = datetime(last_row.year, last_row.month, last_row.day) + timedelta(days=1)
    return window_end(cutoff, horizon_days) <= observed_until


def is_past(fitted: datetime, cutoff: datetime) -> bool:
    """Tell whether a model that was fitted at one moment was available at the cutoff."""
    return fitted <= cutoff


def check_inside(cutoff: datetime, first_row: datetime, last_row: datetime, max_staleness_days: int) -> None:
    """Refuse a cutoff that has no history before it, or one so late that the log is stale.

    Raises
    ------
    ConfigError
        The message gives the span of the log and the cutoffs that it allows.
    """
    latest = last_row + timedelta(days=1 + max_staleness_days)
    if first_row < cutoff <= latest:
        return
    late = cutoff > latest
    raise ConfigError(
        f"cutoff={cutoff:%Y-%m-%d} lies outside the data ({first_row:%Y-%m-%d} to {last_row:%Y-%m-%d}); "
        f"give a cutoff after {first_row:%Y-%m-%d} and not after {latest:%Y-%m-%d}"
        + (" (data.max_staleness_days allows more), or try again when the log has come" if late else ""),
        retry=late,
    )


def days_stale(cutoff: datetime, last_row: datetime) -> int:
    """Give the whole days before the cutoff in which the log has no row: a log of yesterday has none."""
    return max(0, (cutoff - last_row).days)


def year_before(cutoff: datetime) -> datetime:
    """Give the same day of the week in the year before: 52 weeks earlier."""
    return cutoff - timedelta(days=YEAR_DAYS)


def ends_within_a_year(horizon_days: int) -> bool:
    """Tell whether a horizon that begins a year before the cutoff ends at or before the cutoff."""
    return horizon_days <= YEAR_DAYS


def has_history(cutoff: datetime, first_row: datetime, min_history_days: int) -> bool:
    """Tell whether at least `min_history_days` of the log lie before the cutoff."""
    return cutoff >= first_row + timedelta(days=min_history_days)


def label_window(cutoff: datetime, horizon_days: int, first_row: datetime, min_history_days: int) -> int:
    """Give the days of labels to learn from: the horizon, or half of the spare days where the log is too short for it.

    The other half of the spare days is for origins. A result below 1 means that there is nothing to learn from.
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
    """Give the earlier cutoffs to learn from, whose label windows end at or before the cutoff.

    Returns
    -------
    tuple of datetime
        At most `most`, the latest first, `spacing_days` apart, each with at least `min_history_days` of the log
        before it; empty where the label window leaves no such moment.
    """
    latest = cutoff - timedelta(days=window_days)
    candidates = (latest - timedelta(days=step * spacing_days) for step in range(most))
    return tuple(origin for origin in candidates if has_history(origin, first_row, min_history_days))
