"""Upsell and cross-sell candidates: what goes with what a customer buys, among similar customers.

Inside a segment, an item goes with another when those who bought the one buy the other more often than the segment
does as a whole (lift, Brin, Motwani, Ullman and Tsur 1997). Cross-sell looks at categories; upsell at the price thirds
of one category, from a lower one to a higher, among those who buy in that category: against all customers of a segment
every pair of thirds would go together. Candidates bought the one and not yet the other.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.analyses.contract import Analysis, Drawing, Result, View
from patronage.config import CompanionsConfig
from patronage.lenses import History

LEVELS = ("low", "middle", "high")
SHRINK = 5.0  # imagined customers at the segment's own rate: a lift from a handful of them is mostly chance


def categories(history: History) -> pd.DataFrame:
    """The categories that each customer bought: `customer_id` and `item`, a row for each pair."""
    return history.frame(
        "SELECT DISTINCT customer_id, category AS item FROM order_lines WHERE amount > 0 AND category IS NOT NULL"
    )


def price_levels(history: History) -> pd.DataFrame:
    """The price thirds of each category at which each customer bought: `customer_id`, `item`, `level` 0 to 2.

    The thirds split the lines of a category by amount per piece. Amounts are whole minor units, so that equal prices
    are equal numbers: 3 pieces for .30 and 1 for .10 are of one third, which quotients of .30 and .10 would part.
    """
    price = "amount * 1.0e0 / CASE WHEN quantity > 0 THEN quantity ELSE 1 END"
    places = f"""
        SELECT customer_id, category AS item, percent_rank() OVER (PARTITION BY category ORDER BY {price}) AS place
        FROM order_lines WHERE amount > 0 AND category IS NOT NULL"""
    return history.frame(
        "SELECT DISTINCT customer_id, item, least(CAST(floor(3 * place) AS INTEGER), 2) AS level FROM places",
        {"places": places},
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
        for label, members in segment.groupby(segment)
        if len(mine := bought[bought[c.CUSTOMER_ID].isin(members.index)])
    ]
    return _best(frames, least, top)


def upsell(levels: pd.DataFrame, segment: pd.Series, *, least: int, top: int) -> pd.DataFrame:
    """From a price third of a category to the next higher one, inside each segment; columns as in `cross_sell`.

    The lift compares with everyone of the segment who buys in the category.
    """
    frames = []
    for label, members in segment.groupby(segment):
        mine = levels[levels[c.CUSTOMER_ID].isin(members.index)]
        named = mine.assign(item=mine["item"] + ": " + mine["level"].map(dict(enumerate(LEVELS))))
        in_category = mine.groupby("item")[c.CUSTOMER_ID].nunique()
        pairs = _pairs(named[[c.CUSTOMER_ID, "item"]], in_category) if len(named) else _nothing()
        steps = {(f"{item}: {low}", f"{item}: {high}") for item in set(mine["item"])
                 for low, high in (LEVELS[:2], LEVELS[1:])}  # fmt: skip
        is_step = [pair in steps for pair in zip(pairs["has"], pairs["offer"], strict=True)]
        frames.append(pairs[np.array(is_step, dtype=bool)].assign(segment=label))
    return _best(frames, least, top)


def _nothing() -> pd.DataFrame:
    kinds = {"has": str, "offer": str, "buyers": int, "both": int, "confidence": float, "lift": float}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in {**kinds, "candidates": int}.items()})


def _pairs(bought: pd.DataFrame, in_category: pd.Series | None = None) -> pd.DataFrame:
    """Every ordered pair of items with how often one customer has both, of the customers who have any.

    Parameters
    ----------
    in_category
        Of price thirds: the buyers of each category, among whom a third has its usual share.
    """
    rows, _ = pd.factorize(bought[c.CUSTOMER_ID])
    places, items = pd.factorize(bought["item"], sort=True)
    table = np.zeros((rows.max() + 1, len(items)), dtype=np.float32)
    table[rows, places] = 1
    both = table.T @ table
    buyers = np.diag(both)
    among = len(table) if in_category is None else in_category[[item.rpartition(": ")[0] for item in items]].to_numpy()
    rate = buyers / among
    confidence = (both + SHRINK * rate[None, :]) / (buyers[:, None] + SHRINK)
    first, second = np.nonzero(~np.eye(len(items), dtype=bool))
    return pd.DataFrame(
        {
            "has": items[first],
            "offer": items[second],
            "buyers": buyers[first].astype(int),
            "both": both[first, second].astype(int),
            "confidence": (both / buyers[:, None])[first, second],
            "lift": (confidence / rate[None, :])[first, second],
            "candidates": (buyers[:, None] - both)[first, second].astype(int),
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


def run(view: View, settings: CompanionsConfig) -> Result:
    """Cross-sell over categories, upsell over price thirds."""
    result, segment = Result(), view.now.segments[settings.segment]
    cross = cross_sell(categories(view.history), segment, least=settings.least, top=settings.top)
    result.add("cross_sell", cross, Drawing("pairs", cross, "Cross-sell: who buys this, and not yet that"))
    up = upsell(price_levels(view.history), segment, least=settings.least, top=settings.top)
    result.add("upsell", up, Drawing("pairs", up, "Upsell: from one price third of a category to the next"))
    result.finding = f"{len(cross)} pairs of categories and {len(up)} steps of price go together beyond chance"
    return result


ANALYSIS = Analysis("companions", "What goes with what a customer buys?", run, ("transactions.category",))
