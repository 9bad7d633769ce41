"""The made-up shop of the examples."""

from __future__ import annotations

import pandas as pd

from patronage.data.example import example_orders


def test_the_same_seed_makes_the_same_orders():
    pd.testing.assert_frame_equal(example_orders(seed=3), example_orders(seed=3), check_exact=True)
    assert not example_orders(seed=3).equals(example_orders(seed=4))


def test_it_holds_what_it_promises():
    orders = example_orders(customers=20)
    assert orders["customer_id"].nunique() == 20
    assert orders["ordered_at"].is_monotonic_increasing
    assert orders["ordered_at"].between("2022-01-01", "2024-04-30").all()
    assert (orders["amount"] > 0).all()
