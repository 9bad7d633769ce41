"""Troubles and tickets by what was bought before them: a complaint seldom names a product, the order before it does.

An order counts as troubled where a complaint, ticket or request to return came within `AFTER_DAYS` days and before the
next order. It counts for each category of the order: one bad category raises those in the same baskets a little. Some
customers complain more than others, whatever they buy: orders are beside what is usual of the same customers.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from patronage import names as c
from patronage.engine import texts
from patronage.lenses import History

AFTER_DAYS = 30
SUMS = "sum(k) AS k, sum(n) AS n, sum(k * k) AS kk, sum(k * n) AS kn, sum(n * n) AS nn"


def troubled_orders(history: History, negative: Sequence[str], column: str) -> pd.DataFrame:
    """Orders followed by a trouble (`k`) by label of a column of the order lines, beside what is usual.

    Returns
    -------
    DataFrame
        `label`, `k`, and `n`: so many orders of usual customers would have the troubles that are usual of those who
        placed these, so that `k / n` is the common share where a label is like the others; and sums of squares and
        products over customers: `kk`, `kn`, `nn`.
    """
    told = "CAST(occurred_at AS DATE)"
    since = history.engine.days("bought.day", told)
    steps = {
        "bought": "SELECT customer_id, day, lead(day) OVER (PARTITION BY customer_id ORDER BY day) AS following "
        "FROM order_days",
        "troubled": f"""
            SELECT DISTINCT bought.customer_id, bought.day FROM bought
            JOIN events ON events.customer_id = bought.customer_id AND event IN ({texts(negative)})
            WHERE {since} BETWEEN 0 AND {AFTER_DAYS} AND (following IS NULL OR {told} < following)""",
        "usual": """
            SELECT bought.customer_id, count(*) AS days, count(troubled.customer_id) AS hits,
                   count(troubled.customer_id) * 1.0e0 / count(*) AS share
            FROM bought LEFT JOIN troubled ON troubled.customer_id = bought.customer_id AND troubled.day = bought.day
            GROUP BY bought.customer_id""",
        "lines": _lines(column),
        "by_customer": """
            SELECT lines.label, lines.customer_id, count(*) * max(share) AS n, count(troubled.customer_id) * 1.0e0 AS k
            FROM lines JOIN usual ON usual.customer_id = lines.customer_id
            LEFT JOIN troubled ON troubled.customer_id = lines.customer_id AND troubled.day = lines.day
            GROUP BY lines.label, lines.customer_id""",
    }
    rows = history.frame(f"SELECT label, {SUMS} FROM by_customer GROUP BY label ORDER BY label", steps)
    whole = history.frame("SELECT sum(hits) * 1.0e0 / sum(days) AS share FROM usual", steps)
    share = float(whole["share"].fillna(0.0).iloc[0]) or 1.0
    return rows.assign(n=rows["n"] / share, kn=rows["kn"] / share, nn=rows["nn"] / share**2)


def tickets_by_product(history: History, tickets: dict[str, str], column: str, *, least_age: int) -> pd.DataFrame:
    """Tickets (`n`) and those not solved (`k`) by label of the order lines of the last order before each.

    Parameters
    ----------
    tickets
        SQL of the steps up to `solved`, a row per ticket.
    least_age
        Days; younger tickets may still be solved.
    """
    opened = "CAST(solved.occurred_at AS DATE)"
    return history.frame(
        f"SELECT label, {SUMS} FROM by_customer GROUP BY label ORDER BY label",
        {
            **tickets,
            "lines": _lines(column),
            "last": f"""
                SELECT solved.customer_id, solved.occurred_at, max(order_days.day) AS day,
                       max(CASE WHEN resolved_at IS NULL THEN 1 ELSE 0 END) AS unsolved
                FROM solved JOIN order_days ON order_days.customer_id = solved.customer_id
                WHERE {history.engine.days("order_days.day", opened)} >= 0 AND {history.age(opened)} > {least_age}
                GROUP BY solved.customer_id, solved.occurred_at""",
            "by_customer": """
                SELECT label, last.customer_id, count(*) * 1.0e0 AS n, sum(unsolved) * 1.0e0 AS k
                FROM last JOIN lines ON lines.customer_id = last.customer_id AND lines.day = last.day
                GROUP BY label, last.customer_id""",
        },
    )


def _lines(column: str) -> str:
    """SQL: what each order was of."""
    return f"""
        SELECT DISTINCT customer_id, CAST({c.ORDERED_AT} AS DATE) AS day, {column} AS label FROM order_lines
        WHERE amount > 0 AND {column} IS NOT NULL"""
