"""
A law in calendar time: the season that all customers share, as a clock that runs faster when they order more.

Orders come at a customer's rate times s(t), an index with a mean of 1 over a year, and on known holidays times the
effect of each. With Lambda(t) the integral of s,
the customer is a plain customer of any buy-till-you-die law in the time that Lambda counts: the law is fitted to, and
asked for, ages and horizons on that clock. Every formula of the law stays as it is.

References
----------
Cox, Lewis (1966), The Statistical Analysis of Series of Events, ch. 3: a change of the time scale makes a
time-dependent Poisson process homogeneous.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from patronage import names as c
from patronage.typing import Array, Columns, Index

YEAR = 365.25
LEVEL_BORDERS = (0, 2, 7)  # repeat orders up to which each group of levels but the last reaches
GRID = np.arange(0, 1462) * YEAR / 1461  # a year in quarters of a day, both ends included


@dataclass(frozen=True)
class HolidayEffect:
    """
    What a known holiday does to the orders of its days.

    Parameters
    ----------
    spans
        First and last day of each time that it comes, past or to come, both included, since 1970-01-01.
    log_factor, sd
        Logarithm of its factor, and how uncertain that of the next time is.
    times
        How many times it was learned from; of one that never came, the factor is 1.
    """

    name: str
    spans: tuple[tuple[int, int], ...]
    log_factor: float
    sd: float
    times: int

    @property
    def factor(self) -> float:
        """What order rates are multiplied by on its days."""
        return float(np.exp(self.log_factor))

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> HolidayEffect:
        """The effect of which `dataclasses.asdict` gave these values, after a way through JSON."""
        return cls(**{**state, "spans": tuple((first, last) for first, last in state["spans"])})


@dataclass(frozen=True)
class CalendarClock:
    """
    The logarithm of the index as yearly waves, and the level of the horizon.

    Parameters
    ----------
    waves
        Coefficients of cos and sin of the year, of half a year, of a third, ...; empty where there is no season.
    covariance
        Of these coefficients: how uncertain the season is.
    levels
        Factors on the rates after the cutoff that no season explains, learned from the errors of earlier origins: one
        for each group of repeat orders (`LEVEL_BORDERS`), since what the many light customers do not do says little
        about the few heavy ones.
    errors
        For each earlier origin that was asked, the latest first: its date, and the logarithm of actual over expected
        orders without the calendar and with it.
    refused
        Why there is no season; empty where there is one.
    holidays
        The effects of known holidays.
    """

    waves: tuple[float, ...] = ()
    covariance: tuple[tuple[float, ...], ...] = ()
    levels: tuple[float, ...] = (1.0,) * (len(LEVEL_BORDERS) + 1)
    errors: tuple[tuple[str, float, float], ...] = ()
    refused: str = ""
    holidays: tuple[HolidayEffect, ...] = ()

    @property
    def even(self) -> bool:
        """Whether a day of the clock is a day."""
        return not self.waves and not self.holidays

    @property
    def flat(self) -> bool:
        """Whether the calendar changes nothing."""
        return self.even and set(self.levels) == {1.0}

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> CalendarClock:
        """The calendar of which `dataclasses.asdict` gave these values, after a way through JSON."""
        rows = {name: tuple(map(tuple, state[name])) for name in ("covariance", "errors")}
        holidays = tuple(HolidayEffect.of(holiday) for holiday in state.get("holidays", ()))
        own = {"waves": tuple(state["waves"]), "levels": tuple(state["levels"]), "holidays": holidays}
        return cls(**{**state, **own, **rows})

    def index(self, day: npt.ArrayLike) -> Array:
        """s(t) of the season at each moment, in days from 1970-01-01, without holidays."""
        return np.interp(np.asarray(day, np.float64) % YEAR, GRID, self._density())

    def elapsed(self, start: npt.ArrayLike, end: npt.ArrayLike) -> Array:
        """Days on the clock of the calendar from one moment to another, both in days from 1970-01-01."""
        start, end = np.asarray(start, np.float64), np.asarray(end, np.float64)
        clock = self._of_season(start, end)
        for holiday in self.holidays:
            clock = clock + (holiday.factor - 1) * self._within(holiday, start, end)
        return clock

    def _within(self, holiday: HolidayEffect, start: Array, end: Array) -> Array:
        """What the season alone gives to the days of a holiday between two moments."""
        parts = [
            self._of_season(np.clip(first, start, end), np.clip(last + 1, start, end)) for first, last in holiday.spans
        ]
        return np.sum(parts, axis=0) if parts else np.zeros(np.broadcast(start, end).shape)

    def _of_season(self, start: Array, end: Array) -> Array:
        if not self.waves:
            return end - start
        density = self._density()
        steps = np.diff(GRID) * (density[1:] + density[:-1]) / 2
        ahead = np.concatenate([[0.0], np.cumsum(steps)]) - GRID  # by how much the clock is ahead of the year
        return end - start + np.interp(end % YEAR, GRID, ahead) - np.interp(start % YEAR, GRID, ahead)

    def operational(self, features: Columns) -> dict[str, Any]:
        """The features with recency and T on the clock of the calendar."""
        columns = {name: features[name] for name in features}
        if self.even:
            return columns
        recency, age, last = (np.asarray(features[name], np.float64) for name in (c.RECENCY, c.T, c.OBSERVED_DAY))
        first = last - age + 1  # the moment after the day of the first order, as that of `T` is the end of its day
        on_clock = {c.RECENCY: self.elapsed(first, first + recency), c.T: self.elapsed(first, last + 1)}
        return {**columns, **on_clock}

    def factor(self, features: Columns, days: Array | float) -> Array:
        """(N,) what order rates are multiplied by in the next `days` days: the clock's mean speed, times the level.

        The days are one number for all, or one for each. What is read: the number of repeat orders, and the day on
        which the features were made.
        """
        if self.flat:
            return np.ones(np.shape(features[c.T]))
        start = np.asarray(features[c.OBSERVED_DAY], np.float64) + 1
        if np.ndim(days):
            season = self.elapsed(start, start + days) / days
        else:
            moments, inverse = np.unique(start, return_inverse=True)
            season = (self.elapsed(moments, moments + days) / days)[inverse]
        return season * np.asarray(self.levels)[level_group(features[c.FREQUENCY])]

    def log_sd(self, day: float, days: float) -> float:
        """Standard deviation of the logarithm of the clock's mean speed over `days` days from a moment."""
        start, end = np.array(day, np.float64), np.array(day + days, np.float64)
        parts = [holiday.sd * holiday.factor * float(self._within(holiday, start, end)) for holiday in self.holidays]
        of_holidays = float(np.sqrt(np.square(parts).sum())) / float(self.elapsed(start, end)) if parts else 0.0
        return float(np.hypot(self._season_sd(day, days), of_holidays))

    def _season_sd(self, day: float, days: float) -> float:
        if not self.waves:
            return 0.0
        moments = day + (np.arange(200) + 0.5) * days / 200
        weights = self.index(moments)
        slope = weights @ year_waves(moments, len(self.waves) // 2) / weights.sum() - self._mean_wave()
        return float(np.sqrt(max(slope @ np.asarray(self.covariance) @ slope, 0.0)))

    def _density(self) -> Array:
        """s(t) on the grid of a year."""
        if not self.waves:
            return np.ones_like(GRID)
        density = np.exp(year_waves(GRID, len(self.waves) // 2) @ np.asarray(self.waves))
        return density / density[:-1].mean()

    def _mean_wave(self) -> Array:
        """The waves weighted by the index, over a year: what the norm takes away when a coefficient moves."""
        density = self._density()[:-1]
        return density @ year_waves(GRID[:-1], len(self.waves) // 2) / density.sum()


FLAT = CalendarClock()


def level_group(frequency: npt.ArrayLike) -> Index:
    """(N,) the group whose level holds for a customer with so many repeat orders."""
    return np.searchsorted(LEVEL_BORDERS, np.asarray(frequency, np.float64))


def year_waves(day: npt.ArrayLike, pairs: int) -> Array:
    """(N, 2 * pairs) cos and sin of the year, of half a year, ..., at moments in days from 1970-01-01."""
    angle = 2 * np.pi * np.asarray(day, np.float64) / YEAR
    columns = [wave(k * angle) for k in range(1, pairs + 1) for wave in (np.cos, np.sin)]
    return np.column_stack(columns) if columns else np.zeros((len(angle), 0))
