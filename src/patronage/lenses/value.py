"""Value: what the customer has brought, what she costs, and her place in the customer pyramid.

Zeithaml, Rust and Lemon (2001), "The customer pyramid". Tiers are cut by cumulative share of revenue: the
platinum customers are the fewest who together bring the first half (conf: `lenses.value.tiers`). The revenue at which
one tier ends is frozen at fit. Profit is what is left of the margin after the cost to serve (Kaplan and Narayanan
2001), at so much an event (`lenses.value.event_costs`). Royal are those of the top tier who are loyal in mind too.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.data.contract import EVENTS
from patronage.engine import text
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Learned, Lens, Said
from patronage.lenses.shelves import words


def _select(history: History, config: LensesConfig) -> str:
    n, total = "count(*)", "sum(revenue)"
    # Squares of minor units overflow 64 bits; summed exactly, the variation has the same bits everywhere.
    squares = f"sum({history.engine.wide(c.REVENUE)} * {history.engine.wide(c.REVENUE)})"
    variance = f"CAST({n} * {squares} - {total} * {total} AS DOUBLE) / ({n} * ({n} - 1.0e0))"
    served = "coalesce(t.cost, 0)" if history.present.get(EVENTS.name) else history.engine.null("money")
    # Of a customer with a line of unknown cost the margin is unknown.
    profit = f"CASE WHEN l.costed THEN l.net - l.cost - {served} END"
    return f"""
        SELECT l.customer_id, {history.money("l.net")} AS net_revenue, {history.money("l.refunds")} AS refunds,
               o.mean_order_value, o.order_value_variation, {history.money("l.discount")} AS discounts_given,
               {history.money(served)} AS cost_to_serve, {history.money(profit)} AS profit
        FROM (SELECT customer_id, sum(net) AS net, coalesce(sum(paid), 0) - sum(net) AS refunds,
                     sum(discount) AS discount, sum(cost) AS cost, sum(n_costed) = sum(n_lines) AS costed
              FROM shelves GROUP BY customer_id) AS l
        LEFT JOIN (SELECT customer_id, {history.money("sum(revenue)")} / count(*) AS mean_order_value,
                          CASE WHEN {n} > 1 AND {total} > 0
                               THEN sqrt({variance}) / (CAST({total} AS DOUBLE) / {n}) END
                              AS order_value_variation
                   FROM orders GROUP BY customer_id) AS o ON l.customer_id = o.customer_id
        LEFT JOIN ({_served(history, config)}) AS t ON l.customer_id = t.customer_id"""


def _served(history: History, config: LensesConfig) -> str:
    """SQL: minor units that a customer's events have cost."""
    costs = config.value.event_costs
    cases = " ".join(f"WHEN {text(event)} THEN {round(cost * history.money_scale)}" for event, cost in costs.items())
    return f"""
        SELECT customer_id, sum(CASE event {cases} ELSE 0 END) AS cost FROM touches
        WHERE event IN ({words(costs)}) GROUP BY customer_id"""


def _learn(features: pd.DataFrame, config: LensesConfig) -> Learned:
    """The least net revenue of each tier but the last, best tier first; and what the best fifth bring."""
    revenue = np.sort(features[c.NET_REVENUE].clip(lower=0).to_numpy())[::-1]
    shares = np.cumsum(revenue) / max(revenue.sum(), 1e-12)
    floors = {}
    for tier, share in list(config.value.tiers.items())[:-1]:
        # the customer who crosses the border still belongs to the tier
        floors[tier] = float(revenue[min(int(np.searchsorted(shares, share)), len(revenue) - 1)])
    return {
        "floors": floors,
        "last": list(config.value.tiers)[-1],
        "best_fifth_share": float(shares[max(round(0.2 * len(shares)), 1) - 1]),  # Pareto's
        "royal_mind": config.value.royal_mind,
    }


def _segments(features: pd.DataFrame, learned: Learned) -> Said:
    revenue = features[c.NET_REVENUE].to_numpy()
    cases = [(revenue >= floor) & (revenue > 0) for floor in learned["floors"].values()]
    tier = np.select(cases, list(learned["floors"]), learned["last"])
    return {c.VALUE_TIER: tier, c.ROYAL: _royal(features, tier, learned)}


def _royal(features: pd.DataFrame, tier: np.ndarray, learned: Learned) -> np.ndarray:
    """Whether a customer of the top tier is loyal in mind; `unknown` where nothing shows her mind."""
    if c.LOYALTY_MIND not in features:
        return np.full(len(features), c.UNKNOWN, dtype=object)
    mind = features[c.LOYALTY_MIND].to_numpy()
    top = tier == next(iter([*learned["floors"], learned["last"]]))
    return np.select([~top, np.isnan(mind), mind >= learned["royal_mind"]], ["no", c.UNKNOWN, "yes"], "no")


LENS = Lens(
    name="value",
    asks="What has the customer brought and cost, and where in the pyramid does that put her?",
    source="Zeithaml, Rust and Lemon 2001; Kaplan and Narayanan 2001",
    features={
        c.NET_REVENUE: Feature("amounts less refunds, in the currency", "high-value", "low-value", absent=0),
        "refunds": Feature("refunded, in the currency", "returning", "", absent=0),
        c.MEAN_ORDER_VALUE: Feature("mean value of an order, in the currency", "big-basket", "small-basket"),
        "order_value_variation": Feature(
            "standard deviation of order values over their mean", "varied-basket", "even-basket"
        ),
        "discounts_given": Feature("taken off the list prices, in the currency", "subsidised", "unsubsidised"),
        "cost_to_serve": Feature("cost of tickets, returns and the like, in the currency", "costly", "easy to serve"),
        "profit": Feature(
            "net revenue less cost of goods and cost to serve, in the currency", "profitable", "unprofitable"
        ),
    },
    wants=(
        "transactions.cost",
        "transactions.discount",
        f"{EVENTS.name}:ticket_opened",
        f"{EVENTS.name}:return_requested",
    ),
    answers={
        c.VALUE_TIER: {"<tier>": "platinum, gold, iron, lead, or as `lenses.value.tiers` names them, best first"},
        c.ROYAL: {"yes": "of the top tier and loyal in mind", "no": "not both"},
    },
    select=_select,
    learn=_learn,
    segments=_segments,
)
