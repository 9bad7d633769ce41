"""pandas frames as Arrow: what the door is given of each kind of column."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from patronage.data.frames import to_arrow
from patronage.errors import DataError


def only(column: object, **settings: object) -> pa.ChunkedArray:
    return to_arrow(pd.DataFrame({"x": pd.Series(column, **settings)}), ["x"]).column("x")


@pytest.mark.parametrize(
    ("values", "settings", "kind", "expected"),
    [
        ([1, 2], {}, pa.int64(), [1, 2]),
        ([1, "2b", None], {"dtype": object}, pa.string(), ["1", "2b", None]),
        ([1, 2.5, None], {"dtype": object}, pa.float64(), [1.0, 2.5, None]),
        ([1.0, np.nan], {}, pa.float64(), [1.0, None]),
        (["a", None], {"dtype": object}, pa.string(), ["a", None]),
        ([date(2024, 1, 2), None], {"dtype": object}, pa.string(), ["2024-01-02", None]),
        ([2**70, 1], {"dtype": object}, pa.string(), [str(2**70), "1"]),
        ([b"7", None], {"dtype": object}, pa.binary(), [b"7", None]),
        ([1.5, 2.0], {"dtype": "float16"}, pa.float32(), [1.5, 2.0]),
    ],
)
def test_a_column_has_one_type(values, settings, kind, expected):
    column = only(values, **settings)
    assert column.type == kind
    assert column.to_pylist() == expected


def test_decimals_stay_exact():
    assert only([Decimal("1.10"), Decimal("2.25")]).to_pylist() == [Decimal("1.10"), Decimal("2.25")]


def test_a_moment_keeps_its_zone():
    column = only(pd.to_datetime(["2024-01-01 12:00"]).tz_localize("Europe/Berlin"))
    assert column.type.tz == "Europe/Berlin"


def test_a_period_becomes_text():
    assert only(pd.period_range("2024-01", periods=1, freq="M")).to_pylist() == ["2024-01"]


def test_a_wanted_level_of_the_index_becomes_a_column():
    frame = pd.DataFrame({"amount": [1.0]}, index=pd.Index(["anna"], name="customer_id"))
    assert to_arrow(frame, ["customer_id"]).column_names == ["customer_id", "amount"]
    assert to_arrow(frame, ["client"]).column_names == ["amount"]


def test_the_frame_stays_as_it_is():
    frame = pd.DataFrame({"x": [1, "a"]}, dtype=object)
    before = frame.copy(deep=True)
    to_arrow(frame, ["x"])
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("names", [["a", "a"], ["Amount", "amount"]])
def test_names_that_sql_does_not_tell_apart_are_refused(names):
    with pytest.raises(DataError, match="which SQL does not tell apart; give every column a name of its own"):
        to_arrow(pd.DataFrame([[1, 2]], columns=names), [])


def test_a_frame_without_columns_is_refused():
    with pytest.raises(DataError, match="the frame has no columns; expected a row per order"):
        to_arrow(pd.DataFrame(index=[0]), [])
