"""Products of the planted shop, in which no product grew anywhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from unittest import mock

import numpy as np
import pandas as pd
import pytest

from conftest import through_the_door
from patronage.analyses import products, voice
from patronage.analyses.acts import product_label
from patronage.analyses.contract import Population
from patronage.config import LensesConfig, ProductsConfig
from patronage.lenses import look_back


def test_no_growth_is_told_where_none_was_planted(planted):
    result = products.run(planted, ProductsConfig())
    table = result.tables["products_growth"]
    assert set(table["location"]) == {"north", "south"}
    assert (table["verdict"] == "").mean() > 0.7
    assert "adoption" not in result.tables  # the shop has no product ids
    assert result.finding.startswith("0 of ")
    assert result.finding.endswith("beside those before")  # nothing moved, so that there is nothing to be wary of


def test_who_buys_at_both_times_tells_nothing_of_growth_and_who_came_does():
    """A hundred buy tea at both times and forty more now: the interval is that of the forty, who came beside jam's."""
    rows = []
    for number in range(300):
        customer = f"c{number:03d}"
        item = "tea" if number < 140 else "jam"
        days = (["2023-08-01"] if number < 100 or number >= 150 else []) + (["2023-11-01"] if number < 290 else [])
        rows += [(customer, f"{day} 10:00", 10.0, f"{customer}-{day}", item) for day in days]
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount", "order_id", "category"])
    history = look_back(
        through_the_door(frame.astype({"ordered_at": "datetime64[us]"})), datetime(2024, 1, 1), LensesConfig(), 7
    )
    table = products._growth(history, "category", 91, ProductsConfig()).set_index("item")
    assert table["buyers"].to_dict() == {"tea": 140, "jam": 160}
    tea = table.loc["tea"]
    assert tea["growth"] == pytest.approx(140.5 / 100.5 / ((140.5 + 150.5) / (100.5 + 150.5)))
    assert np.log(tea["high"] / tea["low"]) == pytest.approx(2 * 1.96 * np.sqrt(41 / (140.5 * 100.5)), rel=1e-3)
    assert table["verdict"].to_dict() == {"tea": "grows", "jam": "shrinks"}


def test_a_space_that_a_till_added_to_a_name_makes_no_other_product():
    """Half of the lines of each product have a name with spaces around it: by name there are two products, not four."""
    rows = [
        (f"c{number:03d}", f"2023-{month:02d}-01 10:00", 10.0, f"{number}-{month}", product, name)
        for number in range(60)
        for month in (8, 11)
        for product, name in [
            ("1", ("tea", " tea ")[number % 2]) if number < 30 else ("2", ("jam", "jam ")[number % 2])
        ]
    ]
    columns = ["customer_id", "ordered_at", "amount", "order_id", "product_id", "product_name"]
    frame = pd.DataFrame(rows, columns=columns).astype({"ordered_at": "datetime64[us]"})
    history = look_back(through_the_door(frame), datetime(2024, 1, 1), LensesConfig(), 7)
    table = products._growth(history, product_label(history), 91, ProductsConfig())
    assert table.set_index("item")["buyers"].to_dict() == {"tea": 30, "jam": 30}
    assert voice._places(history)["product_name"] == product_label(history)


def test_prices_of_one_customer_are_alike(planted):
    """The interval of a price third rests on customers: twenty with forty categories of one third are no 800."""
    levels = pd.DataFrame(
        [(f"c{number:02d}", f"item {k:02d}", number % 3) for number in range(21) for k in range(40)],
        columns=["customer_id", "item", "level"],
    )
    view = replace(
        planted,
        now=Population(pd.DataFrame(), pd.DataFrame({"value_tier": "gold"}, index=levels["customer_id"].unique())),
    )
    with mock.patch.object(products, "price_levels", return_value=levels):
        table = products._thirds(view, ProductsConfig())
    assert table["share"].tolist() == pytest.approx([1 / 3] * 3)
    assert (table["high"] - table["low"]).min() > 0.3
