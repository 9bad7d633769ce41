"""SQL that every engine spells alike."""

from __future__ import annotations


def text(value: str) -> str:
    """`value` as a SQL string literal."""
    return "'" + value.replace("'", "''") + "'"
