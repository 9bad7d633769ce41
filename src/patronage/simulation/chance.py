"""The few ways in which rows are drawn, and time inside the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from patronage.simulation.kinds import Floats, Ints

BALLS = 64
DAY = 86_400

Urns = NDArray[np.int8]

# An order on a weekday on which the shop is quiet moves on by a day or two: by weekday, eight equal cases.
_MOVES = np.array(
    [[0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 1, 2], [0, 0, 0, 0, 0, 0, 1, 2], [0, 0, 0, 0, 0, 1, 1, 2],
     [0, 0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1, 1, 1]]
)  # fmt: skip


def generator(seed: int, *path: int) -> np.random.Generator:
    """The generator of one part of one block; what other parts draw changes nothing in it."""
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=path)))


def urns(weights: Floats) -> Urns:
    """(n, k) weights as (n, 64) balls: one integer draw and one look-up give a choice, whatever k is."""
    borders = np.cumsum(weights, axis=1)
    borders /= borders[:, -1:]
    return (np.arange(0.5, BALLS)[None, :, None] / BALLS > borders[:, None, :-1]).sum(axis=2, dtype=np.int8)


def pick(rng: np.random.Generator, urn: Urns, row: Ints) -> Ints:
    """One choice from the urn of each row."""
    return urn[row, rng.integers(0, BALLS, len(row), dtype=np.uint8)].astype(np.int64)


def choose(rng: np.random.Generator, weights: Floats, row: Ints | None = None, n: int = 0) -> Ints:
    """Exact choices: by (k,) weights n of them, by (m, k) weights one for each row of `row`."""
    table = np.cumsum(weights / weights.sum(axis=-1, keepdims=True), axis=-1)[..., :-1]
    if row is None:
        return (rng.random(n)[:, None] > table).sum(axis=1)
    return (rng.random(len(row))[:, None] > table[row]).sum(axis=1)


def repeat(rng: np.random.Generator, mean: Floats) -> Ints:
    """Poisson many copies of each position."""
    return np.repeat(np.arange(len(mean)), rng.poisson(mean))


def running(values: Floats, counts: Ints) -> Floats:
    """Cumulative sums that begin anew with each group of `counts`."""
    total = np.cumsum(values)
    before = np.concatenate(([0.0], total))[np.cumsum(counts) - counts]
    return total - np.repeat(before, counts)


@dataclass(frozen=True)
class Calendar:
    """The span of the log. Days are counted from its first midnight, moments in seconds from it."""

    start: date
    days: int

    @property
    def seconds(self) -> int:
        """Length of the log."""
        return self.days * DAY

    def month_starts(self) -> Ints:
        """The first day of every month that the log touches, as days (the first may be negative)."""
        return self._starts("M")

    def year_starts(self) -> Ints:
        """The same for years."""
        return self._starts("Y")

    def month_day(self, month: int, day: int) -> Ints:
        """That day in every year that the log touches."""
        years = self.year_starts() + np.datetime64(self.start, "D")
        return self._day(years.astype("datetime64[Y]").astype("datetime64[M]") + (month - 1)) + day - 1

    def weekday(self, day: Ints) -> Ints:
        """Monday is 0."""
        return (day + self.start.weekday()) % 7

    def busy(self, rng: np.random.Generator, day: Ints) -> Ints:
        """Days later, by which an order on a quiet weekday waits."""
        return _MOVES[self.weekday(day), rng.integers(0, 8, len(day))]

    def _starts(self, unit: Literal["M", "Y"]) -> Ints:
        first, last = (np.datetime64(self.start, "D") + day for day in (0, self.days - 1))
        return self._day(np.arange(first.astype(f"M8[{unit}]"), last.astype(f"M8[{unit}]") + 1))

    def _day(self, dates: NDArray[np.datetime64]) -> Ints:
        return (dates.astype("datetime64[D]") - np.datetime64(self.start, "D")).astype(np.int64)
