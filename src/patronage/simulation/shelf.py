"""The catalogue: every category has three price tiers of sixteen products, and eight of the shop's own brand."""

from __future__ import annotations

import numpy as np

from patronage.simulation.kinds import CATEGORIES, Ints

SLOTS, OWN_SLOTS = 16, 8
PER_CATEGORY = 3 * SLOTS + OWN_SLOTS
BRANDS_OF_CATEGORY = 6

_BASE = np.array([6.0, 7.0, 12.0, 18.0, 14.0, 12.0, 12.0, 11.0, 12.0, 17.0, 24.0, 12.0])  # middle tier, a unit
_TIER = np.array([0.6, 1.0, 1.7, 0.5])  # the last is the private label
_GROUP = np.append(np.repeat([0, 1, 2], SLOTS), np.full(OWN_SLOTS, 3))
_SLOT = np.append(np.tile(np.arange(SLOTS), 3), np.arange(OWN_SLOTS))

# One row per product, category by category.
PRICE = np.round((_BASE[:, None] * _TIER[_GROUP] * (0.88 + 0.24 * _SLOT / SLOTS)).ravel(), 2)
COST_SHARE = np.tile(np.array([0.72, 0.65, 0.55, 0.50])[_GROUP], len(CATEGORIES))  # of the list price
OWN = np.tile(_GROUP == 3, len(CATEGORIES))
CATEGORY = np.repeat(np.arange(len(CATEGORIES)), PER_CATEGORY)
OWN_BRAND = len(CATEGORIES) * BRANDS_OF_CATEGORY
_branded = CATEGORY * BRANDS_OF_CATEGORY + np.tile(2 * np.minimum(_GROUP, 2) + _SLOT % 2, len(CATEGORIES))
BRAND = np.where(OWN, OWN_BRAND, _branded)

PRODUCT_NAMES = [f"{CATEGORIES[each]}-{number % PER_CATEGORY:02d}" for number, each in enumerate(CATEGORY)]
BRAND_NAMES = [*(f"{name} brand {k}" for name in CATEGORIES for k in range(1, 1 + BRANDS_OF_CATEGORY)), "own label"]


def product(category: Ints, tier: Ints, slot: Ints) -> Ints:
    """The product in that slot of a tier; tier 3 is the private label, whose slots are fewer."""
    return category * PER_CATEGORY + tier * SLOTS + np.where(tier == 3, slot % OWN_SLOTS, slot)
