"""Rows that occur twice: of transactions only the user knows what they are; a customer has one row."""

from __future__ import annotations

from patronage import names as c
from patronage.data.columns import IncomingTable
from patronage.data.contract import TRANSACTIONS
from patronage.engine import Engine
from patronage.errors import DataError, in_brackets

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
    if table.config.on_duplicate_rows == "fail":
        drop, keep = (table.keys.setting("on_duplicate_rows", policy) for policy in ("drop", "keep"))
        raise DataError(
            f"{table.name}: {extra} rows repeat another row in every column{in_brackets(example)}; "
            f"drop them by {drop}, or keep them as orders of their own by {keep}"
        )
    table.engine.table(table.name, f"SELECT DISTINCT * FROM {table.name}")
    return [f"{extra:,} repeated rows were dropped ({table.keys.setting('on_duplicate_rows')})"]


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
