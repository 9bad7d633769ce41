"""How simulated customers answer contacts: what a contact changes is planted, by shopper type.

A contact makes some customers order once more within the window, and drives others away: these place none of the orders
of the window. The numbers are planted, not estimated from anybody.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.typing import Array

WINDOW_DAYS = 14
WON = {"smart_shopper": 0.20, "persuadable": 0.19, "price_sensitive": 0.06, "risk_averse": 0.04}  # P(one order more)
DRIVEN = {"needs_proof": 0.8}  # P(no order in the window)


def planted_effect(transactions: pd.DataFrame, shopper: pd.Series, moments: pd.Series) -> pd.Series:
    """The orders that a contact is expected to change in its window, on the index of the moments.

    Parameters
    ----------
    transactions
        Of the simulator, with the window as it would go without the contact.
    shopper
        The true shopper type by customer.
    moments
        Of the contact, by customer.
    """
    types = shopper.reindex(moments.index)
    return types.map(WON).fillna(0.0) - types.map(DRIVEN).fillna(0.0) * coming_orders(transactions, moments)


def coming_orders(transactions: pd.DataFrame, moments: pd.Series) -> pd.Series:
    """The orders in the window as it would go without the contact, on the index of the moments."""
    orders = transactions[_within(transactions, moments)].groupby(c.CUSTOMER_ID)[c.ORDER_ID].nunique()
    return orders.reindex(moments.index).fillna(0.0)


def answer(transactions: pd.DataFrame, shopper: pd.Series, moments: pd.Series, *, seed: int) -> pd.DataFrame:
    """Let customers answer: the transactions with the orders that contacts won, and without those that they lost.

    Parameters
    ----------
    transactions, shopper, moments
        As of `planted_effect`; customers who were left alone have no moment.
    """
    rng = np.random.default_rng(seed)
    moments = moments.sort_index()
    types, chance = shopper.reindex(moments.index), rng.random(len(moments))
    lost = moments.index[chance < types.map(DRIVEN).fillna(0.0)]
    gone = transactions[_within(transactions, moments) & transactions[c.CUSTOMER_ID].isin(lost)][c.ORDER_ID].unique()
    more = _orders(transactions, moments[chance < types.map(WON).fillna(0.0)], rng)
    return pd.concat([transactions[~transactions[c.ORDER_ID].isin(gone)], more], ignore_index=True)


def _within(transactions: pd.DataFrame, moments: pd.Series) -> pd.Series:
    """Whether a row lies in the window of its customer's contact."""
    since = transactions[c.ORDERED_AT] - transactions[c.CUSTOMER_ID].map(moments)
    return (since >= pd.Timedelta(0)) & (since < pd.Timedelta(days=WINDOW_DAYS)) & (transactions[c.AMOUNT] > 0)


def _orders(transactions: pd.DataFrame, moments: pd.Series, rng: np.random.Generator) -> pd.DataFrame:
    """An order of each customer in the window: the customer's first one over again, or anybody's of who has none."""
    bought = transactions[transactions[c.AMOUNT] > 0]
    first = bought.groupby(c.CUSTOMER_ID)[c.ORDER_ID].first()
    model = first.reindex(moments.index).fillna(first.iloc[0])
    days: Array = rng.uniform(0, WINDOW_DAYS - 1, len(moments))
    new = pd.DataFrame({"model": model, "buyer": moments.index, "at": moments + pd.to_timedelta(days, unit="D")})
    lines = bought.merge(new, left_on=c.ORDER_ID, right_on="model")
    number = lines["buyer"].astype(str) + "-" + lines["at"].dt.strftime("%Y%m%d%H%M%S")
    lines = lines.assign(**{c.CUSTOMER_ID: lines["buyer"], c.ORDER_ID: number, c.ORDERED_AT: lines["at"].dt.floor("s")})
    return lines[transactions.columns]
