"""Upsell and cross-sell candidates: what goes with what a customer buys, among similar customers.

Inside a segment, an item goes with another when those who bought the one buy the other more often than the segment
does as a whole (lift, Brin, Motwani, Ullman and Tsur 1997). Cross-sell looks at categories. Who buys of many categories
has more of any two, so a pair is held against customers of about as many categories (strata of Mantel and Haenszel
1959). Upsell looks at the price thirds of one category, from a lower one to a higher, among those who buy in that
category: against all customers of a segment every pair of thirds would go together. Candidates bought the one and not
yet the other. Of all pairs that were looked at one false discovery in twenty is allowed, and the surest come first.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import norm

from patronage import names as c
from patronage.analyses.acts import commonest
from patronage.analyses.contract import Analysis, Drawing, Result, View
from patronage.config import CompanionsConfig
from patronage.errors import DataError
from patronage.lenses import History
from patronage.statistics import TINY, Z, false_discovery
from patronage.typing import Array

LEVELS = ("low", "middle", "high")
LEVEL = 0.05
STRATA, LEAST_IN_STRATUM = 5, 100  # by the number of items; customers of each
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


class Companions(NamedTuple):
    """The pairs that go together, the surest of each segment, and how many did so of all that were looked at."""

    table: pd.DataFrame
    clear: int
    tested: int


def cross_sell(bought: pd.DataFrame, segment: pd.Series, *, least: int, top: int) -> Companions:
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
    Companions
        Its table has `segment`, `has`, `offer`, `buyers` of the first, those of them with `both`, `confidence` (share
        with both), `lift` with its 95% interval, the adjusted p-value, and the number of `candidates` who have the
        first and not the second.
    """
    frames = [
        _pairs(mine, STRATA).assign(segment=label)
        for label, members in segment.groupby(segment)
        if len(mine := bought[bought[c.CUSTOMER_ID].isin(members.index)])
    ]
    return _best(frames, least, top)


def upsell(levels: pd.DataFrame, segment: pd.Series, *, least: int, top: int) -> Companions:
    """From a price third of a category to the next higher one, inside each segment; columns as in `cross_sell`.

    The lift compares with everyone of the segment who buys in the category.
    """
    known = levels.assign(segment=levels[c.CUSTOMER_ID].map(segment)).dropna(subset=["segment"])
    has = known.assign(one=1.0).pivot_table("one", ["segment", "item", c.CUSTOMER_ID], "level", fill_value=0.0)
    has = has.reindex(columns=range(len(LEVELS)), fill_value=0.0)
    frames = []
    for low in range(len(LEVELS) - 1):
        pairs = pd.DataFrame({"first": has[low], "second": has[low + 1], "both": has[low] * has[low + 1], "n": 1.0})
        sums = pairs.groupby(level=["segment", "item"]).sum().reset_index()
        own, other, n = (sums[name].to_numpy(np.float64) for name in ("first", "second", "n"))
        spread = own * (n - own) * other * (n - other) / (n**2 * np.maximum(n - 1, 1))
        frame = _scored(own, other, sums["both"].to_numpy(np.float64), other / n, own * other / n, spread)
        named = {"segment": sums["segment"], "has": sums["item"] + f": {LEVELS[low]}",
                 "offer": sums["item"] + f": {LEVELS[low + 1]}"}  # fmt: skip
        frames.append(frame.assign(**named))
    return _best(frames, least, top)


