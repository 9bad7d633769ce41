"""Benefits: what the customer looks for, as purchases and the way to them show it.

Haley (1968), "Benefit segmentation": the benefits sought decide what is bought, more than who the buyer is. No survey
is needed: each benefit is a score of behaviours that seek it (conf, `lenses.benefits.benefits`), most of them
those of the purchase lens, and the highest score is the dominant benefit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.data.contract import EVENTS
from patronage.lenses import purchase, scores
from patronage.lenses.expressions import effective_number
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Labels, Lens
from patronage.lenses.prices import price_levels

OWN = ("category_spread", "service_contacts")


def _select(history: History, config: LensesConfig) -> str:
    contacts = "coalesce(n_tickets, 0) * 1.0e0 / n_orders" if history.has(EVENTS.name) else "CAST(NULL AS DOUBLE)"
    return f"""
        WITH baskets AS (
            SELECT customer_id, count(*) AS n_orders FROM orders GROUP BY customer_id
        ),
        spreads AS (
            SELECT customer_id, {effective_number("n_lines")} AS category_spread
            FROM category_totals WHERE category IS NOT NULL AND n_lines > 0 GROUP BY customer_id
        ),
        tickets AS (
            SELECT customer_id, count(*) AS n_tickets FROM events WHERE event = 'ticket_opened' GROUP BY customer_id
        )
        SELECT customer_id, category_spread, {contacts} AS service_contacts
        FROM baskets LEFT JOIN spreads USING (customer_id) LEFT JOIN tickets USING (customer_id)"""


def _behaviours(features: pd.DataFrame, levels: Mapping[str, float]) -> pd.DataFrame:
    own = {name: features[name].to_numpy() for name in OWN}  # by position: origins are stacked, and repeat customers
    return purchase.behaviours(features, levels).assign(**own)


@dataclass(frozen=True)
class BenefitsState:
    """What the benefits are scored by; `levels` are price levels by category, `scores` as `scores.fit` gives them."""

    levels: Mapping[str, float]
    min_orders: int
    scores: scores.Scores


def _fit(features: pd.DataFrame, config: LensesConfig) -> BenefitsState:
    settings = config.benefits
    levels = price_levels(features[c.SHELF_PRICES])
    known = _behaviours(features[features[c.N_ORDERS] >= settings.min_orders], levels)
    return BenefitsState(levels, settings.min_orders, scores.fit(known, settings.benefits, "lenses.benefits.benefits"))


def _segments(features: pd.DataFrame, state: BenefitsState) -> Labels:
    scored = scores.score(_behaviours(features, state.levels), state.scores)
    enough = features[c.N_ORDERS] >= state.min_orders
    return {c.BENEFIT_SEGMENT: scores.best(scored, enough)}


LENS = Lens(
    name="benefits",
    question="What does the customer look for?",
    source="Haley 1968",
    features={
        "category_spread": Feature(
            "effective number of categories bought in (inverse Simpson)",
            "many-sided",
            "single-minded",
            reason="spreads over more categories than most|keeps to fewer categories than most",
        ),
        "service_contacts": Feature(
            "tickets opened per order",
            "asking for help",
            "self-reliant",
            reason="{} tickets for an order",
            none="no tickets",
        ),
    },
    requires=purchase.REQUIRES,  # it reads the purchase lens
    improved_by=(*purchase.IMPROVED_BY, f"{EVENTS.name}:ticket_opened"),
    reads=(c.N_ORDERS, *purchase.BEHAVIOURS, c.SHELF_PRICES),
    labels={
        c.BENEFIT_SEGMENT: {
            "price": "pays little",
            "quality": "takes the expensive products of a category, at full price",
            "convenience": "buys the usual without looking around",
            "variety": "buys in many categories, and different products in each",
            "service": "asks for help",
            "reassurance": "reads first, keeps to known products, sends little back",
        }
    },
    select=_select,
    state=BenefitsState,
    fit=_fit,
    segments=_segments,
)
