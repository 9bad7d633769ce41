"""Value: what the customer has brought, and her place in the customer pyramid.

Zeithaml, Rust and Lemon (2001), "The customer pyramid". Tiers are cut by cumulative share of revenue: the
platinum customers are the fewest who together bring the first half (conf: `lenses.value.tiers`). The revenue at which
one tier ends is frozen at fit.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import columns as c
from patronage.config import LensesConfig
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Learned, Lens


def _select(history: History, config: LensesConfig) -> str:
    n, total = "count(*)", "sum(revenue)"
    # Squares of minor units overflow 64 bits; summed exactly, the variation has the same bits everywhere.
    squares = f"sum({history.engine.wide(c.REVENUE)} * {history.engine.wide(c.REVENUE)})"
    variance = f"CAST({n} * {squares} - {total} * {total} AS DOUBLE) / ({n} * ({n} - 1.0e0))"
    return f"""
        SELECT l.customer_id, l.net_revenue, l.refunds, o.mean_order_value, o.order_value_variation
        FROM (SELECT customer_id, {history.money("sum(amount)")} AS net_revenue,
                     {history.money("coalesce(-sum(amount) FILTER (WHERE amount < 0), 0)")} AS refunds
              FROM lines GROUP BY customer_id) AS l
        LEFT JOIN (SELECT customer_id, {history.money("sum(revenue)")} / count(*) AS mean_order_value,
                          CASE WHEN {n} > 1 AND {total} > 0
                               THEN sqrt({variance}) / (CAST({total} AS DOUBLE) / {n}) END
                              AS order_value_variation
                   FROM orders GROUP BY customer_id) AS o ON l.customer_id = o.customer_id"""


def _learn(features: pd.DataFrame, config: LensesConfig) -> Learned:
    """The least net revenue of each tier but the last, best tier first."""
    revenue = np.sort(features[c.NET_REVENUE].clip(lower=0).to_numpy())[::-1]
    shares = np.cumsum(revenue) / max(revenue.sum(), 1e-12)
    floors = {}
    for tier, share in list(config.value.tiers.items())[:-1]:
        # the customer who crosses the border still belongs to the tier
        floors[tier] = float(revenue[min(int(np.searchsorted(shares, share)), len(revenue) - 1)])
    return {"floors": floors, "last": list(config.value.tiers)[-1]}


def _segments(features: pd.DataFrame, learned: Learned) -> pd.DataFrame:
    revenue = features[c.NET_REVENUE]
    cases = [(revenue >= floor) & (revenue > 0) for floor in learned["floors"].values()]
    labels = np.select(cases, list(learned["floors"]), learned["last"])
    return pd.DataFrame({c.VALUE_TIER: labels}, index=features.index)


LENS = Lens(
    name="value",
    asks="What has the customer brought, and where in the pyramid does that put her?",
    source="Zeithaml, Rust and Lemon 2001",
    features={
        c.NET_REVENUE: Feature("amounts less refunds, in the currency", "high-value", "low-value", absent=0),
        "refunds": Feature("refunded, in the currency", "returning", "", absent=0),
        c.MEAN_ORDER_VALUE: Feature("mean value of an order, in the currency", "big-basket", "small-basket"),
        "order_value_variation": Feature(
            "standard deviation of order values over their mean", "varied-basket", "even-basket"
        ),
    },
    select=_select,
    learn=_learn,
    segments=_segments,
)
