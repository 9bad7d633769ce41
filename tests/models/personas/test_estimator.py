"""Personas as a scikit-learn clusterer, on 300 customers with and without groups."""

from __future__ import annotations

import doctest
import logging

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import adjusted_rand_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from patronage import names as c
from patronage.config import PersonasConfig
from patronage.errors import ConfigError, DataError, FitError
from patronage.models.personas import estimator as module
from patronage.models.personas.estimator import Personas

pytestmark = pytest.mark.slow

COLUMNS = ["persona_id", "persona", "persona_probability", "persona_runner_up", "persona_reason"]


@pytest.fixture(scope="module")
def frame(planted) -> pd.DataFrame:
    return planted[0].head(300)


@pytest.fixture(scope="module")
def fitted(frame) -> Personas:
    return Personas(features=["orders", "value"], bootstraps=5).fit(frame)


def test_the_example_of_the_docstring():
    result = doctest.testmod(module)
    assert (result.failed, result.attempted) == (0, 5)


def test_recovers_planted_groups(fitted, frame, planted):
    assert fitted.stable_
    assert adjusted_rand_score(planted[1][:300], fitted.labels_) > 0.8
    predicted = fitted.predict(frame)
    assert list(predicted) == COLUMNS
    assert predicted.index.equals(frame.index)
    np.testing.assert_array_equal(predicted[c.PERSONA_ID], fitted.labels_)


def test_fit_predict_gives_the_labels(fitted, frame):
    np.testing.assert_array_equal(clone(fitted).fit_predict(frame), fitted.labels_)


def test_one_row_is_the_row_of_the_batch_and_the_order_does_not_matter(fitted, frame):
    predicted = fitted.predict(frame)
    pd.testing.assert_frame_equal(fitted.predict(frame.iloc[[7]]), predicted.iloc[[7]])
    shuffled = frame.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(fitted.predict(shuffled), predicted.loc[shuffled.index])


def test_without_groups_the_personas_are_marked_as_not_stable(caplog):
    noise = pd.DataFrame(np.random.default_rng(0).normal(size=(300, 4)), columns=list("wxyz"))
    with caplog.at_level(logging.WARNING):
        personas = Personas(features=list("wxyz"), bootstraps=5).fit(noise)
    assert not personas.stable_
    assert "the personas are not stable in this data: bootstrap ARI" in caplog.text
    assert len(personas.predict(noise)) == 300
    with pytest.raises(FitError, match="personas.k=6 is not stable"):
        Personas(features=list("wxyz"), k=6, bootstraps=5).fit(noise)


def test_parameters_are_stored_as_given_and_cloned():
    personas = Personas(k=4, features={"orders": True}, k_range=(2, 5), seed=3)
    assert clone(personas).get_params() == personas.get_params()
    assert personas.get_params()["k_range"] == (2, 5)
    assert personas.set_params(k="auto").k == "auto"


def test_the_defaults_are_those_of_the_configuration():
    defaults, config = Personas().get_params(), PersonasConfig()
    assert defaults.pop("features") is None
    assert defaults.pop("views") is None
    assert list(defaults.pop("k_range")) == config.k_range
    assert defaults.pop("seed") == 0
    assert defaults == {name: getattr(config, name) for name in defaults}
    of_a_refit = {"features", "views", "k_range", "match_limit", "keep_within"}
    assert set(defaults) == set(PersonasConfig.__dataclass_fields__) - of_a_refit


def test_works_in_a_pipeline(fitted, frame):
    pipeline = Pipeline([("same", FunctionTransformer()), ("personas", clone(fitted))]).fit(frame)
    pd.testing.assert_frame_equal(pipeline.predict(frame), fitted.predict(frame))


def test_does_not_change_the_frame(fitted, frame):
    before = frame.copy(deep=True)
    clone(fitted).fit(frame).predict(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_wrong_frames_and_parameters_get_one_line(fitted, frame):
    with pytest.raises(DataError, match="Personas: X lacks repeat_days_per_month; .*patronage.features"):
        Personas().fit(frame)
    with pytest.raises(DataError, match="Personas: X lacks value;"):
        fitted.predict(frame[["orders"]])
    with pytest.raises(DataError, match="Personas: X lacks active_days;"):
        Personas(features=["orders"], min_active_days=2).fit(frame)
    with pytest.raises(DataError, match="X is a ndarray"):
        fitted.predict(frame.to_numpy())
    with pytest.raises(ConfigError, match="none of name is x is chosen"):
        Personas(features=["name"]).fit(frame.assign(name="x"))
    with pytest.raises(ConfigError, match="personas.method=trees"):
        Personas(features=["orders"], method="trees").fit(frame)


def test_before_the_fit_there_is_no_prediction(frame):
    with pytest.raises(NotFittedError):
        Personas().predict(frame)
