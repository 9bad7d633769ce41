"""A list is as long as asked, and leaves a share alone by lot."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from conftest import through_the_door
from patronage.analyses.lists import homes, ready
from patronage.analyses.voice import HOMES
from patronage.config import LensesConfig, ListsConfig
from patronage.lenses import look_back


def test_a_list_has_its_size_and_a_holdout_that_a_seed_repeats():
    customers = pd.DataFrame({"customer_id": [f"c{n}" for n in range(2000)], "reason": "new"})
    first, again = (ready(customers, ListsConfig(size=1000, holdout=0.2), 3) for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
    assert len(first) == 1000
    assert 0.15 < (first["group"] == "holdout").mean() < 0.25
    assert ready(customers.head(0), ListsConfig(), 0).empty


def test_each_branch_has_its_own_list():
    customers = pd.DataFrame({"customer_id": [f"c{n}" for n in range(100)], "reason": "new"})
    places = pd.Series(["north"] * 80 + ["south"] * 20, customers["customer_id"])
    table = ready(customers, ListsConfig(per_location=10), 0, places)
    assert table["location"].value_counts().to_dict() == {"north": 10, "south": 10}
    assert list(table.loc[table["location"] == "south", "customer_id"]) == [f"c{n}" for n in range(80, 90)]


def test_a_sample_that_is_cut_short_still_stands_for_all():
    customers = pd.DataFrame({"customer_id": [f"c{n}" for n in range(100)], "weight": 3.0})
    assert ready(customers, ListsConfig(size=50), 0)["weight"].sum() == 300


def test_home_is_where_most_orders_were():
    rows = [
        ("ann", f"2023-0{month}-01", 10.0, f"o{month}", place)
        for month, place in enumerate(("west", "east", "east"), 1)
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount", "order_id", "location"])
    frame = frame.astype({"ordered_at": "datetime64[us]"})
    with look_back(through_the_door(frame), datetime(2024, 1, 1), LensesConfig(), 7) as history:
        assert homes(history).to_dict() == {"ann": "east"}
        assert history.frame("SELECT location, n_orders FROM homes", HOMES).values.tolist() == [["east", 3]]
