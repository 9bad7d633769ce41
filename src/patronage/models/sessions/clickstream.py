"""Touchpoints and orders before a cutoff, from the engine: of a sample of customers, or of those with a recent cart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from patronage import cutoff as when
from patronage import names as c
from patronage.data import Tables
from patronage.data.contract import BY_BUSINESS, EVENTS, LEAVING
from patronage.engine import texts

MOST_EVENTS = 1_000_000  # in the fit; of a longer log a share of the customers, with all their events
CART, CHECKOUT = "add_to_cart", "checkout_started"


@dataclass(frozen=True)
class Clickstream:
    """The touchpoints of some customers in sessions, and all their orders.

    Attributes
    ----------
    touchpoints
        `customer` (position in `customers`), `session`, `at`, `event`; by customer and session in order of time.
    orders
        `customer`, `at`, `paid`; by customer in order of time.

    Every `at` is in seconds from the cutoff, so below 0.
    """

    customers: pd.Index
    touchpoints: pd.DataFrame
    orders: pd.DataFrame


def read_clickstream(
    tables: Tables, cutoff: datetime, *, carts_of_days: int | None = None, most_events: int = MOST_EVENTS
) -> Clickstream | None:
    """The clickstream of a sample of the customers; None where the source has no sessions.

    Parameters
    ----------
    carts_of_days
        Instead of the sample, all customers with a cart event in so many last days.
    most_events
        The sample has a share of the customers whose events are about as many.
    """
    if c.SESSION_ID not in tables.present.get(EVENTS.name, frozenset()):
        return None
    engine = tables.engine
    if carts_of_days is None:
        share = -(-tables.rows[EVENTS.name] // most_events)
        selected = f"{engine.bucket(c.CUSTOMER_ID, share)} = 0" if share > 1 else "true"
    else:
        recent = f"NOT ({when.before(c.OCCURRED_AT, cutoff - timedelta(days=carts_of_days), engine)})"
        selected = (
            f"customer_id IN (SELECT customer_id FROM events WHERE event IN ({texts((CART, CHECKOUT))}) AND {recent} "
            f"AND {when.before(c.OCCURRED_AT, cutoff, engine)})"
        )
    touchpoints = engine.frame(
        f"SELECT customer_id, session_id, occurred_at, event FROM events WHERE session_id IS NOT NULL "
        f"AND event NOT IN ({texts(BY_BUSINESS + LEAVING)}) AND {when.before(c.OCCURRED_AT, cutoff, engine)} "
        f"AND {selected}"
    )
    orders = engine.frame(
        f"SELECT customer_id, ordered_at, CAST(sum(amount) AS DOUBLE) / {tables.money_scale}.0e0 AS paid "
        f"FROM transactions WHERE amount >= 0 AND {tables.known(cutoff)} AND {selected} "
        "GROUP BY customer_id, ordered_at"
    )
    return build_clickstream(touchpoints, orders, cutoff)


def build_clickstream(touchpoints: pd.DataFrame, orders: pd.DataFrame, cutoff: datetime) -> Clickstream:
    """Sort rows of the two tables, and number their customers."""
    customers = pd.Index(np.unique(touchpoints[c.CUSTOMER_ID].astype(str)), name=c.CUSTOMER_ID)
    orders = orders[orders[c.CUSTOMER_ID].isin(customers)]

    def placed(rows: pd.DataFrame, moment: str) -> dict[str, object]:
        since = (rows[moment] - pd.Timestamp(cutoff)) // pd.Timedelta(seconds=1)
        return {"customer": customers.get_indexer(rows[c.CUSTOMER_ID].astype(str)), "at": since.to_numpy(np.int64)}

    names = {
        "session": touchpoints[c.SESSION_ID].astype(str).to_numpy(),
        "event": touchpoints[c.EVENT].astype(str).to_numpy(),
    }
    events = pd.DataFrame(placed(touchpoints, c.OCCURRED_AT) | names)
    bought = pd.DataFrame(placed(orders, c.ORDERED_AT) | {"paid": orders["paid"].to_numpy(np.float64)})
    return Clickstream(
        customers,
        events.sort_values(["customer", "session", "at", "event"], ignore_index=True),
        bought.sort_values(["customer", "at"], ignore_index=True),
    )
