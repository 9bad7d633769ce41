"""The planted kinds, as tables of numbers: who exists, and how each kind differs from the others.

Nothing here is random and nothing is estimated from real customers. The numbers are chosen so that kinds overlap
as real ones do: a persona tilts the shopper type, a shopper type tilts the benefit, and each shapes many columns a bit.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from patronage import names as c

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

CATEGORIES = (
    "groceries", "household", "beauty", "fashion", "homeware", "garden", "kitchen", "books", "toys", "sport",
    "electronics", "gifts",
)  # fmt: skip


@dataclass(frozen=True)
class Persona:
    """How one persona differs.

    Attributes
    ----------
    rate, spend
        Factors on the law's order rate and mean order value.
    basket
        Mean lines of an order beyond the first.
    likes
        Category to weight; the others weigh 0.3.
    hours
        The two hours around which orders come, the first twice as often.
    shoppers
        Factors on the shares of the shopper types, in the order of `SHOPPERS`.
    """

    share: float
    rate: float
    spend: float
    basket: float
    likes: dict[str, float]
    hours: tuple[int, int]
    shoppers: tuple[float, ...]


PERSONAS = {
    "family_basket": Persona(
        0.28, 1.5, 1.3, 8.0, {"groceries": 5, "household": 4, "toys": 2}, (19, 10), (1.5, 1, 1, 0.8, 0.8, 0.8)
    ),
    "urban_regular": Persona(
        0.22, 1.2, 0.8, 3.0, {"beauty": 4, "fashion": 4, "kitchen": 1.5}, (12, 21), (0.8, 1, 0.8, 1.6, 0.8, 1)
    ),
    "home_project": Persona(
        0.18, 0.8, 1.6, 5.0, {"homeware": 4, "garden": 4, "kitchen": 2.5}, (10, 16), (1, 1.2, 1.2, 0.8, 1, 1.2)
    ),
    "gadget_fan": Persona(
        0.17, 0.7, 2.0, 2.0, {"electronics": 5, "sport": 3, "books": 1.5}, (22, 13), (0.6, 1.5, 0.8, 0.8, 1.8, 1)
    ),
    "gift_giver": Persona(
        0.15, 0.5, 1.0, 2.5, {"gifts": 5, "toys": 2.5, "books": 3}, (15, 20), (0.8, 0.8, 1.4, 1.2, 0.8, 1.4)
    ),
}

SHOPPERS = ("price_sensitive", "smart_shopper", "risk_averse", "persuadable", "needs_proof", "procrastinator")
SHOPPER_SHARES = np.array([0.22, 0.16, 0.14, 0.18, 0.14, 0.16])
BENEFITS = ("price", "quality", "convenience", "variety", "service", "reassurance")
NATURAL_BENEFIT = np.array([0, 1, 5, 3, 4, 2])  # of each shopper type; half of the customers have it


@dataclass(frozen=True)
class Traits:
    """What a customer does at the shelf and before it; all (n,).

    Attributes
    ----------
    promo, coupons, own_label, returns, novelty, offers
        Probabilities: that a line is bought on promotion, an order with a coupon, a line of the private label, that
        a line is sent back, is a product out of habit's way, and that an offer is answered.
    lean
        Price tier within the category, -1 cheapest to 1 dearest.
    wait_days
        Mean days from the first look to the order.
    sessions, reviews, wishes
        Mean number per order of earlier browsing sessions, of reviews read, of things put on the wish list.
    abandons
        Abandoned carts per order.
    """

    promo: Floats
    coupons: Floats
    own_label: Floats
    returns: Floats
    novelty: Floats
    offers: Floats
    lean: Floats
    wait_days: Floats
    sessions: Floats
    reviews: Floats
    wishes: Floats
    abandons: Floats

    def of(self, who: Ints) -> Traits:
        """The traits of these rows."""
        return Traits(*(getattr(self, field.name)[who] for field in fields(self)))


PROBABILITIES = ("promo", "coupons", "own_label", "returns", "novelty", "offers")


def _table(**rows: tuple[float, ...]) -> Traits:
    return Traits(**{name: np.array(row) for name, row in rows.items()})


SHOPPER_TRAITS = _table(
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

BENEFIT_TRAITS = _table(  # added
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

# Dick and Basu (1994): the sales side by the psychological side. The rows are the quadrants.
LOYALTIES = ("true", "latent", "spurious", "none")
LOYALTY_SHARES = np.array([0.28, 0.22, 0.24, 0.26])
SALES_SIDE = np.array([True, False, True, False])
MIND_SIDE = np.array([True, True, False, False])
LOYALTY_RATE = np.where(SALES_SIDE, 1.4, 0.6)  # factor on the order rate
LOYALTY_SHAPE = np.where(SALES_SIDE, 4.0, 1.0)  # of the gaps between orders: 1 is Poisson, more is more regular
LOYALTY_DROPOUT = np.where(SALES_SIDE, 0.6, 1.4)  # factor on the dropout rate
SATISFACTION = np.where(MIND_SIDE[:, None], (6.0, 2.5), (3.5, 3.0))  # beta distribution

USAGES = ("light", "medium", "heavy", "hollow")  # hollow: heavy in volume, thin in quality
USAGE_ORDERS_A_YEAR = (4.0, 10.0)
HOLLOW_SHARE = 0.3  # of the heavy
LOGINS_A_YEAR = np.array([2.0, 6.0, 20.0, 20.0])
FEATURES_KNOWN = np.array([2, 4, 7, 1])  # breadth
MINUTES = np.array([4.0, 8.0, 15.0, 1.5])  # depth: mean length of one use
FEATURES = ("order_history", "reorder_list", "recipes", "store_finder", "style_advisor", "chat", "price_alert")

OCCASIONS = ("none", "universal", "week", "month", "year")
OCCASION_MIX = np.array([0.3, 0.15, 0.3, 0.25])  # of those who have one
OCCASION_PERIOD_DAYS = np.array([np.nan, np.nan, 7.0, 365.25 / 12, 365.25])
OCCASION_HELD = np.array([0.0, 0.7, 0.8, 0.85, 0.9])  # probability that an occasion brings an order
OCCASION_RATE = np.array([1.0, 0.5, 0.3, 0.35, 0.4])  # factor on the rate of all other orders
UNIVERSAL = (((2, 7), (2, 14)), ((10, 24), (10, 31)), ((11, 20), (11, 30)), ((12, 1), (12, 24)))  # month and day

CHANNELS = ("web", "app", "store", "email", "push", "social", "phone")
DEVICES = ("mobile", "desktop", "tablet")
SOURCES = ("organic", "paid_search", "social", "referral", "store", "partner")  # of acquisition
STAGES = ("non_user", "prospect", "first_time", "regular", "loyal", "at_risk", c.CHURNED)

USERS_OF_ACCOUNT = 5  # on average
AGES = ("18-24", "25-34", "35-49", "50-64", "65+")
INCOMES = ("low", "middle", "high")
REGIONS = ("north", "east", "south", "west", "capital")
LIFESTYLES = ("frugal", "family", "outdoor", "trend", "comfort")
INDUSTRIES = ("retail", "health", "education", "logistics", "software")
SIZES = ("1-9", "10-49", "50-249", "250+")
