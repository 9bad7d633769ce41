"""How a column that the door cannot read might be read: the setting under which every one of its values is one.

Nothing is read so by itself: `1,016` is a thousand to one company and one to another. The remedy names what fits all
values; where two readings do, it names both.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime

from patronage.data.columns import Column, IncomingTable
from patronage.data.expressions import text_columns, with_columns

EARLIEST, LATEST = "DATE '1980-01-01'", "DATE '2100-01-01'"  # between them lie the moments of a log, by a right format


@dataclass(frozen=True)
class Writing:
    """A way to write numbers: what it is, the pattern that its values follow, and SQL over `{x}` that reads them."""

    what: str
    pattern: str
    sql: str


DIGITS = "regexp_replace({x}, '[^0-9.+-]', '', 'g')"
DECIMAL_COMMA = "replace(regexp_replace({x}, '[^0-9,+-]', '', 'g'), ',', '.')"
GROUPED = r"\d{1,3}([^\w.,()+-]?\d{3})*"  # by blanks of any kind or apostrophes
BESIDE = r"[^\d+.,()%-]*"  # a sign or word of a currency, and blanks
CURRENCY = r"upper(regexp_replace({x}, '[0-9.,+()\s\pZ-]', '', 'g'))"  # what stands beside
COMMA, GROUPS = 0, 1  # the two readings of `1,016`
NUMBERS = (  # the first that fits every value is the simplest
    Writing("the comma is decimal", r"^\s*[+-]?\d+(,\d+)?\s*$", "replace({x}, ',', '.')"),
    Writing("the comma groups thousands", r"^\s*[+-]?\d{1,3}(,\d{3})*(\.\d+)?\s*$", "replace({x}, ',', '')"),
    Writing("the comma groups lakhs", r"^\s*[+-]?\d{1,3}((,\d{2})*,\d{3})?(\.\d+)?\s*$", "replace({x}, ',', '')"),
    Writing(
        "the point groups thousands and the comma is decimal",
        r"^\s*[+-]?\d{1,3}(\.\d{3})*(,\d+)?\s*$",
        "replace(replace({x}, '.', ''), ',', '.')",
    ),
    Writing(
        "brackets are a minus",
        r"^\s*(-?\d+(\.\d+)?|\(\d+(\.\d+)?\))\s*$",
        "replace(replace({x}, '(', '-'), ')', '')",
    ),
    Writing(
        "the minus stands behind",
        r"^\s*\d+(\.\d+)?-?\s*$",
        "CASE WHEN {x} LIKE '%-' THEN '-' || replace({x}, '-', '') ELSE {x} END",
    ),
    Writing("blanks or apostrophes group thousands", rf"^[+-]?{GROUPED}(\.\d+)?$", DIGITS),
    Writing(
        "blanks or apostrophes group thousands and the comma is decimal", rf"^[+-]?{GROUPED}(,\d+)?$", DECIMAL_COMMA
    ),
    Writing("a currency stands beside", rf"^{BESIDE}[+-]?{BESIDE}\d+(\.\d+)?{BESIDE}$", DIGITS),
    Writing(
        "a currency stands beside and the comma is decimal",
        rf"^{BESIDE}[+-]?{BESIDE}(\d{{1,3}}(\.?\d{{3}})*|{GROUPED})(,\d{{1,2}})?{BESIDE}$",
        DECIMAL_COMMA,
    ),
    Writing(
        "a currency stands beside and the comma groups thousands",
        rf"^{BESIDE}[+-]?{BESIDE}\d{{1,3}}(,\d{{3}})*(\.\d+)?{BESIDE}$",
        DIGITS,
    ),
)
DAYS = (
    "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d/%m/%y",
    "%m/%d/%y", "%d.%m.%y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y", "%Y-%m-%d",
)  # fmt: skip
HOURS = (
    "", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", " %H:%M %z", " %H:%M:%S %z", "T%H:%M:%S", "%H%M", "%H%M%S",
)  # fmt: skip
STAMPS = (  # numbers that count from a beginning: how many digits they have before the point, and SQL that reads them
    ("seconds since 1970", 10, "make_timestamp(CAST({x} AS BIGINT) * 1000000)"),
    ("milliseconds since 1970", 13, "make_timestamp(CAST({x} AS BIGINT) * 1000)"),
    ("microseconds since 1970", 16, "make_timestamp(CAST({x} AS BIGINT))"),
    (
        "days of a spreadsheet",
        5,
        "TIMESTAMP '1899-12-30 00:00:00' + to_seconds(CAST(round(CAST({x} AS DOUBLE) * 86400) AS BIGINT))",
    ),
)
OBJECT = '{%"%:%}'  # how JSON objects are written
IDS = ("id", "uid", "oid", "uuid", "guid", "key")  # what the field of an id is called
MOST = 2  # readings that a line names


def how_to_read(table: IncomingTable, column: Column) -> str | None:
    """The settings that read every value of a column; None where none of ours does.

    Parameters
    ----------
    column
        One that has values which cannot be read as its kind.
    """
    if table.engine.cluster is not None or column.kind == "id":
        return None
    if column.kind == "time":
        readings = [] if column.type.startswith("TIMESTAMP") else [*_formats(table, column), *_stamps(table, column)]
    else:
        readings = _numbers(table, column) if column.type == "VARCHAR" else []
        if column.computed and not readings:
            return _operands(table, column)
    return " or ".join(readings[:MOST]) or None


def why_not(table: IncomingTable, column: Column) -> str | None:
    """What to do about values that no setting reads; None where nothing is known of them."""
    if table.engine.cluster is not None or column.type != "VARCHAR":
        return None
    if inside := _inside(table, column):
        return inside
    if column.kind == "id":
        return None
    return _formats_together(table, column) if column.kind == "time" else _beside(table, column)


def _inside(table: IncomingTable, column: Column) -> str | None:
    """The mapping to a field of JSON objects, such as `{"$oid": "5f1d"}`; None where the values are none."""
    (value,) = table.engine.row(
        f"SELECT min({column.raw}) FROM {table.source.relation} WHERE {column.raw} LIKE '{OBJECT}'"
    )
    try:
        fields = json.loads(value or "null")
    except json.JSONDecodeError:
        return None
    if not isinstance(fields, dict) or not fields:
        return None
    near = [name for name in fields if name.strip("$_").lower() in IDS] if column.kind == "id" else []
    named = [*near, *fields][0]
    path = named if named.isidentifier() else f'"{named}"'
    field_of = f"{{x}} ->> '$.{path}'"
    return f"name the field of the objects, as in {_mapping(table, column, field_of)}"


def _beside(table: IncomingTable, column: Column) -> str | None:
    """Percentages, and amounts of several currencies: each needs more than to read the figure."""
    (percent,) = table.engine.row(f"SELECT count(*) FROM {table.source.relation} WHERE contains({column.raw}, '%')")
    if percent:
        return f"they are percentages ({percent:,} rows): give {column.name} in the currency"
    words = _currencies(table, column)
    if len(words) < 2:
        return None
    return (
        f"they are in {len(words)} currencies ({', '.join(words[:MOST])}): make them one by SQL with your rates, or "
        f"leave the others out by {table.keys.option(table.name, 'where')}"
    )


def _currencies(table: IncomingTable, column: Column) -> list[str]:
    """What stands beside the figures, where each figure has something beside it."""
    word = CURRENCY.replace("{x}", column.raw)
    figures = table.engine.matches(column.raw, rf"^{BESIDE}[+-]?{BESIDE}\d[\d.,]*{BESIDE}$")
    counts = table.engine.frame(
        f"SELECT {word} AS word, count(*) AS n FROM {table.source.relation} WHERE {figures} GROUP BY word "
        "HAVING word <> '' ORDER BY n DESC, word LIMIT 10"
    )
    return [str(word) for word in counts["word"]]


def _formats_together(table: IncomingTable, column: Column) -> str | None:
    """Two formats that read every date between them, where none does alone."""
    given = table.source.date_format
    some = table.engine.frame(
        f"SELECT {column.raw} AS v FROM {table.source.relation} WHERE NOT {column.empty} LIMIT 200"
    )["v"].str.strip()
    read = {day + hour: {value for value in some if _follows(value, day + hour)} for day in DAYS for hour in HOURS}
    pairs = ((one, other) for one in ([given] if given in read else read) for other in read if one != other)
    everything = set(some)
    for one, other in pairs:
        if read[one] and read[other] and read[one] | read[other] == everything:
            both = ", and a day up to 12 may be both" if {one[:2], other[:2]} == {"%d", "%m"} else ""
            return f"some are written {one} and some {other}{both}: write them one way (ISO 8601)"
    return None


def _fitting(table: IncomingTable, column: Column, tests: list[str]) -> list[int]:
    """The numbers of the tests that hold for every value of the column."""
    counts = ", ".join(f"count(*) FILTER (WHERE NOT coalesce({test}, false))" for test in tests)
    header = f"lower(trim(CAST({column.raw} AS STRING))) = lower('{column.source.replace(chr(39), chr(39) * 2)}')"
    row = table.engine.row(
        f"SELECT count(*), {counts} FROM {table.source.relation} WHERE NOT {column.empty} AND NOT {header}"
    )
    return [number for number, failing in enumerate(row[1:]) if row[0] and not failing]


def _numbers(table: IncomingTable, column: Column) -> list[str]:
    tests = [table.engine.matches(column.raw, writing.pattern) for writing in NUMBERS]
    fitting = _fitting(table, column, tests)
    readings = fitting if fitting[:2] == [COMMA, GROUPS] else fitting[:1]
    if readings and "currency" in NUMBERS[readings[0]].what and len(_currencies(table, column)) > 1:
        return []
    return [f"{_mapping(table, column, NUMBERS[each].sql)} if {NUMBERS[each].what}" for each in readings]


def _operands(table: IncomingTable, column: Column) -> str | None:
    """The mapping of a computed number whose texts are read as numbers: `quantity * price` of prices such as `1,50 €`.

    None where all of them are numbers already, or no way to write numbers fits.
    """
    readings, told = {}, []
    for name in text_columns(table.engine.types(table.source.relation), column.source):
        quoted = table.engine.quote(name)
        operand = replace(column, source=name, type="VARCHAR", raw=quoted, parsed=f"TRY_CAST({quoted} AS DOUBLE)")
        if _fitting(table, operand, [f"{operand.parsed} IS NOT NULL"]):
            continue
        fitting = _fitting(table, operand, [table.engine.matches(operand.raw, writing.pattern) for writing in NUMBERS])
        if fitting and len(_currencies(table, operand)) < 2:
            writing = NUMBERS[fitting[0]]
            readings[name.casefold()] = f"CAST({writing.sql.replace('{x}', quoted)} AS DOUBLE)"
            told.append(f"{writing.what} in {name}")
    if not readings:
        return None
    sql = with_columns(column.source, readings)
    return f"{table.keys.column(table.name, column.name, sql)} if {' and '.join(told)}"


def _formats(table: IncomingTable, column: Column) -> list[str]:
    if column.type != "VARCHAR" and not column.type.endswith(("INT", "INTEGER")):
        return []
    written = f"CAST({column.raw} AS STRING)"
    some = table.engine.frame(f"SELECT {written} AS v FROM {table.source.relation} WHERE NOT {column.empty} LIMIT 50")
    sample = [value.strip() for value in some["v"] if value.strip().lower() != column.source.lower()]
    formats = [day + hour for day in DAYS for hour in HOURS if day + hour != table.source.date_format]
    formats = [each for each in formats if all(_follows(value, each) for value in sample)]
    if not formats:
        return []
    moments = (table.engine.clock_of_format(f"trim({written})", each) for each in formats)
    fitting = _fitting(table, column, [f"CAST({moment} AS DATE) BETWEEN {EARLIEST} AND {LATEST}" for moment in moments])
    return [table.keys.option(table.name, "date_format", formats[number]) for number in fitting]


def _follows(value: str, date_format: str) -> bool:
    try:
        moment = datetime.strptime(value, date_format)
    except ValueError:
        return False
    return "%d%H" not in date_format or moment.strftime(date_format) == value  # 0840 is no 8:4:00


def _stamps(table: IncomingTable, column: Column) -> list[str]:
    whole = f"floor(TRY_CAST({column.raw} AS DOUBLE))"
    tests = [
        f"{whole} BETWEEN {40_000 if digits == 5 else 3 * 10 ** (digits - 2)} AND {10**digits - 1}"
        for _, digits, _ in STAMPS
    ]
    readings = [STAMPS[number] for number in _fitting(table, column, tests)]
    return [f"{_mapping(table, column, sql)} if they are {what}" for what, _, sql in readings]


def _mapping(table: IncomingTable, column: Column, sql: str) -> str:
    """The setting that maps the column to SQL over it."""
    written = table.source.written(table.engine, column.name)
    return table.keys.column(table.name, column.name, sql.replace("{x}", written))
