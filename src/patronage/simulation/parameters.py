"""How the planted types differ, and what is sold: tables of numbers, with nothing random in them.

Nothing is estimated from real customers. The numbers are chosen so that types overlap as real ones do: a persona tilts
the shopper type, a shopper type tilts the benefit, and each moves many columns a bit. Elsewhere in the simulator a
type is a code: a position in one of the tuples of names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from patronage import names as c
from patronage.typing import Array

Ints = NDArray[np.int64]


def labels(codes: NDArray[np.integer], texts: Sequence[str] | pa.Array) -> pa.DictionaryArray:
    """Write codes as the texts that they stand for; a negative code is null."""
    codes = codes.astype(np.int32, copy=False)
    indices = pa.array(codes, mask=codes < 0)
    return pa.DictionaryArray.from_arrays(indices, texts if isinstance(texts, pa.Array) else pa.array(list(texts)))


CATEGORIES = (
    "groceries", "household", "beauty", "fashion", "homeware", "garden", "kitchen", "books", "toys", "sport",
    "electronics", "gifts",
)  # fmt: skip


@dataclass(frozen=True)
class PlantedPersona:
    """How one persona differs from the others.

    Attributes
    ----------
    share
        Share of the customers.
    rate, spend
        Factors on the law's order rate and mean order value.
    basket
        Mean number of lines of an order beyond the first.
    hours
        The two hours around which orders are placed, the first twice as often.
    shoppers
        Factors on the shares of the shopper types, in the order of `SHOPPERS`.
    likes
        Weight by category; the other categories weigh `OTHER_LIKES`.
    """

    share: float
    rate: float
    spend: float
    basket: float
    hours: tuple[int, int]
    shoppers: tuple[float, ...]
    likes: dict[str, float]


PERSONAS = {
    "family_basket": PlantedPersona(
        share=0.28, rate=1.5, spend=1.3, basket=8.0, hours=(19, 10), shoppers=(1.5, 1, 1, 0.8, 0.8, 0.8),
        likes={"groceries": 5, "household": 4, "toys": 2},
    ),
    "urban_regular": PlantedPersona(
        share=0.22, rate=1.2, spend=0.8, basket=3.0, hours=(12, 21), shoppers=(0.8, 1, 0.8, 1.6, 0.8, 1),
        likes={"beauty": 4, "fashion": 4, "kitchen": 1.5},
    ),
    "home_project": PlantedPersona(
        share=0.18, rate=0.8, spend=1.6, basket=5.0, hours=(10, 16), shoppers=(1, 1.2, 1.2, 0.8, 1, 1.2),
        likes={"homeware": 4, "garden": 4, "kitchen": 2.5},
    ),
    "gadget_fan": PlantedPersona(
        share=0.17, rate=0.7, spend=2.0, basket=2.0, hours=(22, 13), shoppers=(0.6, 1.5, 0.8, 0.8, 1.8, 1),
        likes={"electronics": 5, "sport": 3, "books": 1.5},
    ),
    "gift_giver": PlantedPersona(
        share=0.15, rate=0.5, spend=1.0, basket=2.5, hours=(15, 20), shoppers=(0.8, 0.8, 1.4, 1.2, 0.8, 1.4),
        likes={"gifts": 5, "toys": 2.5, "books": 3},
    ),
}  # fmt: skip
OTHER_LIKES = 0.3
PERSONA_SHARES, PERSONA_RATE, PERSONA_SPEND, PERSONA_BASKET = np.array(
    [(persona.share, persona.rate, persona.spend, persona.basket) for persona in PERSONAS.values()]
).T
PERSONA_HOURS = np.array([persona.hours for persona in PERSONAS.values()])
PERSONA_SHOPPERS = np.array([persona.shoppers for persona in PERSONAS.values()])

SHOPPERS = ("price_sensitive", "smart_shopper", "risk_averse", "persuadable", "needs_proof", "procrastinator")
SHOPPER_SHARES = np.array([0.22, 0.16, 0.14, 0.18, 0.14, 0.16])
BENEFITS = ("price", "quality", "convenience", "variety", "service", "reassurance")
NATURAL_BENEFIT = np.array([0, 1, 5, 3, 4, 2])  # of each shopper type; half of the customers have it


@dataclass(frozen=True)
class Traits:
    """How a customer shops; all (n,). The names are also those of the columns `true_trait_*`.

    Attributes
    ----------
    promo, coupons, own_label, returns, novelty, offers
        Probabilities: that a line is bought on promotion, an order with a coupon, a line from the private label, that
        a line is returned, that it is not the customer's habitual product, that an offer leads to an order.
    lean
        Preferred price tier within a category, from -1 (cheapest) to 1 (most expensive).
    wait_days
        Mean days from the first session to the order.
    sessions, reviews, wishes
        Mean number per order of earlier sessions, of reviews read, of products put on the wish list.
    abandons
        Abandoned carts per order.
    """

    promo: Array
    coupons: Array
    own_label: Array
    returns: Array
    novelty: Array
    offers: Array
    lean: Array
    wait_days: Array
    sessions: Array
    reviews: Array
    wishes: Array
    abandons: Array

    def of(self, customer: Ints) -> Traits:
        """Give the traits of the customers at these positions."""
        return Traits(*(getattr(self, field.name)[customer] for field in fields(self)))


PROBABILITIES = ("promo", "coupons", "own_label", "returns", "novelty", "offers")


def _traits(**rows: tuple[float, ...]) -> Traits:
    return Traits(**{name: np.array(row) for name, row in rows.items()})


SHOPPER_TRAITS = _traits(
    #           price  smart  risk  persuadable proof procrastinator
    promo=(0.55, 0.42, 0.10, 0.28, 0.12, 0.20),
    coupons=(0.35, 0.48, 0.06, 0.20, 0.10, 0.14),
    own_label=(0.45, 0.12, 0.06, 0.14, 0.12, 0.18),
    returns=(0.03, 0.03, 0.02, 0.13, 0.09, 0.05),
    novelty=(0.30, 0.40, 0.06, 0.75, 0.25, 0.35),
    offers=(0.35, 0.30, 0.05, 0.45, 0.10, 0.12),
    lean=(-0.80, 0.35, 0.15, 0.30, 0.25, 0.00),
    wait_days=(3.0, 6.0, 4.0, 0.3, 9.0, 20.0),
    sessions=(1.0, 2.2, 1.0, 0.2, 2.5, 1.8),
    reviews=(0.2, 1.8, 1.2, 0.1, 3.5, 0.6),
    wishes=(0.3, 0.5, 0.1, 0.1, 0.3, 1.0),
    abandons=(0.25, 0.25, 0.15, 0.10, 0.35, 1.20),
)

BENEFIT_TRAITS = _traits(  # added to those of the shopper type
    #           price  quality convenience variety service reassurance
    promo=(0.12, -0.08, -0.05, 0.0, -0.03, -0.05),
    coupons=(0.08, -0.05, -0.05, 0.0, 0.0, -0.03),
    own_label=(0.15, -0.08, 0.0, 0.0, 0.0, -0.05),
    returns=(0.0, 0.01, 0.0, 0.02, 0.01, -0.01),
    novelty=(0.0, 0.0, -0.10, 0.25, 0.0, -0.10),
    offers=(0.05, 0.0, 0.0, 0.05, 0.0, 0.0),
    lean=(-0.40, 0.50, 0.0, 0.0, 0.10, 0.05),
    wait_days=(0.5, 0.5, -1.0, 0.0, 0.0, 1.0),
    sessions=(0.2, 0.2, -0.5, 0.2, 0.0, 0.3),
    reviews=(0.0, 0.4, -0.5, 0.0, 0.0, 1.0),
    wishes=(0.1, 0.0, -0.1, 0.2, 0.0, 0.0),
    abandons=(0.1, 0.0, -0.1, 0.0, 0.0, 0.05),
)

# Dick and Basu (1994): repeat patronage by relative attitude. A loyalty is one of the four quadrants.
LOYALTIES = ("true", "latent", "spurious", "none")
LOYALTY_SHARES = np.array([0.28, 0.22, 0.24, 0.26])
HIGH_PATRONAGE = np.array([True, False, True, False])
HIGH_ATTITUDE = np.array([True, True, False, False])
LOYALTY_RATE = np.where(HIGH_PATRONAGE, 1.4, 0.6)  # factor on the order rate
LOYALTY_GAP_SHAPE = np.where(HIGH_PATRONAGE, 4.0, 1.0)  # gamma shape of the gaps: 1 is Poisson, more is regular
LOYALTY_DROPOUT = np.where(HIGH_PATRONAGE, 0.6, 1.4)  # factor on the dropout rate
LOYALTY_SATISFACTION = np.where(HIGH_ATTITUDE[:, None], (6.0, 2.5), (3.5, 3.0))  # parameters of a beta distribution

USAGES = ("light", "medium", "heavy", "hollow")  # hollow: many log-ins, few and short uses of one feature
HEAVY, HOLLOW = USAGES.index("heavy"), USAGES.index("hollow")
USAGE_ORDERS_A_YEAR = (4.0, 10.0)  # borders between the tiers
HOLLOW_SHARE = 0.3  # of the heavy
USAGE_LOGINS_A_YEAR = np.array([2.0, 6.0, 20.0, 20.0])
USAGE_FEATURES = np.array([2, 4, 7, 1])  # how many the customer uses
USAGE_MINUTES = np.array([4.0, 8.0, 15.0, 1.5])  # mean length of one use
FEATURES = ("order_history", "reorder_list", "recipes", "store_finder", "style_advisor", "chat", "price_alert")

OCCASIONS = ("none", "universal", "week", "month", "year")
NO_OCCASION, UNIVERSAL, WEEK, MONTH, YEAR = range(5)
OCCASION_SHARES = np.array([0.3, 0.15, 0.3, 0.25])  # of the customers who have an occasion
OCCASION_PERIOD_DAYS = np.array([np.nan, np.nan, 7.0, 365.25 / 12, 365.25])
OCCASION_P_ORDER = np.array([0.0, 0.7, 0.8, 0.85, 0.9])  # probability that an occasion leads to an order
OCCASION_RATE = np.array([1.0, 0.5, 0.3, 0.35, 0.4])  # factor on the rate of the customer's other orders
# First and last (month, day) of each.
UNIVERSAL_OCCASIONS = (((2, 7), (2, 14)), ((10, 24), (10, 31)), ((11, 20), (11, 30)), ((12, 1), (12, 24)))

CHANNELS = ("web", "app", "store", "email", "push", "social", "phone")
WEB, APP, STORE, EMAIL, PUSH, SOCIAL, PHONE = range(7)
BENEFIT_CHANNELS = np.tile([0.55, 0.25, 0.2], (len(BENEFITS), 1))  # shares of web, app and store, by benefit
BENEFIT_CHANNELS[BENEFITS.index("convenience")] = (0.3, 0.65, 0.05)
BENEFIT_CHANNELS[BENEFITS.index("service")] = (0.3, 0.1, 0.6)
DEVICES = ("mobile", "desktop", "tablet")
DEVICE_SHARES = np.array([0.55, 0.35, 0.1])
ACQUISITION_CHANNELS = ("organic", "paid_search", "social", "referral", "store", "partner")
ACQUISITION_SHARES = np.array([0.3, 0.25, 0.15, 0.12, 0.1, 0.08])
REGIONS = ("north", "east", "south", "west", "capital")
REGION_SHARES = np.array([0.2, 0.2, 0.2, 0.15, 0.25])
STAGES = ("non_user", "prospect", "first_time", "regular", "loyal", "at_risk", c.CHURNED)

USERS_OF_ACCOUNT = 5  # on average
AGES = ("18-24", "25-34", "35-49", "50-64", "65+")
INCOMES = ("low", "middle", "high")
LIFESTYLES = ("frugal", "family", "outdoor", "trend", "comfort")
INDUSTRIES = ("retail", "health", "education", "logistics", "software")
COMPANY_SIZES = ("1-9", "10-49", "50-249", "250+")

# The catalogue: each category has three price tiers of products, then those of the private label.
SLOTS, PRIVATE_LABEL_SLOTS = 16, 8
PER_CATEGORY = 3 * SLOTS + PRIVATE_LABEL_SLOTS
PRIVATE_LABEL_TIER = 3
BRANDS_OF_CATEGORY = 6

_BASE = np.array([6.0, 7.0, 12.0, 18.0, 14.0, 12.0, 12.0, 11.0, 12.0, 17.0, 24.0, 12.0])  # price in the middle tier
_TIER_FACTOR = np.array([0.6, 1.0, 1.7, 0.5])
_TIER = np.append(np.repeat([0, 1, 2], SLOTS), np.full(PRIVATE_LABEL_SLOTS, PRIVATE_LABEL_TIER))
_SLOT = np.append(np.tile(np.arange(SLOTS), 3), np.arange(PRIVATE_LABEL_SLOTS))

# By product, category after category.
PRODUCT_PRICE = np.round((_BASE[:, None] * _TIER_FACTOR[_TIER] * (0.88 + 0.24 * _SLOT / SLOTS)).ravel(), 2)
PRODUCT_COST_SHARE = np.tile(np.array([0.72, 0.65, 0.55, 0.50])[_TIER], len(CATEGORIES))  # of the list price
PRODUCT_PRIVATE_LABEL = np.tile(_TIER == PRIVATE_LABEL_TIER, len(CATEGORIES))
PRODUCT_CATEGORY = np.repeat(np.arange(len(CATEGORIES)), PER_CATEGORY)
_PRIVATE_LABEL = len(CATEGORIES) * BRANDS_OF_CATEGORY
_branded = PRODUCT_CATEGORY * BRANDS_OF_CATEGORY + np.tile(2 * np.minimum(_TIER, 2) + _SLOT % 2, len(CATEGORIES))
PRODUCT_BRAND = np.where(PRODUCT_PRIVATE_LABEL, _PRIVATE_LABEL, _branded)

PRODUCT_NAMES = [
    f"{CATEGORIES[category]}-{number % PER_CATEGORY:02d}" for number, category in enumerate(PRODUCT_CATEGORY)
]
BRAND_NAMES = [*(f"{name} brand {k}" for name in CATEGORIES for k in range(1, 1 + BRANDS_OF_CATEGORY)), "own label"]


def product_at(category: Ints, tier: Ints, slot: Ints) -> Ints:
    """Give the product in a slot of a tier; the private label has fewer slots, which repeat."""
    slot = np.where(tier == PRIVATE_LABEL_TIER, slot % PRIVATE_LABEL_SLOTS, slot)
    return category * PER_CATEGORY + tier * SLOTS + slot
