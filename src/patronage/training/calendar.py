"""The calendar of a log: its season where earlier origins bear one out, and the level that no season explains.

The season: at each earlier origin with a year of log before it, a calendar is learned from what was known there, and
the orders that came are held against what the law expects with it and without. There is no season unless the errors
are smaller with it. A log too short to be asked keeps what the calendar's own uncertainty leaves of the season.

The level: a law that is fitted to cohorts that fade, or to customers who are older than the log, expects too many
orders at every origin. The mean of its errors over the quarters before the cutoff is carried on, as far as they agree:
a whole year of quarters, where the log has one, so that no season is taken for a level. Light and heavy customers each
have their own.
"""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pandas as pd

from patronage import cutoff as when
from patronage import names as c
from patronage.errors import FitError
from patronage.labels import LabelledSnapshot, Snapshot, buyers
from patronage.models.btyd.calendar import LEVEL_BORDERS, CalendarClock, HolidayEffect, level_group
from patronage.models.btyd.calendar_fit import FIRST, LAW, REPEATS, fit_calendar
from patronage.models.btyd.fit import FitCache, fit_orders
from patronage.models.btyd.holiday_fit import fit_holidays
from patronage.models.btyd.law import OrderLaw
from patronage.models.btyd.summary import Summary
from patronage.training.origins import CalendarHistory
from patronage.typing import Array

log = logging.getLogger(__name__)

LEAST_SPREAD = 180  # days between the first orders of an early and a late customer: else season and age are the same
LEAST_HISTORY = 420  # days of log, with which a calendar has seen a year without the log's first weeks
PRIOR_ORDERS = 50.0  # as if so many more had come as expected: a small log tells little about a level
LEVEL_SD = 0.125  # of the logarithm of a level, as `totals.py` has it
WINDOW_SD = 0.1  # by which a window's error differs from the next one's, as two windows of evidence before any is seen
PRIOR_WINDOWS = 2.0


def learn_calendar(history: CalendarHistory | None, current: Snapshot, fits: FitCache | None = None) -> CalendarClock:
    """
    The calendar for what follows the cutoff; flat, and saying why, where the log does not bear one out.

    Parameters
    ----------
    history
        None where no calendar is wanted, or the log has no earlier origin.
    current
        Customers who have bought by the cutoff.
    """
    holidays = fit_holidays(history.days[REPEATS], history.holidays) if history else ()
    if history is None or len(history.days) < LEAST_HISTORY:
        return CalendarClock(refused=f"fewer than {LEAST_HISTORY} days of log", holidays=holidays)
    if (spread := _spread(history.days)) < LEAST_SPREAD:
        return CalendarClock(
            refused=f"the customers came within {spread:.0f} days: season and age cannot be told apart",
            holidays=holidays,
        )
    origins = [buyers(origin) for origin in history.origins]
    try:
        calendar = _season(history, origins, current, holidays, fits)
        errors = [_errors(origin, _law(origin, calendar, fits), calendar) for origin in origins]
    except FitError as error:
        log.info("no calendar: %s", error)
        return CalendarClock(refused=str(error), holidays=holidays)
    if not errors:
        return calendar
    return replace(calendar, levels=tuple(np.exp(_carried_on(np.array(errors))).tolist()))


def _season(
    history: CalendarHistory,
    origins: list[LabelledSnapshot],
    current: Snapshot,
    holidays: tuple[HolidayEffect, ...],
    fits: FitCache | None,
) -> CalendarClock:
    """The calendar without a level; without waves where earlier origins were predicted no better by theirs."""
    days, first = history.days, history.days.index[0]
    errors = []
    for origin in origins:
        known = days[days.index <= _observed_day(origin)]
        if _observed_day(origin) - first + 1 < LEAST_HISTORY:
            break
        then = fit_holidays(known[REPEATS], history.holidays)
        learned, without = fit_calendar(known, origin.features, fits, then), CalendarClock(holidays=then)
        plain = _error(origin, _law(origin, without, fits), without)
        errors.append((f"{origin.cutoff:%Y-%m-%d}", plain, _error(origin, learned.law, learned.calendar)))
    losses = np.square([pair[1:] for pair in errors]).sum(axis=0)
    if errors and losses[1] >= losses[0]:
        refused = "earlier origins were predicted no better with a season"
        return CalendarClock(errors=tuple(errors), refused=refused, holidays=holidays)
    return replace(fit_calendar(days, current.features, fits, holidays).calendar, errors=tuple(errors))


def _law(origin: LabelledSnapshot, calendar: CalendarClock, fits: FitCache | None) -> OrderLaw:
    return fit_orders(LAW, *Summary.of(calendar.operational(origin.features)), fits)[0]


def _error(origin: LabelledSnapshot, law: OrderLaw, calendar: CalendarClock) -> float:
    """Logarithm of actual over expected orders in the window of an origin."""
    actual, expected = _orders(origin, law, calendar)
    return float(np.log((actual.sum() + PRIOR_ORDERS) / (expected.sum() + PRIOR_ORDERS)))


def _errors(origin: LabelledSnapshot, law: OrderLaw, calendar: CalendarClock) -> Array:
    """The same for each group of levels."""
    group = level_group(origin.features[c.FREQUENCY])
    actual, expected = (np.bincount(group, orders, len(LEVEL_BORDERS) + 1) for orders in _orders(origin, law, calendar))
    return np.asarray(np.log((actual + PRIOR_ORDERS) / (expected + PRIOR_ORDERS)))


def _orders(origin: LabelledSnapshot, law: OrderLaw, calendar: CalendarClock) -> tuple[Array, Array]:
    """Actual and expected orders of each customer in the window of an origin."""
    days, features = origin.horizon_days, origin.features
    summary = Summary.of(calendar.operational(features))
    expected = law.expected_orders(days, *summary, calendar.factor(features, days))
    return origin.labels[c.ORDERS].to_numpy(np.float64), expected


def _carried_on(errors: Array) -> Array:
    """The mean error over windows (rows) of each group, shrunk by how much they differ and how few they are."""
    spread = np.square(errors - errors.mean(axis=0)).sum(axis=0)
    variance = (PRIOR_WINDOWS * WINDOW_SD**2 + spread) / (PRIOR_WINDOWS + len(errors) - 1)
    return errors.mean(axis=0) * LEVEL_SD**2 / (LEVEL_SD**2 + variance / len(errors))


def _observed_day(origin: Snapshot) -> int:
    return when.days_since_epoch(origin.cutoff) - 1


def _spread(days: pd.DataFrame) -> float:
    """Days between the first orders of the tenth and the ninetieth of a hundred customers."""
    share = (days[FIRST].cumsum() / max(days[FIRST].sum(), 1)).to_numpy()
    low, high = (int(np.searchsorted(share, level)) for level in (0.1, 0.9))
    return float(high - low)
