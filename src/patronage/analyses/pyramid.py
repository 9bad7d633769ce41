"""The customer pyramid: what each tier pays and costs, and how many customers moved between the tiers.

Zeithaml, Rust and Lemon (2001). At each of the two cutoffs the tiers are cut anew by share of the revenue so far: a
customer who falls has fallen behind the others. By frozen borders customers could only rise, since revenue adds up. A
customer who never bought is in no tier, so that a first order is a customer who joined.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from patronage import names as c

JOINED, LEFT = "joined", "left"
COSTS = ("discounts_given", "cost_to_serve", c.PROFIT)  # features of the value lens, where the data shows them


def profitability(features: pd.DataFrame, tiers: pd.Series) -> pd.DataFrame:
    """What each tier pays and costs.

    Returns
    -------
    DataFrame
        A row per tier: `customers`, their share, `net_revenue` and its share and, where the value lens knows them,
        `discounts_given`, `cost_to_serve` and the `profit` that is left; all in the currency, and empty where a tier
        has none that is known.
    """
    money = [name for name in (c.NET_REVENUE, *COSTS) if name in features]
    grouped = features.groupby(_in_pyramid(tiers).rename(c.VALUE_TIER))
    table = grouped[money].sum(min_count=1)
    table.insert(0, "customers", grouped.size())
    table.insert(1, "customer_share", table["customers"] / table["customers"].sum())
    table.insert(3, "revenue_share", table[c.NET_REVENUE] / table[c.NET_REVENUE].sum())
    return table.reset_index()


def movements(
    before: pd.Series, after: pd.Series, revenue_before: pd.Series, revenue_after: pd.Series, order: Sequence[str]
) -> pd.DataFrame:
    """How many customers moved from which tier to which.

    Parameters
    ----------
    before, after
        Tier by customer at the two cutoffs, each by the pyramid of its time.
    revenue_before, revenue_after
        Of the same customers, in the currency, all of it up to each cutoff.
    order
        The tiers, best first.

    Returns
    -------
    DataFrame
        A row per pair that occurs, `tier_before` (or `joined`) and `tier_after` (or `left`): `customers`, their
        `revenue_before` and `revenue_after`.
    """
    both = pd.DataFrame({"tier_before": _in_pyramid(before), "tier_after": _in_pyramid(after)}).dropna(how="all")
    both["revenue_before"], both["revenue_after"] = revenue_before, revenue_after
    both = both.fillna({"tier_before": JOINED, "tier_after": LEFT, "revenue_before": 0.0, "revenue_after": 0.0})
    places = {tier: place for place, tier in enumerate((*order, JOINED, LEFT))}
    grouped = both.groupby(["tier_before", "tier_after"])
    table = grouped[["revenue_before", "revenue_after"]].sum()
    table.insert(0, "customers", grouped.size())
    return table.reset_index().sort_values(
        ["tier_before", "tier_after"], key=lambda tiers: tiers.map(places), ignore_index=True
    )


def pareto(net_revenue: pd.Series, tiers: pd.Series) -> pd.DataFrame:
    """Pareto's share: what the best fifth of the buyers pay, and what share of the buyers pay four fifths.

    Returns
    -------
    DataFrame
        One row: `buyers`, `best_fifth_share` of the net revenue, `share_paying_80` of the buyers, best first.
    """
    paid = net_revenue[_in_pyramid(tiers).notna()].clip(lower=0).sort_values(ascending=False)
    shares = (paid.cumsum() / paid.sum()).to_numpy() if paid.sum() > 0 else np.zeros(0)
    if not len(shares):
        return pd.DataFrame([{"buyers": len(paid), "best_fifth_share": np.nan, "share_paying_80": np.nan}])
    fifth = shares[max(round(0.2 * len(shares)), 1) - 1]
    paying = (np.searchsorted(shares, 0.8) + 1) / len(shares)
    return pd.DataFrame([{"buyers": len(paid), "best_fifth_share": fifth, "share_paying_80": paying}])


def _in_pyramid(tiers: pd.Series) -> pd.Series:
    """The tiers, missing for a customer who is in none."""
    return tiers.where(tiers != c.UNKNOWN)
