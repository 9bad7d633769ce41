"""Needs: the pain that the customer wants relieved, financial, emotional or physical.

Pains are what annoys before, while and after a job gets done (Osterwalder, Pigneur, Bernarda and Smith 2014,
*Value Proposition Design*). They show where a customer complains, asks, searches and reads, and a little in what she
buys: conf (`lenses.needs`) says which events, subjects and categories speak of which. The dominant need is the one of
which she shows most in comparison with everyone.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.data.contract import EVENTS
from patronage.engine import text
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Learned, Lens, Said
from patronage.lenses.shelves import THOUSAND, words

PAINS = {"financial_pains": "financial", "emotional_pains": "emotional", "physical_pains": "physical"}


def _select(history: History, config: LensesConfig) -> str:
    settings = config.needs
    weights = " ".join(
        f"WHEN {text(event)} THEN {round(weight * THOUSAND)}" for event, weight in settings.events.items()
    )
    line = round(settings.line_weight * THOUSAND)
    said, bought, sums = [], [], []
    for feature, need in PAINS.items():
        vocabulary = getattr(settings.pains, need)
        said.append(f"CASE WHEN lower(subject) IN ({words(vocabulary.subjects)}) THEN weight ELSE 0 END AS {feature}")
        bought.append(f"CASE WHEN lower(category) IN ({words(vocabulary.categories)}) THEN {line} * n_lines ELSE 0 END")
        sums.append(f"CAST(sum({feature}) AS DOUBLE) / {THOUSAND} AS {feature}")
    return f"""
        SELECT customer_id, {", ".join(sums)}
        FROM (SELECT customer_id, {", ".join(said)}
              FROM (SELECT customer_id, subject, CASE event {weights} ELSE 0 END AS weight
                    FROM touches WHERE event IN ({words(settings.events)}) AND subject IS NOT NULL)
              UNION ALL SELECT customer_id, {", ".join(bought)} FROM shelves WHERE category IS NOT NULL)
        GROUP BY customer_id"""


def _learn(features: pd.DataFrame, config: LensesConfig) -> Learned:
    """How the pains of everyone divide up."""
    total = features[list(PAINS)].sum()
    usual = total / total.sum() if total.sum() > 0 else total
    return {
        "usual": {name: float(usual[name]) for name in PAINS if total[name] > 0},
        "min_weight": config.needs.min_weight,
    }


def _segments(features: pd.DataFrame, learned: Learned) -> Said:
    """The pain with the highest share against the usual; a customer of little evidence is drawn to the usual."""
    usual = pd.Series(learned["usual"], dtype=float)
    labels = np.full(len(features), c.UNKNOWN, dtype=object)
    if len(usual):
        shown = features[list(usual.index)].fillna(0.0)
        total = shown.sum(axis=1)
        index = (shown + usual).div(total + 1, axis=0) / usual
        names = np.array([PAINS[name] for name in usual.index], dtype=object)
        labels = np.where(total >= learned["min_weight"], names[index.to_numpy().argmax(axis=1)], c.UNKNOWN)
    return {c.NEED_SEGMENT: labels}


LENS = Lens(
    name="needs",
    asks="Which pain does the customer want relieved?",
    source="Osterwalder, Pigneur, Bernarda and Smith 2014",
    features={
        "financial_pains": Feature("weighted signs of trouble with prices and payment", "money-minded"),
        "emotional_pains": Feature("weighted signs of doubt, distrust and the wish for care", "care-seeking"),
        "physical_pains": Feature("weighted signs of effort, defects and bodily needs", "relief-seeking"),
    },
    needs=(f"{EVENTS.name}.subject", "transactions.category"),
    wants=(
        f"{EVENTS.name}.subject",
        f"{EVENTS.name}:complaint",
        f"{EVENTS.name}:ticket_opened",
        f"{EVENTS.name}:search",
        f"{EVENTS.name}:content_viewed",
    ),
    answers={
        c.NEED_SEGMENT: {
            "financial": "prices, payment, fees",
            "emotional": "doubt, trust, care, gifts",
            "physical": "effort, defects, the body",
        }
    },
    select=_select,
    learn=_learn,
    segments=_segments,
)
