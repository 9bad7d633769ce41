"""The views that lenses read: what was known of every customer before a cutoff, and nothing else.

`lines`    the transactions before the cutoff; optional columns that the source lacks are NULL
`orders`   a row per order with at least one purchase line: when, how much, how many lines (and on coupons), where
`days`     a row per customer and day with an order, with the day before it: the unit in which BTYD counts
`touches`  the events before the cutoff, likewise; empty where a source brings none
`signups`  who had signed up before the cutoff, and when
`profiles` a row per customer with what was declared of her: acquisition channel and attributes
`users_known`  the people of accounts who had signed up, where accounts are the customers
`people`   everyone who is known before the cutoff: by an order, an event, or having signed up
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from patronage import cutoff as when
from patronage import names as c
from patronage.data import Tables
from patronage.data.contract import CUSTOMERS, EVENTS, TRANSACTIONS, USERS, Contract
from patronage.engine import Engine


@dataclass(frozen=True)
class History:
    """The views of one cutoff, and the expressions that depend on it.

    `period_days` is the length of a period of the journey.
    """

    engine: Engine
    cutoff: datetime
    present: Mapping[str, frozenset[str]]
    money_scale: int
    period_days: int
    attributes: Mapping[str, str]

    @property
    def today(self) -> str:
        """SQL: the day on which the cutoff falls, to subtract days from."""
        return f"CAST({self.engine.timestamp(self.cutoff)} AS DATE)"

    @property
    def last_day(self) -> str:
        """SQL: the last day of which anything is known."""
        return f"CAST({self.engine.timestamp(self.cutoff - timedelta(days=1))} AS DATE)"

    def money(self, expression: str) -> str:
        """SQL: an exact sum of minor units, in units of the currency."""
        return f"CAST({expression} AS DOUBLE) / {self.money_scale}.0e0"

    def age(self, day: str) -> str:
        """SQL: days from a DATE to the cutoff."""
        return self.engine.days(day, self.today)


@dataclass(frozen=True)
class Part:
    """Every `of`-th customer, by a hash of the id: a share of the work that fits into memory.

    Features are per customer, so that parts say the same as the whole.
    """

    number: int
    of: int


WHOLE = Part(0, 1)


def look_back(tables: Tables, cutoff: datetime, period_days: int, part: Part = WHOLE) -> History:
    """Make the views of everything before `cutoff` on the customers of `part`, replacing those of an earlier one."""
    engine = tables.engine
    keep = _keep_part if part.of > 1 else _keep_view
    mine = f" AND {engine.bucket(c.CUSTOMER_ID, part.of)} = {part.number}" if part.of > 1 else ""
    past = when.before(c.ORDERED_AT, cutoff, engine) + mine
    keep(engine, "lines", f"SELECT {_whole(TRANSACTIONS, tables)} FROM transactions WHERE {past}")
    engine.table(
        "orders",
        "SELECT customer_id, order_id, min(ordered_at) AS ordered_at, count(*) AS n_lines, "
        "count(coupon) AS n_coupon_lines, sum(amount) AS revenue, max(channel) AS channel, max(device) AS device "
        "FROM lines WHERE amount >= 0 GROUP BY customer_id, order_id",
    )
    engine.table(
        "days",
        "SELECT *, lag(day) OVER (PARTITION BY customer_id ORDER BY day) AS previous FROM ("
        "SELECT customer_id, CAST(ordered_at AS DATE) AS day, count(*) AS n_orders, sum(revenue) AS revenue "
        "FROM orders GROUP BY customer_id, CAST(ordered_at AS DATE))",
    )
    if tables.has(EVENTS.name):
        past = when.before(c.OCCURRED_AT, cutoff, engine) + mine
        keep(engine, "touches", f"SELECT {_whole(EVENTS, tables)} FROM events WHERE {past}")
    else:
        keep(engine, "touches", f"SELECT {_whole(EVENTS, tables)} FROM transactions WHERE false")
    engine.view("signups", _signups(tables, cutoff, mine))
    source = f"{CUSTOMERS.name} WHERE true{mine}" if tables.has(CUSTOMERS.name) else "transactions WHERE false"
    engine.view("profiles", f"SELECT {_whole(CUSTOMERS, tables)} FROM {source}")
    if tables.has(USERS):
        known = when.before(c.SIGNED_UP_AT, cutoff, engine) + mine
        engine.view("users_known", f"SELECT customer_id, user_id FROM {USERS} WHERE {known}")
    engine.view(
        "people",
        "SELECT customer_id FROM lines UNION SELECT customer_id FROM touches UNION SELECT customer_id FROM signups",
    )
    return History(engine, cutoff, tables.present, tables.money_scale, period_days, tables.attributes)


def _keep_view(engine: Engine, name: str, sql: str) -> None:
    engine.view(name, sql)


def _keep_part(engine: Engine, name: str, sql: str) -> None:
    """A part is read off the whole once, not by every lens."""
    engine.table(f"{name}_part", sql)
    engine.view(name, f"SELECT * FROM {name}_part")


def _whole(contract: Contract, tables: Tables) -> str:
    """SQL: every column of the contract, and those that only this source has; NULL stands for what it lacks."""
    there = tables.engine.types(contract.name) if tables.has(contract.name) else {}
    kinds = {**contract.kinds, c.USER_ID: "id"} if tables.has(USERS) else contract.kinds
    lacking = [f"{tables.engine.null(kind)} AS {name}" for name, kind in kinds.items() if name not in there]
    return ", ".join([*map(tables.engine.quote, there), *lacking])


def _signups(tables: Tables, cutoff: datetime, mine: str) -> str:
    """SQL: who had signed up before the cutoff, and when. An undated customer is known from her first act on."""
    if c.SIGNED_UP_AT not in tables.present.get(CUSTOMERS.name, frozenset()):
        return "SELECT customer_id, ordered_at AS signed_up_at FROM lines WHERE false"
    known = when.before(c.SIGNED_UP_AT, cutoff, tables.engine) + mine
    return f"SELECT customer_id, signed_up_at FROM customers WHERE {known}"
