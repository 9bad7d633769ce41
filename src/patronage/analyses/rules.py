"""Rules about customers: yes or no for each, several of one family that differ in their threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from patronage.statistics import residuals
from patronage.typing import Array, Mask

ALIKE = 0.98  # correlation of two rules that are one in other words
LEAST_LEFT = 0.01  # of a rule's variance, beside what it is held beside


@dataclass(frozen=True)
class Rules:
    """Candidate rules: `matrix` (N, R) of 0 and 1, the family and the wording of each.

    `beside` holds what effects are beside in addition to what those of all rules are, and `held_beside` its key for
    each rule: an act is held beside other acts of the same days, never beside itself, or its own effect would be taken
    away twice. `days` holds the day since which each customer fulfils a rule, and `day_of` its key for each rule: it
    tells which rule is fulfilled before which.
    """

    matrix: Array
    families: Sequence[str]
    wordings: Sequence[str]
    beside: Mapping[str, Array] = field(default_factory=dict)
    held_beside: Sequence[str] = ()
    days: Mapping[str, Array] = field(default_factory=dict)
    day_of: Sequence[str] = ()

    def of_at_least(self, least: int) -> Rules:
        """Those that at least so many customers fulfil, and so many do not."""
        sums = self.matrix.sum(axis=0)
        places = [int(k) for k in np.flatnonzero((sums >= least) & (sums <= len(self.matrix) - least))]
        return self.of(np.ones(len(self.matrix), bool), places)

    def without_doubles(self) -> Rules:
        """Without the rules that are an earlier one in other words, or its opposite."""
        return self.of(np.ones(len(self.matrix), bool), self.distinct())

    def distinct(self) -> list[int]:
        """The places of the rules that are no earlier one in other words, nor its opposite."""
        counts = self.matrix.astype(np.float32)  # whole numbers, exact up to 2**24 customers
        both, shares = (counts.T @ counts).astype(np.float64) / len(counts), self.matrix.mean(axis=0)
        spread = np.sqrt(shares * (1 - shares))
        limit = ALIKE * np.outer(spread, spread)
        alike = (np.abs(both - np.outer(shares, shares)) > limit) & (limit > 0)
        places: list[int] = []
        for place in range(len(self.wordings)):
            others = [k for k in places if self.families[k] != self.families[place]]
            if not alike[place, others].any():
                places.append(place)
        return places

    def of(self, rows: Mask, places: Sequence[int] | None = None) -> Rules:
        """Those of some customers, and of some places only."""
        chosen = range(len(self.wordings)) if places is None else places
        matrix = self.matrix if places is None else self.matrix[:, list(chosen)]
        return Rules(
            matrix if rows.all() else matrix[rows],
            [self.families[k] for k in chosen],
            [self.wordings[k] for k in chosen],
            {key: values[rows] for key, values in self.beside.items()},
            [self.held_beside[k] for k in chosen] if self.held_beside else (),
            {key: values[rows] for key, values in self.days.items()},
            [self.day_of[k] for k in chosen] if self.day_of else (),
        )

    def left_beside(self, adjust: Array) -> Array:
        """(N, R) what `adjust`, and what each rule is held beside, leave of every rule.

        Of a rule that they tell nearly whole, such as a step of a number that is held in steps, nothing is left: what
        rounding leaves of it would have any effect.
        """
        if self.held_beside:
            left, keys = np.empty_like(self.matrix), np.array(self.held_beside)
            for key in dict.fromkeys(self.held_beside):
                columns = np.flatnonzero(keys == key)
                more = [self.beside[key]] if key in self.beside else []
                left[:, columns] = residuals(self.matrix[:, columns], np.column_stack([adjust, *more]))
        else:
            left = residuals(self.matrix, adjust)
        shares = self.matrix.mean(axis=0)
        squares = np.einsum("ij,ij->j", left, left) / len(left)
        left[:, squares < LEAST_LEFT * shares * (1 - shares)] = 0.0
        return left

    def key_of(self, place: int) -> str:
        """The key of what a rule is held beside; empty where all are held beside the same."""
        return self.held_beside[place] if self.held_beside else ""

    def more_beside(self, place: int) -> list[Array]:
        """What the effect of one rule is beside, in addition to what those of all are; nothing, or one matrix."""
        return [self.beside[key] for key in self.held_beside[place : place + 1] if key in self.beside]

    def follows(self, place: int, other: int) -> bool:
        """Whether most customers who fulfil both fulfil the other rule on a later day, by more than two errors."""
        if not self.day_of:
            return False
        both = (self.matrix[:, place] > 0) & (self.matrix[:, other] > 0)
        later = int((self.days[self.day_of[other]][both] > self.days[self.day_of[place]][both]).sum())
        return later > both.sum() / 2 + np.sqrt(both.sum())
