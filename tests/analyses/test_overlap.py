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
