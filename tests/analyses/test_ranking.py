"""Rankings: an earlier feature that decides is found with its lift; noise has none; reasons are in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.analyses.ranking import lift_of, rank_customers
from patronage.errors import DataError


@pytest.fixture
def features():
    rng = np.random.default_rng(0)
    ids = [f"c{number:04d}" for number in range(1500)]
    return pd.DataFrame({"visits": rng.poisson(3, 1500), "noise": rng.normal(size=1500)}, index=ids).astype(float)


def test_what_decides_has_a_lift_and_is_the_reason(features):
    rng = np.random.default_rng(1)
    y = pd.Series((rng.random(1500) < np.where(features["visits"] > 5, 0.6, 0.05)).astype(float), features.index)
    ranking = rank_customers(features, y, features, {"visits": "visits of the shop"}, seed=0)
    assert ranking.lift.low > 2
    best = ranking.customers.iloc[0]
    assert features.loc[best["customer_id"], "visits"] > 5
    assert best["reason"].startswith("high: visits of the shop")


def test_an_outcome_by_lot_has_no_lift(features):
    y = pd.Series((np.random.default_rng(2).random(1500) < 0.3).astype(float), features.index)
    lift = rank_customers(features, y, features, {}, seed=0).lift
    assert lift.low < 1 < lift.high


def test_too_few_are_refused_with_what_is_there(features):
    y = pd.Series(0.0, features.index)
    y.iloc[:7] = 1
    with pytest.raises(DataError, match="of 1,500 customers who could do it 7 did"):
        rank_customers(features, y, features, {}, seed=0)


def test_a_lift_by_hand():
    lift = lift_of(np.array([1, 1, 0, 0]), np.array([1.0, 0, 0, 0]))
    assert (lift.share, lift.base, lift.value) == (0.5, 0.25, 2.0)
