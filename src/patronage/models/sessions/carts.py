"""Carts left standing, and the days on which it is asked whether their owners come back and order."""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.models.sessions.chance import Chance, Floats, Numbers, learn
from patronage.models.sessions.reading import Clicks
from patronage.models.sessions.visits import CUSTOMARY, DAY, HALF_AN_HOUR, NEVER, line, next_order, orders_before

LATELY = 30  # days


def asked(
    clicks: Clicks, visits: pd.DataFrame, recent_days: int, return_days: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ask of every cart half an hour after its session was over and daily from then on, while it stands.

    A cart stands for `recent_days`, until its owner orders anything or touches another cart.

    Returns
    -------
    DataFrame
        What may be known when it is asked.
    DataFrame
        On the same index: `who`, `visit`, `at` (when it is asked), `back`: whether an order came within
        `return_days` from then, missing where the log ends before.
    """
    left = visits[visits["left"]]
    # the next session of the same customer with a cart, left or bought
    carted = visits[visits["cart_at"] > NEVER]
    following = carted.groupby("who")["begun"].shift(-1).reindex(left.index)
    who, since = left["who"].to_numpy(np.int64), left["cart_at"].to_numpy(np.int64)
    until = np.minimum(next_order(clicks.orders, who, since), following.fillna(-NEVER).to_numpy(np.int64))
    rows = np.repeat(np.arange(len(left)), recent_days)
    at = left["ended"].to_numpy(np.int64)[rows] + HALF_AN_HOUR + DAY * np.tile(np.arange(recent_days), len(left))
    stands = (at < until[rows]) & (at <= 0)
    rows, at = rows[stands], at[stands]
    return _rows(clicks, visits, left.iloc[rows], at, return_days)


def standing(clicks: Clicks, visits: pd.DataFrame, recent_days: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The same of the carts that stand at the cutoff, one a customer, asked then."""
    carted = visits[visits["cart_at"] > NEVER]
    last = carted.groupby("who").tail(1)
    last = last[last["left"] & last["ended"].between(-recent_days * DAY, -HALF_AN_HOUR)]
    who = last["who"].to_numpy(np.int64)
    last = last[next_order(clicks.orders, who, last["cart_at"].to_numpy(np.int64)) > 0]
    return _rows(clicks, visits, last, np.zeros(len(last), np.int64), 0)


def _rows(
    clicks: Clicks, visits: pd.DataFrame, carts: pd.DataFrame, at: np.ndarray, return_days: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    who = carts["who"].to_numpy(np.int64)
    owners, begun = visits["who"].to_numpy(np.int64), visits["begun"].to_numpy(np.int64)
    moments = line(owners, begun)
    start = np.searchsorted(owners, who)
    visited = np.searchsorted(moments, line(who, at)) - np.searchsorted(moments, line(who, at - LATELY * DAY))
    n_orders, last_order = orders_before(clicks.orders, who, at)
    known_since = begun[start]
    first = next_order(clicks.orders, who, np.full(len(who), NEVER // 2))
    known_days = (at - np.minimum(known_since, first)) / DAY
    features = pd.DataFrame(
        {
            "cart_age_days": (at - carts["cart_at"].to_numpy(np.int64)) / DAY,
            "checkout": carts["checkout"].to_numpy(),
            "n_added": carts["n_added"].to_numpy(),
            "left_share": carts["left_share"].to_numpy(),
            "visits_lately": visited,
            c.N_ORDERS: n_orders,
            "days_since_order": np.where(n_orders > 0, (at - last_order) / DAY, np.nan),
            "orders_per_day": n_orders / (known_days + CUSTOMARY),
        }
    ).astype(np.float64)
    back = (next_order(clicks.orders, who, at) < at + return_days * DAY).astype(np.float64)
    back[at + return_days * DAY > 0] = np.nan
    return features, pd.DataFrame({"who": who, "visit": carts.index.to_numpy(), "at": at, "back": back})


def learn_returns(features: pd.DataFrame, back: Floats, who: Numbers, seed: int) -> Chance:
    """P(an order within the days asked for) of who left a cart."""
    return learn(features, back, who, "orders after a cart was left", seed)
