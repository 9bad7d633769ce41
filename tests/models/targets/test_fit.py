from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from patronage.config import ChurnConfig
from patronage.config.target import ChosenAct
from patronage.labels import LabelledSnapshot
from patronage.models.targets.act_model import ActModel
from patronage.models.targets.fit import calibrate, fit_act
from patronage.statistics import calibration_error

ACT = ChosenAct("event", "up")
COLUMNS = ["a", "kind", "days_with_event_up"]


def truth(features: pd.DataFrame) -> np.ndarray:
    return expit(-1.5 + 0.8 * features["a"] + 0.8 * (features["kind"] == "dear")).to_numpy()


def snapshot(day: int, n: int = 1500) -> LabelledSnapshot:
    rng = np.random.default_rng(day)
    index = pd.Index([f"c{i}" for i in range(n)], name="customer_id")
    days = rng.poisson(1.0, n).astype(float)
    features = pd.DataFrame(
        {
            "a": rng.normal(size=n),
            "kind": rng.choice(["dear", "cheap"], n),
            "days_with_event_up": days,
            "recent_days_with_event_up": np.minimum(days, 1),
            "days_since_event_up": np.where(days > 0, rng.uniform(1, 300, n), np.nan),
            "n_orders": 1.0,
            "days_since_last_order": 9.0,
            "tenure_days": 99.0,
        },
        index=index,
    )
    labels = pd.DataFrame({"did_event_up": (rng.uniform(size=n) < truth(features)).astype(float)}, index=index)
    return LabelledSnapshot(datetime(2024, 1, day), 30, features, labels)


TRAINING, LATER = [snapshot(day) for day in (3, 2, 1)], snapshot(9, 4000)


@pytest.fixture(scope="module")
def model() -> ActModel:
    return fit_act(ACT, TRAINING, COLUMNS, ChurnConfig(max_rounds=150), horizon_days=30, seed=1)


def test_trees_find_what_the_law_does_not_know_and_are_calibrated(model):
    p = model.predict(LATER.features)
    assert np.corrcoef(p, truth(LATER.features))[0, 1] > 0.9
    assert calibration_error(LATER.labels["did_event_up"].to_numpy(), p) < 0.025


def test_parts_add_up_and_are_told(model):
    parts = model.contributions(LATER.features)
    np.testing.assert_allclose(expit(parts.score), model.predict(LATER.features), rtol=1e-6)
    columns = model.columns(LATER.features.head(3))
    assert list(columns) == ["p_event_up", "event_up_reasons"]
    assert all(line.startswith(("+", "-", "nothing")) for line in columns["event_up_reasons"])


def test_saved_and_loaded_it_predicts_the_same(model, tmp_path):
    model.save(tmp_path)
    loaded = ActModel.load(tmp_path)
    assert replace(loaded, booster=None) == replace(model, booster=None)
    np.testing.assert_array_equal(loaded.predict(LATER.features), model.predict(LATER.features))


def test_a_longer_horizon_is_several_windows(model):
    p = model.predict(LATER.features)
    np.testing.assert_allclose(replace(model, horizon_days=60).predict(LATER.features), 1 - (1 - p) ** 2)


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_what_nobody_or_everybody_does_has_one_probability(rate):
    snapshots = [replace(one, labels=one.labels * 0 + rate) for one in TRAINING]
    p = fit_act(ACT, snapshots, COLUMNS, ChurnConfig(), horizon_days=30, seed=0).predict(LATER.features)
    assert np.unique(p).size == 1
    assert abs(p[0] - rate) < 0.001


def test_calibration_moves_what_is_off_and_asks_for_enough_customers():
    rng = np.random.default_rng(3)
    p = rng.uniform(0.05, 0.6, 4000)
    y_true = (rng.uniform(size=4000) < p).astype(float)
    level, slope = calibrate(2 * logit(p) + 1, y_true)
    np.testing.assert_allclose([level, slope], [-0.5, 0.5], atol=0.12)
    assert calibrate(2 * logit(p[:30]), y_true[:30]) == (0.0, 1.0)
