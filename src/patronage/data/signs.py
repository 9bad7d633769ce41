"""Refunds written as purchases: a negative quantity, an order number or a flag says what the amount does not."""

from __future__ import annotations

import re

from patronage import names as c
from patronage.data.columns import Column, IncomingTable
from patronage.data.contract import TRANSACTIONS
from patronage.data.finding import DataFinding, Severity

MOSTLY = 0.5  # share of negative quantities that no shop has
FLAG = re.compile(
    r"^(is|was)?_?(refund(ed)?|return(ed)?|cancell?ed|void(ed)?|chargeback|reversed|storno)_?(flag)?$", re.I
)
TRUE = r"^(1|1[.]0+|t|true|y|yes|j|ja|x|oui|si)$"  # lower-case text of a value that is set
PREFIX = (  # of an order number, blanks around it or not
    r"^\s*(c|r|re|ret|ref|rfd|rtn|rma|cr|cn|cm|gs|st|refund|return|credit|storno)[-_ ]?[0-9]+\s*$"
)
INITIALS = "CcRrGgSs "  # with which these begin
MINORITY = 0.3  # share of the lines above which a prefix is how this company numbers its orders
LIKE_EARLIER = (
    0.5  # share of such lines that repeat the amount (and product) of an earlier one, and twice that of others
)


def find_lost_signs(table: IncomingTable, columns: list[Column], good: str) -> None:
    """Find refunds whose amount lacks its minus."""
    if table.contract is not TRANSACTIONS or table.engine.cluster is not None:
        return
    named = {column.name: column for column in columns}
    _quantities(table, named, good)
    _flags(table, columns, good)
    _numbers(table, named, good)


def _quantities(table: IncomingTable, columns: dict[str, Column], good: str) -> None:
    """Negative quantities of positive amounts."""
    if c.QUANTITY not in columns:
        return
    amount, quantity = columns[c.AMOUNT], columns[c.QUANTITY]
    negative = f"{quantity.parsed} < 0"
    turned, lines, negatives = table.engine.row(
        f"SELECT count(*) FILTER (WHERE {negative} AND {amount.parsed} > 0), "
        f"count(*) FILTER (WHERE {quantity.parsed} <> 0), count(*) FILTER (WHERE {negative}) "
        f"FROM {table.source.relation} WHERE {good}"
    )
    if not turned:
        return
    if negatives > MOSTLY * lines:
        table.findings.add(
            DataFinding(
                where=f"{table.name}.{c.QUANTITY}",
                what=f"{negatives:,} of {lines:,} quantities are negative",
                effect="units that are bought count as units sent back",
                remedy=f"if they are purchases, turn the sign by {_mapped(table, quantity, '-{x}')}",
                severity=Severity.SEVERE,
                weight=float(negatives / lines),
            )
        )
        return
    sql = f"CASE WHEN {table.source.written(table.engine, c.QUANTITY)} < 0 THEN -abs({{x}}) ELSE {{x}} END"
    what = f"{turned:,} of {lines:,} rows have a negative quantity and a positive amount"
    _add(table, f"{negative} AND {amount.parsed} > 0", what, _mapped(table, amount, sql), good, amount)


def _flags(table: IncomingTable, columns: list[Column], good: str) -> None:
    """Columns such as `is_refund` that are set where the amount is positive."""
    engine, relation = table.engine, table.source.relation
    amount = next(column for column in columns if column.name == c.AMOUNT)
    read = " ".join(column.raw for column in columns)
    for name in engine.types(relation):
        quoted = engine.quote(name)
        if not FLAG.match(name) or quoted in read:
            continue
        marked = f"{engine.matches(f'lower(trim(CAST({quoted} AS STRING)))', TRUE)} AND {amount.parsed} > 0"
        n, total = engine.row(f"SELECT count(*) FILTER (WHERE {marked}), count(*) FROM {relation} WHERE {good}")
        if 0 < n <= MOSTLY * total:
            (value,) = engine.row(f"SELECT min(CAST({quoted} AS STRING)) FROM {relation} WHERE {marked}")
            sql = f"CASE WHEN CAST({_plain(table, name)} AS VARCHAR) = '{value}' THEN -abs({{x}}) ELSE {{x}} END"
            what = f"{n:,} of {total:,} rows are set in the column {name}, but have a positive amount"
            leave = (
                f" if they are refunds, or leave out what came to nothing by {table.keys.option(table.name, 'where')}"
            )
            _add(table, marked, what, _mapped(table, amount, sql) + leave, good, amount)


