"""Purchase behaviour: how the customer comes to buy, and what kind of shopper that makes her.

Six types by what they do. The price-sensitive take the cheap of a shelf and the own label, the smart shopper
gets the dear for less by coupons and promotions (Ailawadi, Neslin and Gedenk 2001; Schindler 1989); the risk-averse
stay with what they know and with brands (Bauer 1960; Batra and Sinha 2000); the persuadable buy at first sight, the new
and the offered (Rook 1987); those who need proof read before they buy (Beatty and Smith 1987); the procrastinator
puts it off and leaves carts standing (Darpy 2000). Weights: conf, `lenses.purchase.types`.
"""

from __future__ import annotations

import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.data.contract import EVENTS
from patronage.lenses import scores
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Learned, Lens, Said
from patronage.lenses.prices import price_levels, price_tier, select_prices
from patronage.lenses.shelves import THOUSAND, thousandths, words

BEHAVIOURS = (
    c.BASKET_SIZE, c.DISCOUNT_SHARE, c.COUPON_SHARE, c.OWN_LABEL_SHARE, c.RETURN_SHARE, c.NOVELTY, c.BROWSE_DAYS,
    c.LOOKS_PER_ORDER, c.PROOFS_PER_ORDER, c.ABANDONED_CARTS, c.OFFER_RESPONSE,
)  # fmt: skip
PRICE_TIER = "price_tier"  # a behaviour, but no feature: it depends on what everyone pays


def _select(history: History, config: LensesConfig) -> str:
    return f"""
        SELECT o.customer_id, o.basket_size, o.basket_variation, o.coupon_share,
               s.discount_share, s.own_label_share, s.return_share, s.product_novelty, p.shelf_prices,
               e.browse_days, e.looks * 1.0e0 / o.n AS looks_per_order, e.proofs * 1.0e0 / o.n AS proofs_per_order,
               e.abandoned * 1.0e0 / o.n AS abandoned_carts, e.offer_response
        FROM ({_orders(history)}) AS o
        LEFT JOIN ({_shelves()}) AS s ON s.customer_id = o.customer_id
        LEFT JOIN ({select_prices(history)}) AS p ON p.customer_id = o.customer_id
        LEFT JOIN ({_before_orders(history, config)}) AS e ON e.customer_id = o.customer_id"""


def _orders(history: History) -> str:
    """SQL: baskets. An order without a coupon is known to have none only where coupons are recorded."""
    n, total, squares = "count(*)", "sum(n_lines)", "sum(n_lines * n_lines)"
    spread = f"sqrt(({n} * {squares} - {total} * {total}) / ({n} * ({n} - 1.0e0))) / ({total} * 1.0e0 / {n})"
    recorded = c.COUPON in history.present["transactions"]
    coupons = f"count(*) FILTER (WHERE n_coupon_lines > 0) * 1.0e0 / {n}" if recorded else "CAST(NULL AS DOUBLE)"
    return f"""
        SELECT customer_id, {n} AS n, {total} * 1.0e0 / {n} AS basket_size,
               CASE WHEN {n} > 1 THEN {spread} END AS basket_variation, {coupons} AS coupon_share
        FROM orders GROUP BY customer_id"""


def _shelves() -> str:
    """SQL: what is in the baskets.

    Novelty is the chance that two purchases on the same shelf are of different products (Simpson 1949): it does not
    fall, as the share of first purchases does, merely because someone buys more.
    """
    again = "sum(n_known - 1) FILTER (WHERE n_known > 1)"
    alike = f"sum(CASE WHEN n_known > 1 THEN {thousandths('alike * 1.0e0 / n_known')} END)"
    list_value = "(sum(paid) + sum(discount))"
    return f"""
        SELECT customer_id,
               CASE WHEN {list_value} > 0 THEN CAST(sum(discount) AS DOUBLE) / {list_value} END AS discount_share,
               CASE WHEN sum(n_labelled) > 0 THEN sum(n_own) * 1.0e0 / sum(n_labelled) END AS own_label_share,
               CASE WHEN sum(n_lines) > 0 THEN sum(n_refunds) * 1.0e0 / sum(n_lines) END AS return_share,
               1 - CAST({alike} AS DOUBLE) / ({THOUSAND} * {again}) AS product_novelty
        FROM shelves GROUP BY customer_id"""


