"""Price tier: whether a customer picks the expensive or the cheap products of a category.

What a category costs is known only from all customers, and a customer's features may not depend on other customers. So
the features hold the unit prices that the customer paid, category by category, as one text; the price level of each
category is learned from those texts at fit and frozen, and the tier is the distance between the two.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.lenses.expressions import THOUSAND
from patronage.lenses.history import History
from patronage.lenses.packing import packed, unpacked

MOST_CATEGORIES = 12  # of a customer, those with the most purchase lines
MIN_CUSTOMERS = 5  # who must have bought in a category before it has a price level
PARTS = ("price", "lines", c.CATEGORY)


def priced_categories() -> str:
    """SQL: list prices per unit by category, ranked; the discount is another behaviour than the choice of the tier."""
    exact = f"(paid + coalesce(discount, 0)) * {THOUSAND}.0e0 * {THOUSAND} / units"
    return f"""
            SELECT customer_id, category, n_lines, CAST(round(least({exact}, 1.0e18)) AS BIGINT) AS price,
                   row_number() OVER (PARTITION BY customer_id ORDER BY n_lines DESC, category) AS rank
            FROM category_totals
            WHERE category IS NOT NULL AND n_with_quantity = n_lines AND units > 0 AND paid > 0"""


def packed_prices(history: History) -> str:
    """SQL, an aggregate over `priced_categories`: the prices of a customer as one text."""
    return packed(history, ("price", "n_lines"), c.CATEGORY, MOST_CATEGORIES)


def price_levels(texts: pd.Series) -> dict[str, float]:
    """Category to the logarithm of its usual unit price: the median of its customers."""
    items = unpacked(texts, PARTS)
    grouped = items.assign(price=np.log(items["price"].clip(lower=1))).groupby(c.CATEGORY)["price"]
    levels = grouped.median()[grouped.size() >= MIN_CUSTOMERS]
    return {str(category): float(level) for category, level in levels.items()}


def price_tier(features: pd.DataFrame, levels: Mapping[str, float]) -> pd.Series:
    """Mean log ratio of a customer's unit prices to their levels, by purchase lines; missing without any."""
    items = unpacked(features[c.SHELF_PRICES], PARTS)
    items = items.assign(level=items[c.CATEGORY].map(dict(levels)).astype(float)).dropna(subset="level")
    ratio = (np.log(items["price"].clip(lower=1)) - items["level"]) * items["lines"]
    n = len(features)
    total = np.bincount(items["row"], ratio, n)
    lines = np.bincount(items["row"], items["lines"], n)
    return pd.Series(np.where(lines > 0, total / np.maximum(lines, 1), np.nan), index=features.index)
