"""A sample of the customers is all of them that is read: whole histories, the same ones for the same seed."""

from __future__ import annotations

import pandas as pd

from conftest import through_the_door
from patronage.data import sampler


def log_of(tables) -> pd.DataFrame:
    return tables.engine.frame("SELECT * FROM transactions ORDER BY customer_id, ordered_at, amount")


def test_whole_histories_of_one_customer_in_so_many(shop):
    tables = through_the_door(shop, customers=shop[["customer_id"]].drop_duplicates())
    everything = log_of(tables)
    drawing = sampler(tables, 100, seed=0)
    assert drawing.one_in == 4
    drawn = log_of(tables)
    customers_drawn = drawn["customer_id"].unique()
    assert 60 < len(customers_drawn) < 140
    whole = everything[everything["customer_id"].isin(customers_drawn)].reset_index(drop=True)
    pd.testing.assert_frame_equal(drawn, whole)
    assert set(tables.engine.frame("SELECT customer_id FROM customers")["customer_id"]) == set(customers_drawn)


def test_another_seed_draws_others_from_everyone_and_the_same_one_the_same(shop):
    tables = through_the_door(shop)
    drawing = sampler(tables, 200, seed=0)
    first = log_of(tables)
    drawing.draw(1)
    second = log_of(tables)
    shared = set(first["customer_id"]) & set(second["customer_id"])
    assert 0.3 < len(shared) / first["customer_id"].nunique() < 0.7
    drawing.draw(0)
    pd.testing.assert_frame_equal(log_of(tables), first)


def test_where_there_are_no_more_everyone_stays(shop):
    tables = through_the_door(shop)
    before = log_of(tables)
    assert sampler(tables, 400, seed=0) is None
    assert sampler(tables, None, seed=0) is None
    pd.testing.assert_frame_equal(log_of(tables), before)


def test_the_fingerprint_stays_that_of_everyone(shop):
    everyone, drawn = through_the_door(shop), through_the_door(shop)
    sampler(drawn, 100, seed=0)
    assert drawn.fingerprint == everyone.fingerprint
