"""Whether an act goes with being lost at a step in one and the same customer.

Who opens messages or shares also visits without an aim: against other customers, however like, such an act looks like
an obstacle. So each time that a customer met the act after a step is held against the same customer's other times at
that step, of those that had waited exactly as long without an order and without the act. What a customer is at all
times cancels out (a fixed effect per customer, in the difference of Mantel and Haenszel).
"""

from __future__ import annotations

import pandas as pd

from patronage.analyses.steps import DAY, Steps

WEEK = 7 * DAY


def same_customer(steps: Steps, pairs: pd.DataFrame) -> pd.DataFrame:
    """Sums over customers of the differences of passing, for each pair of a step and an act.

    Parameters
    ----------
    steps
        With `arrived` and `first_met`, as `like_customers` keeps them.
    pairs
        With the columns `step` and `obstacle`.

    Returns
    -------
    DataFrame
        A row per pair (`act`, `other`) and bucket of customers: `customers` with both kinds of times, the sum
        `difference` of weighted differences, and of the `weight`.
    """
    chosen = " OR ".join(
        f"(act = {steps.code(step)} AND other = {steps.code(other)})"
        for step, other in zip(pairs["step"], pairs["obstacle"], strict=True)
    )
    return steps.frame(
        """
        SELECT act, other, bucket, count(DISTINCT customer) AS customers,
               sum(n / (1 + n) * (beyond - k / n)) AS difference, sum(n / (1 + n)) AS weight
        FROM compared GROUP BY act, other, bucket""",
        judged=f"""
            SELECT customer, act, moment, next_order, passed - avg(passed * 1.0e0) OVER (
                       PARTITION BY act, floor(moment * 1.0e0 / {WEEK})) AS beyond,
                   CASE WHEN last_order IS NULL THEN 0 WHEN moment - last_order < {WEEK} THEN 1
                        WHEN moment - last_order < {4 * WEEK} THEN 2 ELSE 3 END AS recency
            FROM arrived""",
        chosen=f"SELECT customer, act, other, bucket, moment, elapsed FROM first_met WHERE {chosen}",
        knowing="SELECT DISTINCT customer, act, other FROM chosen",
        times="""
            SELECT knowing.customer, knowing.act, knowing.other, judged.moment, beyond, recency,
                   next_order - judged.moment AS order_after, chosen.elapsed AS met_after, bucket
            FROM knowing
            JOIN judged ON judged.customer = knowing.customer AND judged.act = knowing.act
            LEFT JOIN chosen ON chosen.customer = knowing.customer AND chosen.act = knowing.act
                 AND chosen.other = knowing.other AND chosen.moment = judged.moment""",
        compared="""
            SELECT mine.customer, mine.act, mine.other, mine.bucket, mine.moment, mine.beyond,
                   count(*) * 1.0e0 AS n, sum(times.beyond) AS k
            FROM times mine JOIN times
                 ON times.customer = mine.customer AND times.act = mine.act AND times.other = mine.other
                    AND times.recency = mine.recency
                    AND (times.met_after IS NULL OR times.met_after > mine.met_after)
                    AND (times.order_after IS NULL OR times.order_after > mine.met_after)
            WHERE mine.met_after IS NOT NULL
            GROUP BY mine.customer, mine.act, mine.other, mine.bucket, mine.moment, mine.beyond""",
    )
