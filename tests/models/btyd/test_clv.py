from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.config import ClvConfig
from patronage.errors import FitError
from patronage.models.btyd import clv
from patronage.models.btyd.earlier_origin import calibrate_intervals
from patronage.models.btyd.intervals import KNOTS, IntervalCalibration, combined_cv, parameter_uncertainty
from patronage.models.btyd.quantiles import quantile
from patronage.models.btyd.summary import Summary

pytestmark = pytest.mark.slow

CONFIG = ClvConfig(margin=0.3)
EVERYONE = slice(None)


@pytest.fixture(scope="module", params=["bg_nbd", "mbg_nbd", "pareto_nbd"])
def model(request, cdnow_summary):
    return clv.fit(cdnow_summary, CONFIG, model=request.param, horizon_days=90)


@pytest.fixture(scope="module")
def predicted(model, cdnow_summary):
    return table(model, cdnow_summary)


def table(model, features, *arguments) -> pd.DataFrame:
    return pd.DataFrame(model.predict(features, *arguments), index=features.index)


def test_names_what_it_reads_and_predicts(model, predicted):
    assert model.columns == (c.FREQUENCY, c.RECENCY, c.T, c.MONETARY_VALUE)
    assert set(predicted) == {
        c.P_ALIVE, c.P_ORDER, c.EXPECTED_ORDERS, c.EXPECTED_ORDERS_LOW, c.EXPECTED_ORDERS_HIGH, c.EXPECTED_SPEND,
        c.EXPECTED_SPEND_LOW, c.MEDIAN_SPEND, c.EXPECTED_SPEND_HIGH, c.MEDIAN_ORDERS, c.CLV, c.CLV_LOW, c.MEDIAN_CLV,
        c.CLV_HIGH,
    }  # fmt: skip
    assert (predicted.dtypes == np.float64).all()


def test_a_frame_and_arrays_by_name_give_the_same(model, predicted, cdnow_summary):
    arrays = {name: cdnow_summary[name].to_numpy() for name in model.columns}
    pd.testing.assert_frame_equal(pd.DataFrame(model.predict(arrays), cdnow_summary.index), predicted, check_exact=True)


def test_values_hang_together(model, predicted, cdnow_summary):
    customers = Summary.of(cdnow_summary)
    order_value = model.spend_law.expected_spend(customers.x, cdnow_summary[c.MONETARY_VALUE])
    assert np.isfinite(predicted).all(axis=None)
    assert (predicted >= 0).all(axis=None)
    assert (predicted[c.P_ORDER] <= predicted[c.P_ALIVE]).all()
    assert (predicted[c.P_ORDER] <= predicted[c.EXPECTED_ORDERS]).all()
    assert (predicted[c.EXPECTED_ORDERS_LOW] <= predicted[c.EXPECTED_ORDERS_HIGH]).all()
    assert (predicted[c.CLV_LOW] <= predicted[c.CLV_HIGH]).all()
    spend = model.law.expected_orders(90, *customers) * order_value
    np.testing.assert_allclose(predicted[c.EXPECTED_SPEND], spend, rtol=1e-12)
    undiscounted = 0.3 * model.law.expected_orders(365, *customers) * order_value
    ratio = predicted[c.CLV] / undiscounted
    assert ratio.between(1 / 1.1, 1, inclusive="neither").all()
    (parameters,) = parameter_uncertainty(model.law, model.orders_fit, (365,), customers.x, customers.T)
    for name, level in ((c.CLV_LOW, 0.1), (c.CLV_HIGH, 0.9)):
        counts = quantile(model.law, level, 365, *customers, 1.0, combined_cv(parameters, 0.0))
        assert ((predicted[name] > 0) == (counts > 0)).all()  # spend varies around it, and is none without an order


def test_an_interval_contains_its_level(model, predicted, cdnow_summary):
    """Each tail beyond the quantiles has 10 % of the futures at most."""
    survival = model.survival(cdnow_summary)
    assert (survival(predicted[c.EXPECTED_ORDERS_HIGH] + 1, EVERYONE) <= 0.1).all()
    assert (survival(predicted[c.EXPECTED_ORDERS_LOW], EVERYONE) >= 0.9).all()


def test_survival_of_some_customers_is_that_of_all(model, cdnow_summary):
    factor = np.linspace(0.5, 2, len(cdnow_summary))
    survival, rows = model.survival(cdnow_summary, factor), np.array([5, 900, 17])
    np.testing.assert_array_equal(survival(2, rows), survival(2, EVERYONE)[rows])
    assert (survival(0, rows) == 1).all()


