"""The customer's path: one character per period from the first sign of the customer to the cutoff.

The journey model reads it. `.` silent, `e` engaged, `i` showed intent, `p` bought on a day, `m` on several days; the
highest wins. Two orders of a day count once, as they do for BTYD and for the status lens, so that all agree on which
customers have bought once. Periods are counted back from the cutoff. What the business did is no act of the
customer, but makes the customer known. A refund to a customer without an order is one: what is refunded was bought
before the log begins.
"""

from __future__ import annotations

from patronage import names as c
from patronage.config import LensesConfig
from patronage.data.contract import INTENT, NO_ACTIVITY
from patronage.engine import texts
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Lens

SILENT, ENGAGED, INTENDING, BOUGHT, SEVERAL = range(5)
LETTER = "CASE rung WHEN 4 THEN 'm' WHEN 3 THEN 'p' WHEN 2 THEN 'i' WHEN 1 THEN 'e' ELSE '.' END"


def _select(history: History, config: LensesConfig) -> str:
    def period(day: str) -> str:
        # Counting back makes the last period a whole one on whatever day the cutoff falls.
        since = history.engine.days(day, history.last_day)
        return f"CAST(floor({since} / {history.period_days}.0e0) AS BIGINT)"

    rung = (
        f"CASE WHEN event IN ({texts(NO_ACTIVITY)}) THEN {SILENT} WHEN event IN ({texts(INTENT)}) "
        f"THEN {INTENDING} ELSE {ENGAGED} END"
    )
    following = "lag(period) OVER (PARTITION BY customer_id ORDER BY period)"
    silence = f"repeat('.', CAST(coalesce(period - {following} - 1, period) AS INTEGER))"
    return f"""
        WITH acts AS (
            SELECT customer_id, 1 AS bought, {BOUGHT} AS rung, {period("day")} AS period FROM order_days
            UNION ALL
            SELECT customer_id, 0, {rung}, {period("CAST(occurred_at AS DATE)")} FROM events
            UNION ALL
            SELECT customer_id, 0, {ENGAGED}, {period("CAST(moment AS DATE)")} FROM near_orders
            UNION ALL
            SELECT customer_id, 0, {SILENT}, {period("CAST(signed_up_at AS DATE)")} FROM signups
            UNION ALL
            SELECT customer_id, 0, {ENGAGED}, {period("CAST(ordered_at AS DATE)")} FROM order_lines
            WHERE amount < 0 AND customer_id NOT IN (SELECT customer_id FROM order_days)
        ),
        periods AS (
            SELECT customer_id, period, CASE WHEN sum(bought) > 1 THEN {SEVERAL} ELSE max(rung) END AS rung
            FROM acts GROUP BY customer_id, period
        ),
        pieces AS (
            SELECT customer_id, period, {LETTER} || {silence} AS piece FROM periods
        )
        SELECT customer_id, {history.engine.join_text("piece", "period DESC")} AS journey_path
        FROM pieces GROUP BY customer_id"""


LENS = Lens(
    name="path",
    question="What happened, period by period?",
    source="patronage",
    improved_by=("events.event", "customers.signed_up_at"),
    features={c.JOURNEY_PATH: Feature("event class of every period since the first sign", text=True, packed=True)},
    select=_select,
)
