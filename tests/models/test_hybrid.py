from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from patronage.config import ChurnConfig
from patronage.errors import FitError
from patronage.labels import Snapshot
from patronage.models import hybrid

BANDS = {"low": 0.3, "middle": 0.6, "high": 1.0}


def settings(*members: str, **more: object) -> ChurnConfig:
    return ChurnConfig(members=dict.fromkeys(members or ("plain",), True), bands=BANDS, **more)


def snapshot(day: int, n: int = 1500, signal: float = 2.0, seed: int = 0) -> Snapshot:
    """Customers whose churn hangs on one feature, and on nothing where the signal is 0."""
    rng = np.random.default_rng(seed + day)
    index = pd.Index([f"c{i}" for i in range(n)], name="customer_id")
    features = pd.DataFrame(rng.normal(size=(n, 3)), index=index, columns=["a", "b", "c"])
    p = 1 / (1 + np.exp(-signal * features["a"]))
    churned = (rng.uniform(size=n) < p).astype(float)
    return Snapshot(datetime(2024, 1, day), 30, features, pd.DataFrame({"churned": churned}, index=index))


def test_it_finds_what_churn_hangs_on_and_is_calibrated():
    fitted = hybrid.fit([snapshot(3), snapshot(2), snapshot(1)], ["a", "b", "c"], settings(), seed=0)
    later = snapshot(9)
    said = fitted.predict(later.features)["churn_probability"]
    truth = 1 / (1 + np.exp(-2 * later.features["a"]))
    assert np.corrcoef(said, truth)[0, 1] > 0.97
    assert abs(said.mean() - truth.mean()) < 0.03
    assert fitted.importance().index[0] == "a"


def test_where_there_is_nothing_to_learn_it_says_the_base_rate():
    fitted = hybrid.fit([snapshot(3, signal=0), snapshot(2, signal=0)], ["a", "b", "c"], settings(), seed=0)
    assert [member.rounds for member in fitted.members] == [0]
    said = fitted.predict(snapshot(9).features)["churn_probability"]
    assert said.nunique() == 1
    assert said.iloc[0] == pytest.approx(0.5, abs=0.05)


def test_customers_without_a_label_are_not_learned_from():
    full = snapshot(3)
    doubtful = full.labels.copy()
    doubtful.iloc[::2] = np.nan
    half = Snapshot(full.cutoff, 30, full.features, doubtful)
    kept = Snapshot(full.cutoff, 30, full.features.iloc[1::2], full.labels.iloc[1::2])
    fits = [hybrid.fit([one], ["a", "b", "c"], settings(), seed=0) for one in (half, kept)]
    said = [fitted.predict(full.features)["churn_probability"] for fitted in fits]
    pd.testing.assert_series_equal(*said)


@pytest.mark.parametrize("everyone", [0.0, 1.0])
def test_one_class_only_gives_a_rate_short_of_certainty(everyone):
    one = snapshot(3)
    labels = one.labels.assign(churned=everyone)
    fitted = hybrid.fit([Snapshot(one.cutoff, 30, one.features, labels)], ["a"], settings(), seed=0)
    said = fitted.predict(one.features)["churn_probability"]
    assert said.between(0, 1, inclusive="neither").all()
    assert abs(said.iloc[0] - everyone) < 0.001


def test_nobody_to_ask_is_an_error():
    one = snapshot(3)
    nobody = Snapshot(one.cutoff, 30, one.features, one.labels.assign(churned=np.nan))
    with pytest.raises(FitError, match="no customer had an order in the lookback"):
        hybrid.fit([nobody], ["a"], settings(), seed=0)


def test_bands_follow_the_probability():
    fitted = hybrid.fit([snapshot(3), snapshot(2)], ["a", "b", "c"], settings(), seed=0)
    said = fitted.predict(snapshot(9).features)
    borders = said.groupby("churn_band", observed=True)["churn_probability"].agg(["min", "max"])
    assert borders.loc["low", "max"] < 0.3 <= borders.loc["middle", "min"]
    assert borders.loc["middle", "max"] < 0.6 <= borders.loc["high", "min"]


def with_btyd(one: Snapshot, skill: float) -> Snapshot:
    """A structural model that knows a share of the signal."""
    p_order = 1 / (1 + np.exp(2 * skill * one.features["a"]))
    features = one.features.assign(p_order=p_order, expected_orders=2 * p_order)
    return Snapshot(one.cutoff, one.horizon_days, features, one.labels)


def losses(later: Snapshot, said: pd.DataFrame) -> float:
    p = said["churn_probability"].clip(1e-9, 1 - 1e-9)
    return float(-np.mean(np.where(later.labels["churned"] == 1, np.log(p), np.log1p(-p))))


def test_where_btyd_knows_everything_the_offset_learns_nothing_and_the_average_loses_nothing():
    past = [with_btyd(snapshot(day), skill=1.0) for day in (3, 2, 1)]
    later = with_btyd(snapshot(9), skill=1.0)
    hybrid_ = hybrid.fit(past, ["b", "c"], settings("btyd", "features", "offset"), seed=0)
    alone = hybrid.fit(past, ["b", "c"], settings("btyd"), seed=0)
    offset = hybrid_.members[2].probability(later.features)
    assert np.abs(offset - (1 - later.features["p_order"])).mean() < 0.03
    assert losses(later, hybrid_.predict(later.features)) < 1.01 * losses(later, alone.predict(later.features))


def test_where_btyd_knows_half_the_average_beats_it():
    past = [with_btyd(snapshot(day), skill=0.4) for day in (3, 2, 1)]
    later = with_btyd(snapshot(9), skill=0.4)
    hybrid_ = hybrid.fit(past, ["a", "b", "c"], settings("btyd", "features", "offset"), seed=0)
    alone = hybrid.fit(past, ["a", "b", "c"], settings("btyd"), seed=0)
    assert losses(later, hybrid_.predict(later.features)) < 0.95 * losses(later, alone.predict(later.features))


def test_the_average_is_equal():
    past = [with_btyd(snapshot(day), skill=0.4) for day in (3, 2)]
    fitted = hybrid.fit(past, ["a", "b"], settings("btyd", "features", "offset"), seed=0)
    features = past[0].features
    parts = [member.probability(features) for member in fitted.members]
    np.testing.assert_allclose(parts[0], 1 - features["p_order"].to_numpy(), rtol=1e-9)
    np.testing.assert_array_equal(fitted.predict(features)["churn_probability"], np.mean(parts, axis=0))
