"""What becomes of a visit: P(an order later in this session) after each touchpoint, and of the carts left standing.

A session is what the source says it is (`events.session_id`). An order belongs to the latest session that began
before it, if it came within half an hour of that session's last touchpoint.

    reading.py  sessions and orders before a cutoff, from the engine
    visits.py   a row per session: when, whether it brought an order, what was known of the customer as it began
    touches.py  a row per touchpoint: the path so far
    carts.py    a row per cart left standing and day on which it is asked whether its owner comes back
    chance.py   what is learned from either
"""

from patronage.models.sessions.carts import asked, learn_returns, standing
from patronage.models.sessions.chance import Chance
from patronage.models.sessions.reading import Clicks, read
from patronage.models.sessions.touches import KNOWN, common, learn_orders, paths, touchpoints
from patronage.models.sessions.visits import DAY, HALF_AN_HOUR, visits

__all__ = [
    # reading
    "Clicks",
    "read",
    # rows
    "asked",
    "common",
    "paths",
    "standing",
    "touchpoints",
    "visits",
    "DAY",
    "KNOWN",
    "HALF_AN_HOUR",
    # learning
    "Chance",
    "learn_orders",
    "learn_returns",
]
