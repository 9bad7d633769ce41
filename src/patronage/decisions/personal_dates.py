"""The dates of a customer that come back every year: birthdays and other dates of theirs, sign-up, the first order."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from patronage import cutoff as when
from patronage import names as c
from patronage.config.data import DATE
from patronage.data import Tables
from patronage.data.contract import CUSTOMERS
from patronage.typing import Index

SIGNED_UP, FIRST_ORDER = "signed_up", "first_order"
AHEAD_DAYS = 30  # an action may refer to a date that is so near


def personal_dates(tables: Tables, cutoff: datetime) -> pd.DataFrame:
    """Every date of a customer that comes back, as known before the cutoff.

    Returns
    -------
    DataFrame
        `customer_id`, `personal_date`: the name of the attribute (kind date), `SIGNED_UP` or `FIRST_ORDER`, and `day`.
        The first order of a log that begins later than its customers is nobody's first.
    """
    parts = []
    for name in sorted(name for name, kind in tables.attributes.items() if kind == DATE):
        day = f"TRY_CAST({tables.engine.quote(name)} AS DATE)"
        parts.append((name, f"SELECT customer_id, {day} AS day FROM {CUSTOMERS.name} WHERE {day} IS NOT NULL"))
    if tables.has(CUSTOMERS.name) and c.SIGNED_UP_AT in tables.present[CUSTOMERS.name]:
        known = when.before(c.SIGNED_UP_AT, cutoff, tables.engine)
        parts.append(
            (SIGNED_UP, f"SELECT customer_id, CAST(signed_up_at AS DATE) AS day FROM {CUSTOMERS.name} WHERE {known}")
        )
    if not tables.left_censored:
        parts.append(
            (
                FIRST_ORDER,
                "SELECT customer_id, CAST(min(ordered_at) AS DATE) AS day FROM transactions "
                f"WHERE amount >= 0 AND {tables.known(cutoff)} GROUP BY customer_id",
            )
        )
    frames = [
        tables.engine.frame(f"{sql} ORDER BY customer_id").assign(**{c.PERSONAL_DATE: name}) for name, sql in parts
    ]
    empty = pd.DataFrame(columns=[c.CUSTOMER_ID, "day", c.PERSONAL_DATE])
    rows = pd.concat(frames, ignore_index=True) if frames else empty
    return rows.assign(day=pd.to_datetime(rows["day"]))[[c.CUSTOMER_ID, c.PERSONAL_DATE, "day"]]


def in_year(days: pd.Series, years: Index | int) -> pd.Series:
    """The day of each date in a year; the 29th of February is kept on the 28th."""
    day = np.where((days.dt.month == 2) & (days.dt.day == 29), 28, days.dt.day)
    parts = pd.DataFrame({"year": years, "month": days.dt.month, "day": day}, index=days.index)
    return pd.to_datetime(parts)


def upcoming(dates: pd.DataFrame, cutoff: datetime, ahead_days: int = AHEAD_DAYS) -> pd.DataFrame:
    """The dates that come back in `[cutoff, cutoff + ahead_days)`, soonest first, with that `day`."""
    today = pd.Timestamp(cutoff).normalize()
    this_year = in_year(dates["day"], today.year)
    coming = this_year.where(this_year >= today, in_year(dates["day"], today.year + 1))
    rows = dates.assign(day=coming)[coming < today + pd.Timedelta(days=ahead_days)]
    return rows.sort_values(["day", c.CUSTOMER_ID, c.PERSONAL_DATE], kind="stable", ignore_index=True)
