"""The decisions about a journey: the period, and when a calibration is used."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from models.journey.conftest import fit, perturbed, simulate
from patronage import names as c
from patronage.labels import LabelledSnapshot
from patronage.models.journey import JourneyModel
from patronage.statistics import log_losses
from patronage.training.journey import OriginForecast, agreed_map, calibrate, choose_period


@pytest.mark.parametrize(
    ("gap", "horizon", "days"),
    [(20.0, 90, 7), (70.0, 90, 7), (70.5, 90, 30), (np.nan, 90, 7), (70.5, 29, 7), (70.5, 30, 30), (20.0, 5, 5)],
)
def test_the_period(gap, horizon, days):
    assert choose_period(gap, horizon) == days


def forecast(name: str, level: float, seed: int, customers: int = 20_000) -> OriginForecast:
    """Customers whose log-odds are `level` above the prediction."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(-1.5, 1.0, customers)
    bought = rng.random(customers) < expit(odds + level)
    return OriginForecast(name, bought.astype(float), expit(odds))


class TestAgreement:
    def test_two_origins_that_agree_give_a_map(self):
        learned = agreed_map([forecast("spring", -0.5, seed=1), forecast("winter", -0.6, seed=2)])
        assert learned.verdict == "learned at spring and winter"
        assert -0.55 < learned.level < -0.4
        later = forecast("summer", -0.5, seed=3)
        loss = log_losses(later.y_true, learned.apply(later.y_pred)).mean()
        assert loss < log_losses(later.y_true, later.y_pred).mean() - 0.005

    @pytest.mark.parametrize("levels", [(0.4, -0.4), (0.4, 0.0), (-0.3, 0.2)])
    def test_a_season_is_not_taken_for_an_error_of_the_model(self, levels):
        learned = agreed_map([forecast("spring", levels[0], seed=1), forecast("winter", levels[1], seed=2)])
        assert learned.is_none
        assert "does not help at" in learned.verdict

    def test_a_level_within_the_drift_is_not_used(self):
        learned = agreed_map([forecast("spring", 0.12, seed=1), forecast("winter", 0.12, seed=2)])
        assert learned.verdict == "learned at spring and winter"
        assert learned.level == 0.0
        assert abs(learned.log_slope) < 0.05

    @pytest.mark.parametrize(
        ("forecasts", "verdict"),
        [
            ([], "refused: no two origins"),
            ([("spring", 200)], "refused: no two origins"),
            ([("spring", 200), ("winter", 199)], "refused: fewer than 200 customers at winter"),
            ([("spring", 200), ("winter", 200)], "spring"),  # enough: a map is tried
        ],
    )
    def test_refuses_what_cannot_be_tested(self, forecasts, verdict):
        learned = agreed_map([forecast(name, -0.5, 1, customers) for name, customers in forecasts])
        assert verdict in learned.verdict
        assert "fewer" in learned.verdict or "no two" in learned.verdict or len(forecasts) == 2


@pytest.fixture(scope="module")
def book() -> pd.DataFrame:
    return simulate(perturbed(0), 1500, seed=1).features


@pytest.fixture(scope="module")
def model(book) -> JourneyModel:
    return fit(book, horizon_days=91, seed=0)


def snapshots(book: pd.DataFrame, model: JourneyModel, level: float) -> list[LabelledSnapshot]:
    """Two origins after which customers bought more (level > 0) or less often than their journey predicts."""
    origins = []
    for month, seed in ((6, 0), (3, 1)):
        probability = expit(logit(model.predict(book)[c.JOURNEY_P_ORDER].clip(1e-9, 1 - 1e-9)) + level)
        bought = np.random.default_rng(seed).random(len(book)) < probability
        labels = pd.DataFrame({c.ORDERS: bought.astype(float)}, book.index)
        origins.append(LabelledSnapshot(datetime(2024, month, 1), 91, book, labels))
    return origins


@pytest.mark.slow
class TestCalibrate:
    def test_the_journey_carries_its_map(self, model, book, tmp_path):
        origins = snapshots(book, model, level=-1.0)
        calibrated = calibrate(model, origins, seed=0)
        assert calibrated.calibration.verdict == "learned at 2024-06-01 and 2024-03-01"
        after, before = (pd.Series(each.predict(book)[c.JOURNEY_P_ORDER], book.index) for each in (calibrated, model))
        bought = (origins[0].labels[c.ORDERS] > 0).mean()
        assert abs(after.mean() - bought) < 0.03 < before.mean() - bought
        assert (after.rank() == before.rank()).all()
        states = model.filter(book)
        assert calibrated.p_order(states).equals(after)
        assert calibrated.p_order(states, 4).equals(model.p_order(states, 4))  # learned for the horizon alone
        calibrated.save(tmp_path)
        loaded = JourneyModel.load(tmp_path)
        assert loaded.calibration == calibrated.calibration
        assert np.array_equal(loaded.predict(book)[c.JOURNEY_P_ORDER], after)

    def test_where_the_journey_is_right_it_stays(self, model, book):
        calibrated = calibrate(model, snapshots(book, model, level=0.0), seed=0)
        gap = calibrated.predict(book)[c.JOURNEY_P_ORDER] - model.predict(book)[c.JOURNEY_P_ORDER]
        assert np.abs(gap).max() < 0.02

    def test_refuses_origins_whose_labels_overlap(self, model, book):
        latest, earlier = snapshots(book, model, level=-1.0)
        month_before = replace(earlier, cutoff=datetime(2024, 5, 1))
        for origins in ([], [latest], [latest, month_before]):
            calibrated = calibrate(model, origins, seed=0)
            assert calibrated.calibration.is_none
            assert calibrated.calibration.verdict == "refused: no two origins whose labels do not overlap"

    @pytest.mark.parametrize(("days", "overlaps"), [(81, True), (82, False)])
    def test_a_tenth_of_the_horizon_may_overlap(self, model, book, days, overlaps):
        latest, earlier = snapshots(book, model, level=-1.0)  # .9 of the 91 days are 81.9
        origins = [latest, replace(earlier, cutoff=latest.cutoff - pd.Timedelta(days=days))]
        verdict = calibrate(model, origins, seed=0).calibration.verdict
        assert ("no two origins" in verdict) == overlaps

    def test_an_origin_in_between_changes_nothing(self, model, book):
        origins = snapshots(book, model, level=-1.0)
        middle = replace(origins[0], cutoff=datetime(2024, 5, 1), labels=origins[0].labels + 1)  # overlaps the latest
        given = calibrate(model, [origins[0], middle, origins[1]], seed=0).calibration
        assert given == calibrate(model, origins, seed=0).calibration


@pytest.mark.slow
def test_a_journey_saved_before_calibration_existed_loads(model, tmp_path):
    model.save(tmp_path)
    settings = json.loads((tmp_path / "journey.json").read_text())
    del settings["calibration"]
    (tmp_path / "journey.json").write_text(json.dumps(settings))
    assert JourneyModel.load(tmp_path).calibration.is_none
