"""Satisfaction: what answers and behaviour show of it, and how much evidence there is.

Answers (ratings, surveys) and behaviour (complaints, tickets and how long they took, returns, referrals) become one
mean of scores from 0 to 1, each with its weight (conf). An order without trouble is weak evidence, and only where the
log shows trouble at all: most of the dissatisfied never complain (Hirschman 1970; Singh 1988). The score is drawn
to the population's mean by how little there is (Buehlmann 1967), so that one angry day does not make a customer
the least satisfied of all. High and low are the top and bottom 20 %, at borders frozen at fit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.engine import number, text, texts
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Labels, Lens

SIGNS = ("complaint", "slow_ticket", "ticket", "return", "referred")
FINE = 1000  # an answer's score is summed in thousandths, as an integer


def _select(history: History, config: LensesConfig) -> str:
    signs = {name: config.satisfaction.signs[name] for name in SIGNS}
    evidence = " + ".join(["answers", *(f"{number(sign.weight)} * {name}s" for name, sign in signs.items())])
    points = " + ".join(
        [f"answered / {FINE}.0e0", *(f"{number(sign.weight * sign.score)} * {name}s" for name, sign in signs.items())]
    )
    return f"""
        WITH line_counts AS (
            SELECT customer_id,
                   count(*) FILTER (WHERE refunded) AS refunds,
                   count(*) FILTER (WHERE NOT refunded) AS purchases
            FROM (SELECT customer_id, false AS refunded FROM order_lines WHERE amount >= 0
                  UNION ALL SELECT customer_id, true FROM returns)
            GROUP BY customer_id
        ),
        scored_events AS ({_scored_events(history, config)}
        ),
        answer_counts AS ({_answer_counts(config)}
        ),
        ticket_events AS ({_ticket_events()}
        ),
        ticket_times AS ({_ticket_times(history)}
        ),
        ticket_counts AS (
            SELECT customer_id, count(*) AS tickets, count(minutes) AS solved, sum(minutes) AS minutes,
                   count(*) FILTER (WHERE coalesce(minutes, waited) > {config.satisfaction.slow_hours} * 60)
                       AS slow_tickets
            FROM ticket_times GROUP BY customer_id
        ),
        signs AS (
            SELECT customer_id, coalesce(answers, 0) AS answers, coalesce(answered, 0) AS answered,
                   recent_answers, recent_answered, minutes, solved,
                   coalesce(complaints, 0) AS complaints, coalesce(referreds, 0) AS referreds,
                   coalesce(slow_tickets, 0) AS slow_tickets,
                   coalesce(tickets, 0) - coalesce(slow_tickets, 0) AS tickets,
                   greatest(coalesce(return_requests, 0), coalesce(refunds, 0)) AS returns, purchases
            FROM line_counts FULL JOIN answer_counts USING (customer_id) FULL JOIN ticket_counts USING (customer_id)
        )
        SELECT customer_id,
               {_double(points)} / nullif({_double(evidence)}, 0.0e0) AS satisfaction_signs,
               {_double(evidence)} AS satisfaction_evidence,
               answered / ({FINE}.0e0 * nullif(answers, 0)) AS stated_satisfaction,
               recent_answered / ({FINE}.0e0 * nullif(recent_answers, 0))
                   - (answered - recent_answered) / ({FINE}.0e0 * nullif(answers - recent_answers, 0))
                   AS satisfaction_trend,
               complaints + slow_tickets + tickets AS troubles,
               minutes / (60.0e0 * nullif(solved, 0)) AS ticket_hours,
               returns * 1.0e0 / nullif(purchases + returns, 0) AS sent_back_share
        FROM signs"""


def _double(expression: str) -> str:
    return f"CAST({expression} AS DOUBLE)"


def _scored_events(history: History, config: LensesConfig) -> str:
    """SQL: answers with their score, and the signs other than tickets."""
    scores = " ".join(
        f"WHEN event = {text(event)} AND value >= {number(scale.low)} AND value <= {number(scale.high)} "
        f"THEN CAST(round((value - {number(scale.low)}) * {number(FINE / (scale.high - scale.low))}) AS BIGINT)"
        for event, scale in config.satisfaction.scales.items()
    )
    events = [*config.satisfaction.scales, "complaint", "return_requested", "referred"]
    return f"""
            SELECT customer_id, event, {history.age("CAST(occurred_at AS DATE)")} AS age,
                   CASE {scores or "WHEN false THEN 0"} END AS score
            FROM events WHERE event IN ({texts(events)})"""


def _answer_counts(config: LensesConfig) -> str:
    """SQL: counts of them."""
    recent = f"score IS NOT NULL AND age <= {config.satisfaction.recent_days}"
    return f"""
            SELECT customer_id, count(score) AS answers, sum(score) AS answered,
                   count(*) FILTER (WHERE {recent}) AS recent_answers,
                   sum(score) FILTER (WHERE {recent}) AS recent_answered,
                   count(*) FILTER (WHERE event = 'complaint') AS complaints,
                   count(*) FILTER (WHERE event = 'return_requested') AS return_requests,
                   count(*) FILTER (WHERE event = 'referred') AS referreds
            FROM scored_events GROUP BY customer_id"""


def _ticket_events() -> str:
    """SQL: each event of a ticket with the next one of the same ticket; without ids, of the customer."""
    following = "OVER (PARTITION BY customer_id, ticket_id ORDER BY occurred_at, event)"
    return f"""
            SELECT customer_id, event, occurred_at,
                   lead(event) {following} AS next_event, lead(occurred_at) {following} AS next_at
            FROM events WHERE event IN ('ticket_opened', 'ticket_resolved')"""


def _ticket_times(history: History) -> str:
    """SQL: of each ticket the minutes that passed until it was resolved, if it was, and until the cutoff's day."""
    minutes = (
        f"{history.engine.days('CAST(occurred_at AS DATE)', 'CAST(next_at AS DATE)')} * 1440 "
        f"+ {_minutes('next_at')} - {_minutes(c.OCCURRED_AT)}"
    )
    waited = f"{history.age('CAST(occurred_at AS DATE)')} * 1440 - {_minutes(c.OCCURRED_AT)}"
    return f"""
            SELECT customer_id, CASE WHEN next_event = 'ticket_resolved' THEN {minutes} END AS minutes,
                   {waited} AS waited
            FROM ticket_events WHERE event = 'ticket_opened'"""


