"""The columns of one table: which of the source's become which canonical ones, and how each is read."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from patronage import names as c
from patronage.config import DataConfig
from patronage.data.contract import Contract
from patronage.data.expressions import expression
from patronage.data.finding import DataFindings
from patronage.data.keys import Keys
from patronage.data.pseudonyms import pseudonym
from patronage.data.source import SourceTable
from patronage.engine import Engine
from patronage.errors import ConfigError, DataError

# ISO 8601 in full, or it is not a date: DuckDB drops what follows a time (PM, EST) without a word
ISO = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s*(Z|UTC|[+-]\d{2}(:?\d{2})?)?)?$"
FLOATS = ("DOUBLE", "FLOAT")
EXACT = 2**53  # from which a double does not hold every whole number
WHOLE = r"^ *-?[0-9]+([.]0+)? *$"  # a whole number, with decimals or without
ZONED = r"\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s*(Z|UTC|[+-]\d{2}(:?\d{2})?)$"


@dataclass(frozen=True)
class IncomingTable:
    """A source's table on its way through the door, and all that decides how it is read."""

    engine: Engine
    contract: Contract
    source: SourceTable
    config: DataConfig
    keys: Keys
    findings: DataFindings = field(default_factory=DataFindings)

    @property
    def name(self) -> str:
        """Its canonical name."""
        return self.contract.name


@dataclass(frozen=True)
class Column:
    """A column that the source has.

    Attributes
    ----------
    name, source
        Its canonical name; and the source's name of it, or SQL over the source's columns.
    kind
        What it must be: id, label, time, money or number.
    type
        The engine's type, by DuckDB's names.
    raw, parsed
        SQL: the value as it is, and as its canonical type, NULL where it cannot be read.
    computed
        Whether the source is SQL over several columns or functions of them.
    """

    name: str
    source: str
    kind: str
    type: str
    raw: str
    parsed: str
    computed: bool = False

    @property
    def empty(self) -> str:
        """SQL: whether there is no value."""
        blank = f" OR trim({self.raw}) = ''" if self.type == "VARCHAR" else ""
        if self.kind == "id" and self.type in FLOATS:
            blank = f" OR CAST({self.raw} AS STRING) IN ('nan', 'NaN')"
        return f"({self.raw} IS NULL{blank})"


def resolve(table: IncomingTable) -> list[Column]:
    """Find the canonical columns that the source has, in the order of the contract.

    Raises
    ------
    ConfigError
        A mapping names a column that does not exist or names one twice, or a required column is missing.
    """
    types = table.engine.types(table.source.relation)
    kinds = {**table.contract.kinds, **dict.fromkeys(table.source.attributes, "label")}
    columns = [column for name, kind in kinds.items() if (column := _column(table, types, name, kind)) is not None]
    columns = _days_as_they_are(table, _without_decimals(table, columns))
    if table.config.pseudonymise:
        columns = [_pseudonymised(table, column) for column in columns]
    for source in {column.source for column in columns}:
        targets = [column.name for column in columns if column.source == source and column.name in table.contract.kinds]
        if len(targets) > 1:
            raise ConfigError(
                f"column {source} is mapped twice, to {' and '.join(targets)}; "
                f"give each its own by {table.keys.column(table.name, targets[-1])}"
            )
    return columns


def _column(table: IncomingTable, types: dict[str, str], name: str, kind: str) -> Column | None:
    """One canonical column; None where the source does not have it and need not."""
    engine, keys = table.engine, table.keys
    mapped = table.source.mapping.get(name)
    source, present = mapped or name, ", ".join(types)
    if source in types:
        raw = engine.quote(source)
        return Column(name, source, kind, types[source], raw, _parsed(table, kind, raw, types[source]))
    if mapped:
        computed = expression(engine, table.source.relation, types, mapped, keys.column(table.name, name, mapped))
        raw = f"({computed.sql})"
        return Column(name, source, kind, computed.type, raw, _parsed(table, kind, raw, computed.type), computed=True)
    if name in table.source.attributes:
        entry = keys.entry(table.name, "attributes", name)
        raise ConfigError(f"{entry}: no such column; the table has {present}")
    if name in table.contract.required:
        raise ConfigError(
            f"{table.name}.{name} is required and not there; the table has {present}; "
            f"name its column by {keys.column(table.name, name)}"
        )
    return None


def _parsed(table: IncomingTable, kind: str, raw: str, source_type: str) -> str:
    """SQL: the raw column as its canonical type, NULL where it cannot be read."""
    if kind in ("number", "money"):
        return f"TRY_CAST({raw} AS DOUBLE)"
    if kind == "time":
        return _moment(table, raw, source_type)
    if source_type in FLOATS:  # 17850.0 is 17850, which a missing value elsewhere in the column made a float
        whole = f"{raw} = floor({raw}) AND abs({raw}) < {EXACT}"
        return f"(CASE WHEN {whole} THEN CAST(CAST({raw} AS BIGINT) AS STRING) ELSE CAST({raw} AS STRING) END)"
    return f"nullif(CAST({raw} AS STRING), '')"


