from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from conftest import BY_HAND, through_the_door
from patronage.errors import ConfigError
from patronage.labels import actual_totals, held_out, labels_at

EVERYONE = pd.Index(["anna", "ben", "cleo"], name="customer_id")


def test_labels_by_hand():
    tables = through_the_door(BY_HAND)
    labels = labels_at(tables, datetime(2024, 2, 20), 10, None, EVERYONE)
    assert labels["orders"].tolist() == [0, 1, 1]  # Cleo's two orders are one day, her refund is none
    assert labels["spend"].tolist() == [0, 99.99, 2.0]  # and is taken off
    assert labels["churned"].fillna(-1).tolist() == [1, -1, -1]  # asked only of those who had bought before


def test_totals_are_of_those_who_had_bought_before():
    tables = through_the_door(BY_HAND)
    # of Anna alone: Ben and Cleo came later, and Dora's order is no customer's who was known
    assert actual_totals(tables, datetime(2024, 2, 10), 30) == (2.0, 12.25)


def test_the_window_is_half_open():
    tables = through_the_door(BY_HAND)
    assert labels_at(tables, datetime(2024, 2, 10), 20, None, EVERYONE)["orders"]["anna"] == 1
    assert labels_at(tables, datetime(2024, 2, 11), 19, None, EVERYONE)["orders"]["anna"] == 0
    assert labels_at(tables, datetime(2024, 2, 11), 20, None, EVERYONE)["orders"]["anna"] == 1


def test_churn_is_asked_only_of_those_with_an_order_in_the_lookback():
    labels = labels_at(through_the_door(BY_HAND), datetime(2024, 3, 1), 30, 10, EVERYONE)
    assert labels["churned"].isna().tolist() == [True, False, False]  # Anna's last order is 20 days old


CONTRACTS = pd.DataFrame(
    [
        ("anna", "2024-01-01", "subscribed"),
        ("anna", "2024-02-25", "cancelled"),
        ("ben", "2024-01-01", "subscribed"),
        ("ben", "2024-01-20", "cancelled"),
        ("cleo", "2024-01-01", "subscribed"),
        ("cleo", "2024-01-10", "cancelled"),
        ("cleo", "2024-02-01", "subscribed"),
        ("dora", "2024-02-26", "subscribed"),
        ("dora", "2024-03-20", "view"),
    ],
    columns=["customer_id", "occurred_at", "event"],
).astype({"occurred_at": "datetime64[us]"})


def test_of_a_contract_churned_is_who_cancels_it():
    people = EVERYONE.append(pd.Index(["dora"]))
    tables = through_the_door(BY_HAND, CONTRACTS)
    labels = labels_at(tables, datetime(2024, 2, 20), 10, None, people, contractual=True)
    # Ben had left before, Cleo had come back, Dora had not come yet
    assert labels["churned"].fillna(-1).tolist() == [1, -1, 0, -1]
    assert labels["orders"].tolist() == [0, 1, 1, 0]


def test_a_window_that_events_do_not_reach_the_end_of_is_censored():
    labels = labels_at(
        through_the_door(BY_HAND, CONTRACTS), datetime(2024, 2, 20), 60, None, EVERYONE, contractual=True
    )
    assert labels["churned"].isna().all()


def test_churn_of_contracts_needs_some():
    views = CONTRACTS.assign(event="view")
    with pytest.raises(ConfigError, match="no contract runs at 2024-02-20; expected events `subscribed`"):
        labels_at(through_the_door(BY_HAND, views), datetime(2024, 2, 20), 10, None, EVERYONE, contractual=True)


def test_a_customer_is_on_one_side_at_every_origin_whoever_else_is_there():
    many = pd.Index([f"c{n}" for n in range(5000)])
    aside = held_out(many, 0.3, seed=0, purpose="unseen")
    assert abs(aside.mean() - 0.3) < 0.02
    assert held_out(many[::-7], 0.3, seed=0, purpose="unseen").equals(aside[many[::-7]])
    assert not held_out(many, 0.3, seed=1, purpose="unseen").equals(aside)


def test_who_is_kept_out_for_one_purpose_says_nothing_about_another():
    """Else the customers of the inner validation are all among the unseen ones, and the inner fit has none."""
    many = pd.Index([f"c{n}" for n in range(5000)])
    unseen, rounds = (held_out(many, 0.3, 0, purpose) for purpose in ("unseen", "rounds"))
    assert abs((unseen & rounds).mean() - 0.09) < 0.02


def test_a_refund_is_no_order_of_the_lookback():
    refunded = pd.concat(
        [BY_HAND, pd.DataFrame([("eva", pd.Timestamp("2024-02-26"), -5.0, "e1")], columns=BY_HAND.columns)]
    )
    tables = through_the_door(refunded)
    customers = EVERYONE.append(pd.Index(["eva"]))
    # Cleo's last five days hold a refund alone, Ben's order is six days old
    assert labels_at(tables, datetime(2024, 3, 1), 30, 5, customers)["churned"].isna().all()
    assert labels_at(tables, datetime(2024, 3, 1), 30, 6, customers)["churned"].notna().tolist() == [
        False, True, False, False,
    ]  # fmt: skip
    assert labels_at(tables, datetime(2024, 3, 1), 30, None, customers)["churned"].notna().tolist() == [
        True, True, True, False,
    ]  # fmt: skip


def test_a_contract_that_ends_and_begins_at_one_moment_runs():
    rows = [("anna", "2024-01-01", "subscribed"), ("anna", "2024-02-01 12:00:00", "cancelled"),
            ("anna", "2024-02-01 12:00:00", "subscribed"), ("ben", "2024-01-01", "subscribed"),
            ("ben", "2024-02-01 12:00:00", "subscribed"), ("ben", "2024-02-01 12:00:01", "cancelled")]  # fmt: skip
    contracts = pd.DataFrame(rows, columns=["customer_id", "occurred_at", "event"])
    tables = through_the_door(BY_HAND, contracts.astype({"occurred_at": "datetime64[us]"}))
    labels = labels_at(tables, datetime(2024, 2, 20), 10, None, EVERYONE, contractual=True)
    assert labels["churned"].fillna(-1).tolist() == [0, -1, -1]


def test_one_stray_event_is_not_the_end_of_the_contracts():
    """All events but one end within the window: who has not cancelled yet still may."""
    days = pd.date_range("2023-06-01", "2024-02-24").astype("datetime64[us]")
    visits = pd.DataFrame({"customer_id": "anna", "occurred_at": days, "event": "visit"})
    stray = pd.DataFrame({"customer_id": ["anna"], "occurred_at": [datetime(2026, 1, 1)], "event": ["visit"]})
    begun = pd.DataFrame({"customer_id": ["anna"], "occurred_at": [datetime(2024, 1, 1)], "event": ["subscribed"]})
    events = pd.concat([visits, stray, begun], ignore_index=True).astype({"occurred_at": "datetime64[us]"})
    tables = through_the_door(BY_HAND, events)
    assert labels_at(tables, datetime(2024, 2, 20), 60, None, EVERYONE, contractual=True)["churned"].isna().all()
