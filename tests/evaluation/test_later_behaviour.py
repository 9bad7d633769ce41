"""What personas tell of later behaviour: beyond a grid of orders and recency, and not more than there is."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from conftest import through_the_door
from patronage.evaluation.intervals import Resampling
from patronage.evaluation.later_behaviour import evaluate_later, later_outcomes, rfm_grid
from patronage.jobs.compose import settings
from patronage.labels import habits_in
from patronage.training.origins import measured_at

pytestmark = pytest.mark.slow
CUTOFF = datetime(2023, 7, 1)


@pytest.fixture(scope="module")
def measured(shop):
    """The shop, in which an even number buys tea, before and after, and an odd one toys."""
    kinds = np.where((shop["customer_id"].str[1:].astype(int) // 2) % 2 == 0, "tea", "toys")
    bread = np.random.default_rng(0).random(len(shop)) < 0.3
    tables = through_the_door(shop.assign(category=np.where(bread, "bread", kinds)))
    config = settings("train", ["data=cdnow", "cutoff=2023-07-01", "horizon_days=90"])
    return tables, measured_at(tables, CUTOFF, config)


def some_of(customers: pd.Index) -> pd.Series:
    """Two in three, as many of each kind."""
    return pd.Series((customers.str[1:].astype(int) // 4) % 3 > 0, customers)


def evaluated(measured, persona_of, unseen=None):
    tables, holdout = measured
    numbers = holdout.evaluated.features.index.str[1:].astype(int)
    personas = pd.Series(persona_of(numbers), holdout.evaluated.features.index)
    return evaluate_later(personas, tables, holdout.split, holdout.evaluated, Resampling(50, 0), unseen)


@pytest.mark.parametrize("alone", [False, True])
def test_personas_that_know_the_taste_tell_what_will_be_bought(measured, alone):
    unseen = some_of(measured[1].evaluated.features.index) if alone else None
    later = evaluated(measured, lambda numbers: (numbers // 2) % 2, unseen)
    table = later.table.set_index(["outcome", "grouping"])
    assert table.loc[("mix", "personas"), "explained"] > 0.5
    assert abs(table.loc[("mix", "rfm_grid"), "explained"]) < 0.1
    assert table.loc[("mix", "personas"), "beyond_grid_low"] > 0.4
    assert (later.headline.model, later.headline.metric) == ("personas", "later_behaviour")
    assert later.headline.verdict == "better than"
    assert later.metrics["personas/later_behaviour"] == later.headline.value
    assert later.metrics["personas/later_mix"] > later.metrics["personas/baseline_rfm_grid/later_mix"]


def test_random_personas_tell_nothing(measured):
    later = evaluated(measured, lambda numbers: np.random.default_rng(1).integers(0, 4, len(numbers)))
    assert later.headline.verdict != "better than"
    assert later.headline.value < 0.02


def test_the_unseen_alone_are_judged(measured):
    features = measured[1].evaluated.features
    unseen = some_of(features.index)
    table = evaluated(measured, lambda numbers: (numbers // 2) % 2, unseen).table
    bought = features["n_orders"] > 0
    assert set(table.loc[table["outcome"] == "spend", "customers"]) == {int((bought & unseen).sum())}
    turned = evaluated(measured, lambda numbers: (numbers // 2 + unseen.to_numpy()) % 2, unseen).table
    mix = turned.set_index(["outcome", "grouping"]).loc[("mix", "personas"), "explained"]
    assert mix < -0.5  # what a persona means is learned from the others


def test_few_customers_tell_nothing(measured):
    tables, holdout = measured
    few = holdout.evaluated.select(
        pd.Series(np.arange(len(holdout.evaluated.features)) < 40, holdout.evaluated.features.index)
    )
    personas = pd.Series(0, few.features.index)
    assert evaluate_later(personas, tables, holdout.split, few, Resampling(5, 0)) is None
    everyone, nobody = holdout.evaluated, pd.Series(False, holdout.evaluated.features.index)
    personas = pd.Series(0, everyone.features.index)
    assert evaluate_later(personas, tables, holdout.split, everyone, Resampling(5, 0), nobody) is None


def test_the_grid_has_as_many_cells_of_like_size():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"n_orders": rng.poisson(2, 3000) + 1.0, "days_since_last_order": rng.integers(0, 300, 3000) * 1.0}
    )
    for cells in range(2, 9):
        sizes = np.bincount(rfm_grid(frame, frame, cells))
        assert len(sizes) == cells
        if cells in (2, 3, 5, 7):  # of orders alone: equal thirds, fifths, ...
            assert sizes.max() - sizes.min() < 60


def test_outcomes_by_hand(by_hand):
    habits = habits_in(by_hand, datetime(2024, 2, 1), 28, pd.Index(["anna", "ben", "cleo", "nobody"]))
    # anna: 10 February 18:30, a Saturday; ben: 24 February 9:00, a Saturday; cleo: 20 February, a Tuesday
    assert habits["weekend_share"].tolist()[:3] == [1, 1, 0]
    assert habits["evening_share"].tolist()[:3] == [1, 0, 0]
    assert np.isnan(habits.loc["nobody", "weekend_share"])
    assert "offer_response" not in habits


def test_outcomes_come_from_the_horizon_alone(measured):
    tables, holdout = measured
    outcomes = {outcome.name: outcome for outcome in later_outcomes(tables, holdout.split, holdout.evaluated)}
    assert {"orders", "spend", "churn", "mix"} <= set(outcomes)
    spend = np.expm1(outcomes["spend"].values)
    assert spend.sum() == pytest.approx(holdout.evaluated.labels["spend"].clip(lower=0).sum())
    assert len(outcomes["mix"].rows) == (holdout.evaluated.labels["orders"] > 0).sum()
