"""Account: how many people of a business customer use what it pays for.

Breadth of use inside the account is the usual early sign of renewal in business-to-business practice (Mehta,
Steinman and Murphy 2016, *Customer Success*). A user is active with an order or an event in the recent days.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Learned, Lens, Said


def _select(history: History, config: LensesConfig) -> str:
    recent = f"{history.age('last_day')} <= {config.account.active_days}"
    return f"""
        SELECT customer_id, count(*) AS n_users, count(*) FILTER (WHERE {recent}) AS n_active_users,
               count(*) FILTER (WHERE {recent}) * 1.0e0 / count(*) AS active_user_share
        FROM (SELECT customer_id, user_id, max(last_day) AS last_day
              FROM (SELECT customer_id, user_id, max(CAST(ordered_at AS DATE)) AS last_day
                    FROM lines GROUP BY customer_id, user_id
                    UNION ALL
                    SELECT customer_id, user_id, max(CAST(occurred_at AS DATE)) FROM touches
                    GROUP BY customer_id, user_id
                    UNION ALL
                    SELECT customer_id, user_id, CAST(NULL AS DATE) FROM users_known)
              GROUP BY customer_id, user_id)
        GROUP BY customer_id"""


def _learn(features: pd.DataFrame, config: LensesConfig) -> Learned:
    return {"broad": config.account.broad_share}


def _segments(features: pd.DataFrame, learned: Learned) -> Said:
    users, share = features["n_users"], features["active_user_share"]
    cases = [users.isna(), users == 1, share == 0, share >= learned["broad"]]
    labels = np.select(cases, [c.UNKNOWN, "single_user", "dormant", "broad"], "narrow")
    return {c.ACCOUNT_SEGMENT: labels}


LENS = Lens(
    name="account",
    asks="How many people of a business customer are active?",
    source="Mehta, Steinman and Murphy 2016",
    features={
        "n_users": Feature("people known of the account", "large-team", "small-team"),
        "n_active_users": Feature("of them, with an order or event in the recent days", absent=0),
        "active_user_share": Feature("their share", "widely used", "little used"),
    },
    needs=("users",),
    answers={
        c.ACCOUNT_SEGMENT: {
            "single_user": "one person is known",
            "broad": "at least `broad_share` of several are active",
            "narrow": "fewer are",
            "dormant": "nobody is",
        }
    },
    select=_select,
    learn=_learn,
    segments=_segments,
)
