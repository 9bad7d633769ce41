"""The journey as a scikit-learn estimator, on 300 customers."""

from __future__ import annotations

import doctest

import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from patronage import names as c
from patronage.config import JourneyConfig
from patronage.errors import ConfigError, DataError
from patronage.models.journey import estimator as module
from patronage.models.journey.estimator import Journey

pytestmark = pytest.mark.slow

COLUMNS = ["journey_stage", "journey_probability", "next_stage", "journey_p_order"]


@pytest.fixture(scope="module")
def frame(book) -> pd.DataFrame:
    return book.head(300)


@pytest.fixture(scope="module")
def fitted(frame) -> Journey:
    return Journey().fit(frame)


def test_the_example_of_the_docstring():
    result = doctest.testmod(module)
    assert (result.failed, result.attempted) == (0, 4)


def test_predicts_four_columns(fitted, frame):
    predicted = fitted.predict(frame)
    assert list(predicted) == COLUMNS
    assert predicted.index.equals(frame.index)
    assert fitted.model_.fitted


def test_one_row_is_the_row_of_the_batch_and_the_order_does_not_matter(fitted, frame):
    predicted = fitted.predict(frame)
    pd.testing.assert_frame_equal(fitted.predict(frame.iloc[[8]]), predicted.iloc[[8]])
    shuffled = frame.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(fitted.predict(shuffled), predicted.loc[shuffled.index])
    refitted = clone(fitted).fit(shuffled).predict(frame)
    pd.testing.assert_frame_equal(refitted, predicted)


class TestPeriod:
    def test_the_frame_tells_it(self, frame):
        monthly = frame.copy()
        monthly.attrs["period_days"] = 30
        assert Journey().fit(monthly).model_.period_days == 30

    def test_without_it_the_paths_are_weekly_and_a_warning_says_so(self, frame, caplog):
        assert Journey().fit(frame).model_.period_days == 7
        assert "they are read as weekly" in caplog.text

    def test_it_may_be_given(self, frame):
        assert Journey(period_days=30).fit(frame).model_.period_days == 30

    def test_another_period_than_the_one_of_the_frame_is_refused(self, fitted, frame):
        monthly = frame.copy()
        monthly.attrs["period_days"] = 30
        with pytest.raises(DataError, match="periods of 30 days; expected 7"):
            fitted.predict(monthly)
        with pytest.raises(DataError, match="periods of 30 days; expected 14"):
            Journey(period_days=14).fit(monthly)


def test_parameters_are_stored_as_given_and_cloned():
    journey = Journey(horizon_days=28, cadence_classes=2, seed=4)
    assert clone(journey).get_params() == journey.get_params()
    assert journey.set_params(seed=5).seed == 5


def test_the_defaults_are_those_of_the_configuration():
    defaults, config = Journey().get_params(), JourneyConfig()
    for name in ("period_days", "cadence_classes", "max_customers", "min_customers"):
        assert defaults[name] == getattr(config, name)


def test_works_in_a_pipeline(fitted, frame):
    pipeline = Pipeline([("same", FunctionTransformer()), ("journey", clone(fitted))]).fit(frame)
    pd.testing.assert_frame_equal(pipeline.predict(frame), fitted.predict(frame))


def test_wrong_frames_and_parameters_get_one_line(fitted, frame):
    with pytest.raises(DataError, match="Journey: X lacks journey_path; .*patronage.features"):
        Journey().fit(pd.DataFrame({"x": [1]}))
    with pytest.raises(DataError, match="Journey: X lacks journey_path"):
        fitted.predict(pd.DataFrame({"x": [1]}))
    with pytest.raises(DataError, match="X is a ndarray"):
        fitted.predict(frame[c.JOURNEY_PATH].to_numpy())
    with pytest.raises(ConfigError, match="journey.cadence_classes=4"):
        Journey(cadence_classes=4).fit(frame)
    with pytest.raises(ConfigError, match="journey.period_days"):
        Journey(period_days="monthly").fit(frame)


def test_before_the_fit_there_is_no_prediction(frame):
    with pytest.raises(NotFittedError):
        Journey().predict(frame)
