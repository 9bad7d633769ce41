"""A small shop with a bad product in one region, a pressure of messages and an early act that matters."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from conftest import through_the_door
from patronage.analyses.contract import Population, View
from patronage.config import LensesConfig
from patronage.lenses import look_back

CUTOFF = datetime(2024, 1, 1)
N = 900


def planted_view() -> View:
    """900 customers of a year: tea sold in the north is sent back, who saves a favourite early stays, too many messages
    drive away, and honey follows tea."""
    rng = np.random.default_rng(0)
    orders, events = [], []
    for number in range(N):
        customer = f"c{number:04d}"
        start = pd.Timestamp("2023-01-01") + pd.Timedelta(days=int(rng.integers(0, 200)))
        north, saved = rng.random() < 0.5, rng.random() < 0.3
        place = "north" if north else "south"
        days = [0, *rng.integers(1, 165, rng.poisson(2 + 5 * saved))]
        for place_in_row, day in enumerate(sorted(days)):
            item = ("tea", "jam", "bread")[int(rng.integers(0, 3))]
            order, at = f"{customer}-{place_in_row}", start + pd.Timedelta(days=int(day), hours=10)
            orders.append((customer, at, 20.0, order, item, place))
            if item == "tea" and rng.random() < 0.5:
                orders.append((customer, at + pd.Timedelta(days=8), 9.0, f"{order}-h", "honey", place))
            if rng.random() < (0.4 if north and item == "tea" else 0.05):
                orders.append((customer, at + pd.Timedelta(days=3), -20.0, order, item, place))
        events += [(customer, start + pd.Timedelta(days=1), "wishlist")] * 2 if saved else []
        for week in range(12):
            messages = int(rng.integers(1, 5))
            sent = start + pd.Timedelta(days=7 * week + 1)
            events += [(customer, sent + pd.Timedelta(hours=hour), "message_sent") for hour in range(messages)]
            if messages > 2 and rng.random() < 0.1:
                events.append((customer, sent + pd.Timedelta(hours=6), "unsubscribed"))
    transactions = pd.DataFrame(
        orders, columns=["customer_id", "ordered_at", "amount", "order_id", "category", "location"]
    ).astype({"ordered_at": "datetime64[us]"})
    log = pd.DataFrame(events, columns=["customer_id", "occurred_at", "event"])
    tables = through_the_door(transactions, log.astype({"occurred_at": "datetime64[us]"}))
    ids = pd.Index([f"c{number:04d}" for number in range(N)], name="customer_id")
    now = Population(pd.DataFrame(index=ids), pd.DataFrame({"value_tier": "gold"}, index=ids))
    return View(look_back(tables, CUTOFF, LensesConfig(), 7), now, None, 91, 0)
