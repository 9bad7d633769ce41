"""Tables that are written down once, in the shipped YAML."""

from __future__ import annotations

from patronage.config.shipped import shipped


def test_a_table_is_a_fresh_copy_every_time():
    first = shipped("churn/ensemble", "bands")
    first["low"] = 0.9
    assert shipped("churn/ensemble", "bands")["low"] == 0.3


def test_a_number_is_given_as_it_stands():
    assert shipped("search", "space.learning_rate") == [0.01, 0.2]
    assert shipped("churn/ensemble", "num_leaves") == 15
