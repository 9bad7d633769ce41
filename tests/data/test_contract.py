"""The canonical tables agree with the configuration that maps onto them."""

from __future__ import annotations

from dataclasses import fields

import pytest

from patronage.config import CustomerColumns, EventColumns, TransactionColumns
from patronage.data.contract import (
    BY_BUSINESS,
    CONTRACTS,
    CUSTOMERS,
    ENGAGEMENT,
    EVENTS,
    INTENT,
    LEAVING,
    SENT,
    TRANSACTIONS,
    VOCABULARY,
)


@pytest.mark.parametrize(
    ("contract", "columns"),
    [(TRANSACTIONS, TransactionColumns), (EVENTS, EventColumns), (CUSTOMERS, CustomerColumns)],
)
def test_every_canonical_column_can_be_mapped(contract, columns):
    assert [field.name for field in fields(columns)] == list(contract.kinds)


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_a_contract_is_whole(contract):
    assert set(contract.required) <= set(contract.kinds)
    assert set(contract.kinds.values()) <= {"id", "label", "time", "money", "number"}


def test_a_table_of_attributes_has_no_moment():
    assert [contract.moment for contract in CONTRACTS] == ["ordered_at", "occurred_at", None, "contacted_at"]


def test_a_name_of_an_event_has_one_place_in_the_vocabulary():
    assert len(set(VOCABULARY)) == len(VOCABULARY) == len(SENT) + len(LEAVING) + len(ENGAGEMENT) + len(INTENT)
    assert set(BY_BUSINESS) <= set(VOCABULARY)
