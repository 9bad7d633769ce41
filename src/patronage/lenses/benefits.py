"""Benefits: what the customer looks for, read from what she buys and how.

Haley (1968), "Benefit segmentation": the benefits sought decide what is bought, more than who the buyer is. Nobody is
asked here: each benefit is a score of behaviours that seek it (conf, `lenses.benefits.benefits`), most of them
those of the purchase lens, and the highest score is the dominant benefit.
"""

from __future__ import annotations

import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.data.contract import EVENTS
from patronage.lenses import purchase, scores
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Learned, Lens, Said
from patronage.lenses.prices import price_levels

OWN = ("category_spread", "service_contacts")


def _select(history: History, config: LensesConfig) -> str:
    n = "CAST(sum(n_lines) AS DOUBLE)"
    contacts = "coalesce(t.tickets, 0) * 1.0e0 / o.n" if history.present.get(EVENTS.name) else "CAST(NULL AS DOUBLE)"
    return f"""
        SELECT o.customer_id, s.category_spread, {contacts} AS service_contacts
        FROM (SELECT customer_id, count(*) AS n FROM orders GROUP BY customer_id) AS o
        LEFT JOIN (SELECT customer_id, {n} * {n} / CAST(sum(n_lines * n_lines) AS DOUBLE) AS category_spread
                   FROM shelves WHERE category IS NOT NULL AND n_lines > 0 GROUP BY customer_id) AS s
             ON s.customer_id = o.customer_id
        LEFT JOIN (SELECT customer_id, count(*) AS tickets FROM touches WHERE event = 'ticket_opened'
                   GROUP BY customer_id) AS t ON t.customer_id = o.customer_id"""


def _behaviours(features: pd.DataFrame, levels: dict[str, float]) -> pd.DataFrame:
    own = {name: features[name].to_numpy() for name in OWN}  # by position: origins are stacked, and repeat customers
    return purchase.behaviours(features, levels).assign(**own)


def _learn(features: pd.DataFrame, config: LensesConfig) -> Learned:
    settings = config.benefits
    levels = price_levels(features[c.SHELF_PRICES])
    known = _behaviours(features[features[c.N_ORDERS] >= settings.min_orders], levels)
    return {
        "levels": levels,
        "min_orders": settings.min_orders,
        **scores.learn_scores(known, settings.benefits, "lenses.benefits.benefits"),
    }


def _segments(features: pd.DataFrame, learned: Learned) -> Said:
    scored = scores.score(_behaviours(features, learned["levels"]), learned)
    enough = features[c.N_ORDERS] >= learned["min_orders"]
    return {c.BENEFIT_SEGMENT: scores.best(scored, enough)}


LENS = Lens(
    name="benefits",
    asks="What does the customer look for?",
    source="Haley 1968",
    features={
        "category_spread": Feature(
            "effective number of categories bought in (inverse Simpson)", "many-sided", "single-minded"
        ),
        "service_contacts": Feature("tickets opened per order", "asking for help", "self-reliant"),
    },
    needs=purchase.NEEDS,  # it reads the purchase lens
    wants=(*purchase.WANTS, f"{EVENTS.name}:ticket_opened"),
    answers={
        c.BENEFIT_SEGMENT: {
            "price": "pays little",
            "quality": "takes the dear of a shelf, at full price",
            "convenience": "buys the usual without looking around",
            "variety": "buys of everything, and always something else",
            "service": "asks for help",
            "reassurance": "reads first, keeps to the known, sends little back",
        }
    },
    select=_select,
    learn=_learn,
    segments=_segments,
)
