from __future__ import annotations

import doctest

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from patronage import names as c
from patronage.config import ClvConfig
from patronage.errors import ConfigError, DataError, FitError
from patronage.models.btyd import clv, estimator
from patronage.models.btyd.estimator import CLV, NEEDED, PREDICTED

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def X(cdnow_summary) -> pd.DataFrame:  # noqa: N802
    """300 customers of CDNOW, and two contacts without an order; with a column that is not read."""
    contacts = pd.DataFrame({c.FREQUENCY: 0, c.RECENCY: 0, c.T: np.nan, c.MONETARY_VALUE: 0.0}, index=[-1, -2])
    return pd.concat([cdnow_summary.iloc[:300], contacts]).sample(frac=1, random_state=0).assign(town="x")


@pytest.fixture(scope="module")
def fitted(X) -> CLV:
    return CLV().fit(X)


def test_predicts_on_the_index_of_x(fitted, X):
    predicted = fitted.predict(X)
    assert predicted.index.equals(X.index)
    assert tuple(predicted.columns) == PREDICTED
    assert predicted.loc[[-1, -2]].isna().all(axis=None)
    assert predicted.drop(index=[-1, -2]).notna().all(axis=None)


def test_predicts_what_the_fitted_value_predicts(fitted, X):
    buyers = X[X[c.T].notna()]
    model = clv.fit(buyers, ClvConfig(), model="bg_nbd", horizon_days=90)
    assert fitted.model_ == model
    expected = pd.DataFrame(model.predict(buyers), buyers.index)[list(PREDICTED)]
    pd.testing.assert_frame_equal(fitted.predict(X).loc[buyers.index], expected, check_exact=True)


def test_defaults_are_those_of_the_configuration():
    parameters, config = CLV().get_params(), ClvConfig()
    assert parameters.pop("horizon_days") == 90
    assert list(parameters.pop("covariates")) == config.covariates
    assert parameters == {name: getattr(config, name) for name in parameters}


def test_parameters_are_stored_as_given_and_cloned():
    model = CLV(model="pareto_nbd", horizon_days=30, margin=0.2)
    copy = clone(model)
    assert copy is not model
    assert copy.get_params() == model.get_params()
    assert copy.set_params(level=0.5).level == 0.5
    assert model.level == 0.8


def test_a_clone_of_a_fitted_estimator_is_not_fitted(fitted, X):
    with pytest.raises(NotFittedError):
        clone(fitted).predict(X)


@pytest.mark.parametrize(("name", "value"), [("margin", 0.5), ("discount_rate", 0.5), ("level", 0.5)])
def test_each_parameter_matters(fitted, X, name, value):
    changed = clone(fitted).set_params(**{name: value}).fit(X)
    assert not changed.predict(X).equals(fitted.predict(X))


@pytest.mark.parametrize("model", ["mbg_nbd", "pareto_nbd"])
def test_every_law_can_be_named(X, model):
    assert CLV(model=model).fit(X).model_.settings.model == model


def test_works_in_a_pipeline(fitted, X):
    pipeline = make_pipeline(FunctionTransformer(), CLV()).fit(X)
    pd.testing.assert_frame_equal(pipeline.predict(X), fitted.predict(X), check_exact=True)
    assert clone(pipeline).get_params()["clv__horizon_days"] == 90


def test_rows_do_not_matter_to_each_other(fitted, X):
    predicted = fitted.predict(X)
    shuffled = X.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(fitted.predict(shuffled), predicted.loc[shuffled.index], check_exact=True)
    assert clone(fitted).fit(shuffled).model_ == fitted.model_
    for rows in ([0], [X.index.get_loc(-1)], []):
        pd.testing.assert_frame_equal(fitted.predict(X.iloc[rows]), predicted.iloc[rows], check_exact=True)


def test_the_input_is_untouched(fitted, X):
    before = X.copy(deep=True)
    fitted.predict(X)
    clone(fitted).fit(X)
    pd.testing.assert_frame_equal(X, before, check_exact=True)


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_column_is_named(fitted, X, name):
    for call in (CLV().fit, fitted.predict):
        with pytest.raises(DataError, match=f"^CLV: X lacks {name}; expected the DataFrame that patronage.features"):
            call(X.drop(columns=name))


def test_an_array_is_refused(X):
    with pytest.raises(DataError, match="^CLV: X is a ndarray; expected the DataFrame"):
        CLV().fit(X.to_numpy())


@pytest.mark.parametrize(
    "row",
    [
        {c.FREQUENCY: -1.0}, {c.FREQUENCY: 1.5}, {c.FREQUENCY: np.nan}, {c.RECENCY: -1.0}, {c.RECENCY: 101.0},
        {c.FREQUENCY: 0.0}, {c.MONETARY_VALUE: np.nan},
    ],
)  # fmt: skip
def test_a_row_that_is_no_summary_is_counted(fitted, row):
    good = {c.FREQUENCY: 2.0, c.RECENCY: 100.0, c.T: 100.0, c.MONETARY_VALUE: 5.0}
    assert fitted.predict(pd.DataFrame([good])).notna().all(axis=None)
    with pytest.raises(DataError, match="^X has 1 rows that are no summary of orders; expected a whole frequency"):
        fitted.predict(pd.DataFrame([good, good | row]))


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        ({"model": "auto"}, "^model=auto; expected one of bg_nbd"),
        ({"horizon_days": 0}, "^horizon_days=0; expected 1 to"),
        ({"level": 1.0}, "level=1.0; expected"),
    ],
)
def test_a_parameter_out_of_range_is_named_at_fit(X, parameter, message):
    model = CLV(**parameter)  # a constructor stores and checks nothing
    with pytest.raises(ConfigError, match=message):
        model.fit(X)


def test_without_repeat_orders_there_is_nothing_to_fit(X):
    with pytest.raises(FitError, match="no repeat order"):
        CLV().fit(X[X[c.FREQUENCY] == 0])


def test_its_example_runs():
    results = doctest.testmod(estimator)
    assert results.attempted > 5
    assert results.failed == 0
