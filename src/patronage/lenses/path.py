"""The customer's path: one character a period from the first trace of her to the cutoff; the journey model reads it.

`.` silent, `e` engaged, `i` showed intent, `p` bought on a day, `m` on several days; the highest wins. Two orders of a
day count once, as they do for BTYD and for the status lens, so that all agree on who has bought once.
Periods are counted back from the cutoff. What the business sent is no act of the customer, but makes her known.
"""

from __future__ import annotations

from patronage import names as c
from patronage.config import LensesConfig
from patronage.data.contract import INTENT, LEAVING, SENT
from patronage.engine import text
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Lens

SILENT, ENGAGED, INTENDING, BOUGHT, SEVERAL = range(5)
SPELT = "CASE rung WHEN 4 THEN 'm' WHEN 3 THEN 'p' WHEN 2 THEN 'i' WHEN 1 THEN 'e' ELSE '.' END"


def _select(history: History, config: LensesConfig) -> str:
    def back(day: str) -> str:
        # Counting back makes the last period a whole one on whatever day the cutoff falls.
        since = history.engine.days(day, history.last_day)
        return f"CAST(floor({since} / {history.period_days}.0e0) AS BIGINT) AS period"

    quiet, intent = (", ".join(text(event) for event in events) for events in (SENT + LEAVING, INTENT))
    rung = f"CASE WHEN event IN ({quiet}) THEN {SILENT} WHEN event IN ({intent}) THEN {INTENDING} ELSE {ENGAGED} END"
    following = "lag(period) OVER (PARTITION BY customer_id ORDER BY period)"
    piece = f"{SPELT} || repeat('.', CAST(coalesce(period - {following} - 1, period) AS INTEGER))"
    return f"""
        SELECT customer_id, {history.engine.join_text("piece", "period DESC")} AS journey_path
        FROM (SELECT customer_id, period, {piece} AS piece
              FROM (SELECT customer_id, period,
                           CASE WHEN sum(bought) > 1 THEN {SEVERAL} ELSE max(rung) END AS rung
                    FROM (SELECT customer_id, 1 AS bought, {BOUGHT} AS rung, {back("day")} FROM days
                          UNION ALL
                          SELECT customer_id, 0, {rung}, {back("CAST(occurred_at AS DATE)")} FROM touches
                          UNION ALL
                          SELECT customer_id, 0, {SILENT}, {back("CAST(signed_up_at AS DATE)")} FROM signups)
                    GROUP BY customer_id, period))
        GROUP BY customer_id"""


LENS = Lens(
    name="path",
    asks="What happened, period by period?",
    source="patronage",
    wants=("events.event", "customers.signed_up_at"),
    features={c.JOURNEY_PATH: Feature("event class of every period since the first trace", text=True, packed=True)},
    select=_select,
)
