"""The path: one character a week, counted back from the cutoff of 2024-03-01, a Friday."""

from __future__ import annotations

import pytest


def path(ask, orders, events=(), customers=None):
    features, _ = ask(orders, events, customers=customers)
    return features["journey_path"]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (["2024-02-29"], "p"),  # the last day
        (["2024-02-23"], "p"),  # the first day of the last week
        (["2024-02-22"], "p."),  # a day earlier: the week before
        (["2024-02-23", "2024-02-29"], "m"),  # two days of a week
        (["2024-02-29 08:00", "2024-02-29 20:00"], "p"),  # two orders of a day
        (["2024-02-08", "2024-02-29"], "p..p"),
    ],
)
def test_orders(ask, days, expected):
    assert path(ask, [("a", day, 10.0) for day in days])["a"] == expected


LETTERS = {
    "visit": "e", "complaint": "e", "add_to_cart": "i", "checkout_started": "i",
    "message_sent": ".", "offer_received": ".", "unsubscribed": ".",
}  # fmt: skip


def test_what_an_event_says_of_the_week(ask):
    paths = path(ask, [("a", "2024-02-01", 10.0)], [(event, "2024-02-26", event) for event in LETTERS])
    assert {event: paths[event] for event in LETTERS} == LETTERS


@pytest.mark.slow
def test_the_highest_act_of_a_week_wins(ask):
    events = [("b", "2024-02-26", "visit"), ("b", "2024-02-27", "add_to_cart"), ("b", "2024-02-28", "visit")]
    assert path(ask, [("a", "2024-02-01", 10.0)], events)["b"] == "i"
    assert path(ask, [("b", "2024-02-28", 10.0)], events)["b"] == "p"
