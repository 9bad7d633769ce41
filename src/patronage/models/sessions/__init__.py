"""Sessions: P(an order later in the session) after each touchpoint, and P(an order) after a cart was abandoned.

A session is what the source calls one (`events.session_id`). An order belongs to the latest session that began before
it, if it followed that session's last touchpoint within half an hour.

    clickstream.py    touchpoints and orders before a cutoff, from the engine
    session_table.py  a row per session: when, whether it has an order, the customer's history as it began
    touchpoints.py    a row per touchpoint: the path so far
    carts.py          a row per abandoned cart and day on which its return is predicted
    session_model.py  the model of either
"""

from patronage.models.sessions.carts import cart_moments, fit_return_model, open_carts
from patronage.models.sessions.clickstream import Clickstream, read_clickstream
from patronage.models.sessions.session_model import PROBABILITY, SessionModel
from patronage.models.sessions.session_table import DAY, HALF_AN_HOUR, session_table
from patronage.models.sessions.touchpoints import (
    HISTORY,
    fit_order_model,
    frequent_events,
    path_names,
    touchpoint_features,
)

__all__ = [
    # reading
    "Clickstream",
    "read_clickstream",
    # rows
    "cart_moments",
    "frequent_events",
    "open_carts",
    "path_names",
    "session_table",
    "touchpoint_features",
    "DAY",
    "HALF_AN_HOUR",
    "HISTORY",
    # models
    "PROBABILITY",
    "SessionModel",
    "fit_order_model",
    "fit_return_model",
]
