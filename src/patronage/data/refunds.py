"""What is odd about refunds: signs that are turned, refunds without their purchase, cancellations kept as purchases."""

from __future__ import annotations

from patronage import names as c
from patronage.data.columns import Column, IncomingTable
from patronage.data.contract import TRANSACTIONS
from patronage.data.finding import DataFinding, DataFindings, Severity
from patronage.data.keys import Keys
from patronage.data.returns import Matched
from patronage.data.signs import share_of_repeats
from patronage.data.source import SourceTable
from patronage.engine import Engine

NOTHING = (  # words that say that an order came to nothing
    r"refund(ed)?|return(ed)?|cancel(l?ed)?|cancell?ation|void(ed)?|chargeback|charged[ _-]back|revers(ed|al)|"
    r"declined|failed|unpaid|abandoned|payment[ _-]pending|(pending|awaiting)[ _-]payment|"
    r"credit[ _-]?(note|memo)|storno|storniert|retoure?|gutschrift|annul(led|[eé]e?)?|"
    r"rembours[eé]e?|retourn[eé]e?|devuelto|cancelad[oa]|reembolsad[oa]|annullat[oa]|rimborsat[oa]"
)
WORDS = rf"^\s*((partial(ly)?|fully)[ _-]?)?({NOTHING})\s*$"
AMONG = rf"(^|[^\pL])({NOTHING})([^\pL]|$)"  # such as "Cancelled by buyer", in a column of few values
BUT = (  # what takes it back: "not returned", "return window open"
    r"(^|[^\pL])(not|non|no|never|un|if|free|nicht|keine?|pas|sans|sin|window|policy|allowed|eligible|possible|until|"
    r"label|request(ed)?)([^\pL]|$)"
)
FEW_VALUES = 40  # of a column that holds a state; names and notes have more
MOSTLY = 0.5  # share of negative amounts that no shop has
UNMATCHED, FEWEST = 0.2, 10  # share of the refunds without a purchase, and how many they are, to be a finding
SHOWN = 3  # words in a line


def find_cancelled(table: IncomingTable, columns: list[Column], good: str) -> None:
    """Find orders that a column calls refunded or cancelled, but that have an amount as if they were paid."""
    engine, relation = table.engine, table.source.relation
    if table.contract is not TRANSACTIONS or engine.cluster is not None:
        return
    named = {column.name: column for column in columns}
    amount = named[c.AMOUNT].parsed
    read = " ".join(column.raw for column in columns)
    texts = [
        name for name, kind in engine.types(relation).items() if kind == "VARCHAR" and engine.quote(name) not in read
    ]
    if not texts:
        return
    values = engine.row(
        f"SELECT {', '.join(f'approx_count_distinct({engine.quote(name)})' for name in texts)} FROM {relation}"
    )
    states = {name for name, n in zip(texts, values, strict=True) if 1 < n <= FEW_VALUES}
    marked = {name: f"{_says_nothing(engine, name, name in states)} AND {amount} > 0" for name in texts}
    counts = ", ".join(f"count(*) FILTER (WHERE {test})" for test in marked.values())
    rows = engine.row(f"SELECT {counts} FROM {relation} WHERE {good}")
    for name, n in zip(texts, rows, strict=True):
        if n:
            _add_cancelled(table, name, int(n), marked[name], good, named)


def _says_nothing(engine: Engine, name: str, state: bool) -> str:
    """SQL: whether a column says that the order came to nothing; a state may say so in more words."""
    column = engine.quote(name)
    if not state:
        return engine.matches(column, WORDS)
    return f"({engine.matches(column, AMONG)} AND NOT {engine.matches(column, BUT)})"