def _numbers(table: IncomingTable, columns: dict[str, Column], good: str) -> None:
    """Order numbers such as C1234 among others, whose lines repeat earlier ones with a positive amount."""
    if c.ORDER_ID not in columns or columns[c.ORDER_ID].type != "VARCHAR":
        return
    engine, relation, amount, number = table.engine, table.source.relation, columns[c.AMOUNT], columns[c.ORDER_ID]
    begins = " OR ".join(f"{number.raw} >= '{one}' AND {number.raw} < '{chr(ord(one) + 1)}'" for one in INITIALS)
    coded = f"({begins}) AND {engine.matches(number.raw, PREFIX)} AND {amount.parsed} > 0"  # the cheap test first
    n, total, credits = engine.row(
        f"SELECT count(*) FILTER (WHERE {coded}), count(*), count(*) FILTER (WHERE {amount.parsed} < 0) "
        f"FROM {relation} WHERE {good}"
    )
    if not n or n > MINORITY * total or credits > n:
        return
    prefix = f"regexp_extract(lower(trim({number.raw})), '^[a-z]+')"
    least, most = engine.row(f"SELECT min({prefix}), max({prefix}) FROM {relation} WHERE {good} AND {coded}")
    if least != most:
        return
    if (again := share_of_repeats(table, columns, coded, good)) is None:
        return
    written = table.source.written(engine, c.ORDER_ID)
    sql = f"CASE WHEN lower({written}) LIKE '{least}%' THEN -abs({{x}}) ELSE {{x}} END"
    what = (
        f"{n:,} of {total:,} rows have an order number with {least.upper()} and a positive amount, {again:.0%} of them "
        "just that of an earlier purchase"
    )
    _add(table, coded, what, f"{_mapped(table, amount, sql)} if they are refunds", good, amount)


def share_of_repeats(table: IncomingTable, columns: dict[str, Column], marked: str, good: str) -> float | None:
    """Among marked lines, the share that repeats the amount of the customer's earlier purchase of the product.

    Parameters
    ----------
    columns
        The columns by their canonical names.
    marked
        SQL: whether a line may be a refund.

    Returns
    -------
    float or None
        None where they are no refunds: most repeat none, or other lines do so nearly as often.
    """
    amount = columns[c.AMOUNT].parsed
    shared = [c.CUSTOMER_ID, c.PRODUCT_ID] if c.PRODUCT_ID in columns else [c.CUSTOMER_ID]
    keys = ", ".join(f"{columns[name].parsed} AS {name}" for name in shared)
    lines = (
        f"SELECT {keys}, {amount} AS amount, {columns[c.ORDERED_AT].parsed} AS moment, "
        f"coalesce({marked}, false) AS marked FROM {table.source.relation} WHERE {good} AND {amount} > 0"
    )
    window = (
        f"PARTITION BY {', '.join(shared)}, amount ORDER BY moment ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
    )
    earlier = f"SELECT marked, count(*) OVER ({window}) > 0 AS again FROM ({lines})"
    again, others = table.engine.row(
        "SELECT avg(CAST(again AS INTEGER)) FILTER (WHERE marked), "
        f"avg(CAST(again AS INTEGER)) FILTER (WHERE NOT marked) FROM ({earlier})"
    )
    return None if again is None or again < LIKE_EARLIER or again < 2 * (others or 0.0) else float(again)


def _add(table: IncomingTable, rows: str, what: str, remedy: str, good: str, amount: Column) -> None:
    (share,) = table.engine.row(
        f"SELECT coalesce(sum({amount.parsed}) FILTER (WHERE {rows}) / nullif(sum({amount.parsed}) FILTER "
        f"(WHERE {amount.parsed} > 0), 0), 0) FROM {table.source.relation} WHERE {good}"
    )
    table.findings.add(
        DataFinding(
            where=f"{table.name}.{c.AMOUNT} (column {amount.source})",
            what=what,
            effect=f"refunds count as purchases ({share:.1%} of the revenue): customers who send back most rank high",
            remedy=f"give them their minus by {remedy}",
            severity=Severity.SEVERE,
            weight=float(share),
        )
    )


def _mapped(table: IncomingTable, column: Column, sql: str) -> str:
    """The setting that maps a column to SQL over it."""
    written = table.source.written(table.engine, column.name)
    return table.keys.column(table.name, column.name, sql.replace("{x}", written))


def _plain(table: IncomingTable, name: str) -> str:
    return name if name.isidentifier() else table.engine.quote(name)
