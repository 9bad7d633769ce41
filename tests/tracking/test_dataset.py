"""The data of a run as MLflow keeps it: no rows, and every change of the log is seen."""

from __future__ import annotations

import json

from conftest import BY_HAND, through_the_door
from patronage.tracking.dataset import CONTEXT, describe, input_of


def test_rows_customers_span_and_columns_are_told(by_hand):
    dataset = describe(by_hand)
    assert dataset.tags == {
        "rows.transactions": "10",
        "customers": "4",
        "first": "2024-01-01T10:00:00",
        "last": "2024-03-05T11:00:00",
    }
    assert "transactions.amount" in dataset.columns


def test_the_fingerprint_sees_one_changed_amount_and_not_the_order_of_the_rows(by_hand):
    shuffled = through_the_door(BY_HAND.sample(frac=1, random_state=1))
    altered = through_the_door(BY_HAND.assign(amount=BY_HAND["amount"].where(BY_HAND.index > 0, 10.01)))
    assert describe(shuffled).fingerprint == describe(by_hand).fingerprint
    assert describe(altered).fingerprint != describe(by_hand).fingerprint


def test_no_customer_is_in_what_mlflow_gets(by_hand):
    entered = input_of(describe(by_hand), "training")
    text = json.dumps(entered.dataset.to_dictionary()) + str([(tag.key, tag.value) for tag in entered.tags])
    assert {tag.key: tag.value for tag in entered.tags}[CONTEXT] == "training"
    assert not any(name in text for name in ("anna", "cleo", "99.99"))
