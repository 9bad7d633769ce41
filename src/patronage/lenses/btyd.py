"""The summary that buy-till-you-die models read; it names no segments.

Fader and Hardie (2005), as `lifetimes.utils.summary_data_from_transaction_data` has it, in days: `frequency` is
the number of days with a purchase after the first, `recency` the age at the last of them, `T` the age on the last
day before the cutoff, `monetary_value` the mean value of those repeat days (0 where there is none),
`first_order_value` that of the first, a covariate of the laws.
`observed_day` is that last day: a season asks when, and a row is scored far from the log that it came from.
"""

from __future__ import annotations

from patronage import names as c
from patronage.config import LensesConfig
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Lens


def _select(history: History, config: LensesConfig) -> str:
    repeats = "count(previous)"
    repeat_revenue = history.money("sum(revenue) FILTER (WHERE previous IS NOT NULL)")
    first_revenue = history.money("sum(revenue) FILTER (WHERE previous IS NULL)")
    return f"""
        SELECT customer_id,
               {repeats} AS frequency,
               {history.engine.days("min(day)", "max(day)")} AS recency,
               {history.engine.days("min(day)", history.last_day)} AS {history.engine.quote(c.T)},
               {history.engine.days("DATE '1970-01-01'", history.last_day)} AS observed_day,
               CASE WHEN {repeats} > 0 THEN {repeat_revenue} / {repeats} ELSE 0.0e0 END AS monetary_value,
               {first_revenue} AS first_order_value
        FROM order_days GROUP BY customer_id"""


LENS = Lens(
    name="btyd",
    question="What do buy-till-you-die models need to know?",
    source="Fader, Hardie and Lee 2005",
    features={
        c.FREQUENCY: Feature(
            "days with a purchase after the first", absent=0, reason="{} repeat orders", none="no repeat order yet"
        ),
        c.RECENCY: Feature(
            "days from the first purchase to the last",
            absent=0,
            reason="{} days from the first order to the last",
            none="all orders on one day",
        ),
        c.T: Feature("days from the first purchase to the last day before the cutoff", reason="a customer for {} days"),
        c.OBSERVED_DAY: Feature("days from 1970-01-01 to the last day before the cutoff", date=True),
        c.MONETARY_VALUE: Feature(
            "mean value of a repeat day, in the currency",
            absent=0,
            reason="{} spent on a repeat order",
            none="no repeat order yet",
        ),
        c.FIRST_ORDER_VALUE: Feature(
            "value of the first day with a purchase, in the currency", reason="{} on the first day"
        ),
    },
    select=_select,
)
