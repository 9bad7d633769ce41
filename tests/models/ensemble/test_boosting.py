"""Which rows learn and which validate, and the level from which an amount is learned."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from patronage.config import ChurnConfig
from patronage.labels import LabelledSnapshot
from patronage.models.ensemble.boosting import BinnedData, boost, fit_task, stack
from patronage.models.ensemble.target import CHURN, ORDERS


def snapshot(day: int, rate: float, n: int = 400) -> LabelledSnapshot:
    rng = np.random.default_rng(day)
    index = pd.Index([f"c{number}" for number in range(n)], name="customer_id")
    orders = rng.poisson(rate, n).astype(float)
    labels = pd.DataFrame({"orders": orders, "spend": 9 * orders, "churned": (orders == 0).astype(float)}, index=index)
    return LabelledSnapshot(datetime(2024, 1, day), 30, pd.DataFrame({"x": rng.normal(size=n)}, index=index), labels)


ROWS = stack([snapshot(2, 0.5), snapshot(1, 2.0)], share=0.25, seed=0)


def test_a_customer_is_on_one_side_at_every_origin():
    sides = pd.Series(ROWS.held_out, ROWS.features.index).groupby(level=0).nunique()
    assert (sides == 1).all()
    assert 0.15 < ROWS.held_out.mean() < 0.35


def test_validation_is_held_out_customers_at_the_latest_origin():
    assert (ROWS.validation == (ROWS.held_out & (ROWS.origin == 0))).all()
    assert ROWS.validation.sum() == ROWS.held_out.sum() / 2


def test_the_level_makes_the_sum_of_each_origin_right():
    data = BinnedData(ROWS, ["x"], ChurnConfig(), seed=0)
    task = fit_task(ORDERS, ROWS, data.binned(data.encoding), np.zeros(len(ROWS.labels)))
    predicted = np.exp(task.start + task.level)
    for origin in (0, 1):
        rows = ROWS.origin == origin
        np.testing.assert_allclose(predicted[rows].sum(), task.y_true[rows].sum())


def test_a_probability_learns_its_level_itself():
    data = BinnedData(ROWS, ["x"], ChurnConfig(), seed=0)
    assert (fit_task(CHURN, ROWS, data.binned(data.encoding), np.zeros(len(ROWS.labels))).level == 0).all()


def test_noise_grows_no_trees():
    data = BinnedData(ROWS, ["x"], ChurnConfig(), seed=0)
    start = np.full(len(ROWS.labels), CHURN.base(CHURN.y_true(ROWS.labels)[ROWS.latest]))
    result = boost(fit_task(CHURN, ROWS, data.binned(data.encoding), start), ROWS, ChurnConfig(max_rounds=20), seed=0)
    assert result.booster is None
    assert (result.validation == 0).all()
