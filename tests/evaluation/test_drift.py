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


def drift(before: Reference, **columns: object) -> pd.Series:
    (row,) = compare(before, before.count(pd.DataFrame(columns))).to_dict("records")
    return pd.Series(row)


def test_psi_is_the_sum_over_the_bins():
    row = drift(reference(band=["low"] * 60 + ["high"] * 40), band=["low"] * 30 + ["high"] * 70)
    assert row["psi"] == pytest.approx(-0.3 * np.log(30 / 60) + 0.3 * np.log(70 / 40))


@pytest.mark.parametrize(
    ("labels", "quantile"),
    [
        (("low", "high"), 10.828),  # chi-squared of 1, 2 and 3 degrees of freedom, at one in a thousand
        (("low", "mid", "high"), 13.816),
        (("low", "mid", "high", "top"), 16.266),
    ],
)
def test_chance_has_a_degree_of_freedom_less_than_there_are_bins(labels, quantile):
    row = drift(reference(band=list(labels) * 50), band=list(labels) * 10)
    sizes = len(labels) * 50, len(labels) * 10
    assert row["chance"] == pytest.approx(quantile * (1 / sizes[0] + 1 / sizes[1]), rel=1e-3)


def test_a_bin_that_only_one_of_the_two_uses_counts():
    row = drift(reference(band=["low", "high"] * 50), band=["low", "high", "new", None] * 25)
    assert row["chance"] == pytest.approx(16.266 * (1 / 100 + 1 / 100), rel=1e-3)


def test_one_bin_leaves_nothing_to_chance():
    row = drift(reference(band=["low"] * 50), band=["low"] * 20)
    assert (row["psi"], row["chance"]) == (0, 0)


def test_shares_are_of_their_own_side():
    """A quarter of four lacks a value, and two in four have an unseen label; before, three in ten lacked one."""
    row = drift(reference(band=["low"] * 4 + ["high"] * 3 + [None] * 3), band=["low", "new", None, "new"])
    assert row["unseen"] == 0.5
    assert row["missing"] == 0.25
    assert row["missing_before"] == 0.3


def test_a_number_is_never_unseen():
    row = drift(reference(x=np.arange(100.0)), x=np.array([-500.0, 500.0, np.nan, 5.0]))
    assert row["unseen"] == 0
    assert row["missing"] == 0.25


def test_nobody_to_score_is_no_error():
    row = drift(reference(band=["low", "high"] * 50), band=[])
    assert (row["missing"], row["unseen"]) == (0, 0)


@pytest.mark.slow
def test_chance_alone_rarely_looks_like_drift():
    hits = 0
    for _ in range(200):
        row = drift(reference(x=RNG.normal(size=400)), x=RNG.normal(size=150))
        hits += row["psi"] > row["chance"]
    assert hits <= 4  # one in a thousand is expected, bins of an estimated reference allow a little more


def test_a_shift_is_shown_beyond_chance():
    row = drift(reference(x=RNG.normal(size=2000)), x=RNG.normal(0.8, size=2000))
    assert row["psi"] > 0.25 > row["chance"]


def test_a_column_of_one_value_drifts_when_it_moves():
    before = reference(x=np.zeros(500))
    assert drift(before, x=np.zeros(500))["psi"] == 0
    assert drift(before, x=np.ones(500))["psi"] > 5


def test_the_most_drifted_column_is_first():
    before = reference(same=RNG.normal(size=500), moved=RNG.normal(size=500))
    after = pd.DataFrame({"same": RNG.normal(size=500), "moved": RNG.normal(2, size=500)})
    assert compare(before, before.count(after))["column"].tolist() == ["moved", "same"]
