"""When things can happen: the calendar of the log, and the lifecycle of each customer in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from patronage.simulation.parameters import Ints
from patronage.simulation.settings import SimulatedConfig
from patronage.typing import Array, Mask

DAY = 86_400  # seconds
DAYS_A_YEAR = 365.25
FADING_SPEED = 0.4  # of the active clock between fading and leaving

# Days by which an order is postponed: by weekday, eight equally likely cases. Quiet weekdays lose orders to busy ones.
_POSTPONED = np.array(
    [[0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 1, 2], [0, 0, 0, 0, 0, 0, 1, 2], [0, 0, 0, 0, 0, 1, 1, 2],
     [0, 0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1, 1, 1]]
)  # fmt: skip


@dataclass(frozen=True)
class Calendar:
    """The span of the log. Days are counted from its first midnight, moments in seconds from it.

    Attributes
    ----------
    start, days
        First day and length of the log.
    messages_per_year, offers_per_year
        How many of each the business sends.
    """

    start: date
    days: int
    messages_per_year: int = 0
    offers_per_year: int = 0

    @classmethod
    def of(cls, settings: SimulatedConfig) -> Calendar:
        """Make the calendar of the settings."""
        start = date.fromisoformat(settings.start)
        return cls(start, settings.days, settings.messages_per_year, settings.offers_per_year)

    @property
    def seconds(self) -> int:
        """Length of the log."""
        return self.days * DAY

    @property
    def message_days(self) -> Ints:
        """The days on which messages are sent."""
        return self._evenly(self.messages_per_year)

    @property
    def offer_days(self) -> Ints:
        """The days on which offers are sent."""
        return self._evenly(self.offers_per_year)

    def week_starts(self) -> Ints:
        """The Mondays of the log, as days; the first may be negative, the last may lie after the end."""
        return 7 * np.arange(self.days // 7 + 2) - self.start.weekday()

    def month_starts(self) -> Ints:
        """The first day of every month that overlaps the log, as days; the first may be negative."""
        return self._starts("M")

    def year_starts(self) -> Ints:
        """The first day of every year that overlaps the log, as days; the first may be negative."""
        return self._starts("Y")

    def month_day(self, month: int, day: int) -> Ints:
        """A day of the year, in every year that overlaps the log."""
        years = self.year_starts() + np.datetime64(self.start, "D")
        return self._day(years.astype("datetime64[Y]").astype("datetime64[M]") + (month - 1)) + day - 1

    def weekday(self, day: Ints) -> Ints:
        """The weekday of each day of the log; Monday is 0."""
        return (day + self.start.weekday()) % 7

    def postponed(self, rng: np.random.Generator, day: Ints) -> Ints:
        """Draw the days by which an order on a quiet weekday is postponed."""
        return _POSTPONED[self.weekday(day), rng.integers(0, 8, len(day))]

    def timestamps(self, seconds: NDArray[np.generic], known: Mask | None = None) -> pa.Array:
        """Write seconds of the log as zone-less Arrow timestamps; null where not `known`."""
        origin = int(np.datetime64(self.start, "s").astype(np.int64))
        microseconds = (origin + seconds.astype(np.int64)) * 1_000_000
        return pa.array(microseconds, mask=None if known is None else ~known).cast(pa.timestamp("us"))

    def _evenly(self, per_year: int) -> Ints:
        step = DAYS_A_YEAR / max(per_year, 1)
        return np.arange(step / 2, self.days, step).astype(np.int64)[: None if per_year else 0]

    def _starts(self, unit: Literal["M", "Y"]) -> Ints:
        first, last = (np.datetime64(self.start, "D") + day for day in (0, self.days - 1))
        return self._day(np.arange(first.astype(f"M8[{unit}]"), last.astype(f"M8[{unit}]") + 1))

    def _day(self, dates: NDArray[np.datetime64]) -> Ints:
        return (dates.astype("datetime64[D]") - np.datetime64(self.start, "D")).astype(np.int64)


@dataclass(frozen=True)
class Lifecycle:
    """Five days in the life of each customer, (n,), counted in days of the log and cut at its end.

    The customer is interested from `interested`, fades from `fades`, is gone from `leaves`, and, if there is a
    return, is active again from `returns` to `leaves_again`. Meanwhile the customer's *active clock* runs: at full
    speed, at `FADING_SPEED` while fading, not at all while gone. What has a constant rate is drawn on that clock and
    brought to the calendar by `day_of`: so orders, visits and log-ins fade and stop together.
    """

    interested: Array
    fades: Array
    leaves: Array
    returns: Array
    leaves_again: Array

    @property
    def exposure(self) -> Array:
        """Days on the active clock within the log."""
        fading = FADING_SPEED * (self.leaves - self.fades)
        return (self.fades - self.interested) + fading + (self.leaves_again - self.returns)

    def day_of(self, age: Array, customer: Ints) -> Array:
        """The day of the log on which the active clock of each `customer` reads `age`."""
        interested, fades = self.interested[customer], self.fades[customer]
        leaves, returns = self.leaves[customer], self.returns[customer]
        age_fades = fades - interested
        age_leaves = age_fades + FADING_SPEED * (leaves - fades)
        return np.where(
            age < age_fades,
            interested + age,
            np.where(age < age_leaves, fades + (age - age_fades) / FADING_SPEED, returns + (age - age_leaves)),
        )

    def active(self, day: Array | Ints, customer: Ints) -> Mask:
        """Whether each `customer` is active on that day."""
        first = (day >= self.interested[customer]) & (day < self.leaves[customer])
        return first | ((day >= self.returns[customer]) & (day < self.leaves_again[customer]))

    def speed(self, day: Array | Ints, customer: Ints) -> Array:
        """The speed of the active clock on that day: 1, `FADING_SPEED`, or 0 for a customer who is not active."""
        fading = (day >= self.fades[customer]) & (day < self.leaves[customer])
        return np.where(self.active(day, customer), np.where(fading, FADING_SPEED, 1.0), 0.0)


def draw_lifecycle(
    rng: np.random.Generator, settings: SimulatedConfig, dropout: Array, wait_days: Array
) -> tuple[Ints, Array, Lifecycle]:
    """Draw the sign-up, the first order and the lifecycle of each customer.

    Parameters
    ----------
    dropout
        Departures per day, from the first order on.
    wait_days
        What the shopper type adds to the mean of five days from the interest to the first order.

    Returns
    -------
    tuple
        Whole day of the sign-up; day of the first order, infinite for a contact who never buys; the lifecycle.
    """
    n = len(dropout)
    signed_up = rng.integers(0, max(1, int(settings.days * settings.signup_span)), n)
    buys = rng.random(n) < settings.buyer_share
    interested = signed_up + 1 + rng.exponential(10.0, n)
    first_order = np.where(buys, interested + rng.exponential(5.0 + wait_days), np.inf)
    # A contact who never buys loses interest after a while, or never had any.
    loses_interest = np.where(rng.random(n) < 0.6, interested + rng.exponential(90.0, n), np.inf)
    leaves = np.where(buys, first_order + rng.exponential(1.0, n) / dropout, loses_interest)
    fades = np.where(buys, np.maximum(leaves - settings.fading_days, (first_order + leaves) / 2), leaves)
    comes_back = buys & (rng.random(n) < settings.return_share)
    returns = np.where(comes_back, leaves + 30 + rng.exponential(120.0, n), np.inf)
    leaves_again = returns + rng.exponential(1.0, n) / dropout
    interested = np.where(np.isfinite(leaves), interested, np.inf)
    moments = (interested, fades, leaves, returns, leaves_again)
    return signed_up, first_order, Lifecycle(*(np.minimum(moment, float(settings.days)) for moment in moments))
