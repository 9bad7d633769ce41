"""Loyalty: what the customer does for the business with her purse, and what with her mind.

Dick and Basu (1994), "Customer loyalty: toward an integrated conceptual framework": repeat patronage by relative
attitude gives true, latent, spurious and no loyalty. The sales side is tenure, frequency and regularity; the
psychological side is activity that is not purchase (visits that no order explains, opened messages, following,
sharing, referring, reviewing), by conf's points. Each side is 0 to 1 from the customer's own log alone; only the
borders between low and high come from the population, frozen at fit. Without acts or chances to act her mind is
unknown.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import columns as c
from patronage.config import LensesConfig
from patronage.engine import number, text, texts
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Learned, Lens

YEAR = 365.25
LEAST_DAYS = 90  # fewer days known say no rate
EVEN = 2  # every customer starts with so much evidence of gaps like those of chance: two equal ones prove little


def _select(history: History, config: LensesConfig) -> str:
    settings = config.loyalty
    gap = history.engine.days("previous", "day")
    bought = f"""
        SELECT customer_id, min(day) AS first_day, {history.engine.days("min(day)", "max(day)")} AS stayed,
               count(previous) AS gaps, coalesce(sum({gap}), 0) AS total, coalesce(sum({gap} * {gap}), 0) AS squares
        FROM days GROUP BY customer_id"""
    weights = " ".join(
        f"WHEN event = {text(event)} THEN {weight}" for event, weight in settings.weights.items() if event != "visit"
    )
    felt = f"""
        SELECT customer_id, min(day) AS first_act, sum(points) AS points,
               count(*) FILTER (WHERE event = 'visit') AS visits,
               count(*) FILTER (WHERE event = 'message_sent') AS sent,
               count(*) FILTER (WHERE event = 'message_opened') AS opened,
               count(*) FILTER (WHERE event IN ({texts(settings.weights)})) AS acts
        FROM (SELECT customer_id, event, CAST(occurred_at AS DATE) AS day, CASE {weights} ELSE 0 END AS points
              FROM touches WHERE event IN ({texts([*settings.weights, "message_sent"])}))
        GROUP BY customer_id"""
    bought_years = f"greatest({history.age('first_day')}, {LEAST_DAYS}) / {number(YEAR)}"
    known_years = f"greatest({history.age('least(first_day, first_act)')}, {LEAST_DAYS})"
    visits = f"{settings.weights.get('visit', 0)} * greatest(visits - coalesce(gaps + 1, 0), 0)"
    active = _half(f"(points + {visits}) / ({known_years} / {number(YEAR)})", settings.half_points_a_year)
    # Two in eight opened is where an answer to messages starts from, until there are her own.
    answering = "(opened + 2) * 1.0e0 / (greatest(sent, opened) + 8)"
    variation = (
        f"(gaps * (gaps * squares - total * total) + {EVEN} * total * total) * 1.0e0 "
        f"/ (total * total * (gaps - 1 + {EVEN}))"
    )
    return f"""
        SELECT customer_id,
               CASE WHEN gaps IS NULL THEN 0.0e0 ELSE
                   ({_half("stayed", settings.half_tenure_days)}
                    + {_half(f"gaps / ({bought_years})", settings.half_orders_a_year)}
                    + CASE WHEN gaps > 0 THEN 1 / (1 + {variation}) ELSE 0.0e0 END)
                   / 3 END AS loyalty_sales,
               CASE WHEN sent > 0 THEN ({active} + {answering}) / 2 ELSE {active} END AS loyalty_mind,
               coalesce(acts, 0) + coalesce(sent, 0) AS loyalty_evidence
        FROM ({bought}) AS bought FULL JOIN ({felt}) AS felt USING (customer_id)"""


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


def _segments(features: pd.DataFrame, learned: Learned) -> pd.DataFrame:
    buys, minds = features[c.LOYALTY_SALES] > learned["sales"], features[c.LOYALTY_MIND] > learned["mind"]
    unknown = features["loyalty_evidence"] < learned["min_evidence"]
    labels = np.select([unknown, buys & minds, minds, buys], [c.UNKNOWN, "true", "latent", "spurious"], "none")
    return pd.DataFrame({c.LOYALTY_SEGMENT: labels}, index=features.index)


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
    select=_select,
    learn=_learn,
    segments=_segments,
)  # fmt: skip