def _pairs(bought: pd.DataFrame, strata: int) -> pd.DataFrame:
    """Every ordered pair of items with how often one customer has both, beside customers of as many items."""
    rows, _ = pd.factorize(bought[c.CUSTOMER_ID], sort=True)  # strata part equals by name, not by the engine's order
    places, items = pd.factorize(bought["item"], sort=True)
    table = np.zeros((rows.max() + 1, len(items)), dtype=np.float32)
    table[rows, places] = 1
    expected, variance = np.zeros((2, len(items), len(items)))
    number = max(1, min(strata, len(table) // LEAST_IN_STRATUM))
    order = np.argsort(table.sum(axis=1), kind="stable")
    for part in np.array_split(order, number):
        own, n = table[part].sum(axis=0).astype(np.float64), len(part)
        expected += np.outer(own, own) / n
        variance += np.outer(own * (n - own), own * (n - own)) / (n**2 * max(n - 1, 1))
    both = table.T @ table
    buyers = np.diag(both).astype(np.float64)
    first, second = np.nonzero(~np.eye(len(items), dtype=bool))
    frame = _scored(
        buyers[first], buyers[second], both[first, second].astype(np.float64), buyers[second] / len(table),
        expected[first, second], variance[first, second],
    )  # fmt: skip
    return frame.assign(has=items[first], offer=items[second])


def _scored(first: Array, second: Array, both: Array, rate: Array, expected: Array, variance: Array) -> pd.DataFrame:
    """Pairs by how many have both beside how many of like customers would.

    Parameters
    ----------
    first, second
        (N,) buyers of either.
    rate
        (N,) share of the second, to which the lift of a handful is drawn.
    expected, variance
        (N,) of the number who have both, were the two bought apart from each other.
    """
    lift = (both + SHRINK * rate) / np.maximum(expected + SHRINK * rate, TINY)
    error = np.sqrt(variance) / np.maximum(expected, TINY)
    z = (both - expected) / np.sqrt(np.maximum(variance, TINY))
    return pd.DataFrame(
        {
            "buyers": first.astype(int),
            "offer_buyers": second.astype(int),
            "both": both.astype(int),
            "confidence": both / np.maximum(first, 1),
            "lift": lift,
            "low": lift * np.exp(-Z * error),
            "high": lift * np.exp(np.minimum(Z * error, 100.0)),
            "p_value": np.where(variance > 0, norm.sf(z), 1.0),
            "candidates": (first - both).astype(int),
        }
    )


def _best(frames: list[pd.DataFrame], least: int, top: int) -> Companions:
    columns = ["segment", "has", "offer", "buyers", "both", "confidence", "lift", "low", "high", "p_value_adjusted",
               "candidates"]  # fmt: skip
    frames = [frame for frame in frames if len(frame)]
    if not frames:
        return Companions(pd.DataFrame(columns=columns), 0, 0)
    table = pd.concat(frames, ignore_index=True)
    table = table[(table["buyers"] >= least) & (table["offer_buyers"] >= least)]
    table = table.assign(p_value_adjusted=false_discovery(table["p_value"].to_numpy(np.float64)))
    clear = table[(table["p_value_adjusted"] < LEVEL) & (table["both"] >= least) & (table["candidates"] > 0)]
    clear = clear.sort_values(
        ["segment", "low", "has", "offer"], ascending=[True, False, True, True], ignore_index=True
    )
    return Companions(
        clear.groupby("segment", sort=False).head(top)[columns].reset_index(drop=True), len(clear), len(table)
    )


def run(view: View, settings: CompanionsConfig) -> Result:
    """Cross-sell over categories, upsell over price thirds."""
    result, segment = Result(), view.now.segments[settings.segment]
    if not commonest(view.history, c.CATEGORY, 1):
        raise DataError("no order line has a category")
    cross = cross_sell(categories(view.history), segment, least=settings.least, top=settings.top)
    up = upsell(price_levels(view.history), segment, least=settings.least, top=settings.top)
    if not cross.tested and not up.tested:
        raise DataError(f"no two categories or price thirds of {settings.least} buyers each in one {settings.segment}")
    result.add("cross_sell", cross.table, Drawing("pairs", cross.table, _told("Cross-sell", "of categories", cross)))
    result.add("upsell", up.table, Drawing("pairs", up.table, _told("Upsell", "of price thirds", up)))
    result.finding = f"{_told('cross-sell', 'of categories', cross)}; {_told('upsell', 'of price thirds', up)}"
    return result


def _told(what: str, kind: str, pairs: Companions) -> str:
    """How many pairs go together, and the surest."""
    if not pairs.tested:
        return f"{what}: no two have enough buyers"
    told = f"{what}: {pairs.clear:,} of {pairs.tested:,} pairs {kind} go together beyond chance"
    if pairs.clear:
        best = pairs.table.loc[pairs.table["low"].idxmax()]
        told += (
            f", the surest {best['has']} and {best['offer']} ({best['segment']}): {best['lift']:.1f} times the usual "
            f"[{best['low']:.1f}, {best['high']:.1f}]"
        )
    return told


ANALYSIS = Analysis("companions", "What goes with what a customer buys?", run, ("transactions.category",))
