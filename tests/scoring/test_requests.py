"""Rows that no lens makes."""

from __future__ import annotations

import contextlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patronage.errors import DataError
from patronage.lenses import Feature
from patronage.scoring.requests import check_rows, column_at_fault, with_ids

BAD = {
    "n_orders": [-1, 0, np.inf, np.nan, 1e16],
    "net_revenue": [np.inf, -np.inf, np.nan, 1e300],
    "frequency": [-1, 1.5, 1e12, np.nan, 0],
    "recency": [-3, 1e6, np.nan],
    "T": [-1, 1e9, np.nan, 1],
    "monetary_value": [np.nan, np.inf],
    "days_since_last_order": [-2, np.nan],
    "tenure_days": [-2, np.inf],
    "observed_day": [np.nan],
    "weekend_share": [1.5, -0.1, np.inf],
    "n_gaps": [-1],
}
CASES = [(name, value) for name, values in BAD.items() for value in values]


@pytest.mark.parametrize(("name", "value"), CASES, ids=[f"{name}={value}" for name, value in CASES])
def test_what_is_impossible_is_named(fitted, name, value):
    rows = fitted.features.head(3).copy()
    rows.iloc[1, rows.columns.get_loc(name)] = value
    with pytest.raises(DataError, match=rf"^(frequency|recency|{name}): .* in [1-3] of 3 rows; expected the features"):
        check_rows(rows)


def test_what_lenses_make_is_right(fitted):
    check_rows(fitted.features)
    check_rows(fitted.features.head(0))
    whole = fitted.features.assign(n_orders=fitted.features["n_orders"].astype(int))
    check_rows(whole)


def test_ids_in_a_column_or_in_the_index(fitted):
    rows = fitted.features.head(2)
    assert with_ids(rows)["customer_id"].tolist() == with_ids(rows.reset_index())["customer_id"].tolist()
    with pytest.raises(DataError, match="customer_id: neither a column nor the index"):
        with_ids(rows.reset_index(drop=True))
    with pytest.raises(DataError, match="customer_id: missing in 1 of 2 rows"):
        with_ids(rows.reset_index().assign(customer_id=["a", None]))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_row_is_refused_or_assigned(fitted, data):
    """Whatever numbers a request holds: a line of ours, or an answer without a missing persona."""
    rows = fitted.features.head(2).copy()
    names = [name for name in rows if rows[name].dtype.kind == "f"]
    for name in data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=4)):
        rows.iloc[0, rows.columns.get_loc(name)] = data.draw(st.floats(allow_nan=True, allow_infinity=True))
    with contextlib.suppress(DataError):
        check_rows(rows)
        assert fitted.bundle.assign(rows)["persona"].notna().all()


def assign(rows: pd.DataFrame) -> None:
    """Reads two columns; neither a negative `b` nor a text in `d` that is no word."""
    if (rows["b"] < 0).any() or not rows["d"].isin(["", "word"]).all():
        raise IndexError("rows")


@pytest.mark.parametrize(("b", "d", "named"), [(-1.0, "word", "b"), (1.0, "secret", "d"), (-1.0, "secret", None)])
def test_the_column_at_fault_is_found_by_leaving_columns_out(b, d, named):
    rows = pd.DataFrame({"n_orders": [1.0], "a": [0.0], "b": [b], "c": [0.0], "d": [d]})
    features = {name: Feature(name, absent=0, text=name == "d") for name in rows}
    assert column_at_fault(rows, features, assign) == named
