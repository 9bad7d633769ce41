"""Order numbers that are used again: a receipt counter that starts anew, or a number per customer."""

from __future__ import annotations

from patronage import names as c
from patronage.data.contract import TRANSACTIONS
from patronage.data.finding import DataFinding, DataFindings, Severity
from patronage.data.keys import Keys
from patronage.engine import Engine

EVER, CUSTOMER, DAY = "ever", "customer", "day"
SCOPES = (EVER, CUSTOMER, DAY)
NO_NUMBER = 0.5  # share of a value's days with several customers: more, and the column numbers no orders
FEWEST = 20  # values of a day: fewer say little
SPREAD = 0.05  # share of the orders with purchases on several days, above which it is said
APART_DAYS = 30  # lines of one order are billed within so many days; a later purchase has the number by chance


def separate_orders(engine: Engine, scope: str | None, findings: DataFindings, keys: Keys) -> None:
    """Give every order an id of its own.

    Parameters
    ----------
    scope
        Within what a number is unique: ever (it is left as it is), customer, or a customer's day. None: purchases under
        the number of another customer, or more than 30 days after the last one, are another order. A refund belongs to
        the purchase before it.
    """
    if scope != DAY:
        _find_spread(engine, findings, keys)
    if scope == EVER:
        return
    reused, customers, rows, total = _reused(engine, scope)
    if not reused:
        return
    none = scope is None and _is_no_number(engine)
    _rewrite(engine, scope)
    if scope is None:
        findings.add(_no_number(keys) if none else _finding(reused, customers, rows / total, keys))


def _find_spread(engine: Engine, findings: DataFindings, keys: Keys) -> None:
    """Find orders whose purchases are dated on several days soon after each other, as where each parcel has a line."""
    purchase = f"CASE WHEN {c.AMOUNT} > 0 THEN CAST({c.ORDERED_AT} AS DATE) END"
    days = engine.days(f"min({purchase})", f"max({purchase})")
    orders = (
        f"SELECT {days} AS days FROM {TRANSACTIONS.name} GROUP BY {c.CUSTOMER_ID}, {c.ORDER_ID} "
        f"HAVING count({purchase}) > 0"
    )
    spread, total, most = engine.row(
        f"SELECT count(*) FILTER (WHERE days BETWEEN 1 AND {APART_DAYS}), count(*), "
        f"max(days) FILTER (WHERE days <= {APART_DAYS}) FROM ({orders})"
    )
    if spread <= SPREAD * total:
        return
    findings.add(
        DataFinding(
            where=f"{TRANSACTIONS.name}.{c.ORDERED_AT}",
            what=f"{spread:,} of {total:,} orders have purchases on several days, up to {most:,} days apart",
            effect="a later line of an old order counts as coming back: churn is rated too low",
            remedy="map the day on which the order was placed, not that of its parcel or bill, by "
            f"{keys.column(TRANSACTIONS.name, c.ORDERED_AT)}",
            severity=Severity.SEVERE,
            weight=spread / total,
        )
    )


def _groups(engine: Engine, scope: str | None) -> str:
    """SQL: the numbers that stand for several orders."""
    purchase = f"CASE WHEN {c.AMOUNT} >= 0 THEN CAST({c.ORDERED_AT} AS DATE) END"
    days = engine.days(f"min({purchase})", f"max({purchase})")
    apart = {None: f"{days} > {APART_DAYS}", CUSTOMER: "false", DAY: f"{days} > 0"}[scope]
    several = f"min({c.CUSTOMER_ID}) <> max({c.CUSTOMER_ID})"
    return (
        f"SELECT {c.ORDER_ID}, {several} AS shared, count(*) AS lines FROM {TRANSACTIONS.name} "
        f"GROUP BY {c.ORDER_ID} HAVING {several} OR {apart}"
    )


def _reused(engine: Engine, scope: str | None) -> tuple[int, int, int, int]:
    """How many numbers may be several orders, how many of them belong to several customers, their rows and all rows."""
    numbers = engine.row(
        f"SELECT count(*), count(*) FILTER (WHERE shared), coalesce(sum(lines), 0) FROM ({_groups(engine, scope)})"
    )
    (total,) = engine.row(f"SELECT count(*) FROM {TRANSACTIONS.name}")
    reused, customers, rows = (int(value) for value in numbers)
    return reused, customers, rows, int(total)


