"""The calendar: found where the log bears it out, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from conftest import through_the_door
from patronage import names as c
from patronage.config import ChurnConfig, ClvConfig, TrainConfig
from patronage.evaluation import backtest
from patronage.models.btyd.calendar import FLAT
from patronage.models.forecast import Forecast
from patronage.training.calendar import _carried_on, learn_calendar
from patronage.training.forecast import fit_forecast
from patronage.training.origins import Split, holdout_at, split_at

pytestmark = pytest.mark.slow

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
    plain_config = settings(lens_settings)
    plain_config.churn.season = False
    plain = fit_forecast(split, plain_config)
    with_it, without = (one.predict(judged.features) for one in (model, plain))
    assert with_it[c.EXPECTED_ORDERS].sum() / came.sum() == pytest.approx(1, abs=0.1)
    assert without[c.EXPECTED_ORDERS].sum() / came.sum() < 0.8
    errors = [np.square(one[c.EXPECTED_ORDERS] - came).mean() for one in (with_it, without)]
    assert errors[0] < 0.95 * errors[1]
    assert with_it[c.CHURN_PROBABILITY].mean() < without[c.CHURN_PROBABILITY].mean()


def test_the_season_that_was_planted_is_found(model):
    days = np.arange(19_600, 19_965)
    planted = np.exp(HEIGHT * np.cos(2 * np.pi * (days - (pd.Timestamp("2022-01-01") - pd.Timestamp(0)).days) / 365.25))
    found = model.calendar.index(days)
    assert np.corrcoef(np.log(planted), np.log(found))[0, 1] > 0.9
    assert 0.5 < np.log(found).std() / np.log(planted).std() < 1.3


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
    again = split_at(through_the_door(known), CUTOFF, settings(lens_settings)).calendar
    pd.testing.assert_frame_equal(again.days, split.calendar.days, check_exact=True)
    assert again.days.index[-1] == (CUTOFF - datetime(1970, 1, 1)).days - 1
    for one, other in zip(again.origins, split.calendar.origins, strict=True):
        pd.testing.assert_frame_equal(one.features, other.features, check_exact=True)
        pd.testing.assert_frame_equal(one.labels, other.labels, check_exact=True)


def test_days_hold_every_order_once(split, seasonal):
    orders = seasonal[seasonal["ordered_at"] < CUTOFF].assign(day=lambda log: log["ordered_at"].dt.floor("D"))
    days = orders.drop_duplicates(["customer_id", "day"])
    assert split.calendar.days["first"].sum() == days["customer_id"].nunique()
    assert split.calendar.days.to_numpy().sum() == len(days)


def test_it_comes_back_from_disk(model, tmp_path):
    model.save(tmp_path)
    assert model.calendar.waves
    assert Forecast.load(tmp_path).calendar == model.calendar


def test_a_short_log_and_one_cohort_have_no_calendar(split, seasonal, lens_settings):
    short = seasonal[seasonal["ordered_at"] >= "2022-11-01"]
    shorter = split_at(through_the_door(short), CUTOFF, settings(lens_settings))
    assert learn_calendar(shorter.calendar, shorter.current) == replace(FLAT, refused="fewer than 420 days of log")
    first = seasonal.groupby("customer_id")["ordered_at"].transform("min")
    cohort = split_at(through_the_door(seasonal[first < "2022-04-01"]), CUTOFF, settings(lens_settings))
    assert "season and age cannot be told apart" in learn_calendar(cohort.calendar, cohort.current).refused


@pytest.mark.parametrize(
    ("errors", "carried"),
    [
        ([-0.2, -0.2, -0.2, -0.2], -0.2 * 0.125**2 / (0.125**2 + 2 * 0.01 / 5 / 4)),  # they agree: nearly all, by hand
        ([-0.4, 0.4, -0.4, 0.4], 0.0),
    ],
)
def test_the_level_is_carried_on_as_far_as_its_windows_agree(errors, carried):
    assert _carried_on(np.column_stack([errors, np.zeros(4)])) == pytest.approx([carried, 0.0])


SALES = ("2022-11-25/2022-11-27", "2023-11-24/2023-11-26")


def with_sales(log: pd.DataFrame) -> pd.DataFrame:
    """The log with as many orders again in three days of each November as in three weeks, by the same customers."""
    rng, extra = np.random.default_rng(8), []
    for span in SALES:
        first = pd.Timestamp(span[:10])
        around = log[(log["ordered_at"] >= first - pd.Timedelta(days=21)) & (log["ordered_at"] < first)]
        moments = first + pd.to_timedelta(rng.integers(0, 3 * 86_400, len(around)), unit="s")
        extra.append(around.assign(ordered_at=moments.to_numpy()))
    return pd.concat([log, *extra], ignore_index=True)


def test_a_known_holiday_is_learned_and_what_comes_on_the_next_one_is_expected(lens_settings):
    log, config = with_sales(log_with(0.0, customers=500)), settings(lens_settings)
    fitted = []
    for holidays in (None, {"sale": list(SALES)}):
        tables = through_the_door(log, holidays=holidays)
        split = split_at(tables, CUTOFF, config)
        judged = holdout_at(tables, split, config).evaluated
        forecast = fit_forecast(split, config)
        ratio = forecast.predict(judged.features)[c.EXPECTED_ORDERS].sum() / judged.labels[c.ORDERS].sum()
        fitted.append((forecast, ratio))
    (plain, without), (known, with_it) = fitted
    assert plain.calendar.holidays == ()
    (sale,) = known.calendar.holidays
    assert sale.times == 1
    assert 2.5 < sale.factor < 9  # some eight times the usual, shrunk: it came once
    assert abs(with_it - 1) < 0.6 * abs(without - 1)
    day = (CUTOFF - datetime(1970, 1, 1)).days
    assert known.clv.season_sd > replace(known.calendar, holidays=()).log_sd(day, 90)
