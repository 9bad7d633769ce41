"""Abandoned carts, and the days on which an order of their customer is predicted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.models.sessions.clickstream import Clickstream
from patronage.models.sessions.session_model import Integers, SessionModel, fit_session_model
from patronage.models.sessions.session_table import (
    DAY,
    HALF_AN_HOUR,
    NEVER,
    PRIOR_DAYS,
    next_order,
    on_one_axis,
    orders_before,
)
from patronage.typing import Array

RECENT_DAYS = 30


def cart_moments(
    clickstream: Clickstream, sessions: pd.DataFrame, recent_days: int, return_days: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Each open cart half an hour after its session and daily from then on.

    A cart is open for `recent_days`, until the customer's next order or cart.

    Returns
    -------
    DataFrame
        The features at each moment.
    DataFrame
        On the same index: `customer`, `session_row`, `at` (the moment), `returned`: whether an order came within
        `return_days` from then, missing where the log ends before.
    """
    abandoned = sessions[sessions["abandoned"]]
    # the next session of the same customer with a cart, abandoned or bought
    carted = sessions[sessions["cart_at"] > NEVER]
    following = carted.groupby("customer")["begun"].shift(-1).reindex(abandoned.index)
    customer, since = abandoned["customer"].to_numpy(np.int64), abandoned["cart_at"].to_numpy(np.int64)
    until = next_order(clickstream.orders, customer, since)
    until = np.minimum(until, following.fillna(-NEVER).to_numpy(np.int64))
    rows = np.repeat(np.arange(len(abandoned)), recent_days)
    at = abandoned["ended"].to_numpy(np.int64)[rows] + HALF_AN_HOUR
    at += DAY * np.tile(np.arange(recent_days), len(abandoned))
    is_open = (at < until[rows]) & (at <= 0)
    rows, at = rows[is_open], at[is_open]
    return _rows(clickstream, sessions, abandoned.iloc[rows], at, return_days)


def open_carts(clickstream: Clickstream, sessions: pd.DataFrame, recent_days: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The same of the carts that are open at the cutoff, one per customer, at the cutoff."""
    carted = sessions[sessions["cart_at"] > NEVER]
    last = carted.groupby("customer").tail(1)
    last = last[last["abandoned"] & last["ended"].between(-recent_days * DAY, -HALF_AN_HOUR)]
    customer = last["customer"].to_numpy(np.int64)
    last = last[next_order(clickstream.orders, customer, last["cart_at"].to_numpy(np.int64)) > 0]
    return _rows(clickstream, sessions, last, np.zeros(len(last), np.int64), 0)


def _rows(
    clickstream: Clickstream, sessions: pd.DataFrame, carts: pd.DataFrame, at: np.ndarray, return_days: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    customer = carts["customer"].to_numpy(np.int64)
    owners, begun = sessions["customer"].to_numpy(np.int64), sessions["begun"].to_numpy(np.int64)
    moments = on_one_axis(owners, begun)
    recent = np.searchsorted(moments, on_one_axis(customer, at))
    recent -= np.searchsorted(moments, on_one_axis(customer, at - RECENT_DAYS * DAY))
    n_orders, last_order = orders_before(clickstream.orders, customer, at)
    first_session = begun[np.searchsorted(owners, customer)]
    first_order = next_order(clickstream.orders, customer, np.full(len(customer), NEVER // 2))
    known_days = (at - np.minimum(first_session, first_order)) / DAY
    features = pd.DataFrame(
        {
            "cart_age_days": (at - carts["cart_at"].to_numpy(np.int64)) / DAY,
            "checkout": carts["checkout"].to_numpy(),
            "n_added": carts["n_added"].to_numpy(),
            "left_share": carts["left_share"].to_numpy(),
            "recent_sessions": recent,
            c.N_ORDERS: n_orders,
            "days_since_order": np.where(n_orders > 0, (at - last_order) / DAY, np.nan),
            "orders_per_day": n_orders / (known_days + PRIOR_DAYS),
        }
    ).astype(np.float64)
    returned = (next_order(clickstream.orders, customer, at) < at + return_days * DAY).astype(np.float64)
    returned[at + return_days * DAY > 0] = np.nan
    keys = {"customer": customer, "session_row": carts.index.to_numpy(), "at": at, "returned": returned}
    return features, pd.DataFrame(keys)


def fit_return_model(features: pd.DataFrame, y_true: Array, customers: Integers, seed: int) -> SessionModel:
    """P(an order within `return_days`) of a customer with an open cart."""
    return fit_session_model(features, y_true, customers, "an order after an abandoned cart", seed)
