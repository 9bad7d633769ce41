"""Price tier: whether a customer picks the dear or the cheap of a shelf.

What a category costs is known only from everyone, and a customer's features may not depend on anyone else. So her
features keep the unit prices that she paid, category by category, as one text; the price level of each category is
learned from those texts at fit and frozen, and the tier is the distance between the two.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.lenses.history import History
from patronage.lenses.shelves import THOUSAND, packed, unpacked

KEPT = 12  # categories of a customer, those in which she buys most
MIN_CUSTOMERS = 5  # who must have bought in a category before it has a price level
PARTS = ("price", "lines", c.CATEGORY)


def select_prices(history: History) -> str:
    """SQL: `shelf_prices` by customer. List prices: the discount is another behaviour than the choice of the tier."""
    exact = f"(paid + coalesce(discount, 0)) * {THOUSAND}.0e0 * {THOUSAND} / units"
    price = f"CAST(round(least({exact}, 1.0e18)) AS BIGINT)"
    return f"""
        SELECT customer_id, {packed(history, ("price", "n_lines"), c.CATEGORY, KEPT)} AS shelf_prices
        FROM (SELECT customer_id, category, n_lines, {price} AS price,
                     row_number() OVER (PARTITION BY customer_id ORDER BY n_lines DESC, category) AS rank
              FROM shelves WHERE category IS NOT NULL AND n_counted = n_lines AND units > 0 AND paid > 0)
        GROUP BY customer_id"""


def price_levels(texts: pd.Series) -> dict[str, float]:
    """Category to the logarithm of its usual unit price: the median of its customers."""
    items = unpacked(texts, PARTS)
    grouped = items.assign(price=np.log(items["price"].clip(lower=1))).groupby(c.CATEGORY)["price"]
    levels = grouped.median()[grouped.size() >= MIN_CUSTOMERS]
    return {str(category): float(level) for category, level in levels.items()}


def price_tier(features: pd.DataFrame, levels: dict[str, float]) -> pd.Series:
    """Mean log ratio of a customer's unit prices to their levels, by her purchase lines; missing without any."""
    items = unpacked(features[c.SHELF_PRICES], PARTS)
    items = items.assign(level=items[c.CATEGORY].map(levels).astype(float)).dropna(subset="level")
    ratio = (np.log(items["price"].clip(lower=1)) - items["level"]) * items["lines"]
    n = len(features)
    total = np.bincount(items["row"], ratio, n)
    lines = np.bincount(items["row"], items["lines"], n)
    return pd.Series(np.where(lines > 0, total / np.maximum(lines, 1), np.nan), index=features.index)
