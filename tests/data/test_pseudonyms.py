"""Ids behind the door are keyed hashes, and the key is nowhere."""

from __future__ import annotations

import pandas as pd
import pytest

from conftest import BY_HAND, through_the_door
from patronage.errors import ConfigError, DataError

KEY = "a key for these tests"


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("PATRONAGE_KEY", KEY)


def customers(frame: pd.DataFrame = BY_HAND) -> list[str]:
    tables = through_the_door(frame, pseudonymise=True)
    return tables.engine.frame("SELECT DISTINCT customer_id FROM transactions ORDER BY 1")["customer_id"].tolist()


def test_the_same_key_gives_the_same_pseudonyms_and_another_others(monkeypatch):
    first = customers()
    assert len(first) == BY_HAND["customer_id"].nunique()
    assert all(len(digits) == 32 and set(digits) <= set("0123456789abcdef") for digits in first)
    assert customers() == first
    monkeypatch.setenv("PATRONAGE_KEY", KEY + "!")
    assert not set(customers()) & set(first)


def test_accounts_and_their_users_still_meet():
    users = pd.DataFrame({"customer_id": ["anna", "ben", "cleo", "dora"], "account_id": ["acme", "acme", None, "x"]})
    open_, hidden = (
        through_the_door(BY_HAND, None, users, entity="account", pseudonymise=chosen) for chosen in (False, True)
    )
    assert open_.customers == hidden.customers == 3
    assert "acme" not in hidden.engine.frame("SELECT * FROM customers").to_string()


@pytest.mark.parametrize("key", ["", "short"])
def test_a_key_that_is_missing_or_short_is_refused(monkeypatch, key):
    monkeypatch.setenv("PATRONAGE_KEY", key)
    with pytest.raises(ConfigError, match=r"\$PATRONAGE_KEY is .*; expected at least 16") as caught:
        customers()
    assert key not in str(caught.value) or not key


def test_the_key_stands_in_no_sql(monkeypatch):
    tables = through_the_door(BY_HAND, pseudonymise=True)
    with pytest.raises(tables.engine.failure) as caught:
        tables.engine.run(f"SELECT {tables.engine.keyed_hash('no_such_column')}")
    assert KEY not in str(caught.value)


def test_error_lines_show_ids_in_debugging_only(monkeypatch):
    twice = pd.concat([BY_HAND, BY_HAND.head(1)])
    with pytest.raises(DataError) as caught:
        through_the_door(twice)
    assert "1 rows repeat another row in every column of the table" in str(caught.value)
    monkeypatch.setenv("PATRONAGE_DEBUG", "1")
    with pytest.raises(DataError, match=r"in every column of the table \(such as 'anna'\)"):
        through_the_door(twice)


def test_error_lines_show_amounts_and_dates():
    with pytest.raises(DataError, match=r"are not a number \(such as 'a lot'\)"):
        through_the_door(BY_HAND.assign(amount="a lot"))