def _minutes(moment: str) -> str:
    """SQL: whole minutes since midnight; their sums are the same bits in every order of the rows."""
    return f"(extract(hour FROM {moment}) * 60 + extract(minute FROM {moment}))"


@dataclass(frozen=True)
class SatisfactionState:
    """How scores are made of signs and orders, and cut.

    Attributes
    ----------
    quiet
        The weight of an order without trouble.
    prior, mean
        The weight of the population's mean, and that mean.
    min_evidence
        The weight below which satisfaction is unknown.
    low, high
        The borders of the segments.
    """

    quiet: float
    prior: float
    min_evidence: float
    mean: float
    low: float
    high: float


def _fit(features: pd.DataFrame, config: LensesConfig) -> SatisfactionState:
    settings = config.satisfaction
    # Where nobody ever complains the log does not show trouble, and a quiet order is no evidence.
    has_trouble = bool(((features["troubles"] > 0) | (features["sent_back_share"] > 0)).any())
    quiet = settings.quiet_order_weight if has_trouble else 0.0
    points, evidence = _weighed(features, quiet)
    total = float(evidence.sum())
    mean = float(points.sum()) / total if total > 0 else 0.5
    uncut = SatisfactionState(quiet, settings.prior_weight, settings.min_evidence, mean, low=0.0, high=1.0)
    known = _score(features, uncut)[evidence >= settings.min_evidence]
    if known.empty:
        return uncut
    low, high = known.quantile([settings.low_below, settings.high_above])
    return replace(uncut, low=float(low), high=float(high))


def _weighed(features: pd.DataFrame, quiet: float) -> tuple[pd.Series, pd.Series]:
    """Sum of weighted scores, and of weights, with the orders that passed without trouble."""
    evidence = features["satisfaction_evidence"]
    orders = quiet * (features[c.N_ORDERS] - features["troubles"]).clip(lower=0)
    return features["satisfaction_signs"].fillna(0) * evidence + orders, evidence + orders


def _score(features: pd.DataFrame, state: SatisfactionState) -> pd.Series:
    points, evidence = _weighed(features, state.quiet)
    weight = (evidence + state.prior).clip(lower=1e-12)
    return (points + state.prior * state.mean) / weight


def _segments(features: pd.DataFrame, state: SatisfactionState) -> Labels:
    _, evidence = _weighed(features, state.quiet)
    score = _score(features, state)
    labels = np.select(
        [evidence < state.min_evidence, score <= state.low, score >= state.high],
        [c.UNKNOWN, "low", "high"],
        "middle",
    )
    return {c.SATISFACTION_SEGMENT: labels}


LENS = Lens(
    name="satisfaction",
    question="How satisfied is the customer, and how much evidence is there?",
    source="Oliver 2010; Hirschman 1970; Buehlmann 1967",
    features={
        "satisfaction_signs": Feature(
            "weighted mean of answers and signs, 0 to 1", "content", "discontent",
            reason="more satisfied than most|less satisfied than most",
        ),
        "satisfaction_evidence": Feature(
            "their weight, in answers", "outspoken", "unheard", absent=0,
            reason="tells more often how satisfied than most|tells less often how satisfied than most",
            none="never told how satisfied",
        ),
        "stated_satisfaction": Feature(
            "mean answer, 0 to 1", "praising", "fault-finding",
            reason="answers more satisfied than most|answers less satisfied than most",
        ),
        "satisfaction_trend": Feature(
            "trend of the satisfaction (recent answers less earlier ones, -1 to 1)", "won over", "souring",
            reason="a better trend of satisfaction than most|a worse trend of satisfaction than most",
        ),
        "troubles": Feature(
            "complaints and tickets", "complaining", absent=0,
            reason="{} cases of complaint",
            none="no complaint and no ticket",
        ),
        "ticket_hours": Feature(
            "mean hours until a ticket was resolved", "kept waiting", "promptly served",
            reason="{} hours until a ticket was resolved",
        ),
        "sent_back_share": Feature(
            "returns or refunds, as a share of these and the lines kept", "often returning", "rarely returning",
            reason="{:.0%} of the goods sent back"),
    },
    requires=(
        "events:rating", "events:reviewed", "events:csat", "events:nps", "events:complaint", "events:ticket_opened",
        "events:return_requested",
    ),
    improved_by=("events:ticket_resolved", "events.ticket_id", "events.value"),
    reads=(c.N_ORDERS,),
    labels={
        c.SATISFACTION_SEGMENT: {
            "high": "top 20 % of those with evidence, at the frozen border",
            "middle": "between",
            "low": "bottom 20 %",
        }
    },
    select=_select,
    state=SatisfactionState,
    fit=_fit,
    segments=_segments,
)  # fmt: skip
