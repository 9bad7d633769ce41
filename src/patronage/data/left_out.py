"""Rows that the user leaves out (`where`), counted by reason: what is no order of a customer, but in the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from patronage import names as c
from patronage.data.columns import IncomingTable, resolve
from patronage.data.contract import TRANSACTIONS
from patronage.data.expressions import expression
from patronage.data.finding import DataFinding, Severity
from patronage.engine import text
from patronage.errors import ConfigError, DataError

MATTERS = 0.002  # share of the revenue that is given back in rows left out, above which it is said


def reasons_of(where: Any, setting: str) -> dict[str, str]:
    """The reasons to leave rows out, each with the SQL that holds for such a row.

    Parameters
    ----------
    where
        As in SQL, a condition, or several in a list, that hold for the rows to keep; or a mapping of each reason to the
        condition that holds for the rows to leave out.
    setting
        How a message names it.

    Raises
    ------
    ConfigError
        It is something else.
    """
    if where is None or where == "":
        return {}
    if isinstance(where, Mapping):
        if all(isinstance(condition, str) and condition for condition in where.values()):
            return {str(reason): condition for reason, condition in where.items()}
    else:
        conditions = [where] if isinstance(where, str) else where
        if isinstance(conditions, Sequence) and all(
            isinstance(condition, str) and condition for condition in conditions
        ):
            return {f"not {condition}": f"NOT coalesce(({condition}), false)" for condition in conditions}
    raise ConfigError(
        f"{setting}={where}: expected SQL that holds for the rows to keep, a list of it, or a mapping of reasons to "
        'SQL that holds for the rows to leave out, such as {no customer: "customer IS NULL"}'
    )


def leave_out(table: IncomingTable) -> tuple[IncomingTable, list[str]]:
    """The table without the rows that its `where` leaves out, and how many those were.

    Returns
    -------
    tuple
        The table, over a view `kept_{name}` where rows are left out, and notes.

    Raises
    ------
    ConfigError
        A condition is no SQL over the columns.
    DataError
        No row remains.
    """
    if not table.source.where:
        return table, []
    engine, setting = table.engine, table.keys.option(table.name, "where")
    types, relation = engine.types(table.source.relation), table.source.relation
    conditions = {
        reason: expression(engine, relation, types, sql, f"{setting}: {sql}", condition=True).sql
        for reason, sql in table.source.where.items()
    }
    cases = " ".join(f"WHEN {sql} THEN {text(reason)}" for reason, sql in conditions.items())
    reasons = engine.frame(
        f"SELECT reason, count(*) AS n FROM (SELECT CASE {cases} END AS reason FROM {relation}) GROUP BY reason"
    )
    counts = {reason: int(n) for reason, n in zip(reasons["reason"], reasons["n"], strict=True) if reason in conditions}
    counted = ", ".join(f"{reason} {counts[reason]:,}" for reason in conditions if reason in counts)
    total = int(reasons["n"].sum())
    if total and sum(counts.values()) == total:
        raise DataError(
            f"{setting} leaves out all {total:,} rows of {table.name} ({counted}); a text or a list holds for the rows "
            "to keep, a mapping of reasons for the rows to leave out"
        )
    view = f"kept_{table.name}"
    engine.view(view, f"SELECT * FROM {relation} WHERE CASE {cases} END IS NULL")
    note = f"{sum(counts.values()):,} of {total:,} rows of {table.name} were left out ({setting}): {counted}"
    return replace(table, source=replace(table.source, relation=view)), [note] if counts else []


def find_credits(before: IncomingTable, table: IncomingTable) -> None:
    """Find money that is given back to customers in the rows that are left out.

    Parameters
    ----------
    before, table
        The transactions with the rows that are left out, and without.
    """
    if table.contract is not TRANSACTIONS or before.source.relation == table.source.relation:
        return
    columns = {column.name: column for column in resolve(table)}
    amount, customer = columns[c.AMOUNT].parsed, columns[c.CUSTOMER_ID]
    written = f"NOT {columns[c.AMOUNT].empty}"  # a text alone cast is cast while it is read, and fails on a header
    given_back = f"{written} AND {amount} < 0 AND NOT {customer.empty}"
    totals = (
        f"SELECT coalesce(sum({amount}) FILTER (WHERE {written} AND {amount} > 0), 0), "
        f"count(*) FILTER (WHERE {given_back}), coalesce(sum({amount}) FILTER (WHERE {given_back}), 0) FROM "
    )
    _, all_rows, all_money = table.engine.row(totals + before.source.relation)
    revenue, rows, money = table.engine.row(totals + table.source.relation)
    left_rows, left_money = all_rows - rows, money - all_money
    if left_rows <= 0 or left_money <= MATTERS * revenue:
        return
    where, charges = (table.keys.option(table.name, option) for option in ("where", "charges"))
    table.findings.add(
        DataFinding(
            where=f"{table.name}.{c.AMOUNT} (column {columns[c.AMOUNT].source})",
            what=f"{left_rows:,} rows that {where} leaves out give customers {left_money:,.2f} back "
            f"({left_money / revenue:.1%} of the revenue)",
            effect="customers whose money was given back so count as buyers",
            remedy=f"name fees, manual corrections and the like by {charges} in place of {where}",
            severity=Severity.SEVERE,
            weight=float(min(left_money / revenue, 1.0)),
        )
    )
