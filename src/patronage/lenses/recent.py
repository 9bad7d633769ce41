"""Recent purchases, over a week, two weeks, four, and so on; it names no segments.

Partial defection in retail was first predicted from how often and how much customers bought in windows that end now
(Buckinx and Van den Poel 2005). Totals since the first order, which the other lenses give, tell little of a customer
whose purchases have changed. Which window tells most depends on the cadence of the business, so each is twice as long
as the one before.
"""

from __future__ import annotations

from patronage.config import LensesConfig
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Lens

WINDOWS = (7, 14, 28, 56, 112, 224)  # days


def _select(history: History, config: LensesConfig) -> str:
    columns = []
    for days in WINDOWS:
        recent = f"FILTER (WHERE {history.age('day')} <= {days})"
        revenue = history.money(f"coalesce(sum(revenue) {recent}, 0)")
        columns += [f"coalesce(sum(n_orders) {recent}, 0) AS n_orders_{days}d", f"{revenue} AS revenue_{days}d"]
    return f"SELECT customer_id, {', '.join(columns)} FROM order_days GROUP BY customer_id"


LENS = Lens(
    name="recent",
    question="What has the customer bought recently?",
    source="Buckinx and Van den Poel 2005",
    features={
        **{
            f"n_orders_{days}d": Feature(
                f"orders in the last {days} days",
                absent=0,
                reason="{} orders in the last " + f"{days} days",
                none=f"no order in the last {days} days",
            )
            for days in WINDOWS
        },
        **{
            f"revenue_{days}d": Feature(
                f"revenue of the last {days} days, in the currency",
                "high-spending",
                "low-spending",
                "spending more",
                "spending less",
                absent=0,
                middle="mid-spending",
                reason="{} spent in the last " + f"{days} days",
                none=f"nothing spent in the last {days} days",
            )
            for days in WINDOWS
        },
    },
    select=_select,
)
