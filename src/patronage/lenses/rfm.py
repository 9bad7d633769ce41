"""RFM: how recently, how often and for how much, each scored from 1 to 5.

Hughes (1994), *Strategic Database Marketing*. A score is one more than the number of frozen quintile borders
that the value exceeds, so customers with equal values always share a score, and no score depends on which other
customers are scored. Where most customers bought once, some scores stay empty, as the data gives no reason for them.
`lenses.rfm.cuts` takes borders of your own.

The names of the two lowest recency scores claim that the customer is going or gone. Which of them a customer gets, or
that of a middling recency, goes by how often such customers came back at earlier cutoffs, beside everyone
(`lenses.returning`): silence is long for some rhythms and usual for others. Where nothing was learned of that, it goes
by the recency score. A label is empty where the data has no such customers. `champions` and `loyal` claim more orders
than others place, and ask for everyone's chance to come back at least; without it, who bought much needs attention.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Labels, Lens
from patronage.lenses.returning import READS, Returning
from patronage.typing import Index

SCORES = {
    "rfm_recency": (c.DAYS_SINCE_LAST_ORDER, -1),
    "rfm_frequency": (c.N_ORDERS, 1),
    "rfm_monetary": (c.REVENUE, 1),
}

GONE, GOING, MIDDLING = 1, 2, 3  # rows of the names
# Rows: recency 1 to 5, where 1 and 2 are gone and going; columns: the mean of the frequency and monetary scores,
# rounded up, 1 to 5.
NAMES = np.array(
    [
        ["lost", "lost", "at_risk", "cannot_lose", "cannot_lose"],
        ["hibernating", "hibernating", "at_risk", "at_risk", "at_risk"],
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
    """The four borders of each score; of recency, of the negative days. What is asked of the chance to come back."""

    borders: Mapping[str, list[float]]
    at_risk_below: float = 1.0
    lost_below: float = 1.0
    returning: Returning = field(default_factory=Returning)


def _fit(features: pd.DataFrame, config: LensesConfig) -> RfmState:
    levels = [0.2, 0.4, 0.6, 0.8]
    borders = {}
    for score, (name, sign) in SCORES.items():
        cuts = config.rfm.cuts.get(name) or []
        borders[score] = sorted(sign * cut for cut in cuts) or (sign * features[name]).quantile(levels).to_list()
    return RfmState(borders, config.returning.at_risk_below, config.returning.lost_below)


def _segments(features: pd.DataFrame, state: RfmState) -> Labels:
    scores = {
        score: 1 + np.searchsorted(state.borders[score], sign * features[name].to_numpy(), side="left")
        for score, (name, sign) in SCORES.items()
    }
    recency, frequency, monetary = scores.values()
    names = _names(features, recency, (frequency + monetary + 1) // 2, state)
    never = features[c.N_ORDERS].to_numpy() == 0
    digits = DIGITS[100 * recency + 10 * frequency + monetary]
    return {c.RFM_SEGMENT: np.where(never, c.UNKNOWN, names), c.RFM_SCORE: np.where(never, c.UNKNOWN, digits)}


def _names(features: pd.DataFrame, recency: Index, worth: Index, state: RfmState) -> np.ndarray:
    if not state.returning.known:
        return NAMES[recency - 1, worth - 1]
    returns = state.returning.beside_everyone(features)
    rarely, hardly = returns < state.at_risk_below, returns < state.lost_below
    row = np.where(recency < MIDDLING, np.select([hardly, rarely], [GONE, GOING], MIDDLING), recency)
    names = NAMES[row - 1, worth - 1]
    names = np.where((names == "about_to_sleep") & ~rarely, "promising", names)
    return np.where(np.isin(names, ["champions", "loyal"]) & (returns < 1), "need_attention", names)


LENS = Lens(
    name="rfm",
    question="How recently, how often and for how much does the customer buy?",
    source="Hughes 1994",
    features={
        c.N_ORDERS: Feature("orders before the cutoff", "frequent", "infrequent", absent=0, reason="{} orders"),
        c.DAYS_SINCE_LAST_ORDER: Feature(
            "days from the last order to the cutoff",
            "lapsed",
            "recent",
            "silent for longer",
            "ordering again",
            middle="away for a while",
            reason="{} days since the last order",
        ),
        c.REVENUE: Feature(
            "value of all orders, in the currency",
            "high-revenue",
            "low-revenue",
            absent=0,
            reason="{} spent",
            none="nothing spent",
        ),
    },
    labels={
        c.RFM_SEGMENT: {
            "champions": "recent, frequent, dear, and such customers come back as often as everyone or more",
            "loyal": "frequent and dear, not long ago, and such customers come back as often as everyone or more",
            "potential_loyalist": "recent, of middling frequency and value",
            "new": "very recent, bought little so far",
            "promising": "bought little so far, fairly recently or by a slow rhythm",
            "need_attention": "middling in everything, or bought much and comes back less often than everyone",
            "about_to_sleep": "bought little, some time ago, and such customers come back clearly less often",
            "at_risk": "bought much, long ago, and such customers come back clearly less often than everyone",
            "cannot_lose": "bought much, long ago, and such customers come back less than half as often",
            "hibernating": "bought little, long ago, and such customers come back clearly less often than everyone",
            "lost": "bought little, long ago, and such customers come back less than half as often",
        },
        c.RFM_SCORE: {"<digits>": "recency, frequency and monetary score, each 1 to 5, such as 543"},
    },
    reads=tuple(name for name in READS if name != c.DAYS_SINCE_LAST_ORDER),
    select=_select,
    state=RfmState,
    fit=_fit,
    segments=_segments,
)
