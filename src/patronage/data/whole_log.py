"""What can be wrong with a log as a whole: tables that do not meet, files that overlap, one customer above all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from patronage import names as c
from patronage.config import DataConfig
from patronage.data.contract import CONTACTS, CUSTOMERS, EVENTS, TRANSACTIONS, USERS
from patronage.data.finding import DataFinding, DataFindings, Severity
from patronage.data.keys import Keys
from patronage.data.order_numbers import separate_orders
from patronage.data.source import SourceTable
from patronage.data.span import Span, find_span
from patronage.engine import Engine

NOBODY, FEW = 0.01, 0.5  # shares of the smaller table's customers that are in the other one
ENOUGH = 20  # customers of the smaller table: of fewer, that none is in the other says little
HEAVY, FEWEST = 0.1, 20  # share of one customer; below so many customers it means nothing
PLACEHOLDERS = (
    "0", "-1", "-", "?", "unknown", "guest", "anonymous", "anon", "test", "dummy", "default", "other", "customer",
    "999999", "9999999", "99999999", "999999999", "00000000-0000-0000-0000-000000000000",
)  # fmt: skip


def examine(
    engine: Engine,
    sources: Mapping[str, SourceTable],
    present: Mapping[str, frozenset[str]],
    config: DataConfig,
    findings: DataFindings,
    keys: Keys,
) -> Span:
    """Look at the canonical tables together; orders whose number is used again get ids of their own.

    Returns
    -------
    Span
        From when to when the log goes.

    Raises
    ------
    DataError
        Something is found for which training refuses a log.
    """
    _files(engine, sources[TRANSACTIONS.name], config, findings, keys)
    for name in (EVENTS.name, CUSTOMERS.name, CONTACTS.name):
        if name in sources:
            _join(engine, name, config, findings)
    users_own = config.source == "tables"  # whose numbers nobody here has made
    if c.ORDER_ID in present[TRANSACTIONS.name] and (users_own or config.order_id_scope):
        separate_orders(engine, config.order_id_scope, findings, keys)
    _heavy(engine, findings, keys)
    _placeholders(engine, findings, keys)
    observed_until = datetime.fromisoformat(config.observed_until) if config.observed_until else None
    return find_span(engine, observed_until, findings, keys)


def _join(engine: Engine, name: str, config: DataConfig, findings: DataFindings) -> None:
    """How many customers of a table are in the transactions."""
    other = USERS if name == CUSTOMERS.name and config.entity == "account" else name
    ids = {table: f"SELECT DISTINCT {c.CUSTOMER_ID} FROM {table}" for table in (TRANSACTIONS.name, other)}
    (here,), (there,) = (engine.row(f"SELECT count(*) FROM ({sql})") for sql in ids.values())
    (both,) = engine.row(
        f"SELECT count(*) FROM ({ids[TRANSACTIONS.name]}) AS a "
        f"JOIN ({ids[other]}) AS b ON a.{c.CUSTOMER_ID} = b.{c.CUSTOMER_ID}"
    )
    share = both / max(min(here, there), 1)
    if share >= FEW or not there:
        return
    examples = " and ".join(f"{table} such as {_shape(engine, table)}" for table in (TRANSACTIONS.name, name))
    lost = "attributes" if name == CUSTOMERS.name else name
    findings.add(
        DataFinding(
            where=f"{name}.{c.CUSTOMER_ID}",
            what=f"{both:,} of {here:,} customers of the transactions are among the {there:,} of {name} ({share:.1%})",
            effect=f"the {lost} reach hardly anybody, and the rest count as customers of their own",
            remedy=f"map the same id in both, written alike ({examples})",
            severity=Severity.REFUSED if share < NOBODY and min(here, there) >= ENOUGH else Severity.SEVERE,
            weight=1 - share,
        )
    )


def _shape(engine: Engine, table: str) -> str:
    """How ids of a table are written, without one of them: letters are a, digits 9."""
    letters = f"regexp_replace(regexp_replace(min({c.CUSTOMER_ID}), '[0-9]', '9', 'g'), '[A-Za-z]', 'a', 'g')"
    if engine.cluster is not None:
        letters = letters.replace(", 'g')", ")")
    (shape,) = engine.row(f"SELECT {letters} FROM {table}")
    return str(shape)[:40]


def _heavy(engine: Engine, findings: DataFindings, keys: Keys) -> None:
    """One customer who brings much of the revenue, or of the orders."""
    per_customer = (
        f"SELECT {c.CUSTOMER_ID}, sum(CASE WHEN {c.AMOUNT} > 0 THEN {c.AMOUNT} ELSE 0 END) AS revenue, "
        f"count(*) AS lines FROM {TRANSACTIONS.name} GROUP BY {c.CUSTOMER_ID}"
    )
    customers, revenue, most, lines, busiest = engine.row(
        f"SELECT count(*), sum(revenue), max(revenue), sum(lines), max(lines) FROM ({per_customer})"
    )
    if customers < FEWEST:
        return
    for measure, share in ((c.REVENUE, most / max(revenue, 1)), ("lines", busiest / max(lines, 1))):
        if share < max(HEAVY, 5 / customers):
            continue
        (example,) = engine.row(f"SELECT max_by({c.CUSTOMER_ID}, {measure}) FROM ({per_customer})")
        findings.add(
            DataFinding(
                where=f"{TRANSACTIONS.name}.{c.CUSTOMER_ID}",
                what=f"one customer of {customers:,} brings {float(share):.0%} of all {measure}",
                effect=f"totals of {measure} and every average follow this one; look at medians",
                remedy="is it a test account, a cash desk, a reseller? If it is no customer, leave it out by "
                f"{keys.option(TRANSACTIONS.name, 'where')}",
                severity=Severity.SEVERE,
                weight=float(share),
                example=str(example),
            )
        )


def _placeholders(engine: Engine, findings: DataFindings, keys: Keys) -> None:
    """Ids that stand for nobody in particular."""
    words = ", ".join(f"'{word}'" for word in PLACEHOLDERS)
    rows, total, word = engine.row(
        f"SELECT count(*) FILTER (WHERE lower(trim({c.CUSTOMER_ID})) IN ({words})), count(*), "
        f"min({c.CUSTOMER_ID}) FILTER (WHERE lower(trim({c.CUSTOMER_ID})) IN ({words})) FROM {TRANSACTIONS.name}"
    )
    (customers,) = engine.row(f"SELECT count(DISTINCT {c.CUSTOMER_ID}) FROM {TRANSACTIONS.name}")
    if not rows or customers < FEWEST:
        return
    findings.add(
        DataFinding(
            where=f"{TRANSACTIONS.name}.{c.CUSTOMER_ID}",
            what=f"{rows:,} of {total:,} rows have an id that stands for nobody in particular",
            effect="purchases of many are read as those of one very loyal customer",
            remedy=f"leave them out by {keys.option(TRANSACTIONS.name, 'where')}",
            severity=Severity.SEVERE if rows > NOBODY * total else Severity.NOTE,
            weight=rows / total,
            example=str(word),
            harmless=True,
        )
    )


def _files(engine: Engine, source: SourceTable, config: DataConfig, findings: DataFindings, keys: Keys) -> None:
    """Order numbers that stand in several files: exports that overlap."""
    number = source.mapping.get(c.ORDER_ID) or c.ORDER_ID
    if len(source.files) < 2 or number not in engine.types(source.files[0][1]):
        return
    column = engine.quote(number)
    union = " UNION ALL ".join(
        f"SELECT DISTINCT CAST({column} AS STRING) AS number, {position} AS file FROM {relation}"
        for position, (_, relation) in enumerate(source.files)
    )
    numbers = f"SELECT number, count(*) AS n, min(file) AS one, max(file) AS other FROM ({union}) GROUP BY number"
    repeated, total, one, other = engine.row(
        f"SELECT count(*) FILTER (WHERE n > 1), count(*), min(one) FILTER (WHERE n > 1), "
        f"max(other) FILTER (WHERE n > 1) FROM ({numbers})"
    )
    if not repeated:
        return
    share = repeated / total
    findings.add(
        DataFinding(
            where=f"{TRANSACTIONS.name}.{c.ORDER_ID}",
            what=f"{repeated:,} of {total:,} order numbers stand in several files, as in {source.files[one][0]} and "
            f"{source.files[other][0]}",
            effect="if the exports overlap, these orders count twice",
            remedy="give files that do not overlap; rows that are equal throughout can go by "
            f"{keys.setting('on_duplicate_rows', 'drop')}",
            severity=Severity.SEVERE,
            weight=share,
        )
    )
