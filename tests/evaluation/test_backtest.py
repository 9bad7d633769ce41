"""The comparison of models on one holdout, and one origin of the small shop."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from conftest import through_the_door
from patronage.config import ChurnConfig, ClvConfig, LensesConfig, TrainConfig
from patronage.errors import ConfigError
from patronage.evaluation import backtest
from patronage.evaluation.backtest_metrics import AMOUNTS, PROBABILITIES, compare
from patronage.evaluation.scorecard import Resampling
from patronage.statistics import normalised_gini

RNG = np.random.default_rng(0)
SAID = RNG.uniform(size=500).round(2)  # with ties
HAPPENED = (RNG.uniform(size=500) < SAID).astype(float)
SPENT = HAPPENED * RNG.gamma(2, 10, 500)
DRAWN = RNG.integers(0, 500, 500)
WEIGHTS = np.array([np.ones(500), np.bincount(DRAWN, minlength=500)], float).T


def test_weights_are_as_good_as_drawing_the_customers():
    for metric, expected in (
        ("log_loss", lambda y, p: log_loss(y, p.clip(1e-12, 1 - 1e-12))),
        ("roc_auc", roc_auc_score),
        ("brier", lambda y, p: np.mean((y - p) ** 2)),
    ):
        found = PROBABILITIES[metric](HAPPENED, SAID, WEIGHTS)
        np.testing.assert_allclose(found, [expected(HAPPENED, SAID), expected(HAPPENED[DRAWN], SAID[DRAWN])])
    area = AMOUNTS["gini"](SPENT, SAID, WEIGHTS) / AMOUNTS["gini"](SPENT, SPENT, WEIGHTS)
    np.testing.assert_allclose(area, [normalised_gini(SPENT, SAID), normalised_gini(SPENT[DRAWN], SAID[DRAWN])])
    np.testing.assert_allclose(
        AMOUNTS["rmse"](SPENT, SAID, WEIGHTS)[1], np.sqrt(np.mean((SPENT[DRAWN] - SAID[DRAWN]) ** 2))
    )


def test_everyone_is_held_against_the_structural_model_that_is_best_in_hindsight():
    said = {"bg_nbd": np.full(500, 0.9), "mbg_nbd": SAID * 0.5 + 0.25, "good": SAID, "rate": np.full(500, 0.5)}
    lines = {(line.model, line.metric): line for line in compare("churn", HAPPENED, said, ("bg_nbd", "mbg_nbd"),
                                                                  Resampling(100, 0))}  # fmt: skip
    good = lines["good", "churn/log_loss"]
    assert good.baseline == "mbg_nbd"
    assert good.high < 0
    best = lines["mbg_nbd", "churn/log_loss"]
    assert (best.low, best.high) == (0, 0)
    assert lines["bg_nbd", "churn/log_loss"].low > 0
    assert np.isnan(lines["good", "churn/ece"].low)


def settings(lenses: LensesConfig, **more: object) -> TrainConfig:
    members = dict.fromkeys(("btyd", "features", "offset"), True)
    churn = ChurnConfig(members=members, bands={"all": 1.0}, max_rounds=20)
    clv = ClvConfig(model="bg_nbd")
    made = TrainConfig(churn=churn, clv=clv, lenses=lenses, cutoff="2023-07-01", horizon_days=90, seed=0, **more)
    made.origins.most = 2
    made.evaluation.bootstraps = 20
    return made


@pytest.fixture(scope="module")
def rows(shop, lens_settings) -> pd.DataFrame:
    return pd.DataFrame(backtest.measure(through_the_door(shop), datetime(2023, 7, 1), settings(lens_settings)))


def test_every_model_is_measured_on_every_holdout(rows):
    assert set(rows["holdout"]) == set(backtest.HOLDOUTS)
    later = rows[rows["holdout"] == "later_seen"]
    models = set(later.loc[later["metric"] == "churn/log_loss", "model"])
    assert models == {
        "rate", "recency", "bg_nbd", "mbg_nbd", "pareto_nbd", "btyd", "features", "offset", "hybrid", "law", "shipped",
    }  # fmt: skip
    assert not rows.duplicated(["model", "holdout", "metric"]).any()
    auc = rows[rows["metric"] == "churn/roc_auc"].set_index(["holdout", "model"])["value"]
    assert auc["later_unseen", "shipped"] > 0.7
    assert "clv/coverage_80" in set(rows.loc[rows["holdout"] == "later_unseen", "metric"])


def test_the_future_beyond_the_horizon_changes_nothing(rows, shop, lens_settings):
    cut = shop[shop["ordered_at"] < "2023-09-29"]
    again = pd.DataFrame(backtest.measure(through_the_door(cut), datetime(2023, 7, 1), settings(lens_settings)))
    pd.testing.assert_frame_equal(again, rows, check_exact=True)


def test_a_horizon_that_the_log_does_not_show_is_refused(shop, lens_settings):
    cut = shop[shop["ordered_at"] < "2023-08-01"]
    with pytest.raises(ConfigError, match="before 90 days from the origin 2023-07-01 are over; give an earlier origin"):
        backtest.measure(through_the_door(cut), datetime(2023, 7, 1), settings(lens_settings))
