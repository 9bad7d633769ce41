"""Real customers: 23,570 who first bought CDs in early 1997, the raw log that lifetimes ships.

One split: 30 % of the customers are held out. The model is fitted on the first 39 weeks of the rest, and evaluated on
the held-out customers at week 52, by whether they buy in the 13 weeks that follow.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lifetimes import BetaGeoFitter

from patronage import names as c
from patronage.config import JourneyConfig
from patronage.models.journey import compare_classes, count_paths, fit

pytestmark = pytest.mark.slow

START = pd.Timestamp("1997-01-01")
RULES_WEEK, FIT_WEEK, EVALUATION_WEEK, HORIZON_WEEKS = 26, 39, 52, 13


@pytest.fixture(scope="module")
def log():
    file = Path(find_spec("lifetimes").origin).parent / "datasets" / "CDNOW_master.txt"
    rows = pd.read_csv(file, sep=r"\s+", header=0, names=["customer", "day", "cds", "dollars"], dtype={"day": str})
    days = (pd.to_datetime(rows["day"]) - START).dt.days
    return rows.assign(day=days)[["customer", "day"]].drop_duplicates()


def paths_before(log, week):
    """Weekly paths, counted back from the week."""
    log = log[log["day"] < 7 * week]
    customers, rows = np.unique(log["customer"], return_inverse=True)
    bought = np.zeros((len(customers), week), int)
    np.add.at(bought, (rows, log["day"] // 7), 1)
    letters = np.array([".", "p", "m"])[bought.clip(max=2)]
    return pd.DataFrame({c.JOURNEY_PATH: ["".join(row).lstrip(".") for row in letters]}, customers)


def buys_after(log, week, index):
    later = log.loc[log["day"].between(7 * week, 7 * (week + HORIZON_WEEKS) - 1), "customer"]
    return index.isin(later)


def log_loss(bought, probability):
    return -np.where(bought, np.log(probability), np.log(1 - probability)).mean()


@pytest.fixture(scope="module")
def split(log):
    """Paths of the customers of the fit, and of the held-out ones."""
    customers = np.unique(log["customer"])
    held_out = np.random.default_rng(0).choice(customers, int(0.3 * len(customers)), replace=False)
    early, late = paths_before(log, FIT_WEEK), paths_before(log, EVALUATION_WEEK)
    return early[~early.index.isin(held_out)], late[late.index.isin(held_out)]


@pytest.fixture(scope="module")
def evaluated(log, split):
    """The predictions for the held-out customers, and whether they bought."""
    training, unseen = split
    model = fit(training, JourneyConfig(cadence_classes=2), horizon_days=91, period_days=7, seed=0)
    return model.predict(unseen), buys_after(log, EVALUATION_WEEK, unseen.index)


def rule_stage(paths):
    """Recency and frequency, as marketing tools have it."""
    n_weeks, silent = paths.str.count("[pm]"), paths.str.len() - paths.str.rstrip(".").str.len()
    lapsed = np.select([silent > 26, silent > 13], ["churned", "at_risk"], "active")
    return lapsed + n_weeks.clip(upper=4).astype(str)


def test_forecasts_beat_rules(log, split, evaluated):
    training, unseen = split
    earlier = paths_before(log[log["customer"].isin(training.index)], RULES_WEEK)[c.JOURNEY_PATH]
    bought = pd.Series(buys_after(log, RULES_WEEK, earlier.index), earlier.index)
    rates = bought.groupby(rule_stage(earlier)).mean().clip(0.001, 0.999)
    rules = rule_stage(unseen[c.JOURNEY_PATH]).map(rates).fillna(bought.mean())
    predicted, bought = evaluated
    assert log_loss(bought, predicted[c.JOURNEY_P_ORDER]) < 0.94 * log_loss(bought, rules)


def test_forecasts_are_no_worse_than_bg_nbd(log, split, evaluated):
    def summary(paths, week):
        # in weeks: repeat purchase days, age at the last one, age
        days = log[log["customer"].isin(paths.index) & (log["day"] < 7 * week)].groupby("customer")["day"]
        return days.count() - 1, (days.max() - days.min()) / 7, (7 * week - days.min()) / 7

    training, unseen = split
    fitted = BetaGeoFitter().fit(*summary(training, FIT_WEEK)).params_
    r, alpha, a, b = fitted[["r", "alpha", "a", "b"]]
    x, t_x, age = summary(unseen, EVALUATION_WEEK)
    dead = (x > 0) * a / (b + (x - 1).clip(lower=0)) * ((alpha + age) / (alpha + t_x)) ** (r + x)
    buys = (1 - ((alpha + age) / (alpha + age + HORIZON_WEEKS)) ** (r + x)) / (1 + dead)
    predicted, bought = evaluated
    assert log_loss(bought, predicted[c.JOURNEY_P_ORDER]) < log_loss(bought, buys.loc[unseen.index])


def test_forecasts_are_calibrated(evaluated):
    predicted, bought = evaluated
    probability = predicted[c.JOURNEY_P_ORDER]
    tenths = np.array_split(np.argsort(probability, kind="stable"), 10)
    error = sum(len(k) * abs(probability[k].mean() - bought[k].mean()) for k in tenths) / len(bought)
    assert error < 0.03  # without any calibration; the launch cohort cools, and forecasts are above it


def test_stages_are_ordered_by_later_orders(evaluated):
    predicted, bought = evaluated
    rates = pd.Series(bought).groupby(predicted[c.JOURNEY_STAGE]).agg(["mean", "size"])
    assert (rates["size"] > 300).all()
    assert rates["mean"].sort_values(ascending=False).index.tolist() == ["loyal", "regular", "at_risk", "churned"]


def test_two_halves_agree_on_the_stages(log):
    counts = count_paths(paths_before(log, FIT_WEEK)[c.JOURNEY_PATH])
    (candidate,) = compare_classes(counts, (2,), rng=np.random.default_rng(0), customers=30_000)
    assert candidate.agreement > 0.9
