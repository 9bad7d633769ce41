"""The relations of a history: the SQL behind each, and where it is kept.

What every lens reads again and again is a table; the rest is a view.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import count

from patronage import cutoff as when
from patronage import names as c
from patronage.config import LensesConfig
from patronage.data import Tables
from patronage.data.contract import CUSTOMERS, EVENTS, RETURNS, TRANSACTIONS, USERS, Contract
from patronage.lenses.category_totals import category_totals
from patronage.lenses.history import WHOLE, History, Part

_numbers = count(1)  # no two histories of a process share a name


def look_back(tables: Tables, cutoff: datetime, config: LensesConfig, period_days: int, part: Part = WHOLE) -> History:
    """The history of the customers of `part` before `cutoff`."""
    number, relations = next(_numbers), dict[str, str]()
    history = History(tables, cutoff, period_days, relations)

    def add(name: str, sql: str, *, table: bool) -> None:
        relations[name] = f"{name}_before_{cutoff:%Y%m%d}_{number}"
        (tables.engine.table if table else tables.engine.view)(relations[name], sql)

    within_part = f" AND {tables.engine.bucket(c.CUSTOMER_ID, part.of)} = {part.number}" if part.of > 1 else ""
    is_share = part.of > 1  # a share is read off the whole once, not by every lens
    add("order_lines", _rows_before(TRANSACTIONS, c.ORDERED_AT, history, within_part), table=is_share)
    add("orders", _orders(relations["order_lines"]), table=True)
    add("returns", _returns(history, within_part), table=False)
    add("near_orders", _near_orders(relations), table=False)
    add("order_days", _order_days(relations["orders"]), table=True)
    add("category_totals", category_totals(history, relations["order_lines"], config), table=True)
    add("events", _rows_before(EVENTS, c.OCCURRED_AT, history, within_part), table=is_share)
    add("signups", _signups(history, within_part), table=False)
    add("profiles", _profiles(history, within_part), table=False)
    if tables.has(USERS):
        known = when.before(c.SIGNED_UP_AT, cutoff, tables.engine) + within_part
        add("known_users", f"SELECT customer_id, user_id FROM {USERS} WHERE {known}", table=False)
    acts = " UNION ".join(
        f"SELECT customer_id FROM {relations[name]}" for name in ("order_lines", "returns", "events", "signups")
    )
    add("customers", acts, table=False)
    return history


def _rows_before(contract: Contract, moment: str, history: History, within_part: str) -> str:
    """SQL: the rows of a table before the cutoff."""
    tables, cutoff = history.tables, history.cutoff
    known = tables.known(cutoff) if contract is TRANSACTIONS else when.before(moment, cutoff, history.engine)
    return _rows_of(contract, tables, known + within_part)


def _rows_of(contract: Contract, tables: Tables, condition: str) -> str:
    """SQL: every column of the contract, and those that only this source has; NULL stands for what it lacks."""
    if not tables.has(contract.name):
        return f"SELECT {_columns(contract, tables)} FROM {TRANSACTIONS.name} WHERE false"
    return f"SELECT {_columns(contract, tables)} FROM {contract.name} WHERE {condition}"


def _columns(contract: Contract, tables: Tables) -> str:
    present = tables.engine.types(contract.name) if tables.has(contract.name) else {}
    kinds = {**contract.kinds, c.USER_ID: "id"} if tables.has(USERS) else contract.kinds
    lacking = [f"{tables.engine.null(kind)} AS {name}" for name, kind in kinds.items() if name not in present]
    return ", ".join([*map(tables.engine.quote, present), *lacking])


def _orders(order_lines: str) -> str:
    return f"""
        SELECT customer_id, order_id, min(ordered_at) AS ordered_at, count(*) AS n_lines,
               count(coupon) AS n_coupon_lines, sum(amount) AS revenue, max(channel) AS channel, max(device) AS device
        FROM {order_lines}
        WHERE amount >= 0 AND customer_id IN (SELECT customer_id FROM {order_lines} WHERE amount > 0)
        GROUP BY customer_id, order_id"""


def _returns(history: History, within_part: str) -> str:
    if not history.has(RETURNS):
        return f"SELECT customer_id, ordered_at AS refunded_at, amount FROM {TRANSACTIONS.name} WHERE false"
    return f"SELECT * FROM {RETURNS} WHERE {when.before(c.REFUNDED_AT, history.cutoff, history.engine)}{within_part}"


def _near_orders(relations: Mapping[str, str]) -> str:
    rows = (
        f"SELECT customer_id, ordered_at AS moment FROM {relations['order_lines']} "
        f"UNION ALL SELECT customer_id, refunded_at FROM {relations['returns']}"
    )
    return f"SELECT * FROM ({rows}) WHERE customer_id NOT IN (SELECT customer_id FROM {relations['orders']})"


def _order_days(orders: str) -> str:
    return f"""
        WITH dated AS (
            SELECT customer_id, CAST(ordered_at AS DATE) AS day, count(*) AS n_orders, sum(revenue) AS revenue
            FROM {orders} GROUP BY customer_id, CAST(ordered_at AS DATE)
        )
        SELECT *, lag(day) OVER (PARTITION BY customer_id ORDER BY day) AS previous FROM dated"""


def _profiles(history: History, within_part: str) -> str:
    """SQL: the attributes of customers; what an order line tells is known from that line on."""
    tables = history.tables
    rows = _rows_of(CUSTOMERS, tables, f"true{within_part}")
    if not tables.told_by_lines:
        return rows
    known = when.before(c.KNOWN_AT, history.cutoff, history.engine)
    told = (c.CUSTOMER_ID, c.ACQUISITION_CHANNEL, c.ACQUISITION_COST, *tables.attributes)
    names = {name: history.engine.quote(name) for name in told}
    columns = [
        f"CASE WHEN {known} THEN {quoted} END AS {quoted}" if name in tables.told_by_lines else quoted
        for name, quoted in names.items()
    ]
    return f"SELECT {', '.join(columns)} FROM ({rows}) AS profiles"


def _signups(history: History, within_part: str) -> str:
    """SQL: the sign-ups before the cutoff. A customer without a date is known from the first order or event on."""
    if not history.has(CUSTOMERS.name, c.SIGNED_UP_AT):
        return f"SELECT customer_id, ordered_at AS signed_up_at FROM {TRANSACTIONS.name} WHERE false"
    known = when.before(c.SIGNED_UP_AT, history.cutoff, history.engine) + within_part
    return f"SELECT customer_id, signed_up_at FROM {CUSTOMERS.name} WHERE {known}"
