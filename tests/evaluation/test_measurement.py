"""The measurement of a training: on its own holdout where the log shows it, else on an earlier one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest

from conftest import through_the_door
from fitted import CUTOFF
from patronage.config import TrainConfig
from patronage.evaluation.measurement import Measurement, measure
from patronage.evaluation.run import Run
from patronage.names import Metric
from patronage.training.origins import split_at

pytestmark = pytest.mark.slow


def measured(fitted, log: pd.DataFrame, config: TrainConfig) -> Measurement | None:
    tables = through_the_door(log)
    split = split_at(tables, CUTOFF, config)
    return measure(tables, split, fitted.bundle, fitted.bundle.assign(split.current.features), config)


@pytest.fixture(scope="module")
def measurement(fitted):
    config = replace(fitted.config, evaluation=replace(fitted.config.evaluation, bootstraps=20))
    return measured(fitted, pd.read_parquet(fitted.log), config)


def test_a_bundle_is_measured_on_the_horizon_after_its_cutoff(fitted, measurement):
    assert measurement.bundle is fitted.bundle
    assert measurement.holdout.evaluated.cutoff == CUTOFF
    assert measurement.assignments.index.equals(measurement.holdout.evaluated.features.index)


def test_unseen_customers_are_measured_by_a_fit_without_them(measurement):
    holdout = measurement.journey_holdout
    assert not set(holdout.learned_from.current.features.index) & set(holdout.evaluated.features.index)
    metrics = measurement.scorecard.metrics
    for metric in (Metric.CHURN_LOG_LOSS, Metric.JOURNEY_LOG_LOSS, Metric.SPEND_RMSE):
        assert metrics[Metric.unseen(metric)] > 0
        assert metrics[Metric.unseen(metric)] != metrics[metric]
    assert 0 < metrics[Metric.COVERAGE_80] <= 1


def test_a_run_shows_a_headline_per_model(fitted, measurement):
    run = Run(fitted.config, fitted.bundle, fitted.features, measurement.assignments, measurement)
    table = run.scorecard()
    assert table["model"].tolist() == ["churn", "clv", "journey", "personas"]
    assert set(table["verdict"]) <= {"better than", "no better than", "worse than"}
    assert run.metrics == measurement.scorecard.metrics


def test_a_run_that_was_not_measured_has_no_metrics(fitted):
    run = Run(fitted.config, fitted.bundle, fitted.features, fitted.features, None)
    assert run.metrics == {}
    assert run.scorecard().empty


def test_a_log_too_short_for_a_holdout_measures_nothing(fitted, shop, caplog):
    short = shop[(shop["ordered_at"] >= "2023-03-10") & (shop["ordered_at"] < "2023-07-02")]
    assert measured(fitted, short, fitted.config) is None
    assert "not evaluated" in caplog.text


@pytest.mark.slow
def test_without_the_horizon_an_earlier_fit_is_measured(fitted, shop):
    short = shop[(shop["ordered_at"] >= "2023-01-15") & (shop["ordered_at"] < "2023-07-02")]
    measurement = measured(fitted, short, fitted.config)
    assert measurement.bundle is not fitted.bundle
    assert measurement.holdout.evaluated.cutoff == CUTOFF - timedelta(days=90)
