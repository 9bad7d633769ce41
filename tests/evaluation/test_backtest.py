"""One origin of the small shop: every model on every holdout."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from conftest import through_the_door
from patronage.config import ChurnConfig, ClvConfig, LensesConfig, TrainConfig
from patronage.errors import ConfigError
from patronage.evaluation import backtest

pytestmark = pytest.mark.slow


def settings(lenses: LensesConfig, **more: object) -> TrainConfig:
    members = dict.fromkeys(("btyd", "features", "offset"), True)
    churn = ChurnConfig(members=members, bands={"all": 1.0}, max_rounds=20)
    clv = ClvConfig(model="bg_nbd")
    config = TrainConfig(churn=churn, clv=clv, lenses=lenses, cutoff="2023-07-01", horizon_days=90, seed=0, **more)
    config.origins.most = 2
    config.evaluation.bootstraps = 20
    return config


@pytest.fixture(scope="module")
def rows(shop, lens_settings) -> pd.DataFrame:
    return pd.DataFrame(backtest.measure(through_the_door(shop), datetime(2023, 7, 1), settings(lens_settings)))


def test_every_model_is_measured_on_every_holdout(rows):
    assert set(rows["holdout"]) == set(backtest.HOLDOUTS)
    later = rows[rows["holdout"] == "later_seen"]
    models = set(later.loc[later["metric"] == "churn/log_loss", "model"])
    assert models == {
        "rate", "recency", "bg_nbd", "mbg_nbd", "pareto_nbd", "btyd", "features", "offset", "ensemble", "law",
        "shipped", "seasonless",
    }  # fmt: skip
    assert not rows.duplicated(["model", "holdout", "metric"]).any()
    auc = rows[rows["metric"] == "churn/roc_auc"].set_index(["holdout", "model"])["value"]
    assert auc["later_unseen", "shipped"] > 0.7
    assert "clv/coverage_80" in set(rows.loc[rows["holdout"] == "later_unseen", "metric"])
    n = rows[rows["metric"] == "backtest/customers"].set_index("holdout")["value"]
    assert n["later_seen"] > n["later_unseen"] > 0
    metrics = set(rows.loc[rows["holdout"] == "later_seen", "metric"])
    assert {"clv/spend_coverage_80", "clv/spend_total_covered_80", "personas/spend_total_covered_80"} <= metrics


def test_the_future_beyond_the_horizon_changes_nothing(rows, shop, lens_settings):
    cut = shop[shop["ordered_at"] < "2023-09-29"]
    again = pd.DataFrame(backtest.measure(through_the_door(cut), datetime(2023, 7, 1), settings(lens_settings)))
    pd.testing.assert_frame_equal(again, rows, check_exact=True)


def test_a_horizon_that_the_log_does_not_show_is_refused(shop, lens_settings):
    cut = shop[shop["ordered_at"] < "2023-08-01"]
    with pytest.raises(ConfigError, match="before 90 days from the origin 2023-07-01 are over; give an earlier origin"):
        backtest.measure(through_the_door(cut), datetime(2023, 7, 1), settings(lens_settings))
