"""What a user writes in place of a column: SQL over the columns of the source."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import combinations

from patronage.engine import Engine
from patronage.errors import ConfigError

TOKENS = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|[\w$]+""")
NAME = re.compile(r"[\w .-]+")  # what is more likely a misspelt column than SQL
TEXT = re.compile(r"'(?:[^']|'')*'")
CHANGING = re.compile(r"\b(random|rand|randn|uuid|gen_random_uuid|uuidv\d|nextval|setseed)\s*\(", re.IGNORECASE)


@dataclass(frozen=True)
class Expression:
    """SQL that the engine accepts, and the type of its value."""

    sql: str
    type: str


def expression(
    engine: Engine, relation: str, types: Mapping[str, str], sql: str, setting: str, *, condition: bool = False
) -> Expression:
    """Check what the user wrote against a relation.

    A file of text has no numbers: where SQL does not fit text, the columns that it needs as numbers are read as such.

    Parameters
    ----------
    types
        The relation's columns and their types.
    setting
        How a message names the place where it was written.
    condition
        Whether it chooses rows, one by one.

    Raises
    ------
    ConfigError
        It is neither a column nor SQL over the columns, or gives another value each time.
    """
    if changing := CHANGING.search(TEXT.sub("''", sql)):
        raise ConfigError(
            f"{setting}: {changing[1]} gives another value each time the log is read, so that no run could be "
            "reproduced; write the values into the log, or draw by hash(...) of a column"
        )
    reason, beside = "", engine.quote(next(iter(types)))  # beside a column nothing can be a sum of all rows
    for candidate in _readings(engine, types, sql):
        rows = f"WHERE ({candidate})" if condition else ""
        try:
            relations = f"(SELECT ({candidate}) AS value, {beside} AS beside FROM {relation} {rows}) AS typed"
            return Expression(candidate, engine.types(relations)["value"])
        except engine.failure as error:
            reason = reason or str(error).splitlines()[0]
    present = ", ".join(types)
    if NAME.fullmatch(sql):
        close, (outer, _, inner) = get_close_matches(sql, types, n=1), sql.partition(".")
        hint = f"; did you mean {close[0]}?" if close else ""
        if inner and outer in types:
            hint = f"; if {outer} holds JSON objects, write {outer} ->> '$.{inner}'"
        raise ConfigError(f"{setting}: no such column; the table has {present}{hint}")
    bare = [name for name in types if not name.isidentifier() and name in sql and f'"{name}"' not in sql]
    hint = f'; write names such as {bare[0]} in double quotes: "{bare[0]}"' if bare else ""
    raise ConfigError(f"{setting}: neither a column nor SQL over the columns {present}: {reason[:200]}{hint}")


def text_columns(types: Mapping[str, str], sql: str) -> list[str]:
    """The columns of text that SQL names."""
    named = {_plain(token) for token in TOKENS.findall(sql)}
    return [name for name, type_ in types.items() if type_ == "VARCHAR" and name.casefold() in named]


def with_columns(sql: str, readings: Mapping[str, str]) -> str:
    """The SQL with other SQL in the place of some columns, by their names in small letters."""
    return TOKENS.sub(lambda token: readings.get(_plain(token.group()), token.group()), sql)


def _readings(engine: Engine, types: Mapping[str, str], sql: str) -> Iterator[str]:
    """The SQL as it is, then with ever more of its text columns read as numbers."""
    if (field := _field(engine, types, sql)) is not None:
        yield field
    texts = text_columns(types, sql)
    for count in range(len(texts) + 1):
        for chosen in combinations(texts, count):
            yield _as_numbers(engine, sql, chosen)


def _field(engine: Engine, types: Mapping[str, str], sql: str) -> str | None:
    """The SQL of a field inside a column, such as `order.at`, whose words may mean something in SQL."""
    parts = sql.split(".")
    if len(parts) < 2 or not types.get(parts[0], "").upper().startswith("STRUCT") or not NAME.fullmatch(sql):
        return None
    return ".".join(map(engine.quote, parts))


def _as_numbers(engine: Engine, sql: str, columns: tuple[str, ...]) -> str:
    return with_columns(sql, {name.casefold(): f"TRY_CAST({engine.quote(name)} AS DOUBLE)" for name in columns})


def _plain(token: str) -> str:
    """The column that a token may name; a text in single quotes names none."""
    return "" if token.startswith("'") else token.strip('"`').casefold()
