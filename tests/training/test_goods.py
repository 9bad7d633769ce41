"""Which goods were bought in a window of labels: shares by hand, who is known, and nothing from beside the window."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from conftest import through_the_door
from patronage.jobs.compose import settings
from patronage.training.goods import goods_of
from patronage.training.origins import split_at

pytestmark = pytest.mark.slow
CUTOFF = datetime(2023, 7, 1)


@pytest.fixture(scope="module")
def lines(shop) -> pd.DataFrame:
    """The shop, in which each order is of tea or of toys, by the customer, or of bread."""
    kinds = np.where((shop["customer_id"].str[1:].astype(int) // 2) % 2 == 0, "tea", "toys")
    return shop.assign(category=np.where(np.random.default_rng(0).random(len(shop)) < 0.3, "bread", kinds))


def split_of(lines: pd.DataFrame):
    tables = through_the_door(lines)
    return tables, split_at(tables, CUTOFF, settings("train", ["data=cdnow", "cutoff=2023-07-01", "horizon_days=90"]))


def test_the_latest_origin_knows_the_mix_that_pandas_counts(lines):
    _, split = split_of(lines)
    latest, *others = split.training
    assert all(snapshot.goods is None for snapshot in others)
    window = lines[(lines["ordered_at"] >= latest.cutoff) & (lines["ordered_at"] < CUTOFF) & (lines["amount"] >= 0)]
    window = window[window["customer_id"].isin(latest.labels.index)]
    five = window.groupby("customer_id").size() >= 5
    known = five.index[five] if five.sum() >= 60 else five.index
    spend = window[window["customer_id"].isin(known)].pivot_table(
        index="customer_id", columns="category", values="amount", aggfunc="sum", fill_value=0.0
    )
    expected = np.sqrt(spend.div(spend.sum(axis=1), axis=0))
    pd.testing.assert_frame_equal(latest.goods.dropna(), expected, check_names=False, check_like=True)


def test_what_lies_beside_the_window_changes_nothing(lines):
    _, split = split_of(lines)
    latest = split.training[0]
    later = lines.assign(category=lines["category"].where(lines["ordered_at"] < CUTOFF, "bread"))
    _, again = split_of(later)
    pd.testing.assert_frame_equal(again.training[0].goods, latest.goods)


def test_some_of_the_customers_keep_their_mix(lines):
    _, split = split_of(lines)
    goods = split.training[0].goods
    half = pd.Series(np.arange(len(goods)) % 2 == 0, goods.index)
    pd.testing.assert_frame_equal(split.select(half).training[0].goods, goods[half])


def test_a_log_without_goods_has_none(shop):
    tables, split = split_of(shop)
    assert split.training[0].goods is None
    assert goods_of(tables, split.training[0], split.lenses) is None
