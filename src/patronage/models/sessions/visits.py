"""A row per session: whether it brought an order, and what was known of the customer as it began."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from patronage.models.sessions.reading import CART, CHECKOUT, Clicks

Numbers = NDArray[np.int64]

DAY, HALF_AN_HOUR = 86_400, 1_800
CUSTOMARY = 30.0  # days without anything that a rate of orders starts from
NEVER = -(2**40)  # before every log
CUSTOMERS_APART = 2**42  # seconds, so that one sorted line holds the moments of all customers


def visits(clicks: Clicks) -> pd.DataFrame:
    """All sessions, by customer in order of time; the index numbers them.

    Returns
    -------
    DataFrame
        who, session, begun, ended
            Whose, which, and its first and last touchpoint.
        n_added, cart_at, checkout
            Touchpoints that put something into a cart, the last one at a cart (`NEVER` without any), and whether the
            checkout was begun.
        bought_at
            The last order of the session; `NEVER` without any.
        left
            A cart was touched and no order followed in the session.
        buying_share, left_share
            As it began: shares of the sessions before with an order, and with a cart left, of two more than there were.
        orders_per_day
            As it began: orders over days since the first session, and thirty more.
        days_since_visit, days_since_order
            As it began; missing without any.

    Counts would grow with the log, and what was learned of small ones say nothing of large ones: hence shares.
    """
    touches = clicks.touches
    cart = touches["event"].isin((CART, CHECKOUT))
    marked = touches.assign(
        cart_at=touches["at"].where(cart, NEVER), added=touches["event"] == CART, paying=touches["event"] == CHECKOUT
    )
    found = marked.groupby(["who", "session"], sort=True).agg(
        begun=("at", "min"), ended=("at", "max"), n_added=("added", "sum"),
        cart_at=("cart_at", "max"), checkout=("paying", "max"),
    )  # fmt: skip
    found = found.reset_index().sort_values(["who", "begun", "session"], ignore_index=True)
    who, begun = found["who"].to_numpy(np.int64), found["begun"].to_numpy(np.int64)
    found["bought_at"] = _bought_at(found, clicks.orders)
    bought = found["bought_at"] > NEVER
    found["left"] = (found["cart_at"] > NEVER) & (found["bought_at"] < found["cart_at"])
    count, last = orders_before(clicks.orders, who, begun)
    known = (found["begun"] - found.groupby("who")["begun"].transform("first")) / DAY
    before, ended = _over(found, pd.Series(True, found.index))
    return found.assign(
        buying_share=_over(found, bought)[0] / (before + 2),
        left_share=_over(found, found["left"])[0] / (before + 2),
        orders_per_day=count / (known + CUSTOMARY),
        days_since_visit=np.where(before > 0, (begun - ended) / DAY, np.nan),
        days_since_order=np.where(count > 0, (begun - last) / DAY, np.nan),
    )


def _over(found: pd.DataFrame, marked: pd.Series) -> tuple[Numbers, Numbers]:
    """How many marked sessions of the same customer were over as each began, and when the last of them ended.

    Sessions on two devices overlap: what is not over is not known.
    """
    who, ended = (found.loc[marked, name].to_numpy(np.int64) for name in ("who", "ended"))
    ends = np.sort(line(who, ended))
    everyone, begun = found["who"].to_numpy(np.int64), found["begun"].to_numpy(np.int64)
    until = np.searchsorted(ends, line(everyone, begun))
    count = until - np.searchsorted(ends, line(everyone, np.full(len(found), NEVER)))
    return count, np.append(ends, NEVER)[until - 1] - line(everyone, np.zeros(len(found), np.int64))


def line(who: Numbers, at: Numbers) -> Numbers:
    """Moments of all customers on one line, customer after customer."""
    return who * CUSTOMERS_APART + at


def orders_before(orders: pd.DataFrame, who: Numbers, at: Numbers) -> tuple[Numbers, Numbers]:
    """How many orders these customers had made before these moments, and the last of them (`NEVER` without)."""
    owners, moments = orders["who"].to_numpy(np.int64), orders["at"].to_numpy(np.int64)
    count = np.searchsorted(line(owners, moments), line(who, at)) - np.searchsorted(owners, who)
    position = np.searchsorted(owners, who) + count - 1
    return count, np.where(count > 0, np.append(moments, NEVER)[position], NEVER)


def next_order(orders: pd.DataFrame, who: Numbers, at: Numbers) -> Numbers:
    """The first order of these customers from these moments on; `-NEVER` where the log shows none."""
    owners, moments = orders["who"].to_numpy(np.int64), orders["at"].to_numpy(np.int64)
    position = np.searchsorted(line(owners, moments), line(who, at))
    own = np.append(owners, -1)[position] == who
    return np.where(own, np.append(moments, -NEVER)[position], -NEVER)


def _bought_at(found: pd.DataFrame, orders: pd.DataFrame) -> Numbers:
    """(sessions,) the last order of each: of the latest session begun before an order, if that went on until it."""
    who, at = orders["who"].to_numpy(np.int64), orders["at"].to_numpy(np.int64)
    position = np.searchsorted(line(found["who"].to_numpy(), found["begun"].to_numpy()), line(who, at), "right") - 1
    mine = position.clip(0)
    here = (position >= 0) & (found["who"].to_numpy()[mine] == who)
    here &= at <= found["ended"].to_numpy()[mine] + HALF_AN_HOUR
    last = np.full(len(found), NEVER)
    np.maximum.at(last, mine[here], at[here])
    return last
