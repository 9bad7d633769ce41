"""The fingerprint of a log: equal content, equal digits."""

from __future__ import annotations

from patronage.engine import Engine, text

START_OF_HALVES, DIGITS = (1, 13), 12  # 24 of the 32 digits of a hash, in two numbers that a BIGINT holds


def fingerprint(engine: Engine, tables: list[str]) -> str:
    """Hash the content of all tables, whatever the order of their rows.

    Returns
    -------
    str
        32 hexadecimal digits: the sums of the rows' hashes.
    """
    high = low = 0
    for table in tables:
        names = sorted(engine.types(table))
        row = " || '|' || ".join(f"coalesce(CAST({engine.quote(name)} AS STRING), '')" for name in names)
        halves = (engine.wide(engine.hexadecimal(f"substr(h, {start}, {DIGITS})")) for start in START_OF_HALVES)
        sums = ", ".join(f"sum({half})" for half in halves)
        first, second = engine.row(f"SELECT {sums} FROM (SELECT md5({text(table)} || {row}) AS h FROM {table})")
        high, low = high + int(first), low + int(second)
    return f"{high % 2**64:016x}{low % 2**64:016x}"
