"""SQL that every engine spells alike."""

from __future__ import annotations

from collections.abc import Iterable


def text(value: str) -> str:
    """`value` as a SQL string literal."""
    return "'" + value.replace("'", "''") + "'"


def texts(values: Iterable[str]) -> str:
    """The values as what stands within `IN (...)`; nothing is in an empty list."""
    return ", ".join(map(text, values)) or "NULL"


def number(value: float) -> str:
    """`value` as a SQL literal of a double, to the last bit; a bare 1.0 would be a DECIMAL."""
    return f"{value:.16e}"
