"""Path strings to event codes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.errors import DataError
from patronage.models.journey.paths import encode


def test_reads_every_event():
    paths = encode(pd.Series([".eipm", "", "p."]))
    assert paths.codes.tolist() == [0, 1, 2, 3, 4, 3, 0]
    assert paths.offsets.tolist() == [0, 5, 5, 7]
    assert paths.lengths.tolist() == [5, 0, 2]


def test_missing_is_empty():
    assert encode(pd.Series([None, "p", np.nan])).lengths.tolist() == [0, 1, 0]


def test_reads_any_cut_of_a_column():
    column = pd.Series(["pp", "e.", "", "m..", "i"])
    assert encode(column.iloc[1:4]).codes.tolist() == [1, 0, 4, 0, 0]
    assert encode(pd.concat([column, column])).lengths.tolist() == [2, 2, 0, 3, 1] * 2
    assert encode(column.astype(object).iloc[::-1]).codes.tolist() == [2, 4, 0, 0, 1, 0, 3, 3]


@pytest.mark.parametrize("column", [pd.Series([], dtype=str), pd.Series(["", ""])])
def test_reads_nothing(column):
    paths = encode(column)
    assert len(paths.codes) == 0
    assert paths.lengths.tolist() == [0] * len(column)


def test_counts_the_rows_and_shows_none_unless_asked(monkeypatch):
    column = pd.Series(["p.", "p?x", "..", "é"], index=["a", "b", "c", "d"])
    with pytest.raises(DataError, match=r"^journey_path: a character outside '\.eipm' in 2 of 4 rows; expected"):
        encode(column)
    monkeypatch.setenv("PATRONAGE_DEBUG", "1")
    with pytest.raises(DataError, match=r"in 2 of 4 rows \(such as 'p\?x'\); expected"):
        encode(column)


def test_reads_arrays_and_lists_as_well():
    assert encode(np.array(["pp", "e"], object)).lengths.tolist() == [2, 1]
    assert encode(["pp", None]).lengths.tolist() == [2, 0]
    with pytest.raises(DataError, match="in 1 of 2 rows;"):
        encode(["pp", "x"])
