"""Amounts of several currencies, which no sum may add."""

from __future__ import annotations

import re

from patronage import names as c
from patronage.data.columns import Column, IncomingTable
from patronage.data.contract import TRANSACTIONS
from patronage.data.expressions import TOKENS
from patronage.data.finding import DataFinding, Severity
from patronage.engine import Engine, text

NAMED = re.compile(r"currency|(^|_)curr(_|$)|(^|_)ccy(_|$)|w(ae|ä)hrung|^devise$|^moneda$|^valuta$", re.I)
OTHERS = 0.001  # share of the rows in another currency than most, from which it matters
RATE = re.compile(r"(^|_)(fx|rates?|exchange|converted|conversion|kurs|taux|cambio)(_|$)", re.I)  # of another column


def find_currencies(table: IncomingTable, columns: list[Column], good: str) -> None:
    """Find a column that names the currency of each amount, and names several, where the amount is not converted."""
    engine, relation = table.engine, table.source.relation
    if table.contract is not TRANSACTIONS:
        return
    amount = next(column for column in columns if column.name == c.AMOUNT)
    for name, kind in engine.types(relation).items():
        if kind != "VARCHAR" or not NAMED.search(name) or _is_converted(engine, amount, name):
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
        written = name if name.isidentifier() else engine.quote(name)
        amounts = table.source.written(engine, c.AMOUNT)
        rate = f"{amounts} * CASE upper(trim({written})) WHEN {text(other)} THEN 0.9 ELSE 1 END"
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


def _is_converted(engine: Engine, amount: Column, currency: str) -> bool:
    """Whether SQL for the amount reads the currency or a rate, so that the user has made the amounts one."""
    if engine.quote(amount.source) == amount.raw:
        return False
    named = {token.strip('"`') for token in TOKENS.findall(amount.source) if not token.startswith("'")}
    return any(name.casefold() == currency.casefold() or RATE.search(name) for name in named)
