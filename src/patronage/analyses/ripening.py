"""When an upsell ripens: how long after the first purchase in a category the first clearly dearer one comes.

Shares are by Kaplan and Meier (1958): a customer counts as long as the log goes on. Prices in a category differ, so
that a later purchase is sometimes dearer by chance; the step down by as much stands beside it, and a step up is worth
an offer where it comes more often than one down.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.analyses.acts import commonest, sampled
from patronage.engine import number, texts
from patronage.lenses import History
from patronage.typing import Array, Mask

UP, DOWN = 1.25, 0.8  # times the price per piece of the first purchase
DAYS = (30, 90, 180)
SPAN, SPANS = 30, 12  # days in which it ripens most, of the first so many
MOST_CUSTOMERS, MOST_CATEGORIES = 50_000, 30


def upsell_ripens(history: History, least: int) -> pd.DataFrame:
    """Per category: the share with a dearer purchase within 30, 90 and 180 days of the first, and when most come.

    Parameters
    ----------
    least
        Buyers of a category.

    Returns
    -------
    DataFrame
        `up_by_D` with the 95% interval of 90 days, `down_by_90` beside it, and `ripest_days`, the 30 days in which most
        of those who had not yet stepped up did; the categories with most steps up first.
    """
    rows = _first_steps(history)
    table = [
        (category, len(own), *_told(own)) for category, own in rows.groupby(c.CATEGORY, sort=True) if len(own) >= least
    ]
    columns = [c.CATEGORY, "buyers", *(f"up_by_{day}" for day in DAYS), "low", "high", "down_by_90", "ripest_days"]
    return pd.DataFrame(table, columns=columns).sort_values("up_by_90", ascending=False, ignore_index=True)


def _told(own: pd.DataFrame) -> tuple[object, ...]:
    observed = own["age"].to_numpy(np.float64)
    up, down = (own[name].to_numpy(np.float64) for name in ("up", "down"))
    share, error = share_by(np.fmin(up, observed), ~np.isnan(up), DAYS)
    lower, _ = share_by(np.fmin(down, observed), ~np.isnan(down), (90,))
    half = 1.96 * error[1]
    rates = []
    for begin in range(0, SPAN * SPANS, SPAN):
        at_risk = int((np.fmin(up, observed) >= begin).sum())
        rates.append(int(((up >= begin) & (up < begin + SPAN)).sum()) / at_risk if at_risk >= len(own) / 10 else 0.0)
    begin = SPAN * int(np.argmax(rates))
    ripest = f"{begin} to {begin + SPAN}" if max(rates) > 0 else "none"
    return (*share, max(share[1] - half, 0.0), min(share[1] + half, 1.0), float(lower[0]), ripest)


def share_by(times: Array, ended: Mask, days: Sequence[int]) -> tuple[Array, Array]:
    """The share with an end by each day, and its standard error (Greenwood 1926).

    Parameters
    ----------
    times
        (N,) days until the end, or until the log ends.
    ended
        (N,) whether it is the former.
    """
    order = np.argsort(times, kind="stable")
    moments, first = np.unique(times[order], return_index=True)
    at_risk = (len(times) - first).astype(np.float64)
    ends = np.add.reduceat(ended[order].astype(np.float64), first)
    stay = np.cumprod(1 - ends / at_risk)
    variance = np.cumsum(ends / np.maximum(at_risk * (at_risk - ends), 1.0))
    place = np.searchsorted(moments, np.asarray(days), "right") - 1
    stays = np.where(place >= 0, stay[place], 1.0)
    return 1 - stays, stays * np.sqrt(np.where(place >= 0, variance[place], 0.0))


def _first_steps(history: History) -> pd.DataFrame:
    """A row per customer and category: days to the first purchase clearly dearer, and cheaper, and days seen."""
    labels = texts(commonest(history, c.CATEGORY, MOST_CATEGORIES))  # one at least, or nothing is sold by category
    price = "amount * 1.0e0 / CASE WHEN quantity > 0 THEN quantity ELSE 1 END"
    gap = history.engine.days("begun", "prices.day")
    return history.frame(
        f"""
        SELECT starts.customer_id, starts.category, {history.age("begun")} AS age,
               min(CASE WHEN prices.price >= {number(UP)} * starts.price THEN {gap} END) AS up,
               min(CASE WHEN prices.price <= {number(DOWN)} * starts.price THEN {gap} END) AS down
        FROM starts LEFT JOIN prices ON starts.customer_id = prices.customer_id
             AND starts.category = prices.category AND prices.day > begun
        GROUP BY starts.customer_id, starts.category, begun ORDER BY starts.category, starts.customer_id""",
        {
            "prices": f"""
                SELECT customer_id, category, CAST(ordered_at AS DATE) AS day, avg({price}) AS price
                FROM order_lines WHERE amount > 0 AND category IN ({labels})
                     AND {sampled(history, c.CUSTOMER_ID, MOST_CUSTOMERS)}
                GROUP BY customer_id, category, CAST(ordered_at AS DATE)""",
            "begins": "SELECT customer_id, category, min(day) AS begun FROM prices GROUP BY customer_id, category",
            "starts": """
                SELECT begins.customer_id, begins.category, begun, prices.price
                FROM begins JOIN prices ON begins.customer_id = prices.customer_id
                     AND begins.category = prices.category AND prices.day = begun""",
        },
    )
