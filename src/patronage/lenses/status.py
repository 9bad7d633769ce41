"""User status: the relation to the business, by rules that anyone can check.

Facts come first (never bought, bought once); beyond them the time since the last order is held against the
customer's own usual gap or, where there is none, against the typical gap of all customers. Late alone is not at risk:
at earlier cutoffs customers of that lateness and rhythm must have come back so much less often than everyone
(`lenses.returning`), so that a label is empty where the data has no such customers. A `reactivated` customer
returned after a silence that had made a defector, and has been back for no longer than that silence was. The silence is
held against the customer's other gaps alone, and must be longer than the longest of so many gaps is by chance. Of the
customers who never bought, one who began a trial is in a trial, one who acted otherwise is a prospect, and one without
any act is no user.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.data.contract import NO_ACTIVITY
from patronage.engine import texts
from patronage.lenses.history import History
from patronage.lenses.lens import ONE_DAY, Feature, Labels, Lens
from patronage.lenses.returning import READS, Returning, typical_gap, usual_gap


def _select(history: History, config: LensesConfig) -> str:
    return f"""
        WITH gaps AS (
            SELECT customer_id, {history.engine.days("previous", "day")} AS gap, {history.age("day")} AS age,
                   row_number() OVER (PARTITION BY customer_id
                                      ORDER BY {history.engine.days("previous", "day")} DESC, day DESC) AS place
            FROM order_days WHERE previous IS NOT NULL
        ),
        longest_gaps AS (
            SELECT customer_id, gap AS longest_gap_days, age AS days_since_longest_gap FROM gaps WHERE place = 1
        ),
        acts AS (
            SELECT customer_id,
                   count(*) FILTER (WHERE event NOT IN ({texts(NO_ACTIVITY)})) AS n_acts,
                   count(*) FILTER (WHERE event = 'trial_started') AS n_trials
            FROM (
                SELECT customer_id, event FROM events UNION ALL SELECT customer_id, 'near_order' FROM near_orders
            ) GROUP BY customer_id
        )
        SELECT customer_id, longest_gap_days, days_since_longest_gap, n_acts, n_trials
        FROM longest_gaps FULL JOIN acts USING (customer_id)"""


CHANCE = 0.05  # how often the longest of a customer's gaps may be taken for a silence though it is none


@dataclass(frozen=True)
class StatusState:
    """The typical gap, in days, and the settings.

    Attributes
    ----------
    typical_gap
        The median of the mean gaps; where nobody has a gap, of the days since the first order.
    at_risk_after, defector_after
        Multiples of the usual gap.
    at_risk_below, defector_below
        Multiples of everyone's chance to come back.
    returning
        The chance of each customer.
    """

    typical_gap: float
    at_risk_after: float
    defector_after: float
    at_risk_below: float = 1.0
    defector_below: float = 1.0
    returning: Returning = field(default_factory=Returning)


def _fit(features: pd.DataFrame, config: LensesConfig) -> StatusState:
    return StatusState(
        typical_gap(features),
        config.status.at_risk_after,
        config.status.defector_after,
        config.returning.at_risk_below,
        config.returning.lost_below,
    )


def _segments(features: pd.DataFrame, state: StatusState) -> Labels:
    days, since = (features[name].to_numpy() for name in (c.ACTIVE_DAYS, c.DAYS_SINCE_LAST_ORDER))
    trials, acts, refunds = (features[name].to_numpy() for name in ("n_trials", "n_acts", "refunds"))
    lateness = since / usual_gap(features, state.typical_gap)
    returns = state.returning.beside_everyone(features) if state.returning.known else np.zeros(len(features))
    never = days == 0
    cases = [
        never & (trials > 0),
        never & ((acts > 0) | (refunds > 0)),  # what is refunded was bought before the log
        never,
        (lateness > state.defector_after) & (returns < state.defector_below),
        (lateness > state.at_risk_after) & (returns < state.at_risk_below),
        days == 1,
        _returned(features, state),
    ]
    labels = ["trial", "prospect", "non_user", "defector", "at_risk", "first_time", "reactivated"]
    return {c.STATUS_SEGMENT: np.select(cases, labels, "regular")}


def _returned(features: pd.DataFrame, state: StatusState) -> np.ndarray:
    """Whether the longest gap was a silence that stands out of the customer's other gaps, and ended not long ago.

    Of gaps with the same mean that come by chance, the longest of n exceeds ln(n / CHANCE) means in `CHANCE` of all
    cases: an irregular customer is not back from anything.
    """
    gaps, mean_gap, longest, ended = (
        features[name].to_numpy() for name in (c.N_GAPS, c.MEAN_GAP_DAYS, "longest_gap_days", "days_since_longest_gap")
    )
    others = np.maximum(gaps * np.nan_to_num(mean_gap) - np.nan_to_num(longest), 0)
    usual = np.maximum((others + state.typical_gap) / np.maximum(gaps, 1), 1)
    multiple = np.maximum(state.defector_after, np.log(np.maximum(gaps, 1) / CHANCE))
    return (longest > multiple * usual) & (ended <= longest)


LENS = Lens(
    name="status",
    question="What is the relation to the business?",
    source="Kotler and Keller, Marketing Management: user status",
    features={
        "longest_gap_days": Feature(
            "the longest gap between days with an order, in days",
            reason="{} days without an order at the longest",
            missing=ONE_DAY,
        ),
        "days_since_longest_gap": Feature(
            "days since the longest gap between orders ended",
            reason="{} days since the longest silence ended",
            missing=ONE_DAY,
        ),
        "n_acts": Feature(
            "events by the customer",
            "active contact",
            "quiet contact",
            absent=0,
            reason="{} acts beside the orders",
            none="no act beside the orders",
        ),
        "n_trials": Feature("trials begun", absent=0, reason="{} trials begun", none="no trial begun"),
    },
    labels={
        c.STATUS_SEGMENT: {
            "non_user": "known, but never acted",
            "prospect": "acted, never bought",
            "trial": "began a trial, never bought",
            "first_time": "bought on one day, and is not late, or comes back though late",
            "regular": "bought on several days, and is not late, or comes back though late",
            "reactivated": "the same, but back from a silence as long as a defector's, for no longer than that silence",
            "at_risk": "silent for `at_risk_after` times the customer's usual gap, and such customers come back "
            "clearly less often than everyone",
            "defector": "silent for `defector_after` times the usual gap, and they come back less than half as often",
        }
    },
    improved_by=("events", "events:trial_started"),
    reads=(*READS, "refunds"),
    select=_select,
    state=StatusState,
    fit=_fit,
    segments=_segments,
)
