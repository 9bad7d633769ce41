from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pandas as pd
import pytest

from conftest import through_the_door
from patronage.config import ContractConfig, LensesConfig
from patronage.lenses import available, features_at
from patronage.lenses.corruption import future_leaks

CUTOFF = datetime(2024, 3, 1)
SETTINGS = replace(LensesConfig(), contract=ContractConfig(read=True))
PAYMENTS = pd.DataFrame(
    [
        ("anna", "2023-12-10 10:00", 5.0),  # before the contract
        ("anna", "2024-01-01 10:00", 10.0),
        ("anna", "2024-01-31 10:00", 10.0),
        ("anna", "2024-03-01 00:00", 10.0),
        ("ben", "2024-01-05 10:00", 90.0),
        ("cleo", "2024-01-01 10:00", 10.0),
    ],
    columns=["customer_id", "ordered_at", "amount"],
).astype({"ordered_at": "datetime64[us]"})
WORDS = pd.DataFrame(
    [
        ("anna", "2023-11-01", "subscribed"),
        ("anna", "2023-12-01", "cancelled"),
        ("anna", "2024-01-01", "subscribed"),
        ("anna", "2024-01-31", "subscribed"),
        ("ben", "2024-01-05", "subscribed"),
        ("cleo", "2024-01-01", "subscribed"),
        ("cleo", "2024-02-01", "cancelled"),
        ("dora", "2024-02-20", "subscribed"),
    ],
    columns=["customer_id", "occurred_at", "event"],
).astype({"occurred_at": "datetime64[us]"})


@pytest.fixture(scope="module")
def tables():
    return through_the_door(PAYMENTS, WORDS)


def test_of_the_contract_that_runs(tables):
    features = features_at(tables, CUTOFF, SETTINGS, 7, ["contract"]).fillna(-1)
    assert features.loc["anna"].tolist() == [60, 2, 30, 30, 10]
    assert features.loc["ben"].tolist() == [56, 1, -1, 56, 90]
    assert features.loc["cleo"].tolist() == [-1, 0, -1, -1, -1]  # cancelled
    assert features.loc["dora"].tolist() == [10, 0, -1, -1, -1]  # nothing paid yet


def test_it_sees_no_future_and_is_absent_without_contracts(tables):
    assert future_leaks(tables, CUTOFF, SETTINGS, ["contract"]).empty
    assert "contract" not in available(tables, LensesConfig())
