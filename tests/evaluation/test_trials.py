"""Trials from contacts of the log, from events by lot, and from our own past actions, on rows that can be counted."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

import patronage as pt
from patronage.evaluation import trials

CUTOFF = datetime(2024, 3, 1)
ORDERS = pd.DataFrame(
    [
        ("ann", "2024-01-05", 10.0),
        ("ben", "2024-01-06", 10.0),
        ("cat", "2024-01-07", 10.0),
        ("dan", "2024-02-01", 10.0),
        ("ann", "2024-03-04", 20.0),  # two days after the contact
        ("ann", "2024-03-20", 7.0),  # after the window
        ("ben", "2024-03-01", 9.0),  # before the contact
        ("cat", "2024-03-03", 30.0),
        ("cat", "2024-03-03", 1.0),
        ("dan", "2024-05-01", 1.0),
    ],
    columns=["customer_id", "ordered_at", "amount"],
)
CONTACTS = pd.DataFrame(
    [("ann", "2024-03-02", "mail"), ("ben", "2024-03-02", "control"), ("cat", "2024-03-03", "control")],
    columns=["customer_id", "contacted_at", "arm"],
)
EVENTS = pd.DataFrame(
    [("ann", "2024-03-02", "offer_received"), ("dan", "2024-03-03", "offer_received"), ("ben", "2024-03-04", "visit")],
    columns=["customer_id", "occurred_at", "event"],
)
KNOWN = pd.DataFrame({"n_orders": 1.0}, index=pd.Index(["ann", "ben", "cat", "dan"], name="customer_id"))


@pytest.fixture(scope="module")
def log() -> pt.Tables:
    days = [pd.to_datetime(ORDERS["ordered_at"]), pd.to_datetime(EVENTS["occurred_at"])]
    return pt.read(
        ORDERS.assign(ordered_at=days[0]),
        events=EVENTS.assign(occurred_at=days[1]),
        contacts=CONTACTS.assign(contacted_at=pd.to_datetime(CONTACTS["contacted_at"])),
    )


def outcome(log, lot, outcome, days=7):
    frame = trials.trial(log, lot, KNOWN, CUTOFF, days=days, outcome=outcome, window_days=14)
    return frame["arm"].to_dict(), frame["outcome"].to_dict()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ordered", {"ann": 1.0, "ben": 0.0, "cat": 1.0}),
        ("orders", {"ann": 1.0, "ben": 0.0, "cat": 1.0}),
        ("spend", {"ann": 20.0, "ben": 0.0, "cat": 31.0}),
        ("visit", {"ann": 0.0, "ben": 1.0, "cat": 0.0}),
    ],
)
def test_contacts_of_the_log_with_what_came_in_the_window(log, name, expected):
    arms, values = outcome(log, trials.logged_lot(log, CUTOFF, 7), name)
    assert arms == {"ann": "mail", "ben": "control", "cat": "control"}
    assert values == expected


def test_an_event_that_a_part_was_sent_has_the_others_as_control(log):
    arms, values = outcome(log, trials.event_lot(log, CUTOFF, 7, "offer_received", KNOWN.index), "ordered")
    assert arms == {"ann": "offer_received", "ben": "control", "cat": "control", "dan": "offer_received"}
    assert values == {"ann": 1.0, "ben": 0.0, "cat": 1.0, "dan": 0.0}


def test_our_own_actions_are_held_against_their_own_holdout(log):
    actions = pd.DataFrame(
        {
            "action": ["win_back", "win_back", "leave_alone", "welcome"],
            "holdout": [False, True, False, False],
        },
        index=KNOWN.index,
    )
    arms, values = outcome(log, trials.action_lot(actions, CUTOFF, "win_back"), "spend", days=0)
    assert arms == {"ann": "win_back", "ben": "control"}
    assert values == {"ann": 20.0, "ben": 9.0}
    with pytest.raises(pt.DataError, match="recommends welcome, win_back; name one"):
        trials.action_lot(actions, CUTOFF)


def test_actions_without_their_lot_are_refused():
    with pytest.raises(pt.DataError, match="no column holdout; expected actions.parquet or assignments"):
        trials.action_lot(pd.DataFrame({"action": ["win_back"]}, index=["ann"]), CUTOFF)


def test_customers_with_several_arms_are_refused(log):
    both = pd.concat([CONTACTS, CONTACTS.assign(arm="call")])
    mixed = pt.read(ORDERS, contacts=both)
    with pytest.raises(pt.DataError, match="3 of 3 customers were given several arms"):
        trials.logged_lot(mixed, CUTOFF, 7)


def test_an_unknown_outcome_and_a_window_beyond_the_log_are_refused(log):
    lot = trials.logged_lot(log, CUTOFF, 7)
    with pytest.raises(pt.ConfigError, match="no such event; expected one of ordered, orders, spend, visit"):
        outcome(log, lot, "bought")
    with pytest.raises(pt.ConfigError, match="have 90 days to answer"):
        trials.trial(log, lot, KNOWN, CUTOFF, days=7, outcome="ordered", window_days=90)
