from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from patronage import names as columns
from patronage.errors import FitError
from patronage.models.btyd import clv
from patronage.models.btyd.intervals import both, unsure

SETTINGS = {"horizon_days": 90, "value_horizon_days": 365, "discount_rate": 0.1, "margin": 0.3, "level": 0.8}


@pytest.fixture(scope="module", params=["bg_nbd", "mbg_nbd", "pareto_nbd"])
def model(request, cdnow):
    return clv.fit(cdnow, model=request.param, **SETTINGS)


@pytest.fixture(scope="module")
def predicted(model, cdnow):
    return model.predict(cdnow)


def test_names_what_it_reads_and_gives(model, predicted, cdnow):
    assert model.columns == (columns.FREQUENCY, columns.RECENCY, columns.T, columns.MONETARY_VALUE)
    assert set(predicted) == {
        columns.P_ALIVE,
        columns.P_ORDER,
        columns.EXPECTED_ORDERS,
        columns.EXPECTED_ORDERS_LOW,
        columns.EXPECTED_ORDERS_HIGH,
        columns.EXPECTED_SPEND,
        columns.CLV,
        columns.CLV_LOW,
        columns.CLV_HIGH,
    }
    assert (predicted.dtypes == np.float64).all()
    assert predicted.index.equals(cdnow.index)


def test_values_hang_together(model, predicted, cdnow):
    customers = [cdnow[name] for name in model.columns[:3]]
    worth = model.spend_law.expected_spend(cdnow[columns.FREQUENCY], cdnow[columns.MONETARY_VALUE])
    assert np.isfinite(predicted).all(axis=None)
    assert (predicted >= 0).all(axis=None)
    assert (predicted[columns.P_ORDER] <= predicted[columns.P_ALIVE]).all()
    assert (predicted[columns.P_ORDER] <= predicted[columns.EXPECTED_ORDERS]).all()
    assert (predicted[columns.EXPECTED_ORDERS_LOW] <= predicted[columns.EXPECTED_ORDERS_HIGH]).all()
    assert (predicted[columns.CLV_LOW] <= predicted[columns.CLV_HIGH]).all()
    spend = model.law.expected_orders(90, *customers) * worth
    np.testing.assert_allclose(predicted[columns.EXPECTED_SPEND], spend, rtol=1e-12)
    undiscounted = 0.3 * model.law.expected_orders(365, *customers) * worth
    ratio = predicted[columns.CLV] / undiscounted
    assert ratio.between(1 / 1.1, 1, inclusive="neither").all()
    (guess,) = unsure(model.law, model.orders_fit, (365,), customers[0].to_numpy(), customers[2].to_numpy())
    spread = both(guess, 0.0)
    for name, level in ((columns.CLV_LOW, 0.1), (columns.CLV_HIGH, 0.9)):
        end = 0.3 * worth * model.law.quantile(level, 365, *customers, 1.0, spread) * ratio
        np.testing.assert_allclose(predicted[name], end, rtol=1e-12)


def test_interval_holds_what_its_level_says(model, predicted, cdnow):
    """Each tail beyond the quantiles holds 10 % of the futures at most."""
    above = model.at_least(predicted[columns.EXPECTED_ORDERS_HIGH] + 1, cdnow)
    from_low_on = model.at_least(predicted[columns.EXPECTED_ORDERS_LOW], cdnow)
    assert (above <= 0.1).all()
    assert (from_low_on >= 0.9).all()


def test_no_discount_is_the_margin_on_expected_orders(cdnow):
    settings = SETTINGS | {"discount_rate": 0.0, "value_horizon_days": 90}
    predicted = clv.fit(cdnow, model="bg_nbd", **settings).predict(cdnow)
    np.testing.assert_allclose(predicted[columns.CLV], 0.3 * predicted[columns.EXPECTED_SPEND], rtol=1e-14)


def test_rows_do_not_matter_to_each_other(model, predicted, cdnow):
    shuffled = cdnow.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(model.predict(shuffled), predicted.loc[shuffled.index], check_exact=True)
    some = cdnow.iloc[100:110]
    pd.testing.assert_frame_equal(model.predict(some), predicted.iloc[100:110], check_exact=True)
    assert model.predict(cdnow.iloc[:0]).empty


def test_the_callers_frame_is_untouched(model, cdnow):
    before = cdnow.copy(deep=True)
    multiplier = pd.Series(1.5, index=cdnow.index)
    model.predict(cdnow, multiplier)
    pd.testing.assert_frame_equal(cdnow, before, check_exact=True)
    assert (multiplier == 1.5).all()


def test_fitting_again_gives_the_same_bits(model, cdnow):
    again = clv.fit(cdnow.sample(frac=1, random_state=1), model=model.settings.model, **SETTINGS)
    assert again == model


def test_saved_and_loaded_is_equal(model, predicted, cdnow, tmp_path):
    model.save(tmp_path / "clv")
    loaded = clv.CLVModel.load(tmp_path / "clv")
    assert loaded == model
    assert type(loaded.law) is type(model.law)
    pd.testing.assert_frame_equal(loaded.predict(cdnow), predicted, check_exact=True)
    assert [path.suffix for path in (tmp_path / "clv").iterdir()] == [".json"]


def test_a_model_without_covariance_is_saved_too(model, tmp_path):
    vague = replace(model, orders_fit=replace(model.orders_fit, covariance=None))
    vague.save(tmp_path)
    assert clv.CLVModel.load(tmp_path) == vague
    assert json.loads(next(tmp_path.iterdir()).read_text())["orders_fit"]["covariance"] is None


def test_a_multiplier_moves_everything_that_lies_ahead(model, predicted, cdnow):
    ones = pd.Series(1.0, index=cdnow.index)
    pd.testing.assert_frame_equal(model.predict(cdnow, ones), predicted, check_exact=True)
    doubled = model.predict(cdnow, 2 * ones)
    assert doubled[columns.P_ALIVE].equals(predicted[columns.P_ALIVE])
    for name in (columns.P_ORDER, columns.EXPECTED_ORDERS, columns.EXPECTED_SPEND, columns.CLV):
        assert (doubled[name] > predicted[name]).all()
    for name in (columns.EXPECTED_ORDERS_HIGH, columns.EXPECTED_ORDERS_LOW):
        assert (doubled[name] >= predicted[name]).all()
    nothing = model.predict(cdnow, 0 * ones)
    assert (nothing.drop(columns=columns.P_ALIVE) == 0).all(axis=None)


def test_a_multiplier_belongs_to_the_index(model, cdnow):
    multiplier = pd.Series(np.linspace(0.5, 2, len(cdnow)), index=cdnow.index)
    straight = model.predict(cdnow, multiplier)
    pd.testing.assert_frame_equal(model.predict(cdnow, multiplier[::-1]), straight, check_exact=True)
    with pytest.raises(KeyError):
        model.predict(cdnow, multiplier.iloc[1:])


def test_needs_repeat_orders(cdnow):
    once = cdnow[cdnow[columns.FREQUENCY] == 0]
    with pytest.raises(FitError, match="found 1411 customers and no repeat order"):
        clv.fit(once, model="bg_nbd", **SETTINGS)
