"""Who buys what is new first, beside all buyers of the same products."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from conftest import through_the_door
from patronage.analyses.adoption import adoption
from patronage.analyses.contract import Population, Result, View
from patronage.config import LensesConfig, ProductsConfig
from patronage.lenses import look_back

N = 400


def adopted(*, keen_are_early: bool) -> Result:
    """400 customers, half of them keen, who buy twenty products that came one after the other; the keen buy most."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(N):
        customer, keen = f"c{number:03d}", number % 2 == 0
        rows.append((customer, pd.Timestamp("2023-01-01 10:00"), 10.0, f"{customer}-0", "bread"))
        for product in range(20):
            launched = pd.Timestamp("2023-03-10 10:00") + pd.Timedelta(days=12 * product)
            if rng.random() < (0.8 if keen else 0.3):
                soon = rng.random() < (0.8 if keen and keen_are_early else 0.3)
                day = launched + pd.Timedelta(days=int(rng.integers(0, 20) if soon else rng.integers(40, 80)))
                rows.append((customer, day, 10.0, f"{customer}-{product + 1}", f"product {product:02d}"))
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount", "order_id", "product_id"])
    tables = through_the_door(frame.astype({"ordered_at": "datetime64[us]"}))
    ids = pd.Index([f"c{number:03d}" for number in range(N)], name="customer_id")
    now = Population(pd.DataFrame(), pd.DataFrame({"value_tier": ["gold", "lead"] * (N // 2)}, index=ids))
    result = Result()
    adoption(
        result, View(look_back(tables, datetime(2023, 12, 15), LensesConfig(), 7), now, None, 91, 0), ProductsConfig()
    )
    return result


def test_who_buys_early_is_named_and_does_so_again():
    result = adopted(keen_are_early=True)
    table = result.tables["adoption"].set_index("segment")
    assert table["verdict"].to_dict() == {"gold": "more", "lead": "less"}
    assert table.loc["gold", "low"] > 1.05
    listed = result.lists["first_buyers"]["customer_id"].str[1:].astype(int)
    assert (listed % 2 == 0).mean() > 0.95
    measured = result.tables["first_buyers_measured"].iloc[0]
    assert measured["low"] > 1
    assert result.lists["first_buyers"]["measured_lift"].iloc[0] == measured["lift"]


def test_who_buys_most_is_not_early_for_it():
    result = adopted(keen_are_early=False)
    assert set(result.tables["adoption"]["verdict"]) == {"no more than chance"}
    measured = result.tables["first_buyers_measured"].iloc[0]
    assert measured["low"] < 1.0 < measured["high"]
    assert result.tables["adoption"]["early"].sum() == pytest.approx(result.tables["adoption"]["expected"].sum())
