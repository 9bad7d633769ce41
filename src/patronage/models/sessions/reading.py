"""Sessions and orders before a cutoff, from the engine: of a sample of customers, or of those with a recent cart."""

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

MOST = 1_000_000  # events to learn from; of a longer log a share of the customers, whole
CART, CHECKOUT = "add_to_cart", "checkout_started"


@dataclass(frozen=True)
class Clicks:
    """What some customers did in sessions, and what they ordered anywhere.

    Attributes
    ----------
    touches
        `who` (position in `customers`), `session`, `at`, `event`; by customer and session in order of time.
    orders
        `who`, `at`, `paid`; by customer in order of time.

    Every `at` is in seconds from the cutoff, so below 0.
    """

    customers: pd.Index
    touches: pd.DataFrame
    orders: pd.DataFrame


def read(tables: Tables, cutoff: datetime, *, carts_of_days: int | None = None) -> Clicks | None:
    """The clicks of a sample of the customers; None where the source knows no sessions.

    Parameters
    ----------
    carts_of_days
        Instead of the sample, everyone who touched a cart in the last days.
    """
    if c.SESSION_ID not in tables.present.get(EVENTS.name, frozenset()):
        return None
    engine = tables.engine
    if carts_of_days is None:
        share = -(-tables.rows[EVENTS.name] // MOST)
        whom = f"{engine.bucket(c.CUSTOMER_ID, share)} = 0" if share > 1 else "true"
    else:
        recent = f"NOT ({when.before(c.OCCURRED_AT, cutoff - timedelta(days=carts_of_days), engine)})"
        whom = (
            f"customer_id IN (SELECT customer_id FROM events WHERE event IN ({texts((CART, CHECKOUT))}) AND {recent} "
            f"AND {when.before(c.OCCURRED_AT, cutoff, engine)})"
        )
    touches = engine.frame(
        f"SELECT customer_id, session_id, occurred_at, event FROM events WHERE session_id IS NOT NULL "
        f"AND event NOT IN ({texts(BY_BUSINESS + LEAVING)}) AND {when.before(c.OCCURRED_AT, cutoff, engine)} AND {whom}"
    )
    orders = engine.frame(
        f"SELECT customer_id, ordered_at, CAST(sum(amount) AS DOUBLE) / {tables.money_scale}.0e0 AS paid "
        f"FROM transactions WHERE amount >= 0 AND {when.before(c.ORDERED_AT, cutoff, engine)} AND {whom} "
        "GROUP BY customer_id, ordered_at"
    )
    return clicks(touches, orders, cutoff)


def clicks(touches: pd.DataFrame, orders: pd.DataFrame, cutoff: datetime) -> Clicks:
    """Put rows of the two tables in order."""
    customers = pd.Index(np.unique(touches[c.CUSTOMER_ID].astype(str)), name=c.CUSTOMER_ID)
    orders = orders[orders[c.CUSTOMER_ID].isin(customers)]

    def placed(rows: pd.DataFrame, moment: str) -> dict[str, object]:
        since = (rows[moment] - pd.Timestamp(cutoff)) // pd.Timedelta(seconds=1)
        return {"who": customers.get_indexer(rows[c.CUSTOMER_ID].astype(str)), "at": since.to_numpy(np.int64)}

    acts = pd.DataFrame(
        placed(touches, c.OCCURRED_AT)
        | {"session": touches[c.SESSION_ID].astype(str).to_numpy(), "event": touches[c.EVENT].astype(str).to_numpy()}
    )
    bought = pd.DataFrame(placed(orders, c.ORDERED_AT) | {"paid": orders["paid"].to_numpy(np.float64)})
    return Clicks(
        customers,
        acts.sort_values(["who", "session", "at", "event"], ignore_index=True),
        bought.sort_values(["who", "at"], ignore_index=True),
    )
