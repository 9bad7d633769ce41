"""Which lenses there are, and which of them the tables can have."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from conftest import through_the_door
from patronage import lenses
from patronage.config import LensesConfig
from patronage.lenses import rfm
from patronage.lenses.catalogue import BUILT_IN, available, described, has_form, of

ORDERS = pd.DataFrame({"customer_id": ["a"], "ordered_at": [pd.Timestamp("2024-01-01")], "amount": [5.0]})
VISITS = pd.DataFrame({"customer_id": ["a"], "occurred_at": [pd.Timestamp("2024-01-02")], "event": ["visit"]})


@pytest.fixture(scope="module")
def tables():
    return through_the_door(ORDERS.assign(category="tea"), VISITS)


def test_names_and_features_are_unique():
    names = [lens.name for lens in BUILT_IN]
    features = [name for lens in BUILT_IN for name in lens.described(LensesConfig())]
    assert len(set(names)) == len(names)
    assert len(set(features)) == len(features)


def test_without_own_lenses_there_are_ours():
    assert of(LensesConfig()) == BUILT_IN
    assert lenses.own(LensesConfig()) == {}


@pytest.mark.parametrize(
    ("requirement", "there"),
    [("events", True), ("customers", False), ("transactions.category", True), ("transactions.cost", False),
     ("events:visit", True), ("events:complaint", True), ("customers:geographic", False), ("nothing.category", False)],
)  # fmt: skip
def test_the_form_of_the_tables_decides_not_their_rows(tables, requirement, there):
    assert has_form(tables, requirement) is there


def test_an_attribute_counts_by_its_kind(tables):
    people = pd.DataFrame({"customer_id": ["a"], "region": ["north"]})
    with_people = through_the_door(ORDERS, customers=people, attributes=("region",))
    with_people = replace(with_people, attributes={"region": "geographic"})
    assert has_form(with_people, "customers:geographic")
    assert not has_form(with_people, "customers:demographic")


def test_a_lens_that_requires_nothing_is_always_there(tables):
    always = {lens.name for lens in BUILT_IN if not lens.requires and lens.ready is None}
    assert always <= set(available(tables, LensesConfig()))


def test_features_of_chosen_lenses():
    config = LensesConfig()
    assert set(described(config, ["rfm"])) == set(rfm.LENS.described(config))
    assert len(described(config)) > len(described(config, ["rfm", "usage"]))
