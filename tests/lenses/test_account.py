"""Accounts: what a company is, and how many of its people are active."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from conftest import through_the_door
from patronage import lenses
from patronage.errors import ConfigError, DataError

CUTOFF = datetime(2024, 3, 1)

# Acme has three users: ann bought in February, bob only looked in February, cem in November. Dan is nobody's user.
ORDERS = pd.DataFrame(
    [("ann", "2024-02-20", 100.0, "o1"), ("cem", "2023-11-02", 50.0, "o2"), ("dan", "2024-02-25", 9.0, "o3")],
    columns=["customer_id", "ordered_at", "amount", "order_id"],
).astype({"ordered_at": "datetime64[us]"})
EVENTS = pd.DataFrame(
    [("bob", "2024-02-28 10:00", "login"), ("bob", "2024-03-02 10:00", "login")],
    columns=["customer_id", "occurred_at", "event"],
).astype({"occurred_at": "datetime64[us]"})
PEOPLE = pd.DataFrame(
    [
        ("ann", "acme", "2023-10-01", "software"),
        ("bob", "acme", "2023-12-01", "software"),
        ("cem", "acme", "2023-11-01", "software"),
        ("eve", "acme", "2024-03-05", "software"),
        ("dan", None, "2024-02-25", None),
    ],
    columns=["customer_id", "account_id", "signed_up_at", "industry"],
).astype({"signed_up_at": "datetime64[us]"})


def by_account(people=PEOPLE, **settings):
    return through_the_door(ORDERS, EVENTS, people, ("industry",), entity="account", **settings)


def test_an_account_is_one_customer_and_knows_its_active_users(lens_settings):
    features = lenses.features_at(by_account(), CUTOFF, lens_settings, 7)
    acme = features.loc["acme"]
    assert acme["revenue"] == 150
    assert (acme["n_users"], acme["n_active_users"]) == (3, 2)  # eve signs up after the cutoff
    labels = lenses.segments(features, lenses.fit(features, lens_settings))
    assert labels["account_segment"].to_dict() == {"acme": "broad", "dan": "single_user"}


def test_without_accounts_every_user_stands_for_herself(lens_settings):
    tables = through_the_door(ORDERS, EVENTS, PEOPLE, ("industry",))
    features = lenses.features_at(tables, CUTOFF, lens_settings, 7)
    assert "n_users" not in features
    assert features.index.tolist() == ["ann", "bob", "cem", "dan"]


def test_accounts_must_be_known_and_be_told_from_customers():
    with pytest.raises(ConfigError, match="needs customers.account_id, which this data lacks"):
        by_account(PEOPLE.drop(columns="account_id"))
    with pytest.raises(DataError, match="1 accounts have the id of a customer who belongs to none; give accounts"):
        by_account(PEOPLE.assign(account_id=["ann", "dan", "ann", None, None]))


@pytest.mark.slow
def test_a_message_that_the_business_sent_is_no_use_of_a_user(lens_settings):
    sent = [(who, "2024-02-28 10:00", event) for who in ("bob", "cem") for event in ("message_sent", "offer_received")]
    events = pd.DataFrame(sent, columns=["customer_id", "occurred_at", "event"])
    tables = through_the_door(
        ORDERS, events.astype({"occurred_at": "datetime64[us]"}), PEOPLE, ("industry",), entity="account",
        on_duplicate_rows="keep",
    )  # fmt: skip
    features = lenses.features_at(tables, CUTOFF, lens_settings, 7)
    assert features.loc["acme", ["n_users", "n_active_users"]].tolist() == [3, 1]
    labels = lenses.segments(features, lenses.fit(features, lens_settings))
    assert labels.loc["acme", "account_segment"] == "narrow"
