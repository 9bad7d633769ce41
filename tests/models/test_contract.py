"""The contract of every estimator, fitted model and law, each promise over one list: a new model is a row in it."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import patronage as pt
from patronage.models.btyd.clv import CLVModel
from patronage.models.btyd.fit import LAWS
from patronage.models.btyd.mean import BtydMean
from patronage.models.forecast import Forecast
from patronage.models.journey import JourneyModel
from patronage.models.personas import PersonaModel

pytestmark = pytest.mark.slow

CUTOFF = "2023-09-01"

ESTIMATORS = [
    pt.CLV(),
    pt.Churn(max_rounds=30),
    pt.Personas(k_range=[2, 3], bootstraps=3),
    pt.Journey(cadence_classes=1),
    pt.ContactEffects(columns=["frequency", "n_orders"], folds=2, rounds=5, assume_random=True),
]
ESTIMATOR_IDS = [type(estimator).__name__ for estimator in ESTIMATORS]
# A column that each estimator reads.
READS = {
    "CLV": "frequency",
    "Churn": "frequency",
    "Personas": "repeat_days_per_month",
    "Journey": "journey_path",
    "ContactEffects": "frequency",
}
# Name to how the bundle holds it, and what its predictions are asked for.
MODELS: dict[str, tuple[type, Any]] = {
    "personas": (PersonaModel, lambda bundle: bundle.personas),
    "journey": (JourneyModel, lambda bundle: bundle.journey),
    "clv": (CLVModel, lambda bundle: bundle.clv),
    "btyd": (BtydMean, lambda bundle: bundle.forecast.btyd),
    "forecast": (Forecast, lambda bundle: bundle.forecast),
}
HORIZON = {"btyd": {"days": 90}}


@pytest.fixture(scope="module")
def log() -> pt.Tables:
    return pt.read(pt.example_orders())


@pytest.fixture(scope="module")
def features(log) -> pd.DataFrame:
    features = pt.features(log, CUTOFF)
    return features.assign(arm=["control", "mail"] * (len(features) // 2))  # by lot


@pytest.fixture(scope="module")
def churned(log) -> pd.Series:
    return pt.outcomes(log, CUTOFF, horizon_days=90)["churned"]


@pytest.fixture(scope="module")
def bundle(log) -> pt.Bundle:
    quick = ["personas.k_range=[3,4]", "personas.bootstraps=3", "churn.max_rounds=30", "journey.cadence_classes=1"]
    return pt.train(log, CUTOFF, horizon_days=90, overrides=quick).bundle


def fitted(estimator, features: pd.DataFrame, churned: pd.Series):
    return clone(estimator).fit(features, churned)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=ESTIMATOR_IDS)
class TestEveryEstimator:
    def test_parameters_are_stored_as_given(self, estimator):
        for name, value in inspect.signature(type(estimator)).parameters.items():
            assert getattr(type(estimator)(), name) is value.default
        assert clone(estimator).get_params() == estimator.get_params()

    def test_fit_returns_itself_and_leaves_its_input_as_it_was(self, estimator, features, churned):
        before, labels = features.copy(), churned.copy()
        fresh = clone(estimator)
        assert fresh.fit(features, churned) is fresh
        fresh.predict(features)
        pd.testing.assert_frame_equal(features, before, check_exact=True)
        pd.testing.assert_series_equal(churned, labels, check_exact=True)
        assert fresh.get_params() == estimator.get_params()

    def test_the_same_seed_predicts_the_same(self, estimator, features, churned):
        first, second = (fitted(estimator, features, churned).predict(features) for _ in range(2))
        pd.testing.assert_frame_equal(first, second, check_exact=True)

    def test_predictions_stand_on_the_index_of_the_features(self, estimator, features, churned):
        predicted = fitted(estimator, features, churned).predict(features)
        assert isinstance(predicted, pd.DataFrame)
        assert predicted.index.equals(features.index)

    def test_shuffled_rows_and_single_rows_predict_the_same(self, estimator, features, churned):
        model = fitted(estimator, features, churned)
        predicted = model.predict(features)
        shuffled = features.sample(frac=1, random_state=0)
        pd.testing.assert_frame_equal(model.predict(shuffled).loc[features.index], predicted, rtol=1e-9)
        for row in (0, 7, 65):
            pd.testing.assert_frame_equal(model.predict(features.iloc[[row]]), predicted.iloc[[row]], rtol=1e-9)

    def test_no_rows_are_no_predictions(self, estimator, features, churned):
        model = fitted(estimator, features, churned)
        assert list(model.predict(features.head(0))) == list(model.predict(features))
        assert model.predict(features.head(0)).empty

    def test_it_ends_a_pipeline(self, estimator, features, churned):
        pipeline = make_pipeline(FunctionTransformer(), clone(estimator)).fit(features, churned)
        predicted = fitted(estimator, features, churned).predict(features)
        pd.testing.assert_frame_equal(pipeline.predict(features), predicted, check_exact=True)

    def test_a_missing_column_is_named(self, estimator, features, churned):
        model = fitted(estimator, features, churned)
        column = READS[type(estimator).__name__]
        with pytest.raises(pt.DataError, match=column):
            model.predict(features.drop(columns=column))
        with pytest.raises(pt.DataError, match=column):
            clone(estimator).fit(features.drop(columns=column), churned)

    def test_before_fit_there_is_nothing_to_predict(self, estimator, features):
        with pytest.raises(NotFittedError):
            clone(estimator).predict(features)


@pytest.mark.parametrize("name", MODELS)
class TestEveryFittedModel:
    def test_predict_gives_arrays_by_name_in_the_order_of_the_rows(self, name, bundle, features):
        model = MODELS[name][1](bundle)
        predicted = model.predict(features, **HORIZON.get(name, {}))
        assert all(isinstance(values, np.ndarray) and len(values) == len(features) for values in predicted.values())
        turned = model.predict(features[::-1], **HORIZON.get(name, {}))
        for column, values in predicted.items():
            if values.dtype.kind == "f":
                np.testing.assert_allclose(turned[column][::-1], values, rtol=1e-9, err_msg=column)
            else:
                assert (turned[column][::-1] == values).all(), column

    def test_saved_and_loaded_it_predicts_the_same(self, name, bundle, features, tmp_path):
        kind, pick = MODELS[name]
        model = pick(bundle)
        model.save(tmp_path)
        again = kind.load(tmp_path).predict(features, **HORIZON.get(name, {}))
        for column, values in model.predict(features, **HORIZON.get(name, {})).items():
            assert np.array_equal(again[column], values, equal_nan=values.dtype.kind == "f"), column

    def test_it_is_frozen(self, name, bundle):
        model = MODELS[name][1](bundle)
        with pytest.raises(AttributeError, match="cannot assign to field"):
            model.anything = 1


LAW_PARAMETERS = {
    "bg_nbd": (0.6, 40.0, 0.8, 2.5),
    "mbg_nbd": (0.6, 40.0, 0.6, 1.2),
    "pareto_nbd": (0.6, 40.0, 0.6, 60.0),
    "abe": (0.01, 1.1, 0.004, 1.4, 1.3),
}
CUSTOMERS = np.array([[0.0, 0.0, 100.0], [2.0, 40.0, 60.0], [9.0, 180.0, 300.0], [30.0, 300.0, 301.0]]).T


@pytest.mark.parametrize("name", LAWS)
class TestEveryLaw:
    @pytest.fixture
    def law(self, name):
        return LAWS[name](*LAW_PARAMETERS[name])

    def test_probabilities_are_probabilities(self, law):
        for values in (law.p_alive(*CUSTOMERS), law.p_order(90, *CUSTOMERS)):
            assert ((values >= 0) & (values <= 1)).all()

    def test_more_orders_come_in_a_longer_horizon_and_at_a_higher_rate(self, law):
        orders = [law.expected_orders(days, *CUSTOMERS) for days in (1, 30, 365)]
        assert (np.diff(orders, axis=0) > 0).all()
        assert (law.expected_orders(90, *CUSTOMERS, 2.0) > law.expected_orders(90, *CUSTOMERS)).all()

    def test_a_customer_alone_is_the_customer_in_the_batch(self, law):
        batch = law.expected_orders(90, *CUSTOMERS)
        single = [law.expected_orders(90, *CUSTOMERS[:, [row]])[0] for row in range(4)]
        np.testing.assert_allclose(single, batch, rtol=1e-12)

    def test_an_order_expected_is_at_least_the_chance_of_one(self, law):
        assert (law.expected_orders(90, *CUSTOMERS) >= law.p_order(90, *CUSTOMERS) - 1e-12).all()
