"""User status: the relation to the business, by rules that anyone can check.

Facts come first (never bought, bought once); beyond them the time since the last order is held against the
customer's own usual gap, or, where she has none of her own, against the typical one of all. `reactivated`
came back, in her latest gap, after a silence that had made her a defector. Of those who never bought, who began a
trial is in one, who acted otherwise is a prospect, and who did nothing of her own is no user.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.data.contract import LEAVING, SENT
from patronage.engine import text
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Learned, Lens, Said


def _select(history: History, config: LensesConfig) -> str:
    gap = history.engine.days("previous", "day")
    passive = ", ".join(text(event) for event in SENT + LEAVING)
    return f"""
        SELECT customer_id, max(last_gap_days) AS last_gap_days,
               max(longest_gap_before_days) AS longest_gap_before_days, max(n_acts) AS n_acts, max(n_trials) AS n_trials
        FROM (SELECT customer_id, max(gap) FILTER (WHERE back = 1) AS last_gap_days,
                     max(gap) FILTER (WHERE back > 1) AS longest_gap_before_days, 0 AS n_acts, 0 AS n_trials
              FROM (SELECT customer_id, {gap} AS gap,
                           row_number() OVER (PARTITION BY customer_id ORDER BY day DESC) AS back FROM days)
              GROUP BY customer_id
              UNION ALL
              SELECT customer_id, NULL, NULL, count(*) FILTER (WHERE event NOT IN ({passive})),
                     count(*) FILTER (WHERE event = 'trial_started')
              FROM touches GROUP BY customer_id)
        GROUP BY customer_id"""


def _learn(features: pd.DataFrame, config: LensesConfig) -> Learned:
    typical = features[c.MEAN_GAP_DAYS].median()
    return {
        "typical_gap": float(typical) if np.isfinite(typical) else float(features[c.TENURE_DAYS].median()),
        "at_risk_after": config.status.at_risk_after,
        "defector_after": config.status.defector_after,
    }


def _segments(features: pd.DataFrame, learned: Learned) -> Said:
    read = (c.ACTIVE_DAYS, c.DAYS_SINCE_LAST_ORDER, c.N_GAPS, c.MEAN_GAP_DAYS, "last_gap_days")
    days, since, gaps, mean_gap, last_gap = (features[name].to_numpy() for name in read)
    trials, acts, refunds = (features[name].to_numpy() for name in ("n_trials", "n_acts", "refunds"))
    # One's own mean of few gaps is noise: shrink it towards everyone's by one gap's weight.
    usual = (gaps * np.nan_to_num(mean_gap) + learned["typical_gap"]) / (gaps + 1)
    lateness = since / np.maximum(usual, 1)
    returned = last_gap > learned["defector_after"] * usual
    never = days == 0
    cases = [
        never & (trials > 0),
        never & ((acts > 0) | (refunds > 0)),  # what is refunded was bought before the log
        never,
        lateness > learned["defector_after"],
        lateness > learned["at_risk_after"],
        days == 1,
        returned,
    ]
    names = ["trial", "prospect", "non_user", "defector", "at_risk", "first_time", "reactivated"]
    return {c.STATUS_SEGMENT: np.select(cases, names, "regular")}


LENS = Lens(
    name="status",
    asks="What is the relation to the business?",
    source="Kotler and Keller, Marketing Management: user status",
    features={
        "last_gap_days": Feature("days between the last two days with an order"),
        "longest_gap_before_days": Feature("the longest gap before that one, in days"),
        "n_acts": Feature("events that the customer did herself", "active contact", "quiet contact", absent=0),
        "n_trials": Feature("trials begun", absent=0),
    },
    answers={
        c.STATUS_SEGMENT: {
            "non_user": "known, but never did anything of her own",
            "prospect": "acted, never bought",
            "trial": "began a trial, never bought",
            "first_time": "bought on one day, and is not late",
            "regular": "bought on several days, and is not late",
            "reactivated": "the same, and her last gap had made her a defector",
            "at_risk": "silent for `at_risk_after` times her usual gap",
            "defector": "silent for `defector_after` times her usual gap",
        }
    },
    wants=("events", "events:trial_started"),
    select=_select,
    learn=_learn,
    segments=_segments,
)
