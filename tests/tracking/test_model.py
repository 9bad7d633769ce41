"""What MLflow's pyfunc of a bundle takes: a right answer, or a line that names the column."""

from __future__ import annotations

import json
from decimal import Decimal

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from fitted import fitted, registered  # noqa: F401

COUNTS = ["n_orders", "frequency", "active_days"]
MEANT = {  # other ways to write the same features
    "int32": lambda rows: rows.astype(dict.fromkeys(COUNTS, "int32")),
    "int64": lambda rows: rows.astype(dict.fromkeys(COUNTS, "int64")),
    "uint8": lambda rows: rows.astype(dict.fromkeys(COUNTS, "uint8")),
    "nullable Int64": lambda rows: rows.astype(dict.fromkeys(COUNTS, "Int64")),
    "nullable Float64": lambda rows: rows.astype(dict.fromkeys(COUNTS, "Float64")),
    "arrow int64": lambda rows: rows.astype(dict.fromkeys(COUNTS, "int64[pyarrow]")),
    "categories": lambda rows: rows.astype(dict.fromkeys(COUNTS, "category")),
    "digits": lambda rows: rows.astype(dict.fromkeys(COUNTS, "int64")).astype(dict.fromkeys(COUNTS, "str")),
    "decimals": lambda rows: rows.assign(net_revenue=[Decimal(repr(float(x))) for x in rows["net_revenue"]]),
    "ids in the index": lambda rows: rows.set_index("customer_id"),
    "a column more": lambda rows: rows.assign(colour="red"),
    "columns by name": lambda rows: rows.to_dict("list"),
    "one row after the other": lambda rows: rows.to_dict("records"),
}
REFUSED = {  # what is wrong, and the line
    "a word": ("n_orders", ["3", "four", "1,016"], "n_orders: no number in 2 of 3 rows"),
    "dates": ("n_orders", pd.date_range("2024-01-01", periods=3), "n_orders: no number in 3 of 3 rows"),
    "lists": ("n_orders", [[1], [2], [3]], "n_orders: no number in 3 of 3 rows"),
    "beyond any float": ("n_orders", [10**400, 1, 2], "n_orders: no number in 1 of 3 rows"),
    "a missing count": ("n_orders", pd.array([1, None, 2], "Int64"), "n_orders: missing in 1 of 3 rows"),
    "below zero": ("n_orders", [1, -1, 2], "n_orders: negative in 1 of 3 rows"),
    "an endless text": ("net_revenue", ["inf", "1", "2"], "net_revenue: infinite in 1 of 3 rows"),
    "half a text": ("journey_path", [1.5, 1.5, 1.5], "journey_path: neither a text nor a whole number in 3 of 3"),
    "a dict": ("journey_path", [{"a": 1}] * 3, "journey_path: neither a text nor a whole number in 3 of 3 rows"),
    "a null id": ("customer_id", ["a", None, "b"], "customer_id: missing in 1 of 3 rows"),
    "an id NaN": ("customer_id", [1.0, np.nan, 2.0], "customer_id: missing in 1 of 3 rows"),
    "a blank id": ("customer_id", ["a", "", "b"], "customer_id: missing in 1 of 3 rows"),
    "half an id": ("customer_id", [1.5, 2.0, 3.0], "customer_id: neither a text nor a whole number in 1 of 3 rows"),
    "ids that lost digits": ("customer_id", [2.0**53, 1.0, 2.0], "customer_id: neither a text nor a whole number in 1"),
    "ids true or false": ("customer_id", [True, False, True], "customer_id: neither a text nor a whole number in 3"),
}


@pytest.fixture(scope="module")
def model(registered):  # noqa: F811
    mlflow.set_tracking_uri(registered)
    mlflow.set_registry_uri(registered)
    return mlflow.pyfunc.load_model("models:/patronage@champion")


@pytest.fixture
def rows(fitted) -> pd.DataFrame:  # noqa: F811
    return fitted.features.head(3).reset_index()