def _rewrite(engine: Engine, scope: str | None) -> None:
    """Add the customer, and the number of the purchase before, to the ids of the numbers that are used again."""
    table, day = TRANSACTIONS.name, f"CAST({c.ORDERED_AT} AS DATE)"
    purchase = f"CASE WHEN {c.AMOUNT} >= 0 THEN {day} END"
    window = f"PARTITION BY {c.CUSTOMER_ID}, t.{c.ORDER_ID} ORDER BY {c.ORDERED_AT}, {c.AMOUNT} DESC"
    before = f"max({purchase}) OVER ({window} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    apart = {None: APART_DAYS, CUSTOMER: 10**6, DAY: 0}[scope]
    since = engine.days(f"coalesce({before}, {day})", day)
    begins = f"CASE WHEN {c.AMOUNT} >= 0 AND {since} > {apart} THEN 1 ELSE 0 END"
    names = [engine.quote(name) for name in engine.types(table) if name != c.ORDER_ID]
    begun = (
        f"SELECT t.*, g.{c.ORDER_ID} AS reused, {begins} AS begins FROM {table} AS t "
        f"LEFT JOIN ({_groups(engine, scope)}) AS g ON g.{c.ORDER_ID} = t.{c.ORDER_ID}"
    )
    counted = (
        f"SELECT *, sum(begins) OVER (PARTITION BY {c.CUSTOMER_ID}, {c.ORDER_ID} ORDER BY {c.ORDERED_AT}, "
        f"{c.AMOUNT} DESC ROWS UNBOUNDED PRECEDING) AS use FROM ({begun})"
    )
    number = (
        f"CASE WHEN reused IS NULL THEN {c.ORDER_ID} ELSE {c.ORDER_ID} || '@' || {c.CUSTOMER_ID} || '#' || "
        f"CAST(CAST(use AS BIGINT) AS STRING) END AS {c.ORDER_ID}"
    )
    engine.table(table, f"SELECT {', '.join(names)}, {number} FROM ({counted})")


def _is_no_number(engine: Engine) -> bool:
    """Whether the column is constant, or mostly means several customers within a day, as a till or a shop does."""
    days = (
        f"SELECT {c.ORDER_ID} AS number, min({c.CUSTOMER_ID}) AS one, max({c.CUSTOMER_ID}) AS other "
        f"FROM {TRANSACTIONS.name} GROUP BY {c.ORDER_ID}, CAST({c.ORDERED_AT} AS DATE)"
    )
    constant, uses, shared = engine.row(
        f"SELECT min(number) = max(number) AND min(one) <> max(other), count(*), "
        f"count(*) FILTER (WHERE one <> other) FROM ({days})"
    )
    return bool(uses >= FEWEST and (constant or shared > NO_NUMBER * uses))


def _no_number(keys: Keys) -> DataFinding:
    """The column names a shop, a till or nothing."""
    return DataFinding(
        where=f"{TRANSACTIONS.name}.{c.ORDER_ID}",
        what="the same value stands for several customers, mostly on the same day: it is no order number",
        effect=f"what a customer buys within {APART_DAYS} days of the last time is one order: too few, too large",
        remedy=f"map the order number by {keys.column(TRANSACTIONS.name, c.ORDER_ID)}, or, if there is none, say "
        f"{keys.setting('order_id_scope', DAY)}: what a customer buys on a day is an order",
        severity=Severity.SEVERE,
        weight=1.0,
    )


def _finding(reused: int, customers: int, share: float, keys: Keys) -> DataFinding:
    ever, day = (keys.setting("order_id_scope", scope) for scope in (EVER, DAY))
    others = f"by another customer ({customers:,})" if customers else ""
    later = f"after more than {APART_DAYS} days" if reused > customers else ""
    return DataFinding(
        where=f"{TRANSACTIONS.name}.{c.ORDER_ID}",
        what=f"{reused:,} order numbers are used again, {' or '.join(filter(None, (others, later)))}",
        effect=f"read as orders of their own ({share:.1%} of the rows); as one, orders would be too few and too large",
        remedy=f"say {ever} if a number is one order, or {day} if the numbers start anew every day",
        severity=Severity.SEVERE,
        weight=share,
    )
