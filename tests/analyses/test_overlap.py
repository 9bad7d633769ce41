"""Overlap by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from patronage.analyses import overlap


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
    table = pd.DataFrame([[1, 0.9, 0.1], [0.9, 1, 0.5], [0.1, 0.5, 1]], list("abc"), list("abc"))
    told = overlap._told(table)
    assert told.startswith("a and b agree most: 0.90")
    assert "2 of 3 pairs agree by 0.5 or more" in told
    assert overlap._told(table.iloc[:1, :1]) == "There are no two segment columns to hold against each other"
