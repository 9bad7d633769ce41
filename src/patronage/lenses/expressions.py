"""SQL expressions that several lenses share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from patronage.config import LensesConfig
from patronage.engine import text
from patronage.lenses.history import History

THOUSAND = 1000


def decay(history: History, day: str, config: LensesConfig) -> str:
    """SQL: the weight at the cutoff of an act of that DATE, where an act of today has the weight 1."""
    return f"power(0.5e0, {history.age(day)} / {float(config.interests.half_life_days)!r}e0)"


def thousandths(number: str) -> str:
    """SQL: a number as an integer of thousandths, whose sums are the same in every order of the rows."""
    return f"CAST(round({number} * {THOUSAND}) AS BIGINT)"


def words(vocabulary: Iterable[str]) -> str:
    """SQL: a vocabulary of the configuration as the list behind IN, in lower case; an empty one holds nothing."""
    return ", ".join(text(word.lower()) for word in vocabulary) or "NULL"


def case(values: Mapping[str, object], otherwise: object) -> str:
    """SQL: the value of the row's event, or the other one."""
    branches = " ".join(f"WHEN event = {text(event)} THEN {value}" for event, value in values.items())
    return f"CASE {branches} ELSE {otherwise} END" if branches else str(otherwise)


def effective_number(n: str) -> str:
    """SQL, an aggregate: the effective number of kinds of order 2 (Hill 1973; the inverse Simpson index) of counts."""
    return f"CAST(sum({n}) AS DOUBLE) * CAST(sum({n}) AS DOUBLE) / CAST(sum({n} * {n}) AS DOUBLE)"
