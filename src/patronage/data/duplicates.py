"""Rows that occur twice: of transactions only the user knows what they are; a customer has one row."""

from __future__ import annotations

from patronage import names as c
from patronage.data.columns import IncomingTable, resolve
from patronage.data.contract import TRANSACTIONS
from patronage.data.finding import DataFinding, Severity
from patronage.engine import Engine
from patronage.errors import DataError, in_brackets

WORDS = {  # in the name of a column, and what it may well be
    "order": c.ORDER_ID, "invoice": c.ORDER_ID, "receipt": c.ORDER_ID, "categor": c.CATEGORY, c.BRAND: c.BRAND,
    c.CHANNEL: c.CHANNEL, "store": c.LOCATION, "quantit": c.QUANTITY, "qty": c.QUANTITY,
}  # fmt: skip
AT_ONCE = 10_000_000  # rows that are grouped in one query


def treat_duplicates(table: IncomingTable, rows: int) -> list[str]:
    """Refuse or drop the repeated rows of the canonical table, as its contract and the configuration ask.

    Parameters
    ----------
    rows
        About how many rows the table has.

    Returns
    -------
    list of str
        A note where rows were dropped.

    Raises
    ------
    DataError
        A customer has several rows, or transactions repeat and `on_duplicate_rows` is fail.
    """
    if table.contract.moment is None:
        _check_one_row_per_customer(table, rows)
        return []
    if table.contract is not TRANSACTIONS or table.config.on_duplicate_rows == "keep":
        return []  # the same event twice in a second is two events
    extra, example = _repeated(table.engine, table.name, list(table.engine.types(table.name)), rows)
    if not extra:
        return []
    table.findings.add(_finding(table, extra, rows, example))
    if table.config.on_duplicate_rows == "fail":
        return []
    table.engine.table(table.name, f"SELECT DISTINCT * FROM {table.name}")
    return [f"{extra:,} repeated rows were dropped ({table.keys.setting('on_duplicate_rows')})"]


def _finding(table: IncomingTable, extra: int, rows: int, example: str | None) -> DataFinding:
    """What repeated rows mean: lines that an unmapped column tells apart are different purchases."""
    refused = table.config.on_duplicate_rows == "fail"
    drop, keep = (table.keys.setting("on_duplicate_rows", policy) for policy in ("drop", "keep"))
    differing, numbering = _differing(table)
    if differing:
        named = " and ".join(f"{name} (in {count:,})" for name, count in differing[:3])
        what = f"{extra} rows repeat another row in every mapped column, but differ in {named}, which is not mapped"
        suggested = table.keys.column(table.name, canonical_name(differing[0][0], table), differing[0][0])
        remedy = f"map what tells them apart, such as {suggested}, or keep them as orders of their own by {keep}"
        effect = f"to drop them would lose {_value(table)} of the amounts"
    else:
        what = f"{extra} rows repeat another row in every column of the table" + (
            f" but {numbering}, which only numbers the rows" if numbering else ""
        )
        remedy = f"keep them as orders of their own by {keep}, or, if the export wrote them twice, drop them by {drop}"
        effect = f"they hold {_value(table)} of the amounts, counted twice if the export repeats itself"
    return DataFinding(
        where=table.name,
        what=what,
        effect=effect if refused else f"{extra:,} rows were dropped: {effect}",
        remedy=remedy,
        severity=Severity.REFUSED if refused else Severity.SEVERE if differing else Severity.NOTE,
        weight=extra / max(rows, 1),
        example=example,
    )


def _differing(table: IncomingTable) -> tuple[list[tuple[str, int]], str | None]:
    """Unmapped columns of the source in which rows that repeat in the mapped ones differ, with the number of groups.

    A column that only numbers the rows tells no purchases apart; it comes second.
    """
    engine, columns = table.engine, resolve(table)
    read = " ".join(column.raw for column in columns)
    others = [name for name in engine.types(table.source.relation) if engine.quote(name) not in read]
    if not others:
        return [], None
    keys = ", ".join(column.raw for column in columns)
    numbering = next((name for name in others if _numbers_rows(table, name)), None)
    telling = [name for name in others if name != numbering]
    if not telling:
        return [], numbering
    counted = [f"count(DISTINCT {engine.quote(name)}) AS n{number}" for number, name in enumerate(telling)]
    groups = ", ".join(f"count(*) FILTER (WHERE n{number} > 1)" for number in range(len(telling)))
    grouped = f"SELECT {', '.join(counted)} FROM {table.source.relation} GROUP BY {keys} HAVING count(*) > 1"
    pairs = zip(telling, engine.row(f"SELECT {groups} FROM ({grouped})"), strict=True)
    return sorted(((name, int(count)) for name, count in pairs if count), key=lambda pair: -pair[1]), numbering


def _numbers_rows(table: IncomingTable, column: str) -> bool:
    """Whether a column is a whole number of its own in every row, with few numbers left out between them."""
    number = f"TRY_CAST(CAST({table.engine.quote(column)} AS STRING) AS BIGINT)"
    rows, values, width = table.engine.row(
        f"SELECT count(*), count(DISTINCT {number}), max({number}) - min({number}) FROM {table.source.relation}"
    )
    return values == rows and width < 2 * rows


def _value(table: IncomingTable) -> str:
    """The share of all amounts in rows that repeat another, in words."""
    names = ", ".join(table.engine.types(table.name))
    repeated = f"SELECT {c.AMOUNT} * (count(*) - 1) AS value FROM {table.name} GROUP BY {names} HAVING count(*) > 1"
    (twice,) = table.engine.row(f"SELECT coalesce(sum(abs(value)), 0) FROM ({repeated})")
    (total,) = table.engine.row(f"SELECT coalesce(sum(abs({c.AMOUNT})), 0) FROM {table.name}")
    return f"{int(twice) / max(int(total), 1):.1%}"


def canonical_name(column: str, table: IncomingTable) -> str:
    """The canonical column that a column of the user's may well be: by its name, else the product."""
    mapped = table.source.mapping
    named = (name for word, name in WORDS.items() if word in column.lower() and not mapped.get(name))
    return next(named, c.PRODUCT_ID)


def _check_one_row_per_customer(table: IncomingTable, rows: int) -> None:
    extra, example = _repeated(table.engine, table.name, [c.CUSTOMER_ID], rows)
    if extra:
        raise DataError(
            f"{table.name}.{c.CUSTOMER_ID}: {extra} rows repeat a customer{in_brackets(example)}; "
            "expected one row per customer"
        )


def _repeated(engine: Engine, table: str, columns: list[str], rows: int) -> tuple[int, str | None]:
    """Count the rows that repeat another in these columns, and name the first of their customers.

    A large table is grouped in shares of its customers, so that a share fits into memory.
    """
    names, extra, examples = ", ".join(columns), 0, []
    shares = 1 + rows // AT_ONCE
    for share in range(shares):
        where = f"WHERE {engine.bucket(c.CUSTOMER_ID, shares)} = {share}" if shares > 1 else ""
        repeated = f"SELECT {names}, count(*) - 1 AS extra FROM {table} {where} GROUP BY {names} HAVING count(*) > 1"
        more, example = engine.row(f"SELECT coalesce(sum(extra), 0), min({c.CUSTOMER_ID}) FROM ({repeated})")
        extra += int(more)
        examples += [example] if more else []
    return extra, min(examples, default=None)
