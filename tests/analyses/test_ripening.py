"""When an upsell ripens, by hand and beside the textbook."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from conftest import through_the_door
from patronage.analyses.ripening import share_by, upsell_ripens
from patronage.config import LensesConfig
from patronage.lenses import look_back


def test_the_share_is_that_of_kaplan_and_meier():
    # 6-MP of Freireich (1963), the textbook's example: 21 patients, of whom 9 relapsed
    times = np.array([6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35], float)
    ended = np.array([1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0], bool)
    share, error = share_by(times, ended, (5, 6, 10, 23))
    assert 1 - share == pytest.approx([1.0, 0.857, 0.753, 0.448], abs=0.001)
    assert error == pytest.approx([0.0, 0.076, 0.096, 0.135], abs=0.001)


def test_the_days_to_the_first_clearly_dearer_purchase_are_those_of_each_category():
    first = pd.Timestamp("2023-05-01 12:00")
    orders = []
    for number in range(40):
        customer = f"c{number:02d}"
        orders.append((customer, first, 10.0, "tea", 1))
        orders.append((customer, first + pd.Timedelta(days=20), 24.0, "tea", 2))  # 12 a piece: not clearly dearer
        if number < 30:
            orders.append((customer, first + pd.Timedelta(days=40), 13.0, "tea", 1))
        orders.append((customer, first, 10.0, "jam", 1))
        orders.append((customer, first + pd.Timedelta(days=10), 7.0, "jam", 1))
    rows = [(*row[:3], f"{place}", *row[3:]) for place, row in enumerate(orders)]
    columns = ["customer_id", "ordered_at", "amount", "order_id", "category", "quantity"]
    frame = pd.DataFrame(rows, columns=columns).astype({"ordered_at": "datetime64[us]", "quantity": float})
    with look_back(through_the_door(frame), datetime(2024, 1, 1), LensesConfig(), 7) as history:
        table = upsell_ripens(history, 30).set_index("category")
    tea, jam = table.loc["tea"], table.loc["jam"]
    assert (tea["buyers"], tea["up_by_30"], tea["up_by_90"]) == (40, 0, 0.75)
    assert tea["low"] < 0.75 < tea["high"]
    assert (tea["ripest_days"], tea["down_by_90"]) == ("30 to 60", 0)
    assert (jam["up_by_180"], jam["down_by_90"], jam["ripest_days"]) == (0, 1, "none")
    assert table.index.tolist() == ["tea", "jam"]
