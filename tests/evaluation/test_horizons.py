"""The check of horizons finds a forecast right that is right, and wrong that is not."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from conftest import BY_HAND, through_the_door
from patronage.evaluation.horizons import check_horizons
from patronage.labels import first_order_days
from patronage.names import Metric


class Geometric:
    """Customers who order with the same probability on each day: a forecast whose truth is known."""

    def __init__(self, a_day: float, size: int) -> None:
        self.a_day, self.size = a_day, size

    def p_order(self, days):
        return np.broadcast_to(1 - (1 - self.a_day) ** np.asarray(days, float), self.size)

    def days_until(self, probability):
        return np.full(self.size, np.ceil(np.log(1 - probability) / np.log(1 - self.a_day)))


def test_first_order_days_of_ten_rows():
    """Anna orders on the first of March, the first day after the cutoff; Dora, unknown before it, on the fifth."""
    tables = through_the_door(BY_HAND)
    days = first_order_days(tables, datetime(2024, 3, 1), 14, pd.Index(["anna", "ben", "dora"]))
    assert days["anna"] == 1
    assert np.isnan(days["ben"])
    assert days["dora"] == 5


def test_what_is_right_is_found_right():
    first = np.random.default_rng(3).geometric(0.03, 20_000).astype(float)
    first[first > 90] = np.nan
    frequency = np.arange(20_000) % 7
    check = check_horizons(Geometric(0.03, 20_000), frequency, first, 90)
    assert check.horizons["days"].tolist() == [7, 14, 30, 60, 90]
    assert check.metrics[Metric.HORIZON_LARGEST_GAP] < 0.01
    assert (check.next_order["actual"] - check.next_order["predicted"]).abs().max() < 0.01
    assert check.next_order["customers"].tolist() == [20_000] * 3
    wrong = check_horizons(Geometric(0.05, 20_000), frequency, first, 90)
    assert wrong.metrics[Metric.HORIZON_LARGEST_GAP] == pytest.approx(0.97**14 - 0.95**14, abs=0.03)
