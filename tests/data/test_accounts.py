"""Companies as customers: the roll-up of their users, by hand."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from conftest import BY_HAND
from patronage.data import Tables, read
from patronage.errors import ConfigError, DataError

USERS = pd.DataFrame(
    [
        ("anna", "acme", "2023-12-24", "DE", "large"),
        ("ben", "acme", "2023-11-01", "DE", "small"),
        ("cleo", None, "2024-01-05", "FR", "small"),
    ],
    columns=["customer_id", "account_id", "signed_up_at", "region", "size"],
)
KINDS = {"region": "geographic", "size": "firmographic"}


def rolled_up(users: pd.DataFrame | None = USERS, **more: object) -> Tables:
    return read(BY_HAND, customers=users, attributes=KINDS if users is USERS else None, entity="account", **more)


def test_the_rows_of_users_belong_to_their_account():
    tables = rolled_up()
    counts = tables.engine.frame("SELECT customer_id AS id, count(*) AS n FROM transactions GROUP BY id ORDER BY id")
    assert dict(zip(counts["id"], counts["n"], strict=True)) == {"acme": 6, "cleo": 2, "dora": 1}  # one was refunded
    assert tables.engine.row("SELECT min(user_id), max(user_id) FROM transactions WHERE customer_id = 'acme'") == (
        "anna",
        "ben",
    )
    assert tables.customers == 3
    assert tables.present["users"] == {"user_id", "customer_id", "signed_up_at"}


def test_events_go_with_their_users():
    visits = BY_HAND.assign(occurred_at=BY_HAND["ordered_at"], event="visit")
    assert rolled_up(events=visits).engine.row("SELECT count(*) FROM events WHERE customer_id = 'acme'") == (6,)


def test_an_account_has_the_attributes_on_which_its_users_agree_and_signed_up_with_the_first():
    rows = rolled_up().engine.frame("SELECT * FROM customers ORDER BY customer_id").set_index("customer_id")
    assert rows["region"].to_dict() == {"acme": "DE", "cleo": "FR"}
    assert rows["size"].isna().to_dict() == {"acme": True, "cleo": False}
    assert rows["signed_up_at"].to_dict() == {"acme": datetime(2023, 11, 1), "cleo": datetime(2024, 1, 5)}
    assert rows["account_id"].isna().to_dict() == {"acme": False, "cleo": True}


def test_an_account_without_sign_ups_has_users_without():
    tables = rolled_up(USERS[["customer_id", "account_id"]])
    assert tables.engine.row("SELECT count(*), count(signed_up_at) FROM users") == (3, 0)


@pytest.mark.parametrize("users", [None, USERS[["customer_id"]]], ids=["no customers", "no accounts"])
def test_without_accounts_there_is_nothing_to_roll_up(users):
    with pytest.raises(ConfigError, match=r'entity="account" needs customers.account_id, which this data lacks'):
        rolled_up(users)


@pytest.mark.parametrize(("account", "clash"), [("anna", False), ("cleo", True), ("dora", True), ("emil", False)])
def test_an_account_may_have_the_id_of_its_own_user_but_of_no_customer_outside(account, clash):
    """Cleo has no account; Dora is known by an order only."""
    users = USERS[["customer_id", "account_id"]].replace({"account_id": {"acme": account}})
    if clash:
        with pytest.raises(DataError, match=r"1 accounts have the id of a customer who belongs to none; give accounts"):
            rolled_up(users)
    else:
        assert rolled_up(users).customers == 3
