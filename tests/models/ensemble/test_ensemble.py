"""The three targets of the ensemble, on customers whose future depends on one feature."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from patronage.config import ChurnConfig
from patronage.errors import FitError
from patronage.labels import LabelledSnapshot, held_out
from patronage.models.ensemble.ensemble import Ensemble
from patronage.models.ensemble.fitting import EnsembleFit, fit_ensemble

pytestmark = pytest.mark.slow

BANDS = {"low": 0.3, "middle": 0.6, "high": 1.0}
FEATURES = ["a", "b", "kind"]
WORTH = 20.0


def settings(*members: str, **more: object) -> ChurnConfig:
    return ChurnConfig(members=dict.fromkeys(members or ("plain",), True), bands=BANDS, **more)


def snapshot(day: int, n: int = 1500, signal: float = 0.8, skill: float = 0.0, days: int = 30) -> LabelledSnapshot:
    """Orders are Poisson, their rate depends on `a`; a structural model knows a share, `skill`, of that."""
    rng = np.random.default_rng(day)
    index = pd.Index([f"c{i}" for i in range(n)], name="customer_id")
    features = pd.DataFrame(rng.normal(size=(n, 2)), index=index, columns=["a", "b"])
    features["kind"] = np.where(features["a"] > 0, "dear", "cheap")
    expected = np.exp(skill * signal * features["a"] - 0.5) * days / 30
    known = {"p_order": -np.expm1(-expected), "expected_orders": expected, "expected_spend": WORTH * expected}
    orders = rng.poisson(np.exp(signal * features["a"] - 0.5) * days / 30).astype(float)
    spend = orders * WORTH * rng.gamma(4, 1 / 4, n)
    labels = pd.DataFrame({"orders": orders, "spend": spend, "churned": (orders == 0).astype(float)}, index=index)
    return LabelledSnapshot(datetime(2024, 1, day), days, features.assign(**known), labels)


def truth(one: LabelledSnapshot, signal: float = 0.8) -> np.ndarray:
    """Expected orders."""
    return np.exp(signal * one.features["a"] - 0.5).to_numpy()


TRAINING = [snapshot(day) for day in (3, 2, 1)]
LATER = snapshot(9)


def fitted(
    config: ChurnConfig, training: list[LabelledSnapshot] = TRAINING, columns: list[str] = FEATURES
) -> EnsembleFit:
    return fit_ensemble(training, LATER.features, columns, config, seed=0)


def predicted(model: Ensemble, *features: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(model.predict(*features), index=features[0].index)


@pytest.fixture(scope="module")
def plain() -> Ensemble:
    return fitted(settings())[0]


def test_it_finds_what_the_future_depends_on_for_all_three_targets(plain):
    prediction = predicted(plain, LATER.features)
    rate = truth(LATER)
    assert np.corrcoef(prediction["orders"], rate)[0, 1] > 0.93
    assert np.corrcoef(prediction["spend"], rate)[0, 1] > 0.92
    assert np.corrcoef(prediction["churned"], np.exp(-rate))[0, 1] > 0.96
    np.testing.assert_allclose(prediction.mean(), [np.exp(-rate).mean(), rate.mean(), WORTH * rate.mean()], rtol=0.12)
    assert plain.importance().index[0] == "a"


def test_text_is_a_category_and_an_unknown_one_is_missing():
    model, _ = fitted(settings(), columns=["kind"])
    prediction = predicted(model, LATER.features)["orders"]
    assert (
        prediction[LATER.features["kind"] == "dear"].min() > 1.5 * prediction[LATER.features["kind"] == "cheap"].max()
    )
    odd = predicted(model, LATER.features.assign(kind="never seen"))["orders"]
    nothing = predicted(model, LATER.features.assign(kind=""))["orders"]
    assert odd.nunique() == 1
    pd.testing.assert_series_equal(odd, nothing)


def test_where_there_is_nothing_to_learn_it_predicts_the_base_rate():
    training = [snapshot(day, signal=0) for day in (3, 2)]
    model, _ = fitted(settings(), training)
    prediction = predicted(model, LATER.features)
    np.testing.assert_allclose(prediction["orders"].mean(), np.exp(-0.5), rtol=0.1)
    assert (prediction.std() < 0.1 * prediction.mean()).all()  # but for chance, which is a standard error


def test_customers_without_a_label_are_not_learned_from():
    full = TRAINING[0]
    doubtful = full.labels.copy()
    doubtful.loc[doubtful.index[::2], "churned"] = np.nan
    half = LabelledSnapshot(full.cutoff, 30, full.features, doubtful)
    kept = LabelledSnapshot(full.cutoff, 30, full.features.iloc[1::2], full.labels.iloc[1::2])
    prediction = [predicted(fitted(settings(), [one])[0], full.features)["churned"] for one in (half, kept)]
    pd.testing.assert_series_equal(*prediction)


@pytest.mark.parametrize("everyone", [0.0, 1.0])
def test_one_class_only_gives_a_rate_short_of_certainty(everyone):
    one = TRAINING[0]
    model, _ = fitted(settings(), [LabelledSnapshot(one.cutoff, 30, one.features, one.labels.assign(churned=everyone))])
    prediction = predicted(model, one.features)["churned"]
    assert prediction.between(0, 1, inclusive="neither").all()
    assert abs(prediction.iloc[0] - everyone) < 0.001


def test_no_known_label_is_an_error():
    one = TRAINING[0]
    nobody = LabelledSnapshot(one.cutoff, 30, one.features, one.labels.assign(churned=np.nan))
    with pytest.raises(FitError, match="no customer had an order in the lookback"):
        fitted(settings(), [nobody])


def test_bands_follow_the_probability(plain):
    churn = predicted(plain, LATER.features)["churned"]
    borders = churn.groupby(plain.band(churn)).agg(["min", "max"])
    assert borders.loc["low", "max"] < 0.3 <= borders.loc["middle", "min"]
    assert borders.loc["middle", "max"] < 0.6 <= borders.loc["high", "min"]


def losses(model: Ensemble, later: LabelledSnapshot) -> np.ndarray:
    """Log-loss of churn, RMSE of orders and of spend."""
    prediction = predicted(model, later.features)
    p, y = prediction["churned"].clip(1e-9, 1 - 1e-9), later.labels
    log_loss = -np.mean(np.where(y["churned"] == 1, np.log(p), np.log1p(-p)))
    return np.array([log_loss, *(np.sqrt(((prediction[n] - y[n]) ** 2).mean()) for n in ("orders", "spend"))])


def test_where_btyd_knows_everything_nothing_is_to_be_gained_and_nothing_lost():
    training = [snapshot(day, skill=1.0) for day in (3, 2, 1)]
    later = snapshot(9, n=6000, skill=1.0)
    together, _ = fitted(settings("btyd", "features", "offset"), training, ["b"])
    alone, _ = fitted(settings("btyd"), training, ["b"])
    assert (losses(together, later) < 1.015 * losses(alone, later)).all()


def test_where_btyd_knows_half_the_average_beats_it():
    training = [snapshot(day, skill=0.4) for day in (3, 2, 1)]
    later = snapshot(9, skill=0.4)
    together, _ = fitted(settings("btyd", "features", "offset"), training)
    alone, _ = fitted(settings("btyd"), training)
    assert (losses(together, later) < 0.97 * losses(alone, later)).all()


def test_the_average_is_equal():
    training = [snapshot(day, skill=0.4) for day in (3, 2)]
    model, _ = fitted(settings("btyd", "features", "offset"), training)
    parts = model.member_predictions(LATER.features)["orders"]
    assert list(parts) == ["btyd", "features", "offset"]
    np.testing.assert_allclose(parts["btyd"], LATER.features["expected_orders"], rtol=1e-9)
    np.testing.assert_array_equal(predicted(model, LATER.features)["orders"], np.mean(list(parts.values()), axis=0))


def test_a_member_predicts_spend_by_what_it_learned_of_it_and_by_its_orders():
    training = [snapshot(day, skill=0.4) for day in (3, 2)]
    model, _ = fitted(settings("btyd", "features", "offset"), training)
    prediction, learned = model.member_predictions(LATER.features), model.spend.predict(LATER.features)
    for name in ("features", "offset"):
        both = (learned[name] + WORTH * prediction["orders"][name]) / 2
        np.testing.assert_allclose(prediction["spend"][name], both, rtol=1e-9)
    np.testing.assert_allclose(prediction["spend"]["btyd"], LATER.features["expected_spend"], rtol=1e-9)


def test_trees_know_who_orders_more_and_btyd_how_much_all_do():
    """In training they order twice what they will, and BTYD knows."""
    generous = [replace(one, labels=one.labels.assign(orders=2 * one.labels["orders"])) for one in TRAINING]
    model, _ = fitted(settings("features"), generous)
    prediction = predicted(model, LATER.features)["orders"]
    assert prediction.sum() == pytest.approx(LATER.features["expected_orders"].sum(), rel=1e-9)
    assert np.corrcoef(prediction, truth(LATER))[0, 1] > 0.93


def test_trees_know_who_leaves_and_btyd_how_many_do():
    """In training the fifth who order least leaves, and BTYD knows that later more than half do."""
    stays = [replace(one, labels=one.labels.assign(churned=(truth(one) < 0.3).astype(float))) for one in TRAINING]
    model, _ = fitted(settings("features"), stays)
    prediction = predicted(model, LATER.features)["churned"]
    assert prediction.mean() == pytest.approx(1 - LATER.features["p_order"].mean(), rel=1e-9)
    assert prediction[truth(LATER) < 0.25].min() > prediction[truth(LATER) > 0.35].max()


@pytest.mark.parametrize(("skill", "members"), [(0.0, 2), (0.9, 3)])
def test_btyd_is_left_out_where_the_trees_alone_know_much_more(skill, members):
    training = [snapshot(day, skill=skill) for day in (3, 2, 1)]
    model, validation = fitted(settings("btyd", "features", "offset"), training)
    assert [len(target.members) for target in model.targets] == [members] * 3
    labels = training[0].labels.loc[validation.index]
    rate = truth(training[0])[training[0].features.index.get_indexer(validation.index)]
    assert np.corrcoef(validation["orders"], rate)[0, 1] > 0.9
    assert validation["churned"].mean() == pytest.approx(labels["churned"].mean(), abs=0.05)


def test_beyond_its_label_window_it_moves_as_btyd_does():
    """Learned over 30 days, used over 90: BTYD's odds and amounts give the rest of the way."""
    training = [snapshot(day, skill=0.4) for day in (3, 2)]
    model, _ = fitted(settings("btyd", "plain"), training)
    near, far = (snapshot(9, skill=0.4, days=days).features for days in (30, 90))
    moved, stayed = predicted(model, near, far), predicted(model, near)
    np.testing.assert_allclose(moved["orders"], 3 * stayed["orders"], rtol=1e-6)
    assert (moved["churned"] < stayed["churned"]).all()
    parts = model.member_predictions(near, far)["orders"]
    np.testing.assert_allclose(parts["btyd"], far["expected_orders"], rtol=1e-9)


def test_of_a_contract_no_member_starts_from_btyd():
    model, _ = fitted(settings("btyd", "features", "offset", contractual=True))
    assert [member.name for member in model.churn.members] == ["features"]
    assert [member.name for member in model.orders.members] == ["btyd", "features", "offset"]


def test_the_validation_is_of_held_out_customers():
    _, validation = fitted(settings("btyd", "offset"))
    assert list(validation) == ["churned", "orders"]
    assert 0.15 < len(validation) / 1500 < 0.35
    held = held_out(TRAINING[0].features.index, 0.25, 0, "rounds")
    assert validation.index.equals(held.index[held])


def test_saved_and_loaded_it_predicts_the_same(tmp_path):
    model, _ = fitted(settings("btyd", "features", "offset"))
    model.save(tmp_path)
    again = Ensemble.load(tmp_path)
    assert again.columns == model.columns
    pd.testing.assert_frame_equal(predicted(again, LATER.features), predicted(model, LATER.features), check_exact=True)
