"""Overlap by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.analyses import overlap
from patronage.analyses.contract import Population, View


def test_lenses_that_say_the_same_agree_fully():
    one = pd.Series(list("aabbccdd") * 20)
    labels = pd.DataFrame(
        {"one": one, "renamed": one.map(dict(zip("abcd", "wxyz", strict=True))), "chance": list("ab") * 80, "same": "x"}
    )
    table = overlap.overlap(labels)
    assert list(table) == ["one", "renamed", "chance"]  # a constant agrees with nothing
    assert table.loc["one", "renamed"] == pytest.approx(1)
    assert abs(table.loc["one", "chance"]) < 0.01


def test_the_finding_names_the_pair_that_agrees_most():
    told = overlap._told({("a", "b"): 0.9, ("a", "c"): 0.1, ("b", "c"): 0.5}, 3)
    assert told.startswith("a and b agree most: 0.90")
    assert told.endswith("2 of 3 pairs agree by 0.5 or more and tell much the same")
    assert overlap._told({}, 1).startswith("There are no two segment columns of different sources")


def test_a_column_beside_its_own_source_is_not_what_agrees_most():
    """A segment made of a declared attribute, two columns of one lens, two attributes, and two that are alike."""
    rng = np.random.default_rng(0)
    tier = rng.choice(list("abc"), 600)
    channel, size = rng.choice(list("xyz"), 600), rng.choice(list("xyz"), 600)
    ids = pd.Index([f"c{number}" for number in range(600)], name="customer_id")
    labels = pd.DataFrame(
        {"value_tier": tier, "royal": np.where((tier == "a") & (rng.random(600) < 0.9), "yes", "no"),
         "acquisition_segment": channel, "profile_acquisition_channel": np.char.add("by ", channel),
         "profile_size": size, "profile_industry": np.where(rng.random(600) < 0.97, size, "d"),
         "rfm_segment": np.where(rng.random(600) < 0.8, tier, "d")}, ids,
    )  # fmt: skip
    result = overlap.run(View(None, Population(pd.DataFrame(index=ids), labels), None, 91, 0), None)
    shown = result.tables["overlap"].set_index("segment")
    assert shown.loc["acquisition_segment", "profile_acquisition_channel"] > 0.99
    assert shown.loc["profile_size", "profile_industry"] > shown.loc["value_tier", "rfm_segment"]
    assert result.finding.startswith("value_tier and rfm_segment agree most: 0.")
    assert " of 16 pairs agree by 0.5 or more" in result.finding
    assert result.finding.endswith(", 5 of one lens or source left out")
    assert result.drawings["overlap"].title == "value_tier and rfm_segment agree most"


def test_a_combination_that_tells_more_than_both_is_named_and_one_that_adds_up_is_not():
    rng = np.random.default_rng(0)
    labels = pd.DataFrame({name: rng.choice(list("ab"), 4000) for name in ("one", "two", "three")})
    one, two, three = ((labels[name] == "a").to_numpy() for name in labels)
    orders = pd.Series(rng.poisson(1 + 2.0 * (one ^ two) + three))
    table = overlap.combinations_by_orders(labels, orders, seed=0).set_index(["first", "second"])
    crossed, added = table.loc[("one", "two")], table.loc[("one", "three")]
    assert crossed["verdict"] == "tell more together"
    assert crossed["gain"] > 0.15
    assert crossed["better_alone"] < 0.02
    assert added["verdict"] == "no more than both"
    assert added["combined"] <= added["added_up"] + 0.01


def test_labels_by_chance_tell_nothing_together():
    rng = np.random.default_rng(1)
    labels = pd.DataFrame({str(place): rng.choice(list("abcdef"), 3000) for place in range(6)})
    table = overlap.combinations_by_orders(labels, pd.Series(rng.poisson(2, 3000)), seed=0)
    assert len(table) == 15
    assert (table["verdict"] == "no more than both").all()


def test_orders_that_are_all_alike_have_nothing_to_tell():
    labels = pd.DataFrame({"one": list("ab") * 50, "two": list("aabb") * 25})
    assert overlap.combinations_by_orders(labels, pd.Series(np.ones(100)), seed=0).empty


def test_two_columns_that_tell_much_the_same_lose_nothing_added_up():
    """Fitted one after the other, the second took back what the first had told, and the combination looked better."""
    rng = np.random.default_rng(2)
    level = rng.integers(0, 4, 8000)
    labels = pd.DataFrame({"one": level, "other": np.where(rng.random(8000) < 0.7, level, rng.integers(0, 4, 8000))})
    orders = pd.Series(np.expm1(level + labels["other"] + rng.normal(0, 1, 8000)).clip(lower=0))
    (row,) = overlap.combinations_by_orders(labels.astype(str), orders, seed=0).to_dict("records")
    assert row["added_up"] > row["better_alone"] + 0.02
    assert row["verdict"] == "no more than both"


def test_a_column_of_many_labels_is_no_combination_with_whatever_stands_beside_it():
    """Its parts were drawn to the mean, and any pair with it took back what the drawing had taken away."""
    rng = np.random.default_rng(3)
    score, other = rng.integers(0, 100, 2400), rng.integers(0, 5, 2400)
    orders = pd.Series(rng.poisson(1 + score / 10))
    labels = pd.DataFrame({"score": score, "other": other}).astype(str)
    (row,) = overlap.combinations_by_orders(labels, orders, seed=0).to_dict("records")
    assert row["verdict"] == "no more than both"
    assert row["gain"] < 0.003
    band = labels.assign(
        other=pd.Series(score // 10).astype(str)
    )  # follows from the score: there is nothing to combine
    assert overlap.combinations_by_orders(band, orders, seed=0).empty
