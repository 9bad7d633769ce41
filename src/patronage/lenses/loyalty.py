"""Loyalty: how loyal the customer is in purchases, and how loyal in mind.

Dick and Basu (1994), "Customer loyalty: toward an integrated conceptual framework": repeat patronage by relative
attitude gives true, latent, spurious and no loyalty. The sales side is tenure, frequency and regularity; the
psychological side is activity that is not purchase: attention (visits that no order explains, reading), answers to
messages, and advocacy (following, sharing, referring, reviewing), by conf's points. Each side is 0 to 1 from the
customer's own log alone; only the borders between low and high come from the population, frozen at fit. Rates run
to the cutoff, so a customer who has left is loyal no more. Without acts or chances to act the mind is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.engine import number, texts
from patronage.lenses.expressions import case
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Labels, Lens

YEAR = 365.25
MESSAGES = ("message_sent", "message_opened")
LEAST_DAYS = 90  # fewer known days give no rate
EVEN = 2  # every customer starts with so much evidence of gaps like those of chance: two equal ones prove little


def _select(history: History, config: LensesConfig) -> str:
    settings = config.loyalty
    gap = history.engine.days("previous", "day")
    mind_events = [*settings.attention, *settings.advocacy, *MESSAGES]
    sales, attention, advocacy = _sales(history, config), _attention(history, config), _advocacy(history, config)
    # One in four messages opened is the prior, until the customer has opened or received some.
    responses = "(opened + 1) * 1.0e0 / (greatest(sent, opened) + 4)"
    return f"""
        WITH purchases AS (
            SELECT customer_id, min(day) AS first_day, {history.engine.days("min(day)", "max(day)")} AS stayed,
                   count(previous) AS gaps, coalesce(sum({gap}), 0) AS total, coalesce(sum({gap} * {gap}), 0) AS squares
            FROM order_days GROUP BY customer_id
        ),
        acts AS (
            SELECT customer_id, min(CAST(occurred_at AS DATE)) AS first_act,
                   {_points(settings.attention)} AS attention, count(*) FILTER (WHERE event = 'visit') AS visits,
                   {_points(settings.advocacy)} AS advocacy,
                   count(*) FILTER (WHERE event = 'message_sent') AS sent,
                   count(*) FILTER (WHERE event = 'message_opened') AS opened, count(*) AS evidence
            FROM events WHERE event IN ({texts(mind_events)}) GROUP BY customer_id
        )
        SELECT customer_id,
               CASE WHEN gaps IS NULL THEN 0.0e0 ELSE {sales} END AS loyalty_sales,
               CASE WHEN sent > 0 THEN ({attention} + {advocacy} + {responses}) / 3
                    ELSE ({attention} + {advocacy}) / 2 END AS loyalty_mind,
               coalesce(evidence, 0) AS loyalty_evidence
        FROM purchases FULL JOIN acts USING (customer_id)"""


def _sales(history: History, config: LensesConfig) -> str:
    """SQL: tenure, frequency and regularity, 0 to 1."""
    settings = config.loyalty
    years = f"greatest({history.age('first_day')}, {LEAST_DAYS}) / {number(YEAR)}"
    variation = (
        f"(gaps * (gaps * squares - total * total) + {EVEN} * total * total) * 1.0e0 "
        f"/ (total * total * (gaps - 1 + {EVEN}))"
    )
    regularity = f"CASE WHEN gaps > 0 THEN 1 / (1 + {variation}) ELSE 0.0e0 END"
    tenure = _half("stayed", settings.half_tenure_days)
    frequency = _half(f"gaps / ({years})", settings.half_orders_a_year)
    return f"({tenure} + {frequency} + {regularity}) / 3"


def _attention(history: History, config: LensesConfig) -> str:
    """SQL: points of attention a year, 0 to 1; one visit per order is explained by the order."""
    settings = config.loyalty
    idle = f"(attention - {settings.attention.get('visit', 0)} * least(visits, coalesce(gaps + 1, 0)))"
    return _half(f"{idle} / {_known_years(history)}", settings.half_attention_a_year)


def _advocacy(history: History, config: LensesConfig) -> str:
    """SQL: points of advocacy a year, 0 to 1."""
    return _half(f"advocacy / {_known_years(history)}", config.loyalty.half_advocacy_a_year)


def _known_years(history: History) -> str:
    return f"(greatest({history.age('least(first_day, first_act)')}, {LEAST_DAYS}) / {number(YEAR)})"


def _points(weights: Mapping[str, int]) -> str:
    """SQL: the points of these events, a whole number."""
    return f"sum({case(weights, 0)})"


def _half(expression: str, half: float) -> str:
    """SQL: marks from 0 towards 1 for a number from 0 on; half of them at `half`."""
    return f"({expression}) / (({expression}) + {number(half)})"


@dataclass(frozen=True)
class LoyaltyState:
    """The borders between low and high on either side, and the evidence below which the mind is unknown."""

    min_evidence: int
    sales: float
    mind: float


def _fit(features: pd.DataFrame, config: LensesConfig) -> LoyaltyState:
    settings = config.loyalty
    buyers = features.loc[features[c.N_ORDERS] > 0, c.LOYALTY_SALES]
    minds = features.loc[features["loyalty_evidence"] >= settings.min_evidence, c.LOYALTY_MIND]
    return LoyaltyState(
        min_evidence=settings.min_evidence,
        sales=float(buyers.quantile(settings.border)) if len(buyers) else 0.5,
        mind=float(minds.quantile(settings.border)) if len(minds) else 0.5,
    )


def _segments(features: pd.DataFrame, state: LoyaltyState) -> Labels:
    buys, minds = features[c.LOYALTY_SALES] > state.sales, features[c.LOYALTY_MIND] > state.mind
    unknown = features["loyalty_evidence"] < state.min_evidence
    labels = np.select([unknown, buys & minds, minds, buys], [c.UNKNOWN, "true", "latent", "spurious"], "none")
    return {c.LOYALTY_SEGMENT: labels}


LENS = Lens(
    name="loyalty",
    question="Does the customer stay by habit, by heart, by both or by neither?",
    source="Dick and Basu 1994",
    features={
        c.LOYALTY_SALES: Feature(
            "tenure, frequency and regularity, 0 to 1", "faithful", "fleeting", absent=0,
            reason="longer, more often and more regularly a customer than most|"
            "shorter, less often and less regularly a customer than most",
        ),
        c.LOYALTY_MIND: Feature(
            "activity that is not purchase, 0 to 1", "devoted", "indifferent",
            reason="more active beside the orders than most|less active beside the orders than most",
        ),
        "loyalty_evidence": Feature(
            "acts and chances to act on the psychological side", absent=0,
            reason="{} acts and chances to act beside the orders",
            none="no act beside the orders",
        ),
    },
    requires=(
        "events:visit", "events:message_opened", "events:content_viewed", "events:followed", "events:shared",
        "events:referred", "events:reviewed",
    ),
    improved_by=("events:message_sent",),
    reads=(c.N_ORDERS,),
    labels={
        c.LOYALTY_SEGMENT: {
            "true": "high on the sales side and on the psychological side",
            "latent": "high on the psychological side alone",
            "spurious": "high on the sales side alone",
            "none": "low on both",
        }
    },
    select=_select,
    state=LoyaltyState,
    fit=_fit,
    segments=_segments,
)  # fmt: skip
