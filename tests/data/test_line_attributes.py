"""Attributes of customers that only order lines tell."""

from __future__ import annotations

import pandas as pd
import pytest

import patronage as pt
from conftest import BY_HAND
from patronage.errors import ConfigError

LINES = BY_HAND.assign(Country=["PL", "PL", "DE", None, None, None, None, "AT", "PL", "FR"])


def test_a_customer_has_the_value_of_the_first_line_that_tells_one():
    log = pt.read(LINES, attributes={"country": "geographic"})
    table = log.engine.frame("SELECT * FROM customers ORDER BY customer_id").set_index("customer_id")
    assert table["country"].to_dict() == {"anna": "PL", "cleo": "AT", "dora": "FR"}
    assert log.attributes == {"country": "geographic"}


def test_it_is_known_from_that_line_on():
    log = pt.read(LINES, attributes={"country": "geographic"})
    for cutoff, countries in {"2024-02-21": "", "2024-02-26": "AT"}.items():
        declared = pt.features(log, cutoff, lenses=["profile"])["declared"]
        assert ("AT" in declared["cleo"]) == bool(countries)
        assert "PL" in declared["anna"]


def test_customers_keep_what_they_have_of_their_own():
    customers = pd.DataFrame({"customer_id": ["anna", "eve"], "age": ["30-39", "20-29"]})
    log = pt.read(LINES, customers=customers, attributes={"age": "demographic", "country": "geographic"})
    table = log.engine.frame("SELECT * FROM customers").set_index("customer_id")
    assert table.loc["anna", ["age", "country"]].to_list() == ["30-39", "PL"]
    assert table.loc["eve", "age"] == "20-29"
    assert len(table) == 4


def test_an_attribute_that_nobody_has_is_refused():
    with pytest.raises(ConfigError, match=r'^attributes\["land"\]: no such column; the transactions have customer_id'):
        pt.read(BY_HAND, attributes={"land": "geographic"})
