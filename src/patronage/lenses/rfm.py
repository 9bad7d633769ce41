"""RFM: how recently, how often and for how much, each scored from 1 to 5.

Hughes (1994), *Strategic Database Marketing*. A score is one more than the number of frozen quintile borders
that the value exceeds, so customers with equal values always share a score, and no score depends on which other
customers are scored. Where most customers bought once, some scores stay empty, as the data gives no reason for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Labels, Lens

SCORES = {
    "rfm_recency": (c.DAYS_SINCE_LAST_ORDER, -1),
    "rfm_frequency": (c.N_ORDERS, 1),
    "rfm_monetary": (c.REVENUE, 1),
}

# Rows: recency score 1 to 5; columns: the mean of the frequency and monetary scores, rounded up, 1 to 5.
NAMES = np.array(
    [
        ["lost", "lost", "at_risk", "cannot_lose", "cannot_lose"],
        ["hibernating", "hibernating", "at_risk", "at_risk", "cannot_lose"],
        ["about_to_sleep", "about_to_sleep", "need_attention", "loyal", "loyal"],
        ["promising", "promising", "potential_loyalist", "loyal", "loyal"],
        ["new", "potential_loyalist", "potential_loyalist", "champions", "champions"],
    ],
    dtype=object,
)
DIGITS = np.arange(556).astype(str).astype(object)


def _select(history: History, config: LensesConfig) -> str:
    return f"""
        SELECT customer_id,
               count(*) AS n_orders,
               {history.age("CAST(max(ordered_at) AS DATE)")} AS days_since_last_order,
               {history.money("sum(revenue)")} AS revenue
        FROM orders GROUP BY customer_id"""


@dataclass(frozen=True)
class RfmState:
    """The four quintile borders of each score; of recency, of the negative days."""

    borders: Mapping[str, list[float]]


def _fit(features: pd.DataFrame, config: LensesConfig) -> RfmState:
    levels = [0.2, 0.4, 0.6, 0.8]
    return RfmState(
        {score: (sign * features[name]).quantile(levels).to_list() for score, (name, sign) in SCORES.items()}
    )


def _segments(features: pd.DataFrame, state: RfmState) -> Labels:
    scores = {
        score: 1 + np.searchsorted(state.borders[score], sign * features[name].to_numpy(), side="left")
        for score, (name, sign) in SCORES.items()
    }
    recency, frequency, monetary = scores.values()
    names = NAMES[recency - 1, (frequency + monetary + 1) // 2 - 1]
    never = features[c.N_ORDERS].to_numpy() == 0
    digits = DIGITS[100 * recency + 10 * frequency + monetary]
    return {c.RFM_SEGMENT: np.where(never, c.UNKNOWN, names), c.RFM_SCORE: np.where(never, c.UNKNOWN, digits)}


LENS = Lens(
    name="rfm",
    question="How recently, how often and for how much does the customer buy?",
    source="Hughes 1994",
    features={
        c.N_ORDERS: Feature("orders before the cutoff", "frequent", "infrequent", absent=0),
        c.DAYS_SINCE_LAST_ORDER: Feature(
            "days from the last order to the cutoff", "lapsed", "recent", "silent for longer", "ordering again"
        ),
        c.REVENUE: Feature("value of all orders, in the currency", "high-revenue", "low-revenue", absent=0),
    },
    labels={
        c.RFM_SEGMENT: {
            "champions": "recent, frequent, dear",
            "loyal": "frequent and dear, not long ago",
            "potential_loyalist": "recent, of middling frequency and value",
            "new": "very recent, bought little so far",
            "promising": "fairly recent, bought little so far",
            "need_attention": "middling in everything",
            "about_to_sleep": "bought little, and some time ago",
            "at_risk": "bought much, and some time ago",
            "cannot_lose": "bought very much, and long ago",
            "hibernating": "bought little, and long ago",
            "lost": "bought little, and longest ago",
        },
        c.RFM_SCORE: {"<digits>": "recency, frequency and monetary score, each 1 to 5, such as 543"},
    },
    select=_select,
    state=RfmState,
    fit=_fit,
    segments=_segments,
)
