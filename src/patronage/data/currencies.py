"""Amounts of several currencies, which no sum may add."""

from __future__ import annotations

import re

from patronage import names as c
from patronage.data.columns import Column, IncomingTable
from patronage.data.contract import TRANSACTIONS
from patronage.data.finding import DataFinding, Severity
from patronage.engine import text

NAMED = re.compile(r"currency|(^|_)curr(_|$)|(^|_)ccy(_|$)|w(ae|ä)hrung|^devise$|^moneda$|^valuta$", re.I)
OTHERS = 0.001  # share of the rows in another currency than most, from which it matters


def find_currencies(table: IncomingTable, columns: list[Column], good: str) -> None:
    """Find a column that names the currency of each amount, and names several, where the amount is not computed."""
    engine, relation = table.engine, table.source.relation
    if table.contract is not TRANSACTIONS:
        return
    amount = next(column for column in columns if column.name == c.AMOUNT)
    for name, kind in engine.types(relation).items():
        if kind != "VARCHAR" or not NAMED.search(name) or engine.quote(amount.source) != amount.raw:
            continue
        word = f"upper(trim({engine.quote(name)}))"
        counts = engine.frame(
            f"SELECT {word} AS word, count(*) AS n FROM {relation} WHERE {good} AND {word} <> '' "
            "GROUP BY word ORDER BY n DESC, word"
        )
        share = 1 - counts["n"].iloc[0] / counts["n"].sum() if len(counts) else 0.0
        if share < OTHERS:
            continue
        most, other = counts["word"].iloc[:2]
        rate = f"{amount.source} * CASE upper(trim({name})) WHEN {text(other)} THEN 0.9 ELSE 1 END"
        table.findings.add(
            DataFinding(
                where=f"{table.name}.{c.AMOUNT}",
                what=f"the amounts are in {len(counts)} currencies by the column {name}: {share:.1%} of the rows are "
                f"not in {most}",
                effect="they are added as if they were one: spend, CLV and revenue are wrong where another is paid",
                remedy=f"make them one, as in {table.keys.column(table.name, c.AMOUNT, rate)}, or leave the others out "
                f"by {table.keys.option(table.name, 'where')}",
                severity=Severity.SEVERE,
                weight=float(share),
            )
        )
