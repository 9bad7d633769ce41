"""The one door: whatever a source brings becomes a canonical table, or one line says why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from patronage import names as c
from patronage.config import DataConfig
from patronage.data.contract import TRANSACTIONS, Contract
from patronage.data.pseudonyms import pseudonym
from patronage.engine import Engine, text
from patronage.errors import ConfigError, DataError, such_as

EARLIEST, LATEST = datetime(1900, 1, 1), datetime(2200, 1, 1)  # outside lies a parsing accident, not an order
HARMLESS = ("money", "number", "time")  # kinds of which an error line may show a value: it says of nobody who she is
AT_ONCE = 10_000_000  # rows that are grouped in one go
WIDEST = 2**53  # minor units beyond which a double, which most files hold, has lost the cents

# ISO 8601 in full, or it is not a date: DuckDB drops what follows a time (PM, EST) without a word
ISO = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s*(Z|UTC|[+-]\d{2}(:?\d{2})?)?)?$"
ZONED = r"\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s*(Z|UTC|[+-]\d{2}(:?\d{2})?)$"


@dataclass(frozen=True)
class SourceTable:
    """A table as a source has it.

    Attributes
    ----------
    relation
        Whatever may stand behind FROM.
    mapping
        Canonical column to the relation's column; None or nothing means the same name, if it is there.
    date_format
        How text is read as a moment; None means ISO 8601.
    attributes
        Further columns to keep as labels, by their own names.
    """

    relation: str
    mapping: Mapping[str, str | None]
    date_format: str | None = None
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LoadedTable:
    """A table behind the door: its canonical columns, rows, and what was done to it."""

    present: frozenset[str]
    rows: int
    notes: tuple[str, ...]
    quarantined: int


@dataclass(frozen=True)
class _Column:
    """One column on its way in."""

    name: str
    source: str
    kind: str
    type: str
    raw: str
    parsed: str

    @property
    def empty(self) -> str:
        blank = f" OR trim({self.raw}) = ''" if self.type == "VARCHAR" else ""
        return f"({self.raw} IS NULL{blank})"


@dataclass(frozen=True)
class _Rule:
    """One way for a row to be bad: SQL over the raw relation, and what to do about it."""

    column: _Column
    what: str
    bad: str
    remedy: str


def load_table(engine: Engine, contract: Contract, brought: SourceTable, config: DataConfig) -> LoadedTable:
    """Check a relation, and keep it as the canonical table of the contract's name.

    What the engine cannot read (rows of another width than the header, a broken file) is reported like the rest.

    Raises
    ------
    DataError
        One line: the column, how many rows, an example, the remedy.
    ConfigError
        The mapping names columns that do not exist, or one column twice.
    """
    try:
        return _load(engine, contract, brought, config)
    except engine.failure as error:
        reason = next((line for line in str(error).splitlines() if "rror" in line), "").strip()
        raise DataError(
            f"{config.name}: the {contract.name} cannot be read: {reason[:300]}; "
            "expected files of one form, every row with as many fields as the header"
        ) from error


def _load(engine: Engine, contract: Contract, brought: SourceTable, config: DataConfig) -> LoadedTable:
    columns = _resolve(engine, contract, brought, config)
    (total,) = engine.row(f"SELECT count(*) FROM {brought.relation}")
    if total == 0:
        raise DataError(f"{config.name}: the {contract.name} are empty; expected {contract.what}")
    _check_zones(engine, contract, brought, columns)
    rules = [rule for column in columns for rule in _rules(engine, contract, column, config)]
    quarantined = _apply(engine, contract, brought, config, rules)
    good = " AND ".join(f"NOT coalesce({rule.bad}, false)" for rule in rules) or "true"
    notes = [
        *_keep(engine, contract, brought, config, columns, good),
        *_treat_duplicates(engine, contract, config, total),
    ]
    (rows,) = engine.row(f"SELECT count(*) FROM {contract.name}")
    present = frozenset(column.name for column in columns)
    return LoadedTable(present, rows, tuple(notes), quarantined)


def _resolve(engine: Engine, contract: Contract, brought: SourceTable, config: DataConfig) -> list[_Column]:
    """The columns that exist, each with its source and how it is read."""
    types = engine.types(brought.relation)
    there = ", ".join(types)
    key = f"data.{contract.name}.columns"
    columns = []
    for name, kind in {**contract.kinds, **dict.fromkeys(brought.attributes, "label")}.items():
        source = brought.mapping.get(name) or name
        if source in types:
            parsed = _parse(engine, config, brought, kind, engine.quote(source), types[source])
            if config.pseudonymise and (kind == "id" or name == c.ACCOUNT_ID):
                parsed = pseudonym(engine, parsed)
            columns.append(_Column(name, source, kind, types[source], engine.quote(source), parsed))
        elif brought.mapping.get(name):
            raise ConfigError(f"{key}.{name}={source}: no such column; the table has {there}")
        elif name in brought.attributes:
            raise ConfigError(f"data.{contract.name}.attributes.{name}: no such column; the table has {there}")
        elif name in contract.required:
            raise ConfigError(
                f"{contract.name}.{name} is required and not there; the table has {there}; "
                f"name its column by {key}.{name}=..."
            )
    for source in {column.source for column in columns}:
        twice = [column.name for column in columns if column.source == source]
        if len(twice) > 1:
            raise ConfigError(
                f"column {source} is mapped twice, to {' and '.join(twice)}; give each its own by {key}.{twice[-1]}=..."
            )
    return columns


def _parse(engine: Engine, config: DataConfig, brought: SourceTable, kind: str, raw: str, type_: str) -> str:
    """SQL: the raw column as its canonical type, null where it cannot be."""
    if kind in ("number", "money"):
        return f"TRY_CAST({raw} AS DOUBLE)"
    if kind != "time":
        return f"nullif(CAST({raw} AS STRING), '')"
    if brought.date_format:
        return engine.clock_of_format(f"CAST({raw} AS STRING)", brought.date_format)
    if type_.startswith("TIMESTAMPTZ") or type_.endswith("WITH TIME ZONE"):
        return engine.local_time(engine.instant(raw), config.timezone)
    if type_ == "VARCHAR":
        zoned = engine.local_time(engine.instant(raw), config.timezone)
        iso, carries = engine.matches(f"trim({raw})", ISO), engine.matches(raw, ZONED)
        return f"(CASE WHEN NOT {iso} THEN NULL WHEN {carries} THEN {zoned} ELSE {engine.clock(raw)} END)"
    if type_.startswith(("TIMESTAMP", "DATE")):
        return engine.clock(raw)
    return engine.null("time")  # a number is no moment: reported by the rule for what does not parse


def _check_zones(engine: Engine, contract: Contract, brought: SourceTable, columns: list[_Column]) -> None:
    """Refuse text moments of which some carry an offset and some do not: one of the two would shift silently."""
    for column in columns:
        if column.kind != "time" or column.type != "VARCHAR" or brought.date_format:
            continue
        matches = engine.matches(column.raw, ZONED)
        zoned, total = engine.row(
            f"SELECT count(*) FILTER (WHERE {matches}), count({column.raw}) FROM {brought.relation}"
        )
        if 0 < zoned < total:
            raise DataError(
                f"{contract.name}.{column.name} (column {column.source}) mixes time zones: {zoned} of {total} rows "
                "carry an offset, the others none; write all of them with an offset or none"
            )


def _rules(engine: Engine, contract: Contract, column: _Column, config: DataConfig) -> list[_Rule]:
    """What can be wrong with a column, most basic first."""
    another = f"map another column by data.{contract.name}.columns.{column.name}=..."
    unreadable = f"NOT {column.empty} AND {column.parsed} IS NULL"
    rules = []
    if column.name in contract.required or column.name == c.ORDER_ID:
        rules.append(_Rule(column, "missing", column.empty, f"fill them, {another}"))
    if column.kind in ("number", "money"):
        rules += [
            _Rule(column, "not a number", unreadable, f"clean the column, {another}"),
            _Rule(column, "NaN or infinite", f"NOT {engine.finite(column.parsed)}", "repair what computes them"),
        ]
    if column.kind == "money":
        wide = f"{engine.finite(column.parsed)} AND abs({column.parsed}) * {10**config.money_decimals} >= {WIDEST}"
        rules.append(
            _Rule(column, f"too large for {config.money_decimals} decimals", wide, "lower data.money_decimals")
        )
        if column.name != c.AMOUNT:
            rules.append(_Rule(column, "negative", f"{column.parsed} < 0", "give it as a positive amount"))
    if column.kind == "time":
        span = f"{column.parsed} NOT BETWEEN {engine.timestamp(EARLIEST)} AND {engine.timestamp(LATEST)}"
        date_format = f"data.{contract.name}.date_format"
        how = f"write ISO 8601 (1998-01-31 or 1998-01-31 14:05:00), or say how to read them by {date_format}=%d/%m/%Y"
        rules += [
            _Rule(column, "not a date", unreadable, how),
            _Rule(column, f"outside {EARLIEST.year} to {LATEST.year}", span, f"check {date_format}"),
        ]
    return rules


def _apply(engine: Engine, contract: Contract, brought: SourceTable, config: DataConfig, rules: list[_Rule]) -> int:
    """Count what the rules find; fail on the first, or set the rows aside."""
    counts = [f"count(*) FILTER (WHERE {rule.bad})" for rule in rules]
    examples = [f"min(CAST({rule.column.raw} AS STRING)) FILTER (WHERE {rule.bad})" for rule in rules]
    found = engine.row(f"SELECT count(*), {', '.join(counts + examples)} FROM {brought.relation}")
    total, hits, shown = found[0], found[1 : 1 + len(rules)], found[1 + len(rules) :]
    if not any(hits):
        return 0
    if config.on_bad_rows == "fail":
        rule, hit, example = next(row for row in zip(rules, hits, shown, strict=True) if row[1])
        harmless = rule.column.kind in HARMLESS
        such = "" if example is None or not example.strip() else such_as(example, harmless=harmless)
        raise DataError(
            f"{contract.name}.{rule.column.name} (column {rule.column.source}): {hit} of {total} rows are "
            f"{rule.what}{such}; {rule.remedy}, or set the rows aside by data.on_bad_rows=quarantine"
        )
    bad = [f"coalesce({rule.bad}, false)" for rule in rules]
    reasons = [
        f"WHEN {test} THEN {text(f'{rule.column.name}: {rule.what}')}" for test, rule in zip(bad, rules, strict=True)
    ]
    aside = f"quarantine_{contract.name}"
    engine.table(
        aside, f"SELECT CASE {' '.join(reasons)} END AS reason, * FROM {brought.relation} WHERE {' OR '.join(bad)}"
    )
    (rows,) = engine.row(f"SELECT count(*) FROM {aside}")
    if rows == total:
        raise DataError(f"{contract.name}: all {total} rows are bad; data.on_bad_rows=fail says the first reason")
    return int(rows)


def _keep(
    engine: Engine, contract: Contract, brought: SourceTable, config: DataConfig, columns: list[_Column], good: str
) -> list[str]:
    """Write the canonical table; say what was rounded on the way."""
    unit = 10**config.money_decimals
    selected, off = {}, {}
    for column in columns:
        selected[column.name] = column.parsed
        if column.kind == "money":
            exact = f"{column.parsed} * {unit}"
            selected[column.name] = f"CAST(round({exact}) AS BIGINT)"
            off[column.name] = f"abs({exact} - round({exact})) > 1e-6 + 1e-12 * abs({exact})"
    notes = []
    if off:
        counts = ", ".join(f"count(*) FILTER (WHERE {test})" for test in off.values())
        rounded = engine.row(f"SELECT {counts} FROM {brought.relation} WHERE {good}")
        notes = [
            f"{rows:,} values of {name} were rounded to {config.money_decimals} decimals (data.money_decimals)"
            for name, rows in zip(off, rounded, strict=True)
            if rows
        ]
    if contract is TRANSACTIONS and c.ORDER_ID not in selected:
        selected[c.ORDER_ID] = f"{selected[c.CUSTOMER_ID]} || '@' || CAST({selected[c.ORDERED_AT]} AS STRING)"
        if config.on_duplicate_rows == "keep":  # equal rows are orders of their own
            twin = f"row_number() OVER (PARTITION BY {', '.join(column.raw for column in columns)} ORDER BY 1)"
            selected[c.ORDER_ID] += f" || '#' || CAST({twin} AS STRING)"
    named = ", ".join(f"{expression} AS {engine.quote(name)}" for name, expression in selected.items())
    engine.table(contract.name, f"SELECT {named} FROM {brought.relation} WHERE {good}")
    return notes


def _treat_duplicates(engine: Engine, contract: Contract, config: DataConfig, rows: int) -> list[str]:
    """Rows that stand twice. Of transactions only the user knows what they are; a customer can be only one."""
    table = contract.name
    if contract.moment is None:
        extra, example = _repeated(engine, table, [c.CUSTOMER_ID], rows)
    elif contract is TRANSACTIONS and config.on_duplicate_rows != "keep":
        extra, example = _repeated(engine, table, list(engine.types(table)), rows)
    else:
        return []  # the same thing done twice in a second is two events
    if not extra:
        return []
    if contract.moment is None:
        raise DataError(
            f"{table}.{c.CUSTOMER_ID}: {extra} rows repeat a customer{such_as(example)}; expected one row per customer"
        )
    if config.on_duplicate_rows == "fail":
        raise DataError(
            f"{table}: {extra} rows repeat another row in every column{such_as(example)}; "
            "drop them by data.on_duplicate_rows=drop, or keep them as orders of their own by "
            "data.on_duplicate_rows=keep"
        )
    engine.table(table, f"SELECT DISTINCT * FROM {table}")
    return [f"{extra:,} repeated rows were dropped (data.on_duplicate_rows)"]


def _repeated(engine: Engine, table: str, columns: list[str], rows: int) -> tuple[int, str | None]:
    """How many rows repeat another in these columns, and one of their customers; by shares that fit into memory."""
    names, extra, examples = ", ".join(columns), 0, []
    shares = 1 + rows // AT_ONCE
    for share in range(shares):
        mine = f"WHERE {engine.bucket(c.CUSTOMER_ID, shares)} = {share}" if shares > 1 else ""
        key = f"SELECT {names}, count(*) - 1 AS extra FROM {table} {mine} GROUP BY {names} HAVING count(*) > 1"
        more, example = engine.row(f"SELECT coalesce(sum(extra), 0), min({c.CUSTOMER_ID}) FROM ({key})")
        extra += int(more)
        examples += [example] if more else []
    return extra, min(examples, default=None)
