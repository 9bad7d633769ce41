"""The frame that an estimator is given."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.errors import DataError
from patronage.models.validation import numbers_of, require_columns, require_single_values


def test_a_frame_with_the_columns_passes():
    require_columns(pd.DataFrame({"a": [1], "b": [2]}), ["b"], "CLV")


def test_what_is_missing_is_named():
    with pytest.raises(DataError, match="CLV: X lacks c, d; expected the DataFrame that patronage.features gives"):
        require_columns(pd.DataFrame({"a": [1]}), ["a", "c", "d"], "CLV")


@pytest.mark.parametrize("X", [np.ones((2, 2)), [[1.0]], {"a": [1]}, None])
def test_what_is_no_frame_is_named_by_its_type(X):
    with pytest.raises(DataError, match=f"Churn: X is a {type(X).__name__}; expected the DataFrame"):
        require_columns(X, ["a"], "Churn")


def test_what_is_expected_is_said_where_it_is_no_features():
    with pytest.raises(DataError, match="Contracts: X lacks renewals; expected a frame of contracts"):
        require_columns(pd.DataFrame({"a": [1]}), ["renewals"], "Contracts", "a frame of contracts")


def test_a_column_that_is_there_twice_is_named():
    with pytest.raises(DataError, match="CLV: X has b more than once"):
        require_columns(pd.DataFrame([[1, 2, 3]], columns=["a", "b", "b"]), ["a"], "CLV")


@pytest.mark.parametrize(
    ("values", "what"),
    [([[1], None], "lists or tables"), ([{"k": 1}, 2], "lists or tables"), ([1.0, np.inf], "infinite")],
)
def test_values_that_no_model_reads_are_named(values, what):
    with pytest.raises(DataError, match=f"Churn: a holds {what}"):
        require_single_values(pd.DataFrame({"a": values}), ["a"], "Churn")
    require_single_values(pd.DataFrame({"a": [1.0, np.nan], "b": ["x", None]}), ["a", "b"], "Churn")


def test_labels_are_numbers():
    assert numbers_of([True, False], 2, "a label").tolist() == [1.0, 0.0]
    assert np.isnan(numbers_of([None, 1], 2, "a label")).tolist() == [True, False]


@pytest.mark.parametrize("y", [["yes", "no"], ["1", "0"], np.array(["True", "False"]), [[1], [2, 3]]])
def test_labels_that_are_words_are_named(y):
    with pytest.raises(DataError, match="y holds what is no number; expected a label for each of the 2 rows of X"):
        numbers_of(y, 2, "a label")


@pytest.mark.parametrize(("y", "shape"), [([1.0], r"\(1,\)"), ([[1.0, 0.0]] * 2, r"\(2, 2\).*; give one column of it")])
def test_labels_of_another_shape_are_named(y, shape):
    with pytest.raises(DataError, match=f"y has shape {shape}"):
        numbers_of(y, 2, "a label")