def test_no_discount_is_the_margin_on_expected_orders(cdnow_summary):
    config = ClvConfig(margin=0.3, discount_rate=0.0, value_horizon_days=90)
    predicted = clv.fit(cdnow_summary, config, model="bg_nbd", horizon_days=90).predict(cdnow_summary)
    np.testing.assert_allclose(predicted[c.CLV], 0.3 * predicted[c.EXPECTED_SPEND], rtol=1e-14)


def test_rows_do_not_matter_to_each_other(model, predicted, cdnow_summary):
    shuffled = cdnow_summary.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(table(model, shuffled), predicted.loc[shuffled.index], check_exact=True)
    for rows in (slice(100, 110), slice(7, 8), slice(0, 0)):
        some = table(model, cdnow_summary.iloc[rows])
        pd.testing.assert_frame_equal(some, predicted.iloc[rows], check_exact=True)


def test_the_callers_arguments_are_untouched(model, cdnow_summary):
    before = cdnow_summary.copy(deep=True)
    multiplier = np.full(len(cdnow_summary), 1.5)
    model.predict(cdnow_summary, multiplier)
    pd.testing.assert_frame_equal(cdnow_summary, before, check_exact=True)
    assert (multiplier == 1.5).all()


def test_fitting_again_gives_the_same_bits(model, cdnow_summary):
    shuffled = cdnow_summary.sample(frac=1, random_state=1)
    assert clv.fit(shuffled, CONFIG, model=model.settings.model, horizon_days=90) == model


def test_saved_and_loaded_is_equal(model, predicted, cdnow_summary, tmp_path):
    model.save(tmp_path / "clv")
    loaded = clv.CLVModel.load(tmp_path / "clv")
    assert loaded == model
    assert type(loaded.law) is type(model.law)
    pd.testing.assert_frame_equal(table(loaded, cdnow_summary), predicted, check_exact=True)
    assert [path.suffix for path in (tmp_path / "clv").iterdir()] == [".json"]


def test_a_model_without_covariance_is_saved_too(model, tmp_path):
    vague = replace(model, orders_fit=replace(model.orders_fit, covariance=None))
    vague.save(tmp_path)
    assert clv.CLVModel.load(tmp_path) == vague
    assert json.loads(next(tmp_path.iterdir()).read_text())["orders_fit"]["covariance"] is None


def test_a_multiplier_changes_everything_that_lies_ahead(model, predicted, cdnow_summary):
    ones = np.ones(len(cdnow_summary))
    pd.testing.assert_frame_equal(table(model, cdnow_summary, ones), predicted, check_exact=True)
    doubled = table(model, cdnow_summary, 2 * ones)
    assert doubled[c.P_ALIVE].equals(predicted[c.P_ALIVE])
    for name in (c.P_ORDER, c.EXPECTED_ORDERS, c.EXPECTED_SPEND, c.CLV):
        assert (doubled[name] > predicted[name]).all()
    for name in (c.EXPECTED_ORDERS_HIGH, c.EXPECTED_ORDERS_LOW):
        assert (doubled[name] >= predicted[name]).all()
    nothing = table(model, cdnow_summary, 0 * ones)
    assert (nothing.drop(columns=c.P_ALIVE) == 0).all(axis=None)


def test_a_season_is_a_factor_on_the_horizon_alone(model, cdnow_summary):
    """The same rates in the horizon; beyond it those without the season."""
    ones = np.ones(len(cdnow_summary))
    seasonal, plain = table(model, cdnow_summary, 1.5 * ones, None, 1.5), table(model, cdnow_summary, ones)
    risen = table(model, cdnow_summary, 1.5 * ones)
    pd.testing.assert_series_equal(seasonal[c.EXPECTED_ORDERS], risen[c.EXPECTED_ORDERS], check_exact=True)
    pd.testing.assert_series_equal(seasonal[c.CLV], plain[c.CLV], check_exact=True)


def test_needs_repeat_orders(cdnow_summary):
    once = cdnow_summary[cdnow_summary[c.FREQUENCY] == 0]
    with pytest.raises(FitError, match="found 1411 customers and no repeat order"):
        clv.fit(once, CONFIG, model="bg_nbd", horizon_days=90)


@pytest.fixture(scope="module")
def calibrated(cdnow_summary):
    """CDNOW's model, before and after a calibration by an origin with drifting rates and tails that were too short."""
    model = clv.fit(cdnow_summary, CONFIG, model="bg_nbd", horizon_days=90)
    orders = np.random.default_rng(2).poisson(model.predict(cdnow_summary)[c.EXPECTED_ORDERS])
    assert calibrate_intervals(model, model, cdnow_summary, orders).calibration.refused == ""
    wide = tuple(np.interp(KNOTS, [0, 0.1, 0.5], [0, 0.2, 0.5]).tolist())
    calibration = IntervalCalibration("", 1.1, 0.4, (0.0,), (tuple(KNOTS.tolist()), wide))
    return model, replace(model, calibration=calibration)


