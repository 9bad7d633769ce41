"""Drift against numbers worked out by hand, against chance, and against a shift that was made."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.evaluation.drift import compare
from patronage.models.reference import Reference, build_reference

RNG = np.random.default_rng(3)


def reference(**columns: object) -> Reference:
    return build_reference(pd.DataFrame(columns), {}, {})


def drift(then: Reference, **columns: object) -> pd.Series:
    (row,) = compare(then, then.count(pd.DataFrame(columns))).to_dict("records")
    return pd.Series(row)


def test_psi_is_the_sum_over_the_bins():
    then = reference(band=["low"] * 60 + ["high"] * 40)
    found = drift(then, band=["low"] * 30 + ["high"] * 70)
    empty = 2 * 0.0  # the bins of the unseen and the missing were empty and stay so
    assert found["psi"] == pytest.approx(-0.3 * np.log(30 / 60) + 0.3 * np.log(70 / 40) + empty)


def test_what_training_did_not_see_is_counted():
    found = drift(reference(band=["low", "high"] * 50), band=["low", "new", None, "new"])
    assert found["unseen"] == 0.5
    assert (found["missing"], found["missing_before"]) == (0.25, 0)


def test_chance_alone_rarely_looks_like_drift():
    hits = 0
    for _ in range(200):
        found = drift(reference(x=RNG.normal(size=400)), x=RNG.normal(size=150))
        hits += found["psi"] > found["chance"]
    assert hits <= 4  # one in a thousand is expected, bins of an estimated reference allow a little more


def test_a_shift_is_seen_beyond_chance():
    found = drift(reference(x=RNG.normal(size=2000)), x=RNG.normal(0.8, size=2000))
    assert found["psi"] > 0.25 > found["chance"]


def test_a_column_of_one_value_drifts_when_it_moves():
    then = reference(x=np.zeros(500))
    assert drift(then, x=np.zeros(500))["psi"] == 0
    assert drift(then, x=np.ones(500))["psi"] > 5


def test_parts_add_up_and_the_reference_survives_the_disk(tmp_path):
    then = reference(x=RNG.normal(size=300), band=["low", "high", None] * 100)
    then.save(tmp_path / "reference.json")
    again = Reference.load(tmp_path / "reference.json")
    assert again == then
    now = pd.DataFrame({"x": RNG.normal(size=90), "band": ["low", "odd", None] * 30})
    halves = [again.count(part) for part in (now.head(31), now.tail(59))]
    for name, bins in then.count(now).items():
        np.testing.assert_array_equal(halves[0][name] + halves[1][name], bins)


def test_a_text_of_too_many_values_is_no_category():
    assert "path" not in reference(path=[f"..p{n}" for n in range(400)], x=range(400)).columns
