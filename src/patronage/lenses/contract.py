"""The contract that runs at the cutoff: how old it is, how often and how much is paid.

A contract runs if the last word on it is `subscribed`. It began with the first one after the last `cancelled`, so that
a word at every renewal does no harm. The plan's period is seen in the gaps between payments. The lens has features only
where churn is the end of a contract (`churn=contractual`).
"""

from __future__ import annotations

from patronage import names as c
from patronage.config import LensesConfig
from patronage.data.contract import EVENTS
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Lens


def _select(history: History, config: LensesConfig) -> str:
    gap = history.engine.days("min(day)", "max(day)")
    return f"""
        WITH ends AS (
            SELECT customer_id, max(occurred_at) AS ended FROM events WHERE event = 'cancelled'
            GROUP BY customer_id
        ),
        running AS (
            SELECT events.customer_id, CAST(min(occurred_at) AS DATE) AS began
            FROM events LEFT JOIN ends ON events.customer_id = ends.customer_id
            WHERE event = 'subscribed' AND (ended IS NULL OR occurred_at >= ended)
            GROUP BY events.customer_id
        ),
        paid AS (
            SELECT running.customer_id, min(began) AS began, count(*) AS payments, max(day) AS last_day,
                   {gap} AS paid_days, sum(revenue) AS total
            FROM running JOIN order_days ON running.customer_id = order_days.customer_id AND day >= began
            GROUP BY running.customer_id
        )
        SELECT running.customer_id, {history.age("running.began")} AS contract_days, payments AS contract_payments,
               CASE WHEN payments > 1 THEN paid_days * 1.0e0 / (payments - 1) END AS contract_gap_days,
               {history.age("last_day")} AS days_since_payment,
               {history.money("total")} / payments AS contract_payment
        FROM running LEFT JOIN paid ON running.customer_id = paid.customer_id"""


FEATURES = {
    c.CONTRACT_DAYS: Feature(
        "days since the contract that runs began; missing without one", reason="{} days since the contract began"
    ),
    c.CONTRACT_PAYMENTS: Feature(
        "payments for the contract",
        absent=0,
        reason="{} payments for the contract",
        none="no payment for the contract yet",
    ),
    c.CONTRACT_GAP: Feature(
        "mean days between payments for the contract; missing before the second", reason="{} days between payments"
    ),
    c.DAYS_SINCE_PAYMENT: Feature(
        "days since the last payment for the contract; missing without any", reason="{} days since the last payment"
    ),
    c.CONTRACT_PAYMENT: Feature(
        "mean payment for the contract, in the currency; missing without any", reason="{} a payment"
    ),
}

LENS = Lens(
    name="contract",
    question="How old is the customer's contract, and when is it renewed?",
    source="Fader and Hardie 2007",
    features={},
    more_features=lambda config: FEATURES if config.contract.read else {},
    requires=(EVENTS.name,),
    improved_by=(f"{EVENTS.name}:subscribed", f"{EVENTS.name}:cancelled"),
    select=_select,
    ready=lambda config: config.contract.read,
)