def _add_cancelled(table: IncomingTable, name: str, n: int, marked: str, good: str, columns: dict[str, Column]) -> None:
    engine, relation, quoted = table.engine, table.source.relation, table.engine.quote(name)
    amount = columns[c.AMOUNT].parsed
    total, value = engine.row(
        f"SELECT count(*), coalesce(sum({amount}) FILTER (WHERE {marked}) / nullif(sum({amount}) FILTER "
        f"(WHERE {amount} > 0), 0), 0) FROM {relation} WHERE {good}"
    )
    words = engine.frame(f"SELECT DISTINCT {quoted} AS word FROM {relation} WHERE {marked} ORDER BY word")["word"]
    listed = ", ".join("'" + word.replace("'", "''") + "'" for word in words)
    shown = ", ".join(words[:SHOWN])
    column = name if name.isidentifier() else quoted
    where = table.keys.option(table.name, "where", f"coalesce({column}, '') NOT IN ({listed})")
    remedy = f"leave out what came to nothing by {where}, and give refunds of earlier orders a negative amount"
    if (again := share_of_repeats(table, columns, marked, good)) is not None:
        written = table.source.written(engine, c.AMOUNT)
        turned = f"CASE WHEN {column} IN ({listed}) THEN -abs({written}) ELSE {written} END"
        remedy = (
            f"{again:.0%} of them have just the amount of an earlier purchase: if they are refunds, give them their "
            f"minus by {table.keys.column(table.name, c.AMOUNT, turned)}"
        )
    table.findings.add(
        DataFinding(
            where=f"{table.name}.{c.AMOUNT}",
            what=f"{n:,} of {total:,} rows are {shown} by the column {name}, but have a positive amount",
            effect=f"they count as purchases ({value:.1%} of the revenue): customers who cancel most rank high",
            remedy=remedy,
            severity=Severity.SEVERE,
            weight=float(value),
        )
    )


def find_turned(engine: Engine, source: SourceTable, findings: DataFindings, keys: Keys) -> None:
    """Find a log of which most amounts are negative."""
    negative, total = engine.row(
        f"SELECT count(*) FILTER (WHERE {c.AMOUNT} < 0), count(*) FILTER (WHERE {c.AMOUNT} <> 0) "
        f"FROM {TRANSACTIONS.name}"
    )
    if negative <= MOSTLY * total:
        return
    turned = keys.column(TRANSACTIONS.name, c.AMOUNT, f"-{source.written(engine, c.AMOUNT)}")
    findings.add(
        DataFinding(
            where=f"{TRANSACTIONS.name}.{c.AMOUNT}",
            what=f"{negative:,} of {total:,} amounts are negative, which are refunds",
            effect="purchases with the sign turned are taken for refunds, and hardly anybody has bought",
            remedy=f"if they are purchases, turn the sign by {turned}",
            severity=Severity.SEVERE,
            weight=negative / total,
        )
    )


def find_unmatched(engine: Engine, matched: Matched, findings: DataFindings) -> None:
    """Find refunds that undo nothing, where they are many; those dated before their purchase apart."""
    without = matched.refunds - matched.undoing
    if without < max(FEWEST, UNMATCHED * matched.refunds):
        return
    refunds = f"SELECT {c.CUSTOMER_ID}, {c.ORDERED_AT}, {c.AMOUNT} FROM {TRANSACTIONS.name} WHERE {c.AMOUNT} < 0"
    purchases = f"SELECT {c.CUSTOMER_ID}, {c.ORDERED_AT}, {c.AMOUNT} FROM {TRANSACTIONS.name} WHERE {c.AMOUNT} > 0"
    (early,) = engine.row(
        f"SELECT count(*) FROM ({refunds}) AS r WHERE EXISTS (SELECT 1 FROM ({purchases}) AS p WHERE "
        f"p.{c.CUSTOMER_ID} = r.{c.CUSTOMER_ID} AND p.{c.AMOUNT} = -r.{c.AMOUNT} "
        f"AND p.{c.ORDERED_AT} > r.{c.ORDERED_AT})"
    )
    dates = f"; {early:,} have a later purchase of just that amount" if early else ""
    findings.add(
        DataFinding(
            where=f"{TRANSACTIONS.name}.{c.AMOUNT}",
            what=f"{without:,} of {matched.refunds:,} refunds undo no earlier purchase{dates}",
            effect="what was sent back still counts as an order, and the money is taken off elsewhere",
            remedy="check the dates and customers of refunds, map order_id and product_id, or begin the log earlier",
            severity=Severity.SEVERE,
            weight=1 - matched.undone / max(matched.amount, 1),
        )
    )
