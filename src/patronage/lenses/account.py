"""Account: how many people of a business customer use what it pays for.

Breadth of use inside the account is the usual early sign of renewal in business-to-business practice (Mehta,
Steinman and Murphy 2016, *Customer Success*). A user is active with an order or an act of
the user's own in the recent days; a message that the business sent shows no use.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.data.contract import BY_BUSINESS
from patronage.engine import texts
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Labels, Lens


def _select(history: History, config: LensesConfig) -> str:
    is_active = f"{history.age('last_day')} <= {config.account.active_days}"
    return f"""
        WITH last_acts AS (
            SELECT customer_id, user_id, max(CAST(ordered_at AS DATE)) AS day
            FROM order_lines GROUP BY customer_id, user_id
            UNION ALL
            SELECT customer_id, user_id,
                   max(CASE WHEN event NOT IN ({texts(BY_BUSINESS)}) THEN CAST(occurred_at AS DATE) END)
            FROM events GROUP BY customer_id, user_id
            UNION ALL
            SELECT customer_id, user_id, CAST(NULL AS DATE) FROM known_users
        ),
        users AS (
            SELECT customer_id, user_id, max(day) AS last_day FROM last_acts GROUP BY customer_id, user_id
        )
        SELECT customer_id,
               count(*) AS n_users,
               count(*) FILTER (WHERE {is_active}) AS n_active_users,
               count(*) FILTER (WHERE {is_active}) * 1.0e0 / count(*) AS active_user_share
        FROM users GROUP BY customer_id"""


@dataclass(frozen=True)
class AccountState:
    """`broad_share` of the configuration."""

    broad_share: float


def _fit(features: pd.DataFrame, config: LensesConfig) -> AccountState:
    return AccountState(config.account.broad_share)


def _segments(features: pd.DataFrame, state: AccountState) -> Labels:
    users, share = features["n_users"], features["active_user_share"]
    cases = [users.isna(), users == 1, share == 0, share >= state.broad_share]
    labels = np.select(cases, [c.UNKNOWN, "single_user", "dormant", "broad"], "narrow")
    return {c.ACCOUNT_SEGMENT: labels}


LENS = Lens(
    name="account",
    question="How many people of a business customer are active?",
    source="Mehta, Steinman and Murphy 2016",
    features={
        "n_users": Feature("known users of the account", "large-team", "small-team", reason="{} known users"),
        "n_active_users": Feature(
            "users with an order or an act of their own in the recent days",
            absent=0,
            reason="{} active users",
            none="no active user",
        ),
        "active_user_share": Feature(
            "active users over known users", "widely used", "little used", reason="{:.0%} of the users active"
        ),
    },
    requires=("users",),
    labels={
        c.ACCOUNT_SEGMENT: {
            "single_user": "one user is known",
            "broad": "of several users at least `broad_share` are active",
            "narrow": "fewer are active",
            "dormant": "none is active",
        }
    },
    select=_select,
    state=AccountState,
    fit=_fit,
    segments=_segments,
)
