"""A row per session: whether it has an order, and the customer's history as it began."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from patronage.models.sessions.clickstream import CART, CHECKOUT, Clickstream

Integers = NDArray[np.int64]

DAY, HALF_AN_HOUR = 86_400, 1_800  # seconds
PRIOR_DAYS = 30.0  # days without an order that a rate of orders starts from
NEVER = -(2**40)  # before every log
CUSTOMERS_APART = 2**42  # seconds, so that one sorted axis holds the moments of all customers


def session_table(clickstream: Clickstream) -> pd.DataFrame:
    """All sessions, by customer in order of time; the index numbers them.

    Returns
    -------
    DataFrame
        customer, session, begun, ended
            The customer, the session's id, and its first and last touchpoint.
        n_added, cart_at, checkout
            Touchpoints that put something into a cart, the last cart event (`NEVER` without any), and whether the
            checkout was begun.
        bought_at
            The last order of the session; `NEVER` without any.
        abandoned
            There was a cart event and no order followed in the session.
        buying_share, left_share
            As it began: shares of the earlier sessions with an order, and with an abandoned cart, of two more than
            there were.
        orders_per_day
            As it began: orders over days since the first session, and thirty more.
        days_since_visit, days_since_order
            As it began; missing without any.

    Shares, because counts grow with the log: a model of small counts would not hold for large ones.
    """
    cart = clickstream.touchpoints["event"].isin((CART, CHECKOUT))
    marked = clickstream.touchpoints.assign(
        cart_at=clickstream.touchpoints["at"].where(cart, NEVER),
        added=clickstream.touchpoints["event"] == CART,
        paying=clickstream.touchpoints["event"] == CHECKOUT,
    )
    sessions = marked.groupby(["customer", "session"], sort=True).agg(
        begun=("at", "min"), ended=("at", "max"), n_added=("added", "sum"),
        cart_at=("cart_at", "max"), checkout=("paying", "max"),
    )  # fmt: skip
    sessions = sessions.reset_index().sort_values(["customer", "begun", "session"], ignore_index=True)
    customer, begun = sessions["customer"].to_numpy(np.int64), sessions["begun"].to_numpy(np.int64)
    sessions["bought_at"] = _bought_at(sessions, clickstream.orders)
    bought = sessions["bought_at"] > NEVER
    sessions["abandoned"] = (sessions["cart_at"] > NEVER) & (sessions["bought_at"] < sessions["cart_at"])
    count, last = orders_before(clickstream.orders, customer, begun)
    known_days = (sessions["begun"] - sessions.groupby("customer")["begun"].transform("first")) / DAY
    before, ended = _sessions_before(sessions, pd.Series(True, sessions.index))
    return sessions.assign(
        buying_share=_sessions_before(sessions, bought)[0] / (before + 2),
        left_share=_sessions_before(sessions, sessions["abandoned"])[0] / (before + 2),
        orders_per_day=count / (known_days + PRIOR_DAYS),
        days_since_visit=np.where(before > 0, (begun - ended) / DAY, np.nan),
        days_since_order=np.where(count > 0, (begun - last) / DAY, np.nan),
    )


def _sessions_before(sessions: pd.DataFrame, marked: pd.Series) -> tuple[Integers, Integers]:
    """How many marked sessions of the same customer had ended as each began, and when the last of them ended.

    Sessions on two devices overlap: a session that has not ended is not known.
    """
    customer, ended = (sessions.loc[marked, name].to_numpy(np.int64) for name in ("customer", "ended"))
    ends = np.sort(on_one_axis(customer, ended))
    customers, begun = sessions["customer"].to_numpy(np.int64), sessions["begun"].to_numpy(np.int64)
    until = np.searchsorted(ends, on_one_axis(customers, begun))
    count = until - np.searchsorted(ends, on_one_axis(customers, np.full(len(sessions), NEVER)))
    return count, np.append(ends, NEVER)[until - 1] - on_one_axis(customers, np.zeros(len(sessions), np.int64))


def on_one_axis(customers: Integers, at: Integers) -> Integers:
    """Moments of all customers on one axis, customer after customer."""
    return customers * CUSTOMERS_APART + at


def orders_before(orders: pd.DataFrame, customers: Integers, at: Integers) -> tuple[Integers, Integers]:
    """The number of orders of these customers before these moments, and the last of them (`NEVER` without)."""
    owners, moments = orders["customer"].to_numpy(np.int64), orders["at"].to_numpy(np.int64)
    count = np.searchsorted(on_one_axis(owners, moments), on_one_axis(customers, at))
    count -= np.searchsorted(owners, customers)
    position = np.searchsorted(owners, customers) + count - 1
    return count, np.where(count > 0, np.append(moments, NEVER)[position], NEVER)


def next_order(orders: pd.DataFrame, customers: Integers, at: Integers) -> Integers:
    """The first order of these customers from these moments on; `-NEVER` where the log has none."""
    owners, moments = orders["customer"].to_numpy(np.int64), orders["at"].to_numpy(np.int64)
    position = np.searchsorted(on_one_axis(owners, moments), on_one_axis(customers, at))
    own = np.append(owners, -1)[position] == customers
    return np.where(own, np.append(moments, -NEVER)[position], -NEVER)


def _bought_at(sessions: pd.DataFrame, orders: pd.DataFrame) -> Integers:
    """(sessions,) the last order of each: of the latest session begun before an order, if that lasted until it."""
    customers, at = orders["customer"].to_numpy(np.int64), orders["at"].to_numpy(np.int64)
    begun = on_one_axis(sessions["customer"].to_numpy(), sessions["begun"].to_numpy())
    position = np.searchsorted(begun, on_one_axis(customers, at), "right") - 1
    row = position.clip(0)
    inside = (position >= 0) & (sessions["customer"].to_numpy()[row] == customers)
    inside &= at <= sessions["ended"].to_numpy()[row] + HALF_AN_HOUR
    last = np.full(len(sessions), NEVER)
    np.maximum.at(last, row[inside], at[inside])
    return last
