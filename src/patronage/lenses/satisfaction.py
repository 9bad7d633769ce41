"""Satisfaction: what the customer says and does about it, and how much there is to go by.

Answers (ratings, surveys) and behaviour (complaints, tickets and how long they took, returns, referrals) become one
mean of scores from 0 to 1, each with its weight (conf). An order without trouble speaks softly, and only where the
log shows trouble at all: most of the dissatisfied never complain (Hirschman 1970; Singh 1988). The score is drawn
to the population's mean by how little there is (Buehlmann 1967), so that one angry day does not make a customer
the least satisfied of all. High and low are the top and bottom 20 %, at borders frozen at fit.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.engine import number, text, texts
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Learned, Lens, Said

SIGNS = ("complaint", "slow_ticket", "ticket", "return", "referred")
FINE = 1000  # an answer's score is summed in thousandths, as an integer


def _select(history: History, config: LensesConfig) -> str:
    settings = config.satisfaction
    signs = {name: settings.signs[name] for name in SIGNS}
    evidence = " + ".join(["answers", *(f"{number(sign.weight)} * {name}s" for name, sign in signs.items())])
    points = " + ".join(
        [f"answered / {FINE}.0e0", *(f"{number(sign.weight * sign.score)} * {name}s" for name, sign in signs.items())]
    )
    counted = "coalesce(answers, 0) AS answers, coalesce(answered, 0) AS answered, answered_late, answers_late, hours, "
    counted += "solved, coalesce(complaints, 0) AS complaints, coalesce(referreds, 0) AS referreds, "
    counted += "coalesce(slow_tickets, 0) AS slow_tickets, coalesce(tickets, 0) - coalesce(slow_tickets, 0) AS tickets,"
    counted += "greatest(coalesce(asked_back, 0), coalesce(refunds, 0)) AS returns, purchases"
    return f"""
        SELECT customer_id, {_double(points)} / nullif({_double(evidence)}, 0.0e0) AS satisfaction_signs,
               {_double(evidence)} AS satisfaction_evidence,
               answered / ({FINE}.0e0 * nullif(answers, 0)) AS stated_satisfaction,
               answered_late / ({FINE}.0e0 * nullif(answers_late, 0))
                   - (answered - answered_late) / ({FINE}.0e0 * nullif(answers - answers_late, 0))
                   AS satisfaction_trend,
               complaints + slow_tickets + tickets AS troubles, hours * 1.0e0 / nullif(solved, 0) AS ticket_hours,
               returns * 1.0e0 / nullif(purchases, 0) AS sent_back_share
        FROM (SELECT customer_id, {counted}
              FROM ({_refunds()}) AS bought FULL JOIN ({_voice(history, config)}) AS voice USING (customer_id)
              FULL JOIN ({_tickets(history, config)}) AS tickets USING (customer_id))"""


def _double(expression: str) -> str:
    return f"CAST({expression} AS DOUBLE)"


def _refunds() -> str:
    return """SELECT customer_id, count(*) FILTER (WHERE amount < 0) AS refunds,
                     count(*) FILTER (WHERE amount >= 0) AS purchases
              FROM lines GROUP BY customer_id"""


def _voice(history: History, config: LensesConfig) -> str:
    """Answers and signs but tickets, in one pass."""
    cases = " ".join(
        f"WHEN event = {text(event)} AND value >= {number(scale.low)} AND value <= {number(scale.high)} "
        f"THEN CAST(round((value - {number(scale.low)}) * {number(FINE / (scale.high - scale.low))}) AS BIGINT)"
        for event, scale in config.satisfaction.scales.items()
    )
    heard = [*config.satisfaction.scales, "complaint", "return_requested", "referred"]
    late = f"score IS NOT NULL AND age <= {config.satisfaction.recent_days}"
    return f"""SELECT customer_id, count(score) AS answers, sum(score) AS answered,
                      count(*) FILTER (WHERE {late}) AS answers_late,
                      sum(score) FILTER (WHERE {late}) AS answered_late,
                      count(*) FILTER (WHERE event = 'complaint') AS complaints,
                      count(*) FILTER (WHERE event = 'return_requested') AS asked_back,
                      count(*) FILTER (WHERE event = 'referred') AS referreds
               FROM (SELECT customer_id, event, {history.age("CAST(occurred_at AS DATE)")} AS age,
                            CASE {cases} ELSE NULL END AS score
                     FROM touches WHERE event IN ({texts(heard)}))
               GROUP BY customer_id"""


def _tickets(history: History, config: LensesConfig) -> str:
    """Each ticket with what follows it: its resolution, or nothing yet; hours between are counted by the clock."""
    following = "OVER (PARTITION BY customer_id ORDER BY occurred_at, event)"
    hours = (
        f"{history.engine.days('CAST(occurred_at AS DATE)', 'CAST(then_at AS DATE)')} * 24 "
        "+ extract(hour FROM then_at) - extract(hour FROM occurred_at)"
    )
    waited = f"{history.age('CAST(occurred_at AS DATE)')} * 24 - extract(hour FROM occurred_at)"
    return f"""SELECT customer_id, count(*) AS tickets, count(hours) AS solved, sum(hours) AS hours,
                      count(*) FILTER (WHERE coalesce(hours, waited) > {config.satisfaction.slow_hours}) AS slow_tickets
               FROM (SELECT customer_id, CASE WHEN then_event = 'ticket_resolved' THEN {hours} END AS hours,
                            {waited} AS waited
                     FROM (SELECT customer_id, event, occurred_at, lead(event) {following} AS then_event,
                                  lead(occurred_at) {following} AS then_at
                           FROM touches WHERE event IN ('ticket_opened', 'ticket_resolved'))
                     WHERE event = 'ticket_opened')
               GROUP BY customer_id"""


def _learn(features: pd.DataFrame, config: LensesConfig) -> Learned:
    settings = config.satisfaction
    # Where nobody ever complains the log does not show trouble, and a quiet order says nothing.
    audible = bool(((features["troubles"] > 0) | (features["sent_back_share"] > 0)).any())
    weights = {
        "quiet": settings.quiet_order_weight if audible else 0.0,
        "prior": settings.prior_weight,
        "min_evidence": settings.min_evidence,
    }
    points, evidence = _weighed(features, weights["quiet"])
    total = float(evidence.sum())
    mean = float(points.sum()) / total if total > 0 else 0.5
    score = _score(features, weights | {"mean": mean})
    known = score[evidence >= settings.min_evidence]
    low, high = known.quantile([settings.low_below, settings.high_above]) if len(known) else (0.0, 1.0)
    return weights | {"mean": mean, "low": float(low), "high": float(high)}


def _weighed(features: pd.DataFrame, quiet: float) -> tuple[pd.Series, pd.Series]:
    """Sum of weighted scores, and of weights, with the orders that passed without trouble."""
    evidence = features["satisfaction_evidence"]
    orders = quiet * (features[c.N_ORDERS] - features["troubles"]).clip(lower=0)
    return features["satisfaction_signs"].fillna(0) * evidence + orders, evidence + orders


def _score(features: pd.DataFrame, learned: Learned) -> pd.Series:
    points, evidence = _weighed(features, learned["quiet"])
    weight = (evidence + learned["prior"]).clip(lower=1e-12)
    return (points + learned["prior"] * learned["mean"]) / weight


def _segments(features: pd.DataFrame, learned: Learned) -> Said:
    _, evidence = _weighed(features, learned["quiet"])
    score = _score(features, learned)
    labels = np.select(
        [evidence < learned["min_evidence"], score <= learned["low"], score >= learned["high"]],
        [c.UNKNOWN, "low", "high"],
        "middle",
    )
    return {c.SATISFACTION_SEGMENT: labels}


LENS = Lens(
    name="satisfaction",
    asks="How satisfied is the customer, and how much is there to go by?",
    source="Oliver 2010; Hirschman 1970; Buehlmann 1967",
    features={
        "satisfaction_signs": Feature("weighted mean of answers and signs, 0 to 1", "content", "discontent"),
        "satisfaction_evidence": Feature("their weight, in answers", "outspoken", "unheard", absent=0),
        "stated_satisfaction": Feature("mean answer, 0 to 1", "praising", "fault-finding"),
        "satisfaction_trend": Feature("recent answers less earlier ones, -1 to 1", "won over", "souring"),
        "troubles": Feature("complaints and tickets", "complaining", absent=0),
        "ticket_hours": Feature("mean hours until a ticket was resolved", "kept waiting", "promptly served"),
        "sent_back_share": Feature("returns or refunds per line bought", "often returning", "rarely returning"),
    },
    needs=(
        "events:rating", "events:reviewed", "events:csat", "events:nps", "events:complaint", "events:ticket_opened",
        "events:return_requested",
    ),
    wants=("events:ticket_resolved", "events.value"),
    answers={
        c.SATISFACTION_SEGMENT: {
            "high": "top 20 % of those with evidence, at the frozen border",
            "middle": "between",
            "low": "bottom 20 %",
        }
    },
    select=_select,
    learn=_learn,
    segments=_segments,
)  # fmt: skip
