"""Upsell and cross-sell candidates: what goes with what a customer buys, among customers like her.

Inside a segment, an item goes with another when those who bought the one buy the other more often than the segment
does as a whole (lift, Brin, Motwani, Ullman and Tsur 1997). Cross-sell looks at categories; upsell at the price thirds
of one category, from a lower one to a higher. Candidates bought the one and not yet the other.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.data import Tables
from patronage.lenses.history import look_back

LEVELS = ("low", "middle", "high")
SHRINK = 5.0  # imagined customers at the segment's own rate: a lift from a handful of them is mostly chance


def categories(tables: Tables, cutoff: datetime) -> pd.DataFrame:
    """Who bought what before the cutoff: `customer_id` and `item`, once each."""
    history = look_back(tables, cutoff, 1)
    return history.engine.frame(
        "SELECT DISTINCT customer_id, category AS item FROM lines WHERE amount > 0 AND category IS NOT NULL"
    )


def price_levels(tables: Tables, cutoff: datetime) -> pd.DataFrame:
    """Who bought at which price third of which category: `customer_id`, `item` (category), `level` 0 to 2.

    The thirds split the lines of a category by amount per piece.
    """
    history = look_back(tables, cutoff, 1)
    price = "amount * 1.0e0 / CASE WHEN quantity > 0 THEN quantity ELSE 1 END"
    return history.engine.frame(
        "SELECT DISTINCT customer_id, item, least(CAST(floor(3 * place) AS INTEGER), 2) AS level FROM ("
        f"SELECT customer_id, category AS item, percent_rank() OVER (PARTITION BY category ORDER BY {price}) AS place "
        "FROM lines WHERE amount > 0 AND category IS NOT NULL)"
    )


def cross_sell(bought: pd.DataFrame, segment: pd.Series, *, least: int, top: int) -> pd.DataFrame:
    """Pairs of items inside each segment, by lift.

    Parameters
    ----------
    bought
        `customer_id` and `item`, once each.
    segment
        Label by customer.
    least
        Customers who must have bought both for a pair to count.
    top
        Pairs kept per segment.

    Returns
    -------
    DataFrame
        `segment`, `has`, `offer`, `buyers` of the first, those of them with `both`, `confidence` (share with both),
        `lift`, and the number of `candidates` who have the first and not the second.
    """
    frames = [
        _pairs(mine).assign(segment=label)
        for label, who in segment.groupby(segment)
        if len(mine := bought[bought[c.CUSTOMER_ID].isin(who.index)])
    ]
    return _best(frames, least, top)


def upsell(levels: pd.DataFrame, segment: pd.Series, *, least: int, top: int) -> pd.DataFrame:
    """From a price third of a category to the next higher one, inside each segment; columns as in `cross_sell`."""
    frames = []
    for label, who in segment.groupby(segment):
        mine = levels[levels[c.CUSTOMER_ID].isin(who.index)]
        named = mine.assign(item=mine["item"] + ": " + mine["level"].map(dict(enumerate(LEVELS))))
        pairs = _pairs(named[[c.CUSTOMER_ID, "item"]]) if len(named) else _nothing()
        steps = {(f"{item}: {low}", f"{item}: {high}") for item in set(mine["item"])
                 for low, high in (LEVELS[:2], LEVELS[1:])}  # fmt: skip
        kept = [pair in steps for pair in zip(pairs["has"], pairs["offer"], strict=True)]
        frames.append(pairs[np.array(kept, dtype=bool)].assign(segment=label))
    return _best(frames, least, top)


def _nothing() -> pd.DataFrame:
    kinds = {"has": str, "offer": str, "buyers": int, "both": int, "confidence": float, "lift": float}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in {**kinds, "candidates": int}.items()})


def _pairs(bought: pd.DataFrame) -> pd.DataFrame:
    """Every ordered pair of items with how often one customer has both, of the customers who have any."""
    who, _ = pd.factorize(bought[c.CUSTOMER_ID])
    which, items = pd.factorize(bought["item"], sort=True)
    table = np.zeros((who.max() + 1, len(items)), dtype=np.float32)
    table[who, which] = 1
    both = table.T @ table
    buyers = np.diag(both)
    rate = buyers / len(table)
    confidence = (both + SHRINK * rate[None, :]) / (buyers[:, None] + SHRINK)
    one, other = np.nonzero(~np.eye(len(items), dtype=bool))
    return pd.DataFrame(
        {
            "has": items[one],
            "offer": items[other],
            "buyers": buyers[one].astype(int),
            "both": both[one, other].astype(int),
            "confidence": (both / buyers[:, None])[one, other],
            "lift": (confidence / rate[None, :])[one, other],
            "candidates": (buyers[:, None] - both)[one, other].astype(int),
        }
    )


def _best(frames: list[pd.DataFrame], least: int, top: int) -> pd.DataFrame:
    table = pd.concat(frames, ignore_index=True) if frames else _nothing().assign(segment="")
    table = table[(table["both"] >= least) & (table["candidates"] > 0) & (table["lift"] > 1)]
    table = table.sort_values(
        ["segment", "lift", "has", "offer"], ascending=[True, False, True, True], ignore_index=True
    )
    columns = ["segment", "has", "offer", "buyers", "both", "confidence", "lift", "candidates"]
    return table.groupby("segment", sort=False).head(top)[columns].reset_index(drop=True)