def test_calibration_changes_the_distribution_and_no_mean(calibrated, cdnow_summary):
    before, after = (table(model, cdnow_summary) for model in calibrated)
    ends = [
        c.EXPECTED_ORDERS_LOW, c.EXPECTED_ORDERS_HIGH, c.EXPECTED_SPEND_LOW, c.EXPECTED_SPEND_HIGH, c.CLV_LOW,
        c.CLV_HIGH,
    ]  # fmt: skip
    changed = [*ends, c.MEDIAN_ORDERS, c.MEDIAN_SPEND, c.MEDIAN_CLV, c.P_ORDER]
    pd.testing.assert_frame_equal(after.drop(columns=changed), before.drop(columns=changed), check_exact=True)
    for model, predicted in zip(calibrated, (before, after), strict=True):  # an interval and P(order) agree
        p_order = model.survival(cdnow_summary)(1, EVERYONE)
        np.testing.assert_allclose(predicted[c.P_ORDER], p_order, rtol=1e-12)
        assert ((predicted[c.EXPECTED_ORDERS_LOW] > 0) == (predicted[c.P_ORDER] > 0.9)).all()
        assert ((predicted[c.EXPECTED_ORDERS_HIGH] > 0) == (predicted[c.P_ORDER] > 0.1)).all()
        assert ((predicted[c.EXPECTED_SPEND_LOW] > 0) == (predicted[c.EXPECTED_ORDERS_LOW] > 0)).all()
        assert ((predicted[c.EXPECTED_SPEND_HIGH] > 0) == (predicted[c.EXPECTED_ORDERS_HIGH] > 0)).all()
    assert (after[ends[1]] >= before[ends[1]]).all()
    assert (after[ends[0]] <= before[ends[0]]).all()
    assert (after[ends[1::2]].mean() > before[ends[1::2]].mean()).all()
    assert (after[ends[1]] > before[ends[1]]).any()


def test_calibrated_quantiles_are_of_the_calibrated_distribution(calibrated, cdnow_summary):
    model = calibrated[1]
    predicted, survival = model.predict(cdnow_summary), model.survival(cdnow_summary)
    high, low = predicted[c.EXPECTED_ORDERS_HIGH], predicted[c.EXPECTED_ORDERS_LOW]
    assert (survival(high + 1, EVERYONE) <= 0.1 + 1e-12).all()
    assert (survival(high, EVERYONE)[high > 0] > 0.1 - 1e-12).all()
    assert (survival(low, EVERYONE) >= 0.9 - 1e-12).all()


def test_a_calibration_is_saved_and_loaded(calibrated, tmp_path):
    calibrated[1].save(tmp_path)
    assert clv.CLVModel.load(tmp_path) == calibrated[1]


def test_the_order_of_customers_does_not_matter_to_a_calibration(calibrated, cdnow_summary):
    model = calibrated[0]
    orders = pd.Series(np.random.default_rng(2).poisson(1.0, len(cdnow_summary)), cdnow_summary.index)
    shuffled = cdnow_summary.sample(frac=1, random_state=1)
    straight = calibrate_intervals(model, model, cdnow_summary, orders).calibration
    other = calibrate_intervals(model, model, shuffled, orders[shuffled.index]).calibration
    assert other.drift == straight.drift
    np.testing.assert_allclose(other.tails, straight.tails, rtol=1e-9)


def test_a_total_has_the_variance_of_chance_parameters_and_level(calibrated, cdnow_summary):
    plain, drifted = (model.total(cdnow_summary) for model in calibrated)
    assert plain.low < plain.expected < plain.high
    assert plain.expected == pytest.approx(calibrated[0].predict(cdnow_summary)[c.EXPECTED_ORDERS].sum())
    many = calibrated[0].total(pd.concat([cdnow_summary] * 50, ignore_index=True))
    assert np.log(many.high / many.expected) == pytest.approx(1.2816 * 0.125, rel=0.2)  # chance is averaged out
    single = calibrated[0].total(cdnow_summary.iloc[:1])
    assert single.high / single.expected > 2 * plain.high / plain.expected
    assert drifted.expected == plain.expected
    assert calibrated[0].total(cdnow_summary, level=0.95).high > plain.high
    assert calibrated[0].total(cdnow_summary, np.zeros(len(cdnow_summary))) == (0, 0, 0)


def test_flags_of_bg_nbd_alone_are_about_customers_who_ordered_once(model, cdnow_summary):
    flags = model.flags(cdnow_summary)
    assert len(flags) == (model.settings.model == "bg_nbd")
    for mask, reason in flags:
        assert (mask == (cdnow_summary[c.FREQUENCY] == 0)).all()
        assert reason == clv.ALIVE_BY_ASSUMPTION
