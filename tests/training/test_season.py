"""The season: found where a second year bears it out, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from conftest import through_the_door
from patronage import names as c
from patronage.config import ChurnConfig, ClvConfig, TrainConfig
from patronage.evaluation import backtest
from patronage.labels import LabelledSnapshot
from patronage.models.btyd.mean import BtydMean
from patronage.models.forecast import Forecast
from patronage.training import season
from patronage.training.forecast import fit_forecast
from patronage.training.origins import Split, holdout_at, split_at
from patronage.training.season import Season, learn_season

CUTOFF = datetime(2023, 10, 1)
HEIGHT = 0.3  # logarithm of the busiest days, at the turn of the year


def log_with(height: float, days: int = 820, customers: int = 800) -> pd.DataFrame:
    """Orders from 2022 on, at rates that rise and fall with the year; who comes may leave again."""
    rng = np.random.default_rng(3)
    came = rng.uniform(0, 500, customers)
    left = came + rng.exponential(900, customers)
    rate = rng.gamma(2, 0.012, customers)
    rows = []
    for number in range(customers):
        n = rng.poisson(rate[number] * np.exp(height) * max(min(left[number], days) - came[number], 0))
        day = np.sort(rng.uniform(came[number], max(min(left[number], days), came[number]), n))
        kept = rng.uniform(size=n) < np.exp(height * (np.cos(2 * np.pi * day / 365.25) - 1))
        when = [came[number], *day[kept]]
        rows += [(f"c{number}", pd.Timestamp("2022-01-01") + pd.Timedelta(days=moment)) for moment in when]
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at"])
    worth = rng.gamma(8, 1, customers)[frame["customer_id"].str[1:].astype(int)]
    frame["amount"] = (worth * rng.gamma(4, 1, len(frame))).round(2)
    return frame.assign(ordered_at=frame["ordered_at"].dt.floor("s"))


def settings(lenses, **more: object) -> TrainConfig:
    churn = ChurnConfig(members={"btyd": True}, laws={"bg_nbd": True}, bands={"all": 1.0}, season=True)
    return TrainConfig(churn=churn, clv=ClvConfig(model="bg_nbd"), lenses=lenses, horizon_days=90, seed=0, **more)


@pytest.fixture(scope="module")
def seasonal() -> pd.DataFrame:
    return log_with(HEIGHT)


@pytest.fixture(scope="module")
def split(seasonal, lens_settings) -> Split:
    return split_at(through_the_door(seasonal), CUTOFF, settings(lens_settings))


@pytest.fixture(scope="module")
def model(split, lens_settings) -> Forecast:
    return fit_forecast(split, settings(lens_settings))


def test_a_season_that_came_back_mends_the_total_and_what_follows_from_it(model, split, seasonal, lens_settings):
    judged = holdout_at(through_the_door(seasonal), split, settings(lens_settings)).evaluated
    came = judged.labels[c.ORDERS]
    with_it, without = (one.predict(judged.features, reasons=False) for one in (model, replace(model, season=Season())))
    assert with_it[c.EXPECTED_ORDERS].sum() / came.sum() == pytest.approx(1, abs=0.1)
    assert without[c.EXPECTED_ORDERS].sum() / came.sum() < 0.8
    errors = [np.square(one[c.EXPECTED_ORDERS] - came).mean() for one in (with_it, without)]
    assert errors[0] < 0.95 * errors[1]
    assert (with_it[c.CHURN_PROBABILITY] <= without[c.CHURN_PROBABILITY]).all()
    np.testing.assert_allclose(with_it[c.CLV].sum(), without[c.CLV].sum(), rtol=0.01)  # a whole year has none


def test_the_backtest_shows_what_it_does(seasonal, lens_settings, monkeypatch):
    monkeypatch.setattr(backtest, "STRUCTURAL", ("bg_nbd",))  # the laws alone, which know no season, take most of it
    config = settings(lens_settings, cutoff=f"{CUTOFF:%Y-%m-%d}")
    config.evaluation.bootstraps = 20
    rows = pd.DataFrame(backtest.measure(through_the_door(seasonal), CUTOFF, config))
    later = rows[rows["holdout"] == backtest.LATER].pivot_table("value", "model", "metric")
    with_it, without = later.loc[backtest.SHIPPED], later.loc[backtest.SEASONLESS]
    assert abs(with_it["orders/bias_percent"]) < 10 < -without["orders/bias_percent"]
    assert with_it["orders/rmse"] < without["orders/rmse"]


def test_what_it_learns_from_ends_at_the_cutoff(split, seasonal, lens_settings):
    known = seasonal[seasonal["ordered_at"] < CUTOFF]
    again = split_at(through_the_door(known), CUTOFF, settings(lens_settings)).year_before
    assert [one.cutoff for one in again] == [
        one.cutoff - timedelta(days=364) for one in (split.current, *split.training)
    ]
    for one, other in zip(again, split.year_before, strict=True):
        pd.testing.assert_frame_equal(one.features, other.features, check_exact=True)
        pd.testing.assert_frame_equal(one.labels, other.labels, check_exact=True)


def test_it_comes_back_from_disk(model, tmp_path):
    model.save(tmp_path)
    assert model.season.factor > 1
    assert Forecast.load(tmp_path).season == model.season


def test_a_log_of_one_year_has_no_season(seasonal, lens_settings):
    short = seasonal[seasonal["ordered_at"] >= "2022-11-01"]
    assert split_at(through_the_door(short), CUTOFF, settings(lens_settings)).year_before == ()


def test_a_horizon_beyond_a_year_has_no_season(seasonal, lens_settings):
    config = settings(lens_settings)
    config.horizon_days, config.origins.window_days = 400, 90
    assert split_at(through_the_door(seasonal), CUTOFF, config).year_before == ()


def snapshots(
    errors: list[tuple[float, float]], coming: float
) -> tuple[list[LabelledSnapshot], list[LabelledSnapshot]]:
    """10,000 orders expected at each origin, of which as many more come as the error says."""

    def one(cutoff: datetime, error: float) -> LabelledSnapshot:
        index = pd.Index([f"c{i}" for i in range(100)])
        features = pd.DataFrame({c.EXPECTED_ORDERS: 100.0}, index)
        return LabelledSnapshot(cutoff, 90, features, pd.DataFrame({c.ORDERS: 100.0 * np.exp(error)}, index))

    cutoffs = [datetime(2023, 9, 1) - timedelta(days=30 * number) for number in range(len(errors) + 1)]
    year = timedelta(days=364)
    past = [one(cutoff, now) for cutoff, (now, _) in zip(cutoffs[1:], errors, strict=True)]
    before = [one(cutoffs[0] - year, coming)]
    before += [one(cutoff - year, then) for cutoff, (_, then) in zip(cutoffs[1:], errors, strict=True)]
    return past, before


@pytest.fixture
def as_expected(monkeypatch):
    """BTYD that expects what the snapshot already holds."""
    monkeypatch.setattr(season, "fit_btyd", lambda features, laws, fits: BtydMean({}, None))
    monkeypatch.setattr(BtydMean, "predict", lambda self, features, days, rate=1.0: dict(features))


@pytest.mark.parametrize(
    ("errors", "weight"),
    [
        ([(0.3, 0.3), (-0.2, -0.2), (0.1, 0.1), (-0.3, -0.3)], 0.23 / (0.23 + 0.01)),  # ridge, by hand
        ([(0.3, -0.3), (-0.2, 0.2), (0.1, -0.1)], 0.0),  # it turned
        ([(0.01, 0.3), (0.01, -0.3), (-0.02, 0.2), (0.0, -0.1)], 0.0),  # it did not come back
        ([(0.3, 0.3), (-0.2, -0.2)], 0.0),  # too few to judge each other
    ],
)
def test_last_years_error_comes_back_as_far_as_earlier_origins_bear_it_out(errors, weight, as_expected):
    found = learn_season(*snapshots(errors, coming=0.25), ("bg_nbd",))
    assert found.weight == pytest.approx(weight, abs=0.01)
    assert found.factor == pytest.approx(np.exp(weight * 0.25), rel=0.005)
