"""What was sent lately, and open carts."""

from datetime import datetime

import pandas as pd

from conftest import through_the_door
from patronage.decisions.contact_state import contact_state

CUTOFF = datetime(2024, 3, 1)


def test_messages_carts_and_unsubscribing_before_the_cutoff(shop):
    orders = pd.DataFrame(
        [("ann", "2024-01-01", 5.0), ("ben", "2024-02-28 12:00", 5.0), ("ben", "2024-03-02", 5.0)],
        columns=["customer_id", "ordered_at", "amount"],
    ).astype({"ordered_at": "datetime64[us]"})
    events = pd.DataFrame(
        [
            ("ann", "2024-02-23", "message_sent", "news"),  # on the border: counts
            ("ann", "2024-02-22 23:59", "message_sent", "news"),
            ("ann", "2024-02-29", "offer_received", "shop"),
            ("ann", "2024-03-01", "message_sent", "news"),  # the future
            ("ann", "2024-02-25", "add_to_cart", None),
            ("ben", "2024-02-27", "add_to_cart", None),  # ordered since
            ("cleo", "2024-02-20", "add_to_cart", None),  # forgotten
            ("cleo", "2023-01-01", "unsubscribed", None),
            ("dora", "2024-03-05", "unsubscribed", None),  # the future
        ],
        columns=["customer_id", "occurred_at", "event", "sender"],
    ).astype({"occurred_at": "datetime64[us]"})
    state = contact_state(through_the_door(orders, events), CUTOFF, 7)
    rows = {
        (row.customer_id, None if pd.isna(row.sender) else row.sender): (row.messages, row.unsubscribed, row.cart)
        for row in state.itertuples()
    }
    assert rows == {
        ("ann", "news"): (1, 0, "none"),
        ("ann", "shop"): (1, 0, "none"),
        ("ann", None): (0, 0, "open"),
        ("ben", None): (0, 0, "none"),
        ("cleo", None): (0, 1, "none"),
    }


def test_a_log_without_events_knows_nothing(by_hand):
    assert contact_state(by_hand, CUTOFF, 7).empty
