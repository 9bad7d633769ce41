"""What a customer was sent lately, an open cart, a date that comes: what the next action depends on beside labels."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd

from patronage import cutoff as when
from patronage import names as c
from patronage.data import Tables
from patronage.data.contract import CONTACTS, EVENTS, SENT
from patronage.decisions.personal_dates import personal_dates, upcoming
from patronage.engine import text

OPEN, NO_CART = "open", "none"
CART_DAYS = 7  # a cart is forgotten after
CART, UNSUBSCRIBED, ORDERED = "add_to_cart", "unsubscribed", "ordered"
COLUMNS = [c.CUSTOMER_ID, c.SENDER, c.MESSAGES, UNSUBSCRIBED, c.CART, c.PERSONAL_DATE, c.PERSONAL_DAY]


def contact_state(tables: Tables, cutoff: datetime, days: int) -> pd.DataFrame:
    """What is known of customers before the next contact.

    Parameters
    ----------
    days
        Messages are counted over so many days before the cutoff.

    Returns
    -------
    DataFrame
        A row per customer and sender: `customer_id`, `sender` (missing where the log does not tell), `messages`,
        `unsubscribed` (1 or 0: ever before the cutoff; who subscribes again is still left alone) and `cart` (open:
        filled in the last week, and no order since), `personal_date` and `personal_day` (the next of the customer's own
        dates, if it comes within a month). Customers without any of these have no row.
    """
    engine = tables.engine
    parts = []
    if tables.has(EVENTS.name):
        sender = c.SENDER if c.SENDER in tables.present[EVENTS.name] else engine.null("text")
        kinds = ", ".join(text(name) for name in (*SENT, CART, UNSUBSCRIBED))
        parts.append(
            f"SELECT customer_id, {sender} AS sender, occurred_at AS moment, event AS kind FROM events "
            f"WHERE event IN ({kinds}) AND {when.before(c.OCCURRED_AT, cutoff, engine)}"
        )
    if tables.has(CONTACTS.name):
        parts.append(
            f"SELECT customer_id, {engine.null('text')} AS sender, contacted_at AS moment, {text(SENT[0])} AS kind "
            f"FROM contacts WHERE arm <> 'control' AND {when.before(c.CONTACTED_AT, cutoff, engine)}"
        )
    if not parts:
        return _with_dates(pd.DataFrame(columns=COLUMNS[:5]), tables, cutoff)
    since = when.before("moment", cutoff - timedelta(days=days), engine)
    fresh = when.before("moment", cutoff - timedelta(days=CART_DAYS), engine)
    sent = ", ".join(text(name) for name in SENT)
    frame = engine.frame(
        f"""
        WITH acts AS ({" UNION ALL ".join(parts)}),
        last_orders AS (
            SELECT customer_id, max(ordered_at) AS last_order FROM transactions
            WHERE amount >= 0 AND {tables.known(cutoff)} GROUP BY customer_id
        )
        SELECT acts.customer_id, acts.sender,
               count(*) FILTER (WHERE kind IN ({sent}) AND NOT {since}) AS messages,
               max(CASE WHEN kind = '{UNSUBSCRIBED}' THEN 1 ELSE 0 END) AS unsubscribed,
               max(CASE WHEN kind = '{CART}' AND NOT {fresh} AND (last_order IS NULL OR moment > last_order)
                        THEN 1 ELSE 0 END) AS cart
        FROM acts LEFT JOIN last_orders ON acts.customer_id = last_orders.customer_id
        GROUP BY acts.customer_id, acts.sender ORDER BY acts.customer_id, acts.sender
        """
    )
    frame[c.CART] = frame[c.CART].map({1: OPEN, 0: NO_CART})
    return _with_dates(frame, tables, cutoff)


def _with_dates(state: pd.DataFrame, tables: Tables, cutoff: datetime) -> pd.DataFrame:
    """The same with the next own date of each customer."""
    coming = upcoming(personal_dates(tables, cutoff), cutoff).drop_duplicates(c.CUSTOMER_ID)
    coming = coming.rename(columns={"day": c.PERSONAL_DAY})
    if coming.empty:
        return state.reindex(columns=COLUMNS)
    state = state.merge(coming, "outer", on=c.CUSTOMER_ID) if len(state) else coming.reindex(columns=COLUMNS)
    filled = {c.MESSAGES: 0, UNSUBSCRIBED: 0, c.CART: NO_CART}
    state = state.astype(dict.fromkeys(filled, object)).fillna(filled)
    return state.astype({c.MESSAGES: int, UNSUBSCRIBED: int})[COLUMNS]