def _without_decimals(table: IncomingTable, columns: list[Column]) -> list[Column]:
    """The columns, ids that were written as floating point read as what they mean: 17850.0 is 17850.

    Text is read so where every id is a whole number and at least one was written with decimals; `1.5` is a name.
    """
    ids = [column for column in columns if column.kind == "id" and column.type == "VARCHAR"]
    if not ids:
        return columns
    endings = ", ".join(f"count(*) FILTER (WHERE {column.raw} LIKE '%.0')" for column in ids)
    counts = table.engine.row(f"SELECT {endings} FROM {table.source.relation}")
    ids = [column for column, rows in zip(ids, counts, strict=True) if rows]
    for column in ids:
        whole = table.engine.matches(column.raw, WHOLE)
        (others,) = table.engine.row(
            f"SELECT count(*) FILTER (WHERE NOT {column.empty} AND NOT {whole}) FROM {table.source.relation}"
        )
        if not others:
            parsed = f"regexp_replace({column.parsed}, '[.]0+ *$', '')"
            columns = [replace(column, parsed=parsed) if each is column else each for each in columns]
    return columns


def _days_as_they_are(table: IncomingTable, columns: list[Column]) -> list[Column]:
    """The columns, days that are stored as moments read as days: as instants of UTC they would be evenings before.

    A column of moments is one of days where no value has a time of day.
    """
    if table.config.naive_moments != "utc":
        return columns
    moments = [
        column
        for column in columns
        if column.kind == "time" and column.type.startswith("TIMESTAMP") and not column.type.endswith(("TZ", "ZONE"))
    ]
    if not moments:
        return columns
    tests = ", ".join(
        f"count(*) FILTER (WHERE {column.raw} <> CAST(CAST({column.raw} AS DATE) AS TIMESTAMP))" for column in moments
    )
    counts = table.engine.row(f"SELECT {tests} FROM {table.source.relation}")
    days = {column.name: column for column, rows in zip(moments, counts, strict=True) if not rows}
    return [
        replace(column, parsed=table.engine.clock(column.raw)) if column.name in days else column for column in columns
    ]


def _pseudonymised(table: IncomingTable, column: Column) -> Column:
    """The column, ids as pseudonyms."""
    if column.kind == "id" or column.name == c.ACCOUNT_ID:
        return replace(column, parsed=pseudonym(table.engine, column.parsed))
    return column


def _moment(table: IncomingTable, raw: str, source_type: str) -> str:
    """SQL: the raw column as clock time of the business.

    A moment without an offset is that clock time, or an instant of UTC, as the source says; a date is a day of the
    business's calendar whatever it says.
    """
    engine, zone = table.engine, table.config.timezone

    def naive(moment: str) -> str:
        return engine.utc_to_local(moment, zone) if table.config.naive_moments == "utc" else moment

    if table.source.date_format:
        written = engine.clock_of_format(f"trim(CAST({raw} AS STRING))", table.source.date_format)
        if any(code in table.source.date_format for code in ("%z", "%Z")):
            return engine.local_time(written, zone)
        return naive(written) if "%H" in table.source.date_format or "%I" in table.source.date_format else written
    if source_type.startswith("TIMESTAMPTZ") or source_type.endswith("WITH TIME ZONE"):
        return engine.local_time(engine.instant(raw), zone)
    if source_type == "VARCHAR":
        raw = f"trim({raw})"  # `2024-01-05 10:00-05:00 ` has its offset too
        # `10:00 -05:00` is `10:00-05:00`
        closed = f"substr({raw}, 1, 11) || replace(replace(substr({raw}, 12), ' -', '-'), ' +', '+')"
        zoned = engine.local_time(engine.instant(closed), zone)
        iso, has_offset = engine.matches(raw, ISO), engine.matches(raw, ZONED)
        return (
            f"(CASE WHEN NOT {iso} THEN NULL WHEN {has_offset} THEN {zoned} "
            f"WHEN length({raw}) <= 10 THEN {engine.clock(raw)} ELSE {naive(engine.clock(raw))} END)"
        )
    if source_type.startswith("TIMESTAMP"):
        return naive(engine.clock(raw))
    if source_type.startswith("DATE"):
        return engine.clock(raw)
    return engine.null("time")  # a number is no moment: reported by the rule for what does not parse


def check_zones(table: IncomingTable, columns: list[Column]) -> None:
    """Refuse text moments of which some have an offset and some do not: one of the two would shift silently.

    Raises
    ------
    DataError
        With the column and both counts.
    """
    for column in columns:
        if column.kind != "time" or column.type != "VARCHAR" or table.source.date_format:
            continue
        has_offset = table.engine.matches(f"trim({column.raw})", ZONED)
        zoned, total = table.engine.row(
            f"SELECT count(*) FILTER (WHERE {has_offset}), count({column.raw}) FROM {table.source.relation}"
        )
        if 0 < zoned < total:
            raise DataError(
                f"{table.name}.{column.name} (column {column.source}) mixes time zones: {zoned} of {total} rows "
                "carry an offset, the others none; write all of them with an offset or none"
            )
