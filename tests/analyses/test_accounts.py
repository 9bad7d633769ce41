"""Person or company: users who do as their account does are told from users put into accounts by lot."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from conftest import through_the_door
from patronage.analyses import accounts
from patronage.analyses.contract import Population, View
from patronage.config import LensesConfig
from patronage.errors import DataError
from patronage.lenses import look_back


def test_the_share_between_accounts_by_hand():
    """Accounts (1, 3) and (5, 7): between 16, inside 2, so (16 - 2) / (16 + 2); of two that are the same it is 1."""
    assert accounts.between_share(np.array([1.0, 3, 5, 7]), np.array([0, 0, 1, 1])) == pytest.approx(14 / 18)
    assert accounts.between_share(np.array([2.0, 2, 5, 5]), np.array([0, 0, 1, 1])) == 1
    assert accounts.between_share(np.ones(4), np.array([0, 0, 1, 1])) == 0


def shop(*, of_account: bool, number: int = 80, entity: str = "customer") -> View:
    """Eighty accounts of four users and a hundred persons: how much a user orders is the account's, or the user's."""
    rng = np.random.default_rng(1)
    orders, customers = [], []
    for place in range(4 * number + 100):
        account = f"a{place // 4:03d}" if place < 4 * number else None
        level = np.random.default_rng(place // 4 if of_account else 10_000 + place).gamma(1.0, 6.0)
        customers.append((f"c{place:03d}", account, None if account is None else ("bank", "farm")[place // 4 % 2]))
        for day in set(rng.integers(0, 90, 1 + rng.poisson(level))):
            at = pd.Timestamp("2023-09-02 10:00") + pd.Timedelta(days=int(day))
            orders.append((f"c{place:03d}", at, 10.0, f"{place}-{day}"))
    frame = pd.DataFrame(orders, columns=["customer_id", "ordered_at", "amount", "order_id"])
    people = pd.DataFrame(customers, columns=["customer_id", "account_id", "industry"])
    tables = through_the_door(
        frame.astype({"ordered_at": "datetime64[us]"}), None, people, ("industry",), entity=entity
    )
    tables = replace(tables, attributes={"industry": "firmographic"})
    paid = frame.groupby("customer_id")["amount"].sum().rename("net_revenue").to_frame()
    history = look_back(tables, datetime(2023, 12, 1), LensesConfig(), 7)
    return View(history, Population(paid, pd.DataFrame(index=paid.index)), None, 91, 0)


def test_users_who_do_as_their_account_does_are_told_from_persons():
    result = accounts.run(shop(of_account=True), None)
    row = result.tables["accounts_alike"].iloc[0]
    assert (row["verdict"], row["accounts"], row["users"]) == ("the account's", 80, 320)
    assert row["low"] > row["by_chance_up_to"]
    table = result.tables["accounts"].set_index("kind")
    assert table["customers"].to_dict() == {"in an account of several users": 320, "no account": 100}
    assert table["paid_share"].sum() == pytest.approx(1)
    assert set(result.tables["companies"]["label"]) == {"bank", "farm"}
    assert result.tables["companies"]["accounts"].tolist() == [40, 40]


def test_users_who_order_as_they_like_are_persons():
    row = accounts.run(shop(of_account=False), None).tables["accounts_alike"].iloc[0]
    assert row["verdict"] == "no more than chance"
    assert row["low"] < 0 < row["high"]


def test_less_than_nothing_is_told_as_none():
    row = {"what": "days with an order", "value": -0.05, "low": -0.09, "high": -0.002, "verdict": accounts.CHANCE}
    assert accounts._sentence(row) == "none of the differences in days with an order is the account's"
    told = accounts._sentence({**row, "high": 0.03})
    assert told.startswith("0% [0%, 3%] of the differences in days with an order are the account's, no more than")


def test_few_accounts_are_told():
    with pytest.raises(DataError, match="20 accounts of several users; expected 30"):
        accounts.run(shop(of_account=True, number=20), None)


def test_where_customers_are_accounts_nobody_looks_for_users():
    with pytest.raises(DataError, match="customers are accounts here"):
        accounts.run(shop(of_account=True, entity="account"), None)
