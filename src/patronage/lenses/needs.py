"""Needs: the pain that the customer wants relieved, financial, emotional or physical.

Pains are what annoys before, while and after a job gets done (Osterwalder, Pigneur, Bernarda and Smith 2014,
*Value Proposition Design*). Complaints, questions, searches and reading show them, and purchases a little: conf
(`lenses.needs`) lists the events, subjects and categories of each. The dominant need is the one of which the customer
shows most in comparison with all customers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.data.contract import EVENTS
from patronage.lenses.expressions import THOUSAND, case, words
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Labels, Lens

PAINS = {"financial_pains": "financial", "emotional_pains": "emotional", "physical_pains": "physical"}


def _select(history: History, config: LensesConfig) -> str:
    settings = config.needs
    weight = case({event: round(weight * THOUSAND) for event, weight in settings.events.items()}, 0)
    line = round(settings.line_weight * THOUSAND)
    by_event, by_line, sums = [], [], []
    for feature, need in PAINS.items():
        vocabulary = getattr(settings.pains, need)
        subjects, categories = words(vocabulary.subjects), words(vocabulary.categories)
        by_event.append(f"CASE WHEN lower(subject) IN ({subjects}) THEN weight ELSE 0 END AS {feature}")
        by_line.append(f"CASE WHEN lower(category) IN ({categories}) THEN {line} * n_lines ELSE 0 END")
        sums.append(f"CAST(sum({feature}) AS DOUBLE) / {THOUSAND} AS {feature}")
    return f"""
        WITH acts AS (
            SELECT customer_id, subject, {weight} AS weight
            FROM events WHERE event IN ({words(settings.events)}) AND subject IS NOT NULL
        ),
        pains AS (
            SELECT customer_id, {", ".join(by_event)} FROM acts
            UNION ALL
            SELECT customer_id, {", ".join(by_line)} FROM category_totals WHERE category IS NOT NULL
        )
        SELECT customer_id, {", ".join(sums)} FROM pains GROUP BY customer_id"""


@dataclass(frozen=True)
class NeedsState:
    """The usual share of each pain in all pains, and the weight below which the need is unknown."""

    usual: Mapping[str, float]
    min_weight: float


def _fit(features: pd.DataFrame, config: LensesConfig) -> NeedsState:
    total = features[list(PAINS)].sum()
    usual = total / total.sum() if total.sum() > 0 else total
    return NeedsState({name: float(usual[name]) for name in PAINS if total[name] > 0}, config.needs.min_weight)


def _segments(features: pd.DataFrame, state: NeedsState) -> Labels:
    """The pain with the highest share against the usual; a customer of little evidence is drawn to the usual."""
    usual = pd.Series(dict(state.usual), dtype=float)
    labels = np.full(len(features), c.UNKNOWN, dtype=object)
    if len(usual):
        shown = features[list(usual.index)].fillna(0.0)
        total = shown.sum(axis=1)
        index = (shown + usual).div(total + 1, axis=0) / usual
        names = np.array([PAINS[name] for name in usual.index], dtype=object)
        labels = np.where(total >= state.min_weight, names[index.to_numpy().argmax(axis=1)], c.UNKNOWN)
    return {c.NEED_SEGMENT: labels}


LENS = Lens(
    name="needs",
    question="Which pain does the customer want relieved?",
    source="Osterwalder, Pigneur, Bernarda and Smith 2014",
    features={
        "financial_pains": Feature(
            "weighted signs of trouble with prices and payment",
            "money-minded",
            reason="more trouble with prices and payment than most|less trouble with prices and payment than most",
            none="no sign of trouble with prices and payment",
        ),
        "emotional_pains": Feature(
            "weighted signs of doubt, distrust and the wish for care",
            "care-seeking",
            reason="more signs of doubt than most|fewer signs of doubt than most",
            none="no sign of doubt",
        ),
        "physical_pains": Feature(
            "weighted signs of effort, defects and bodily needs",
            "relief-seeking",
            reason="more signs of effort and defects than most|fewer signs of effort and defects than most",
            none="no sign of effort or defects",
        ),
    },
    requires=(f"{EVENTS.name}.subject", "transactions.category"),
    improved_by=(
        f"{EVENTS.name}.subject",
        f"{EVENTS.name}:complaint",
        f"{EVENTS.name}:ticket_opened",
        f"{EVENTS.name}:search",
        f"{EVENTS.name}:content_viewed",
    ),
    labels={
        c.NEED_SEGMENT: {
            "financial": "prices, payment, fees",
            "emotional": "doubt, trust, care, gifts",
            "physical": "effort, defects, the body",
        }
    },
    select=_select,
    state=NeedsState,
    fit=_fit,
    segments=_segments,
)
