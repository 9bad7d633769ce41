"""Loyalty: what the customer does for the business with her purse, and what with her mind.

Dick and Basu (1994), "Customer loyalty: toward an integrated conceptual framework": repeat patronage by relative
attitude gives true, latent, spurious and no loyalty. The sales side is tenure, frequency and regularity; the
psychological side is activity that is not purchase: attention (visits that no order explains, reading), answers to
messages, and advocacy (following, sharing, referring, reviewing), by conf's points. Each side is 0 to 1 from the
customer's own log alone; only the borders between low and high come from the population, frozen at fit. Rates run
to the cutoff, so a customer who has left is loyal no more. Without acts or chances to act her mind is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.engine import number, text, texts
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Learned, Lens, Said

YEAR = 365.25
MESSAGES = ("message_sent", "message_opened")
LEAST_DAYS = 90  # fewer days known say no rate
EVEN = 2  # every customer starts with so much evidence of gaps like those of chance: two equal ones prove little


def _select(history: History, config: LensesConfig) -> str:
    settings = config.loyalty
    gap = history.engine.days("previous", "day")
    bought = f"""
        SELECT customer_id, min(day) AS first_day, {history.engine.days("min(day)", "max(day)")} AS stayed,
               count(previous) AS gaps, coalesce(sum({gap}), 0) AS total, coalesce(sum({gap} * {gap}), 0) AS squares
        FROM days GROUP BY customer_id"""
    heard = [*settings.attention, *settings.advocacy, *MESSAGES]
    felt = f"""
        SELECT customer_id, min(CAST(occurred_at AS DATE)) AS first_act,
               {_points(settings.attention)} AS attention, count(*) FILTER (WHERE event = 'visit') AS visits,
               {_points(settings.advocacy)} AS advocacy,
               count(*) FILTER (WHERE event = 'message_sent') AS sent,
               count(*) FILTER (WHERE event = 'message_opened') AS opened, count(*) AS evidence
        FROM touches WHERE event IN ({texts(heard)}) GROUP BY customer_id"""
    bought_years = f"greatest({history.age('first_day')}, {LEAST_DAYS}) / {number(YEAR)}"
    known_years = f"(greatest({history.age('least(first_day, first_act)')}, {LEAST_DAYS}) / {number(YEAR)})"
    # Every order may have brought a visit of its own.
    idle = f"(attention - {settings.attention.get('visit', 0)} * least(visits, coalesce(gaps + 1, 0)))"
    attention = _half(f"{idle} / {known_years}", settings.half_attention_a_year)
    advocacy = _half(f"advocacy / {known_years}", settings.half_advocacy_a_year)
    # One in four opened is where an answer to messages starts from, until there are her own.
    answers = "(opened + 1) * 1.0e0 / (greatest(sent, opened) + 4)"
    variation = (
        f"(gaps * (gaps * squares - total * total) + {EVEN} * total * total) * 1.0e0 "
        f"/ (total * total * (gaps - 1 + {EVEN}))"
    )
    return f"""
        SELECT customer_id,
               CASE WHEN gaps IS NULL THEN 0.0e0 ELSE
                   ({_half("stayed", settings.half_tenure_days)}
                    + {_half(f"gaps / ({bought_years})", settings.half_orders_a_year)}
                    + CASE WHEN gaps > 0 THEN 1 / (1 + {variation}) ELSE 0.0e0 END) / 3 END AS loyalty_sales,
               CASE WHEN sent > 0 THEN ({attention} + {advocacy} + {answers}) / 3
                    ELSE ({attention} + {advocacy}) / 2 END AS loyalty_mind,
               coalesce(evidence, 0) AS loyalty_evidence
        FROM ({bought}) AS bought FULL JOIN ({felt}) AS felt USING (customer_id)"""


def _points(weights: Mapping[str, int]) -> str:
    """SQL: the points of these events, a whole number."""
    cases = " ".join(f"WHEN event = {text(event)} THEN {weight}" for event, weight in weights.items())
    return f"sum(CASE WHEN false THEN 0 {cases} ELSE 0 END)"


def _half(expression: str, half: float) -> str:
    """SQL: marks from 0 towards 1 for a number from 0 on; half of them at `half`."""
    return f"({expression}) / (({expression}) + {number(half)})"


def _learn(features: pd.DataFrame, config: LensesConfig) -> Learned:
    settings = config.loyalty
    buyers = features.loc[features[c.N_ORDERS] > 0, c.LOYALTY_SALES]
    minds = features.loc[features["loyalty_evidence"] >= settings.min_evidence, c.LOYALTY_MIND]
    return {
        "min_evidence": settings.min_evidence,
        "sales": float(buyers.quantile(settings.border)) if len(buyers) else 0.5,
        "mind": float(minds.quantile(settings.border)) if len(minds) else 0.5,
    }


def _segments(features: pd.DataFrame, learned: Learned) -> Said:
    buys, minds = features[c.LOYALTY_SALES] > learned["sales"], features[c.LOYALTY_MIND] > learned["mind"]
    unknown = features["loyalty_evidence"] < learned["min_evidence"]
    labels = np.select([unknown, buys & minds, minds, buys], [c.UNKNOWN, "true", "latent", "spurious"], "none")
    return {c.LOYALTY_SEGMENT: labels}


LENS = Lens(
    name="loyalty",
    asks="Does the customer stay by habit, by heart, by both or by neither?",
    source="Dick and Basu 1994",
    features={
        c.LOYALTY_SALES: Feature("tenure, frequency and regularity, 0 to 1", "faithful", "fleeting", absent=0),
        c.LOYALTY_MIND: Feature("activity that is not purchase, 0 to 1", "devoted", "indifferent"),
        "loyalty_evidence": Feature("acts and chances to act on the psychological side", absent=0),
    },
    needs=(
        "events:visit", "events:message_opened", "events:content_viewed", "events:followed", "events:shared",
        "events:referred", "events:reviewed",
    ),
    wants=("events:message_sent",),
    answers={
        c.LOYALTY_SEGMENT: {
            "true": "high on the sales side and on the psychological side",
            "latent": "high on the psychological side alone",
            "spurious": "high on the sales side alone",
            "none": "low on both",
        }
    },
    select=_select,
    learn=_learn,
    segments=_segments,
)  # fmt: skip
