"""What a sample costs is said where one was taken, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conftest import through_the_door
from fitted import CUTOFF, fitted  # noqa: F401
from patronage import data
from patronage.training.fit import fit_bundle
from patronage.training.origins import measured_at
from patronage.training.sample import sampling_metrics


@pytest.fixture(scope="module")
def measured(shop, fitted):  # noqa: F811
    tables = through_the_door(shop)
    return measured_at(tables, CUTOFF, fitted.config)


def test_where_everyone_is_seen_nothing_is_said(measured, fitted):  # noqa: F811
    assert sampling_metrics(fitted.bundle, measured, fitted.config) == {}


def test_the_spread_over_three_samples(measured, fitted):  # noqa: F811
    split = measured.split
    config = replace(
        fitted.config,
        personas=replace(fitted.config.personas, k=3, fit_sample=200, bootstraps=3, allow_unstable=True),
        journey=replace(fitted.config.journey, max_customers=100, min_customers=50, cadence_classes=1),
        churn=replace(fitted.config.churn, fit_sample=150),
    )
    found = sampling_metrics(fit_bundle(split, config, left_censored=False), measured, config)
    people = len(split.current.features)
    assert found.pop("sampling/journey_share") == 100 / people
    assert found.pop("sampling/personas_share") == 200 / people
    assert 0.3 < found.pop("sampling/churn_share") < 0.6
    assert 0.3 < found.pop("sampling/personas_ari") < 1
    assert sorted(found) == [
        "sampling/churn_log_loss_sd", "sampling/clv_spend_rmse_sd", "sampling/journey_log_loss_sd",
    ]  # fmt: skip
    assert all(value > 0 for value in found.values())
    assert found["sampling/churn_log_loss_sd"] < 0.2


def test_of_a_run_that_sees_a_sample_of_the_customers_each_is_fitted_and_measured_by_itself(shop, fitted):  # noqa: F811
    tables = through_the_door(shop)
    sampler = data.sampler(tables, 200, fitted.config.seed)
    drawn = tables.engine.row("SELECT count(*) FROM transactions")
    holdout = measured_at(tables, CUTOFF, fitted.config)
    assert 140 < len(holdout.split.current.features) < 260
    bundle = fit_bundle(holdout.split, fitted.config, left_censored=False)
    found = sampling_metrics(bundle, holdout, fitted.config, sampler)
    assert found.pop("sampling/customers_share") == 0.5
    assert 0 < found.pop("sampling/personas_ari") <= 1
    assert sorted(found) == [
        "sampling/churn_log_loss_sd", "sampling/clv_spend_rmse_sd", "sampling/journey_log_loss_sd",
    ]  # fmt: skip
    assert all(value > 0 for value in found.values())
    assert tables.engine.row("SELECT count(*) FROM transactions") == drawn
