"""Products of the planted shop, in which no product grew anywhere."""

from __future__ import annotations

from patronage.analyses import products
from patronage.config import ProductsConfig


def test_no_growth_is_told_where_none_was_planted(planted):
    result = products.run(planted, ProductsConfig())
    table = result.tables["products_growth"]
    assert set(table["location"]) == {"north", "south"}
    assert (table["verdict"] == "").mean() > 0.7
    assert "adoption" not in result.tables  # the shop has no product ids