def _before_orders(history: History, config: LensesConfig) -> str:
    """SQL: looks, reading, carts and offers, day by day against the next day with an order."""
    settings = config.purchase
    wait = history.engine.days("day", "next_order")
    kinds = {
        "looks": "event IN ('visit', 'view', 'search')",
        "proofs": f"event = 'content_viewed' AND lower(subject) IN ({words(settings.proof)})",
        "carts": "event IN ('add_to_cart', 'checkout_started')",
        "offers": "event = 'offer_received'",
        "redeemed": "event = 'offer_redeemed'",
    }
    counts = ", ".join(f"count(*) FILTER (WHERE {test}) AS {name}" for name, test in kinds.items())
    looked = f"looks > 0 AND {wait} <= {settings.browse_days}"
    # A cart of the last days may still be bought: nothing is said of it yet.
    left = (
        f"carts > 0 AND {history.age('day')} > {settings.cart_days} AND coalesce({wait} > {settings.cart_days}, true)"
    )
    return f"""
        SELECT customer_id, CAST(sum(looks) AS BIGINT) AS looks, CAST(sum(proofs) AS BIGINT) AS proofs,
               count(*) FILTER (WHERE {left}) AS abandoned,
               sum({wait}) FILTER (WHERE {looked}) * 1.0e0 / count(*) FILTER (WHERE {looked}) AS browse_days,
               CASE WHEN sum(offers) > 0 THEN sum(redeemed) * 1.0e0 / sum(offers) END AS offer_response
        FROM (SELECT *, min(ordered) OVER (PARTITION BY customer_id ORDER BY day DESC, ordered DESC NULLS LAST
                                           ROWS UNBOUNDED PRECEDING) AS next_order
              FROM (SELECT customer_id, CAST(occurred_at AS DATE) AS day, CAST(NULL AS DATE) AS ordered, {counts}
                    FROM touches WHERE {" OR ".join(kinds.values())}
                    GROUP BY customer_id, CAST(occurred_at AS DATE)
                    UNION ALL SELECT customer_id, day, day, {", ".join("NULL" for _ in kinds)} FROM days))
        WHERE looks IS NOT NULL GROUP BY customer_id"""


def behaviours(features: pd.DataFrame, levels: dict[str, float]) -> pd.DataFrame:
    """What the types are scored on."""
    return features[list(BEHAVIOURS)].assign(**{PRICE_TIER: price_tier(features, levels)})


def _learn(features: pd.DataFrame, config: LensesConfig) -> Learned:
    settings = config.purchase
    levels = price_levels(features[c.SHELF_PRICES])
    enough = features[c.N_ORDERS] >= settings.min_orders
    known = behaviours(features[enough], levels)
    return {
        "levels": levels,
        "min_orders": settings.min_orders,
        **scores.learn_scores(known, settings.types, "lenses.purchase.types"),
    }


def _segments(features: pd.DataFrame, learned: Learned) -> Said:
    scored = scores.score(behaviours(features, learned["levels"]), learned)
    enough = features[c.N_ORDERS] >= learned["min_orders"]
    return {c.PURCHASE_SEGMENT: scores.best(scored, enough)}


NEEDS = (
    "transactions.discount", "transactions.coupon", "transactions.private_label", "transactions.product_id",
    f"{EVENTS.name}:view", f"{EVENTS.name}:visit",
)  # fmt: skip
WANTS = (
    "transactions.discount", "transactions.coupon", "transactions.private_label", "transactions.product_id",
    "transactions.category", "transactions.quantity", f"{EVENTS.name}:view", f"{EVENTS.name}:content_viewed",
)  # fmt: skip

LENS = Lens(
    name="purchase",
    asks="How does the customer come to buy, and what kind of shopper is she?",
    source="Ailawadi, Neslin and Gedenk 2001; Rook 1987; Beatty and Smith 1987; Darpy 2000",
    features={
        c.BASKET_SIZE: Feature("mean lines of an order", "full-basket", "single-item"),
        "basket_variation": Feature("standard deviation of the lines of an order over their mean"),
        c.DISCOUNT_SHARE: Feature("discounts over list value", "bargain-hunting", "full-price"),
        c.COUPON_SHARE: Feature("share of orders with a coupon", "coupon-using", "couponless"),
        c.OWN_LABEL_SHARE: Feature("share of lines of the own label", "own-label", "branded"),
        c.RETURN_SHARE: Feature("refund lines per purchase line", "sending back", "keeping"),
        c.NOVELTY: Feature(
            "chance that two purchases in a category are of different products", "exploring", "habitual"
        ),
        c.BROWSE_DAYS: Feature("mean days from a look to the order that follows", "deliberating", "spontaneous"),
        c.LOOKS_PER_ORDER: Feature("visits, views and searches per order", "browsing", "straight-buying"),
        c.PROOFS_PER_ORDER: Feature("reviews and the like read per order", "researching", "trusting"),
        c.ABANDONED_CARTS: Feature("days with a cart that no order followed, per order", "cart-leaving", "decided"),
        c.OFFER_RESPONSE: Feature("offers redeemed per offer received", "offer-taking", "offer-ignoring"),
        c.SHELF_PRICES: Feature(
            "unit price (thousandths of minor units), lines and category, where she buys most", text=True, packed=True
        ),
    },
    needs=NEEDS,
    wants=(*WANTS, f"{EVENTS.name}:add_to_cart", f"{EVENTS.name}:offer_received"),
    answers={
        c.PURCHASE_SEGMENT: {
            "price_sensitive": "buys the cheap and the own label, on promotion",
            "smart_shopper": "gets the dear for less, by coupons and promotions",
            "risk_averse": "stays with what she knows",
            "persuadable": "buys the new and the offered, at first sight",
            "needs_proof": "looks and reads before she buys",
            "procrastinator": "puts it off, leaves carts standing",
        }
    },
    select=_select,
    learn=_learn,
    segments=_segments,
)
