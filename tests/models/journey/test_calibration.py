"""The calibration map: what it learns, when it refuses, and that the fitted journey carries it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from patronage import names as c
from patronage.labels import LabelledSnapshot
from patronage.models.journey import Calibration, JourneyModel, calibrate, fit
from patronage.models.journey.calibration import Trial, agree, learn_map, losses

SETTINGS = {"classes": 2, "period_days": 7, "horizon_days": 91, "seed": 0}


def trial(name: str, level: float, seed: int, slope: float = 1.0, customers: int = 20_000) -> Trial:
    """Customers whose log-odds are `level` above and `slope` times what was said."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(-1.5, 1.0, customers)
    truth = expit(-1.5 + level + slope * (odds + 1.5))
    return Trial(name, expit(odds), (rng.random(customers) < truth).astype(float))


def test_none_changes_nothing_at_all():
    said = np.array([0.0, 1e-300, 0.3, 1.0])
    assert Calibration().apply(said) is said


def test_recovers_a_map():
    found = learn_map(*trial("here", -0.4, seed=0, slope=0.7)[1:])
    assert found.centre == pytest.approx(-1.5, abs=0.02)
    assert found.level == pytest.approx(-0.4, abs=0.05)
    assert np.exp(found.log_slope) == pytest.approx(0.7, abs=0.05)
    said = np.linspace(0, 1, 1001)
    assert (np.diff(found.apply(said)) > 0).all()
    assert logit(found.apply(expit(np.array([found.centre]))))[0] == pytest.approx(found.centre + found.level)


def test_two_origins_that_agree_are_believed():
    trials = [trial("spring", -0.5, seed=1), trial("winter", -0.6, seed=2)]
    found = agree(trials)
    assert found.verdict == "learned at spring and winter"
    assert -0.55 < found.level < -0.4
    later = trial("summer", -0.5, seed=3)
    assert losses(found.apply(later.said), later.happened).mean() < losses(later.said, later.happened).mean() - 0.005


@pytest.mark.parametrize("levels", [(0.4, -0.4), (0.4, 0.0), (-0.3, 0.2)])
def test_a_season_is_not_taken_for_an_error_of_the_model(levels):
    found = agree([trial("spring", levels[0], seed=1), trial("winter", levels[1], seed=2)])
    assert found.is_none
    assert "teaches does not help at" in found.verdict


def test_a_level_within_the_drift_is_left_alone():
    found = agree([trial("spring", 0.12, seed=1), trial("winter", 0.12, seed=2)])
    assert found.verdict == "learned at spring and winter"
    assert found.level == 0.0
    assert abs(found.log_slope) < 0.05


@pytest.mark.parametrize(
    ("trials", "verdict"),
    [
        ([], "refused: no two origins"),
        ([trial("spring", -0.5, seed=1)], "refused: no two origins"),
        ([trial("spring", -0.5, seed=1), trial("winter", -0.5, 2, customers=50)], "fewer than 200 customers at winter"),
    ],
)
def test_refuses_what_it_cannot_check(trials, verdict):
    found = agree(trials)
    assert found.is_none
    assert verdict in found.verdict


@pytest.fixture(scope="module")
def journey(book) -> JourneyModel:
    return fit(book, **SETTINGS)


def snapshots(book: pd.DataFrame, journey: JourneyModel, level: float) -> list[LabelledSnapshot]:
    """Two origins after which customers bought more (level > 0) or less than their journey says."""
    past = []
    for month, seed in ((6, 0), (3, 1)):
        chance = expit(logit(journey.p_order(journey.filter(book)).clip(1e-9, 1 - 1e-9)) + level)
        bought = np.random.default_rng(seed).random(len(book)) < chance
        labels = pd.DataFrame({c.ORDERS: bought.astype(float)}, book.index)
        past.append(LabelledSnapshot(datetime(2024, month, 1), 91, book, labels))
    return past


def test_the_journey_carries_it(journey, book, tmp_path):
    past = snapshots(book, journey, level=-1.0)
    calibrated = calibrate(journey, past, seed=0)
    assert calibrated.calibration.verdict == "learned at 2024-06-01 and 2024-03-01"
    said, before = calibrated.predict(book)[c.JOURNEY_P_ORDER], journey.predict(book)[c.JOURNEY_P_ORDER]
    bought = (past[0].labels[c.ORDERS] > 0).mean()
    assert abs(said.mean() - bought) < 0.03 < before.mean() - bought
    assert (said.rank() == before.rank()).all()
    beliefs = journey.filter(book)
    assert calibrated.p_order(beliefs).equals(said.rename(None))
    assert calibrated.p_order(beliefs, 4).equals(journey.p_order(beliefs, 4))  # known for the horizon alone
    calibrated.save(tmp_path)
    assert JourneyModel.load(tmp_path).calibration == calibrated.calibration
    assert JourneyModel.load(tmp_path).predict(book).equals(calibrated.predict(book))


def test_where_the_journey_is_right_it_stays(journey, book):
    said = calibrate(journey, snapshots(book, journey, level=0.0), seed=0).predict(book)[c.JOURNEY_P_ORDER]
    assert (said - journey.predict(book)[c.JOURNEY_P_ORDER]).abs().max() < 0.02


def test_refuses_origins_whose_labels_overlap(journey, book):
    latest, earlier = snapshots(book, journey, level=-1.0)
    month_before = replace(earlier, cutoff=datetime(2024, 5, 1))
    for past in ([], [latest], [latest, month_before]):
        calibrated = calibrate(journey, past, seed=0)
        assert calibrated.calibration.is_none
        assert calibrated.calibration.verdict == "refused: no two origins whose labels do not overlap"


def test_nothing_but_the_labels_given_decides(journey, book):
    past = snapshots(book, journey, level=-1.0)
    middle = replace(past[0], cutoff=datetime(2024, 5, 1), labels=past[0].labels + 1)  # overlaps the latest
    assert (
        calibrate(journey, [past[0], middle, past[1]], seed=0).calibration
        == calibrate(journey, past, seed=0).calibration
    )


def test_a_journey_saved_before_there_was_calibration_loads(journey, tmp_path):
    journey.save(tmp_path)
    settings = json.loads((tmp_path / "journey.json").read_text())
    del settings["calibration"]
    (tmp_path / "journey.json").write_text(json.dumps(settings))
    assert JourneyModel.load(tmp_path).calibration.is_none
