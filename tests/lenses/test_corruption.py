"""The proof that a lens sees no future: what is altered, and that the true tables come back."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from patronage.lenses.corruption import corrupted, cutoff_inside

CUTOFF = datetime(2024, 3, 1)


def rows(tables, name="transactions"):
    return tables.engine.frame(f"SELECT * FROM {name} ORDER BY ALL")


def test_rows_before_the_cutoff_stay_and_later_ones_change(by_hand):
    true = rows(by_hand)
    with corrupted(by_hand, CUTOFF):
        altered = rows(by_hand)
    pd.testing.assert_frame_equal(
        altered[altered["ordered_at"] < CUTOFF].reset_index(drop=True),
        true[true["ordered_at"] < CUTOFF].reset_index(drop=True),
    )
    later = altered[altered["ordered_at"] >= CUTOFF]
    assert (later["amount"] == 987_654).all()


def test_every_customer_gets_an_order_at_the_cutoff_itself(by_hand):
    with corrupted(by_hand, CUTOFF):
        altered = rows(by_hand)
    at_cutoff = altered[altered["ordered_at"] == CUTOFF]
    assert set(at_cutoff["customer_id"]) == {"anna", "ben", "cleo", "dora"}


def test_the_true_tables_come_back_after_an_error_too(by_hand):
    true = rows(by_hand)
    with pytest.raises(RuntimeError), corrupted(by_hand, CUTOFF):
        raise RuntimeError
    pd.testing.assert_frame_equal(rows(by_hand), true)


def test_the_drawn_cutoff_has_most_of_the_log_before_it(by_hand):
    cutoff = cutoff_inside(by_hand)
    assert by_hand.first < cutoff < by_hand.last
    assert (cutoff.hour, cutoff.minute) == (0, 0)