@pytest.mark.parametrize("meant", MEANT)
def test_the_same_features_written_in_another_way_have_the_same_answer(model, rows, meant):
    expected = model.predict(rows)
    pd.testing.assert_frame_equal(model.predict(MEANT[meant](rows)), expected, check_exact=True)


@pytest.mark.parametrize("wrong", REFUSED)
def test_what_is_no_feature_is_a_line_with_the_column(model, rows, wrong):
    column, values, line = REFUSED[wrong]
    with pytest.raises(MlflowException, match=f"^{line}"):
        model.predict(rows.assign(**{column: pd.Series(values, dtype=object)}))


@pytest.mark.parametrize("dtype", ["int64", "float64", "Int64", object])
def test_ids_that_are_numbers_are_their_digits(model, rows, dtype):
    ids = pd.Series([17850, 7, 2**53 - 1]).astype(dtype)
    for written in (rows.assign(customer_id=ids), rows.set_index(pd.Index(ids, name="customer_id"))[list(rows)[1:]]):
        assert model.predict(written)["customer_id"].tolist() == ["17850", "7", "9007199254740991"]


def test_a_column_that_is_not_there(model, rows):
    with pytest.raises(MlflowException, match=r"^n_orders, T: no such column in the rows; expected the features"):
        model.predict(rows.drop(columns=["n_orders", "T"]))
    with pytest.raises(MlflowException, match="^customer_id: neither a column nor the index"):
        model.predict(rows.drop(columns="customer_id"))
    with pytest.raises(MlflowException, match="^n_orders, .* and 57 more: no such column"):
        model.predict(pd.DataFrame({"customer_id": ["a"]}))


@pytest.mark.parametrize("column", ["customer_id", "n_orders", "persona_of_taste", "T"])
def test_a_column_that_is_given_twice(model, rows, column):
    """MLflow reads two rows of it as the names of the two columns: as ids they would be answered."""
    column = column if column in rows else next(name for name in rows if rows[name].dtype.kind in "OT")
    twice = pd.concat([rows.head(2), rows[[column]].head(2)], axis=1)
    with pytest.raises(MlflowException, match=f"^{column}: given twice"):
        model.predict(twice)


def test_the_server_quotes_nothing_of_the_rows(model, rows):
    with pytest.raises(MlflowException) as caught:
        model.predict(rows.assign(n_orders=-1))
    caught.value.message = f"Failed to predict data '{rows}'. \nError: {caught.value.message}"  # as the server does
    line = json.loads(caught.value.serialize_as_json())
    assert line["message"].startswith("n_orders: negative in 3 of 3 rows")
    assert (line["error_code"], caught.value.get_http_status_code()) == ("INVALID_PARAMETER_VALUE", 400)


@pytest.mark.parametrize(
    ("column", "value", "line"),
    [
        ("journey_path", "secret", "journey_path: a character outside '.eipm' in 1 of 3 rows; expected"),
        ("observed_day", None, "observed_day: missing where n_orders > 0 needs it, in 1 of 3 rows; expected"),
        ("n_gaps", None, "n_gaps: missing in 1 of 3 rows; expected"),
    ],
)
def test_a_value_that_only_its_own_model_reads_is_named_and_not_shown(model, rows, column, value, line):
    values = rows[column].astype(object)
    values.iloc[0] = value
    with pytest.raises(MlflowException) as caught:
        model.predict(rows.assign(**{column: values}))
    assert caught.value.message.startswith(line)
    assert "secret" not in caught.value.message


def test_no_rows_and_no_buyers(model, rows):
    whole = model.predict(rows)
    untyped = pd.DataFrame({name: [] for name in rows})
    for none in (rows.head(0), untyped):
        pd.testing.assert_frame_equal(model.predict(none), whole.head(0), check_dtype=False)
    contact = model.input_example[1:].reset_index(drop=True)
    answer = model.predict(contact)
    assert list(answer) == list(whole)
    assert answer.loc[0, ["persona", "churn_probability", "clv"]].isna().tolist() == [False, True, True]
