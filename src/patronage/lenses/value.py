"""Value: what the customer has paid and cost, and the tier of the customer pyramid.

Zeithaml, Rust and Lemon (2001), "The customer pyramid". Tiers are cut by cumulative share of revenue: the
platinum customers are the fewest who together pay the first half (conf: `lenses.value.tiers`). The revenue at which
one tier ends is frozen at fit. Profit is what is left of the margin after the cost to serve (Kaplan and Narayanan
2001), at so much an event (`lenses.value.event_costs`). Royal are the customers of the top tier who are loyal in mind
too. A customer who never bought is in no tier.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.data.contract import EVENTS
from patronage.lenses.expressions import case, words
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Labels, Lens


def _select(history: History, config: LensesConfig) -> str:
    n, total = "count(*)", "sum(revenue)"
    # Squares of minor units overflow 64 bits; summed exactly, the variation has the same bits everywhere.
    squares = f"sum({history.engine.wide(c.REVENUE)} * {history.engine.wide(c.REVENUE)})"
    variance = f"CAST({n} * {squares} - {total} * {total} AS DOUBLE) / ({n} * ({n} - 1.0e0))"
    served = "coalesce(served, 0)" if history.has(EVENTS.name) else history.engine.null("money")
    # With one line of unknown cost the margin of the customer is unknown.
    profit = f"CASE WHEN cost_known THEN net - cost - {served} END"
    scale = history.tables.money_scale
    cost = case({event: round(cost * scale) for event, cost in config.value.event_costs.items()}, 0)
    return f"""
        WITH totals AS (
            SELECT customer_id, sum(net) AS net,
                   sum(discount) AS discount, sum(cost) AS cost, sum(n_with_cost) = sum(n_lines) AS cost_known
            FROM category_totals GROUP BY customer_id
        ),
        refunds AS (
            SELECT customer_id, sum(amount) AS refunded FROM returns GROUP BY customer_id
        ),
        order_values AS (
            SELECT customer_id,
                   {history.money(total)} / {n} AS mean_order_value,
                   CASE WHEN {n} > 1 AND {total} > 0 THEN sqrt({variance}) / (CAST({total} AS DOUBLE) / {n}) END
                       AS order_value_variation
            FROM orders GROUP BY customer_id
        ),
        service AS (
            SELECT customer_id, sum({cost}) AS served
            FROM events WHERE event IN ({words(config.value.event_costs)}) GROUP BY customer_id
        )
        SELECT customer_id,
               {history.money("net")} AS net_revenue,
               {history.money("coalesce(refunded, 0)")} AS refunds,
               mean_order_value, order_value_variation,
               {history.money(c.DISCOUNT)} AS discounts_given,
               {history.money(served)} AS cost_to_serve,
               {history.money(profit)} AS profit
        FROM totals FULL JOIN refunds USING (customer_id)
        LEFT JOIN order_values USING (customer_id) LEFT JOIN service USING (customer_id)"""


@dataclass(frozen=True)
class ValueState:
    """The pyramid, frozen.

    Attributes
    ----------
    floors
        The least net revenue of each tier but the last, best tier first.
    last
        The last tier.
    best_fifth_share
        The share of all revenue that the best fifth of the buyers pay (Pareto's).
    royal_mind
        The psychological loyalty from which on a customer is loyal in mind.
    """

    floors: Mapping[str, float]
    last: str
    best_fifth_share: float
    royal_mind: float


def _fit(features: pd.DataFrame, config: LensesConfig) -> ValueState:
    bought = features[c.N_ORDERS] > 0
    revenue = np.sort(features.loc[bought, c.NET_REVENUE].clip(lower=0).to_numpy())[::-1]
    shares = np.cumsum(revenue) / max(revenue.sum(), 1e-12)
    floors = {}
    for tier, share in list(config.value.tiers.items())[:-1]:
        # the customer who crosses the border still belongs to the tier
        floors[tier] = (
            float(revenue[min(int(np.searchsorted(shares, share)), len(revenue) - 1)]) if len(revenue) else 0.0
        )
    return ValueState(
        floors=floors,
        last=list(config.value.tiers)[-1],
        best_fifth_share=float(shares[max(round(0.2 * len(shares)), 1) - 1]) if len(shares) else 0.0,
        royal_mind=config.value.royal_mind,
    )


def _segments(features: pd.DataFrame, state: ValueState) -> Labels:
    revenue = features[c.NET_REVENUE].to_numpy()
    reached = [(revenue >= floor) & (revenue > 0) for floor in state.floors.values()]
    never = features[c.N_ORDERS].to_numpy() == 0
    tier = np.select([never, *reached], [c.UNKNOWN, *state.floors], state.last)
    return {c.VALUE_TIER: tier, c.ROYAL: _royal(features, tier, state)}


def _royal(features: pd.DataFrame, tier: np.ndarray, state: ValueState) -> np.ndarray:
    """Whether a customer of the top tier is loyal in mind; `unknown` where the data does not show it."""
    if c.LOYALTY_MIND not in features:
        return np.full(len(features), c.UNKNOWN, dtype=object)
    mind = features[c.LOYALTY_MIND].to_numpy()
    top = tier == next(iter([*state.floors, state.last]))
    return np.select([~top, np.isnan(mind), mind >= state.royal_mind], ["no", c.UNKNOWN, "yes"], "no")


LENS = Lens(
    name="value",
    question="What has the customer paid and cost, and in which tier of the pyramid is that?",
    source="Zeithaml, Rust and Lemon 2001; Kaplan and Narayanan 2001",
    features={
        c.NET_REVENUE: Feature(
            "amounts less refunds, in the currency",
            "high-value",
            "low-value",
            absent=0,
            reason="{} spent, less refunds",
            none="nothing spent that was not refunded",
        ),
        "refunds": Feature(
            "refunded, in the currency", "returning", "", absent=0, reason="{} refunded", none="nothing refunded"
        ),
        c.MEAN_ORDER_VALUE: Feature(
            "mean value of an order, in the currency",
            "big-basket",
            "small-basket",
            "with larger orders",
            "with smaller orders",
            middle="mid-basket",
            reason="{} spent on an order",
        ),
        "order_value_variation": Feature(
            "how unequal the order values are (standard deviation over mean)",
            "varied-basket",
            "even-basket",
            reason="orders of less equal value than most|orders of more equal value than most",
        ),
        "discounts_given": Feature(
            "taken off the list prices, in the currency",
            "subsidised",
            "unsubsidised",
            reason="{} of discounts",
            none="no discounts",
        ),
        "cost_to_serve": Feature(
            "cost of tickets, returns and the like, in the currency",
            "costly",
            "easy to serve",
            reason="{} of cost to serve",
            none="no cost to serve",
        ),
        c.PROFIT: Feature(
            "net revenue less cost of goods and cost to serve, in the currency",
            "profitable",
            "unprofitable",
            reason="{} of profit so far",
        ),
    },
    improved_by=(
        "transactions.cost",
        "transactions.discount",
        f"{EVENTS.name}:ticket_opened",
        f"{EVENTS.name}:return_requested",
    ),
    reads=(c.N_ORDERS, c.LOYALTY_MIND),
    labels={
        c.VALUE_TIER: {"<tier>": "platinum, gold, iron, lead, or as `lenses.value.tiers` names them, best first"},
        c.ROYAL: {"yes": "of the top tier and loyal in mind", "no": "not both"},
    },
    select=_select,
    state=ValueState,
    fit=_fit,
    segments=_segments,
)
