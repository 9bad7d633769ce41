"""Who reads messages, who sometimes, who never: three levels by response, and what each did in the time after.

The level is of the messages until `since_days` before the cutoff, orders and unsubscribing are of the days since:
nothing stands on both sides.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.analyses.acts import sampled
from patronage.analyses.contract import Analysis, Drawing, Result, View
from patronage.analyses.pressure import RESPONSES
from patronage.data.contract import SENT
from patronage.engine import texts
from patronage.errors import DataError
from patronage.statistics import wilson_interval

READS, SOMETIMES, NEVER = "reads", "sometimes", "never"
LEAST_MESSAGES = 5  # of a customer whose level is known
LEAST_CUSTOMERS, LEAST_OF_LEVEL = 100, 30  # of known level; of a level whose later orders are told
READS_FROM = 0.5  # of the messages, from which a customer reads them
MOST_CUSTOMERS = 200_000


def run(view: View, settings: object) -> Result:
    """Customers, later orders and unsubscribing of each level."""
    rows = _customers(view)
    known = rows[rows["messages"] >= LEAST_MESSAGES]
    if len(known) < LEAST_CUSTOMERS:
        raise DataError(
            f"{len(known)} customers with {LEAST_MESSAGES} messages or more until {view.since_days} days before the "
            f"cutoff; expected {LEAST_CUSTOMERS}"
        )
    share = np.minimum(known["responses"] / known["messages"], 1.0)
    level = np.select([share == 0, share >= READS_FROM], [NEVER, READS], SOMETIMES)
    table = known.groupby(level).agg(
        customers=("messages", "size"), messages=("messages", "mean"), ordered=("ordered", "sum"),
        unsubscribed=("unsubscribed", "mean"),
    )  # fmt: skip
    table = table.reindex([name for name in (READS, SOMETIMES, NEVER) if name in table.index])
    low, high = wilson_interval(table["ordered"].to_numpy(float), table["customers"].to_numpy(float))
    shares = pd.DataFrame(
        {"level": table.index, "customers": table["customers"].to_numpy(),
         "share": (table["customers"] / len(known)).to_numpy(), "mean_messages": table["messages"].to_numpy(),
         "ordered_share": (table["ordered"] / table["customers"]).to_numpy(), "low": low, "high": high,
         "unsubscribed_share": table["unsubscribed"].to_numpy()}
    )  # fmt: skip
    result = Result(
        f"of {len(known):,} customers with {LEAST_MESSAGES} messages or more "
        + ", ".join(f"{row.share:.0%} {_told(row.level)}" for row in shares.itertuples())
    )
    enough = shares[shares["customers"] >= LEAST_OF_LEVEL]
    if len(enough):
        result.finding += f"; in the {view.since_days} days after ordered " + ", ".join(
            f"{row.ordered_share:.0%} of those who {_told(row.level)}" for row in enough.itertuples()
        )
    shown = enough.rename(columns={"level": "label", "ordered_share": "value"})
    axis = f"share who ordered in the {view.since_days} days after, with 95% interval"
    overall = float(known["ordered"].mean())
    title = f"{overall:.0%} of those with messages ordered in the {view.since_days} days after"
    result.add("message_levels", shares, Drawing("forest", shown, title, axis, overall))
    return result


def _told(level: str) -> str:
    return {READS: "read them", SOMETIMES: "sometimes do", NEVER: "never do"}[level]


def _customers(view: View) -> pd.DataFrame:
    """A row per customer with a message: messages and days with a response before, whether ordered and left since."""
    history, days = view.history, view.since_days
    sent, responses = texts(SENT), texts(RESPONSES)
    age = history.age("CAST(occurred_at AS DATE)")
    return history.frame(
        """
        SELECT told.*, CASE WHEN bought.customer_id IS NULL THEN 0 ELSE 1 END AS ordered
        FROM told LEFT JOIN bought ON told.customer_id = bought.customer_id
        WHERE messages > 0 AND gone_before = 0 ORDER BY told.customer_id""",
        {
            "told": f"""
                SELECT customer_id, sum(CASE WHEN {age} > {days} AND event IN ({sent}) THEN 1 ELSE 0 END) AS messages,
                       count(DISTINCT CASE WHEN {age} > {days} AND event IN ({responses})
                             THEN CAST(occurred_at AS DATE) END) AS responses,
                       max(CASE WHEN {age} > {days} AND event = 'unsubscribed' THEN 1 ELSE 0 END) AS gone_before,
                       max(CASE WHEN {age} <= {days} AND event = 'unsubscribed' THEN 1 ELSE 0 END) AS unsubscribed
                FROM events WHERE {sampled(history, c.CUSTOMER_ID, MOST_CUSTOMERS)} GROUP BY customer_id""",
            "bought": f"SELECT DISTINCT customer_id FROM order_days WHERE {history.age('day')} <= {days}",
        },
    ).set_index(c.CUSTOMER_ID)


ANALYSIS = Analysis("readers", "Who reads messages, who sometimes, who never?", run, ("events",))
