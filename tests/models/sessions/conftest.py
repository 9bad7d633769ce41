"""A clickstream by hand, and one whose probabilities are known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from conftest import through_the_door
from patronage import names as c
from patronage.data import Tables
from patronage.models.sessions import Clickstream, read_clickstream, session_table

CUTOFF = datetime(2024, 3, 1)
EVENTS = [
    # anna looks, comes back two hours later and buys; the order belongs to the session that began last
    ("anna", "2024-02-20 10:00", "s1", "visit"),
    ("anna", "2024-02-20 10:05", "s1", "view"),
    ("anna", "2024-02-20 12:00", "s2", "visit"),
    ("anna", "2024-02-20 12:10", "s2", "add_to_cart"),
    ("anna", "2024-02-20 12:12", "s2", "checkout_started"),
    # and abandons a cart, which is open at the cutoff
    ("anna", "2024-02-28 09:00", "s3", "add_to_cart"),
    # ben abandoned a cart, and ordered in another way two days later
    ("ben", "2024-02-10 08:00", "s4", "add_to_cart"),
    ("ben", "2024-02-10 08:01", "s4", "view"),
    # no session, sent by the business, not yet known
    ("ben", "2024-02-10 09:00", None, "view"),
    ("ben", "2024-02-10 09:00", "s5", "message_sent"),
    ("ben", "2024-03-01 00:00", "s6", "visit"),
]
ORDERS = [
    ("anna", "2024-02-20 12:13", 20.0, "o1"),
    ("ben", "2024-02-12 08:00", 30.0, "o2"),
    ("ben", "2024-03-02 08:00", 99.0, "o3"),
]


@pytest.fixture
def tables() -> Tables:
    orders = pd.DataFrame(ORDERS, columns=[c.CUSTOMER_ID, c.ORDERED_AT, c.AMOUNT, c.ORDER_ID])
    events = pd.DataFrame(EVENTS, columns=[c.CUSTOMER_ID, c.OCCURRED_AT, c.SESSION_ID, c.EVENT])
    return through_the_door(orders, events)


@pytest.fixture
def clickstream(tables) -> Clickstream:
    read = read_clickstream(tables, CUTOFF)
    assert read is not None
    return read


@pytest.fixture
def sessions(clickstream) -> pd.DataFrame:
    return session_table(clickstream)


@pytest.fixture(scope="session")
def random_log() -> Callable[..., tuple[pd.DataFrame, pd.DataFrame, pd.Series]]:
    """Touchpoints, orders, and the probability of an order by session: it depends on which of two events was first."""

    def draw(n: int, seed: int, customers: int = 400) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
        rng = np.random.default_rng(seed)
        first = rng.choice(["view", "search"], n)
        second = np.where(first == "view", "search", "view")
        probability = np.where(first == "view", 0.7, 0.2)  # the same counts, the same last touchpoint
        begun = pd.Timestamp("2023-06-01") + pd.to_timedelta(np.sort(rng.choice(200 * 24, n)), unit="h")
        customer, session = rng.permutation(np.arange(n) % customers).astype(str), np.arange(n).astype(str)
        rows = [
            pd.DataFrame(
                {
                    c.CUSTOMER_ID: customer,
                    c.OCCURRED_AT: begun + pd.Timedelta(minutes=minute),
                    c.SESSION_ID: session,
                    c.EVENT: event,
                }
            )
            for minute, event in enumerate((first, second, "visit"))
        ]
        buys = rng.random(n) < probability
        orders = {c.CUSTOMER_ID: customer, c.ORDERED_AT: begun + pd.Timedelta(minutes=10), "paid": 1.0}
        return pd.concat(rows), pd.DataFrame(orders)[buys], pd.Series(probability, session)

    return draw
