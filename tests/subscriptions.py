"""A simulated subscription business with a planted law: monthly and yearly plans, each with its own sBG."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

BEGIN, END = pd.Timestamp("2020-01-01"), pd.Timestamp("2023-12-31")
PLANS = {"monthly": (1, 10.0, (0.8, 8.0)), "yearly": (12, 90.0, (1.5, 3.0))}  # months, payment, alpha and beta


class Subscriptions(NamedTuple):
    """Payments, events (subscribed, cancelled), and a row per customer: plan, start, theta, the moment of the end."""

    orders: pd.DataFrame
    events: pd.DataFrame
    truth: pd.DataFrame


def simulate(n: int = 1000, seed: int = 0, *, never: int = 20) -> Subscriptions:
    """`n` customers who join over three years and pay at each renewal until they cancel; `never` only look."""
    rng = np.random.default_rng(seed)
    orders, events, truth = [], [], []
    for number in range(n):
        plan = "yearly" if number % 3 == 0 else "monthly"
        months, payment, (alpha, beta) = PLANS[plan]
        customer = f"{plan[0]}{number:05d}"
        start = BEGIN + pd.Timedelta(days=float(rng.uniform(0, 1200))).floor("s")
        theta, paid, end = rng.beta(alpha, beta), 0, pd.NaT
        events.append((customer, start, "subscribed"))
        while (due := start + pd.DateOffset(months=months * paid)) <= END:
            if paid and rng.uniform() < theta:
                end = due
                events.append((customer, due, "cancelled"))
                break
            orders.append((customer, due, payment))
            paid += 1
        truth.append((customer, plan, start, theta, end))
    events += [(f"x{number}", BEGIN + pd.Timedelta(days=30 * number), "visit") for number in range(never)]
    return Subscriptions(
        pd.DataFrame(orders, columns=["customer_id", "ordered_at", "amount"]),
        pd.DataFrame(events, columns=["customer_id", "occurred_at", "event"]),
        pd.DataFrame(truth, columns=["customer_id", "plan", "start", "theta", "end"]).set_index("customer_id"),
    )
