"""Purchase behaviour: how the customer buys, and which type of shopper that shows.

Six types by behaviour. The price-sensitive take the cheap products of a category and the own label; the smart shopper
gets expensive products for less by coupons and promotions (Ailawadi, Neslin and Gedenk 2001; Schindler 1989); the
risk-averse stay with known products and with brands (Bauer 1960; Batra and Sinha 2000); the persuadable buy at first
sight, the new and the offered (Rook 1987); those who need proof read before they buy (Beatty and Smith 1987); the
procrastinator delays and leaves carts standing (Darpy 2000). Weights: conf, `lenses.purchase.types`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.data.contract import EVENTS, TRANSACTIONS
from patronage.lenses import scores
from patronage.lenses.expressions import THOUSAND, thousandths, words
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Labels, Lens
from patronage.lenses.prices import packed_prices, price_levels, price_tier, priced_categories

BEHAVIOURS = (
    c.BASKET_SIZE, c.DISCOUNT_SHARE, c.COUPON_SHARE, c.OWN_LABEL_SHARE, c.RETURN_SHARE, c.NOVELTY, c.BROWSE_DAYS,
    c.LOOKS_PER_ORDER, c.PROOFS_PER_ORDER, c.ABANDONED_CARTS, c.OFFER_RESPONSE,
)  # fmt: skip
PRICE_TIER = "price_tier"  # a behaviour, but no feature: it depends on what everyone pays
KINDS = ("looks", "proofs", "carts", "offers", "redeemed")  # of events before an order


def _select(history: History, config: LensesConfig) -> str:
    return f"""
        WITH baskets AS ({_baskets(history)}
        ),
        contents AS ({_contents()}
        ),
        priced_categories AS ({priced_categories()}
        ),
        prices AS (
            SELECT customer_id, {packed_prices(history)} AS shelf_prices FROM priced_categories GROUP BY customer_id
        ),
        event_days AS ({_event_days(config)}
        ),
        days AS (
            SELECT * FROM event_days
            UNION ALL
            SELECT customer_id, day, day, {", ".join("NULL" for _ in KINDS)} FROM order_days
        ),
        days_before_orders AS (
            SELECT *, min(ordered) OVER (PARTITION BY customer_id ORDER BY day DESC, ordered DESC NULLS LAST
                                         ROWS UNBOUNDED PRECEDING) AS next_order
            FROM days
        ),
        sent_back AS (
            SELECT customer_id, count(*) AS n_returns FROM returns GROUP BY customer_id
        ),
        browsing AS ({_browsing(history, config)}
        )
        SELECT customer_id, basket_size, basket_variation, coupon_share,
               discount_share, own_label_share,
               coalesce(n_returns, 0) * 1.0e0 / (lines_kept + coalesce(n_returns, 0)) AS return_share,
               product_novelty, shelf_prices,
               browse_days, looks * 1.0e0 / n_orders AS looks_per_order, proofs * 1.0e0 / n_orders AS proofs_per_order,
               abandoned * 1.0e0 / n_orders AS abandoned_carts, offer_response
        FROM baskets
        LEFT JOIN contents USING (customer_id)
        LEFT JOIN prices USING (customer_id)
        LEFT JOIN sent_back USING (customer_id)
        LEFT JOIN browsing USING (customer_id)"""


def _baskets(history: History) -> str:
    """SQL: baskets. An order without a coupon is known to have none only where coupons are recorded."""
    n, total, squares = "count(*)", "sum(n_lines)", "sum(n_lines * n_lines)"
    spread = f"sqrt(({n} * {squares} - {total} * {total}) / ({n} * ({n} - 1.0e0))) / ({total} * 1.0e0 / {n})"
    recorded = history.has(TRANSACTIONS.name, c.COUPON)
    coupons = f"count(*) FILTER (WHERE n_coupon_lines > 0) * 1.0e0 / {n}" if recorded else "CAST(NULL AS DOUBLE)"
    return f"""
            SELECT customer_id, {n} AS n_orders, {total} * 1.0e0 / {n} AS basket_size,
                   CASE WHEN {n} > 1 THEN {spread} END AS basket_variation,
                   {coupons} AS coupon_share
            FROM orders GROUP BY customer_id"""


def _contents() -> str:
    """SQL: what is in the baskets.

    Novelty is the chance that two purchases in one category are of different products (Simpson 1949): it does not
    fall, as the share of first purchases does, merely because a customer buys more.
    """
    again = "sum(n_with_product - 1) FILTER (WHERE n_with_product > 1)"
    same = f"sum(CASE WHEN n_with_product > 1 THEN {thousandths('n_same_product * 1.0e0 / n_with_product')} END)"
    list_value = "(sum(paid) + sum(discount))"
    return f"""
            SELECT customer_id,
                   CASE WHEN {list_value} > 0 THEN CAST(sum(discount) AS DOUBLE) / {list_value} END AS discount_share,
                   CASE WHEN sum(n_with_label) > 0 THEN sum(n_own_label) * 1.0e0 / sum(n_with_label) END
                       AS own_label_share,
                   sum(n_lines) AS lines_kept,
                   1 - CAST({same} AS DOUBLE) / ({THOUSAND} * {again}) AS product_novelty
            FROM category_totals GROUP BY customer_id"""


def _event_days(config: LensesConfig) -> str:
    """SQL: looks, reading, carts and offers by day."""
    tests = (
        "event IN ('visit', 'view', 'search')",
        f"event = 'content_viewed' AND lower(subject) IN ({words(config.purchase.proof)})",
        "event IN ('add_to_cart', 'checkout_started')",
        "event = 'offer_received'",
        "event = 'offer_redeemed'",
    )
    counts = ", ".join(f"count(*) FILTER (WHERE {test}) AS {kind}" for kind, test in zip(KINDS, tests, strict=True))
    return f"""
            SELECT customer_id, CAST(occurred_at AS DATE) AS day, CAST(NULL AS DATE) AS ordered, {counts}
            FROM events WHERE {" OR ".join(tests)}
            GROUP BY customer_id, CAST(occurred_at AS DATE)"""


def _browsing(history: History, config: LensesConfig) -> str:
    """SQL: the days with such events against the next day with an order."""
    settings = config.purchase
    wait = history.engine.days("day", "next_order")
    looked = f"looks > 0 AND {wait} <= {settings.browse_days}"
    # A cart of the last days may still be bought: it is not yet abandoned.
    left = (
        f"carts > 0 AND {history.age('day')} > {settings.cart_days} AND coalesce({wait} > {settings.cart_days}, true)"
    )
    return f"""
            SELECT customer_id, CAST(sum(looks) AS BIGINT) AS looks, CAST(sum(proofs) AS BIGINT) AS proofs,
                   count(*) FILTER (WHERE {left}) AS abandoned,
                   sum({wait}) FILTER (WHERE {looked}) * 1.0e0 / count(*) FILTER (WHERE {looked}) AS browse_days,
                   CASE WHEN sum(offers) > 0 THEN sum(redeemed) * 1.0e0 / sum(offers) END AS offer_response
            FROM days_before_orders WHERE looks IS NOT NULL GROUP BY customer_id"""


def behaviours(features: pd.DataFrame, levels: Mapping[str, float]) -> pd.DataFrame:
    """What the types are scored on."""
    return features[list(BEHAVIOURS)].assign(**{PRICE_TIER: price_tier(features, levels)})


@dataclass(frozen=True)
class PurchaseState:
    """What the types are scored by; `levels` are price levels by category, `scores` as `scores.fit` gives them."""

    levels: Mapping[str, float]
    min_orders: int
    scores: scores.Scores


def _fit(features: pd.DataFrame, config: LensesConfig) -> PurchaseState:
    settings = config.purchase
    levels = price_levels(features[c.SHELF_PRICES])
    known = behaviours(features[features[c.N_ORDERS] >= settings.min_orders], levels)
    return PurchaseState(levels, settings.min_orders, scores.fit(known, settings.types, "lenses.purchase.types"))


def _segments(features: pd.DataFrame, state: PurchaseState) -> Labels:
    scored = scores.score(behaviours(features, state.levels), state.scores)
    enough = features[c.N_ORDERS] >= state.min_orders
    return {c.PURCHASE_SEGMENT: scores.best(scored, enough)}


REQUIRES = (
    "transactions.discount", "transactions.coupon", "transactions.private_label", "transactions.product_id",
    f"{EVENTS.name}:view", f"{EVENTS.name}:visit",
)  # fmt: skip
IMPROVED_BY = (
    "transactions.discount", "transactions.coupon", "transactions.private_label", "transactions.product_id",
    "transactions.category", "transactions.quantity", f"{EVENTS.name}:view", f"{EVENTS.name}:content_viewed",
)  # fmt: skip

LENS = Lens(
    name="purchase",
    question="How does the customer buy, and which type of shopper is this?",
    source="Ailawadi, Neslin and Gedenk 2001; Rook 1987; Beatty and Smith 1987; Darpy 2000",
    features={
        c.BASKET_SIZE: Feature("mean lines of an order", "full-basket", "single-item", reason="{} lines an order"),
        "basket_variation": Feature(
            "how unequal the sizes of the orders are (standard deviation of lines over mean)",
            reason="orders of less equal size than most|orders of more equal size than most",
        ),
        c.DISCOUNT_SHARE: Feature(
            "discounts over list value",
            "discount-seeking",
            "seldom on discount",
            reason="{:.0%} off the list prices",
            none="no discounts",
        ),
        c.COUPON_SHARE: Feature(
            "share of orders with a coupon",
            "coupon-using",
            "coupon-free",
            reason="{:.0%} of the orders with a coupon",
            none="no coupons",
        ),
        c.OWN_LABEL_SHARE: Feature(
            "share of lines of the own label",
            "own-label",
            "brand-buying",
            reason="{:.0%} of the goods of the own label",
            none="nothing of the own label",
        ),
        c.RETURN_SHARE: Feature(
            "refunds as a share of refunds and lines that stand",
            "sending back",
            reason="{:.0%} of the lines refunded",
            none="nothing refunded",
        ),
        c.NOVELTY: Feature(
            "how often new products are tried (chance that two purchases in a category are of different products)",
            "exploring",
            "habitual",
            reason="tries new products more than most|tries new products less than most",
        ),
        c.BROWSE_DAYS: Feature(
            "mean days from a look to the order that follows",
            "deliberating",
            "spontaneous",
            reason="{} days from a look to the order",
        ),
        c.LOOKS_PER_ORDER: Feature(
            "visits, views and searches per order", "browsing", "straight-buying", reason="{} looks for an order"
        ),
        c.PROOFS_PER_ORDER: Feature(
            "reviews and the like read per order",
            "researching",
            "trusting",
            reason="{} reviews read for an order",
            none="reads no reviews",
        ),
        c.ABANDONED_CARTS: Feature(
            "days with a cart that no order followed, per order",
            "cart-leaving",
            "decided",
            reason="{} carts left for an order",
            none="leaves no carts",
        ),
        c.OFFER_RESPONSE: Feature(
            "offers redeemed per offer received",
            "offer-taking",
            "offer-ignoring",
            reason="takes {:.0%} of the offers",
            none="takes no offers",
        ),
        c.SHELF_PRICES: Feature(
            "unit price (thousandths of minor units), lines and category, where the customer buys most",
            text=True,
            packed=True,
        ),
    },
    requires=REQUIRES,
    improved_by=(*IMPROVED_BY, f"{EVENTS.name}:add_to_cart", f"{EVENTS.name}:offer_received"),
    reads=(c.N_ORDERS,),
    labels={
        c.PURCHASE_SEGMENT: {
            "price_sensitive": "buys cheap products and the own label, on promotion",
            "smart_shopper": "gets expensive products for less, by coupons and promotions",
            "risk_averse": "stays with known products",
            "persuadable": "buys new and offered products, at first sight",
            "needs_proof": "looks and reads before buying",
            "procrastinator": "delays, leaves carts standing",
        }
    },
    select=_select,
    state=PurchaseState,
    fit=_fit,
    segments=_segments,
)
