"""The week of a customer: what its weekend is, by the country where this is known, and the parts of a day."""

from __future__ import annotations

from itertools import pairwise

from patronage.config import OccasionConfig
from patronage.engine import texts
from patronage.lenses.history import History


def countries(history: History, occasion: OccasionConfig) -> str:
    """SQL: the country of each customer, where weekends differ by it."""
    if occasion.country not in history.tables.attributes:
        return f"SELECT customer_id, {history.engine.null('text')} AS country FROM profiles WHERE false"
    return f"SELECT customer_id, {history.engine.quote(occasion.country)} AS country FROM profiles"


def is_weekend(weekday: str, history: History, occasion: OccasionConfig) -> str:
    """SQL: whether an ISO weekday belongs to the weekend in the customer's `country`."""
    by_country: dict[tuple[int, ...], list[str]] = {}
    for country, days in occasion.weekends.items() if occasion.country in history.tables.attributes else ():
        by_country.setdefault(tuple(sorted(set(days))), []).append(country)
    cases = [
        f"WHEN country IN ({texts(names)}) THEN {weekday} IN ({', '.join(map(str, days))})"
        for days, names in by_country.items()
    ]
    usual = f"{weekday} IN ({', '.join(str(day) for day in sorted(set(occasion.weekend)))})"
    return f"CASE {' '.join(cases)} ELSE {usual} END" if cases else usual


def day_parts(occasion: OccasionConfig) -> list[tuple[str, str, int]]:
    """Each part of the day: its name, the SQL that tests an hour, and its length in hours."""
    parts, first_hours = list(occasion.day_parts), [*occasion.day_parts.values(), 24]
    tests = [f"(hour >= {start} AND hour < {end})" for start, end in pairwise(first_hours)]
    tests[-1] = f"({tests[-1]} OR hour < {first_hours[0]})"
    lengths = [end - start for start, end in pairwise(first_hours)]
    lengths[-1] += first_hours[0]
    return list(zip(parts, tests, lengths, strict=True))
