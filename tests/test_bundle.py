"""One bundle, fitted on the small shop: what it says, that it keeps, and that the future cannot reach it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from conftest import through_the_door
from patronage import bundle as bundles
from patronage import cutoff as when
from patronage.bundle import Bundle
from patronage.config import TrainConfig
from patronage.errors import ConfigError
from patronage.jobs.compose import settings
from patronage.models.ensemble.fitting import fit_ensemble
from patronage.models.forecast import ENSEMBLE
from patronage.training import law
from patronage.training.fit import fit_bundle
from patronage.training.origins import holdout_at, learnable, split_at

pytestmark = pytest.mark.slow

CUTOFF = datetime(2023, 7, 1)


def configured(*overrides: str) -> TrainConfig:
    quick = [
        "personas.k_range=[3,4]",
        "personas.bootstraps=3",
        "origins.most=2",
        "churn.max_rounds=50",
        "journey.cadence_classes=1",
    ]
    return settings("train", ["data=cdnow", "cutoff=2023-07-01", "horizon_days=90", *quick, *overrides])


def fitted(frame: pd.DataFrame, *overrides: str) -> tuple[Bundle, pd.DataFrame]:
    config = configured(*overrides)
    split = split_at(through_the_door(frame), CUTOFF, config)
    return fit_bundle(split, config, left_censored=False), split.current.features


@pytest.fixture(scope="module")
def trained(shop) -> tuple[Bundle, pd.DataFrame]:
    return fitted(shop)


def contents(folder: Path) -> dict[str, object]:
    """Every file of a bundle."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_everyone_is_assigned_and_nothing_is_missing(trained):
    bundle, features = trained
    said = bundle.assign(features)
    assert said.index.equals(features.index)
    assert said.notna().all(axis=None)
    probabilities = ["persona_probability", "churn_probability", "p_alive", "p_order", "journey_probability"]
    assert said[probabilities].ge(0).all(axis=None)
    assert said[probabilities].le(1).all(axis=None)
    for name in ("expected_orders", "clv"):
        assert (said[f"{name}_low"] <= said[f"{name}_high"]).all()
        assert said[name].ge(0).all()


def test_flags_name_everything_that_speaks_against_an_answer(trained):
    bundle, features = trained
    said = bundle.assign(features)
    unsure = said["persona_probability"] < 0.6
    assert (said["flags"].str.contains("persona ambiguous") == unsure).all()
    taken = replace(bundle.personas.choice.taken, against="bootstrap ARI 0.10, expected 0.85")
    shaky = replace(bundle.personas, choice=replace(bundle.personas.choice, grid=(taken,)), ambiguous_below=1.1)
    said = replace(bundle, personas=shaky).assign(features)
    assert said["flags"].str.contains("persona ambiguous; personas are not stable in this data").all()


def test_saved_and_loaded_it_says_the_same(trained, tmp_path):
    bundle, features = trained
    bundle.save(tmp_path / "bundle")
    pd.testing.assert_frame_equal(
        Bundle.load(tmp_path / "bundle").assign(features), bundle.assign(features), check_exact=True
    )


def test_a_customer_is_assigned_the_same_alone_and_in_any_order(trained):
    bundle, features = trained
    everyone = bundle.assign(features)
    shuffled = features.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(bundle.assign(shuffled).loc[features.index], everyone, check_exact=True)
    for customer in shuffled.index[:20]:
        alone = bundle.assign(features.loc[[customer]])
        pd.testing.assert_frame_equal(alone, everyone.loc[[customer]], check_exact=True)


def test_assigning_leaves_the_callers_frame_alone(trained):
    bundle, features = trained
    before = features.copy(deep=True)
    bundle.assign(features)
    pd.testing.assert_frame_equal(features, before)


def test_a_customer_never_seen_gets_an_answer(trained):
    bundle, features = trained
    stranger = features.head(1).set_axis(["stranger"]).assign(n_orders=1e6, revenue=1e9, lateness=np.nan)
    assert bundle.assign(stranger).notna().all(axis=None)


def test_the_future_changes_nothing(trained, shop, tmp_path):
    """Corrupt, delete and append rows at and after the cutoff: not one bit of what is learned or said moves."""
    bundle, features = trained
    bundle.save(tmp_path / "as_it_is")
    future = shop["ordered_at"] >= CUTOFF
    assert future.sum() > 500
    corrupt = shop.assign(
        amount=shop["amount"].where(~future, -3 * shop["amount"] - 1),
        customer_id=shop["customer_id"].where(~future, "someone else " + shop["customer_id"]),
    )
    appended = pd.concat([shop, shop[future].assign(ordered_at=pd.Timestamp(CUTOFF), amount=1e6)]).drop_duplicates()
    for name, other in {"corrupted": corrupt, "deleted": shop[~future], "appended": appended}.items():
        again, again_features = fitted(other)
        pd.testing.assert_frame_equal(again_features, features, check_exact=True)
        again.save(tmp_path / name)
        assert contents(tmp_path / name) == contents(tmp_path / "as_it_is"), name
        pd.testing.assert_frame_equal(again.assign(again_features), bundle.assign(features), check_exact=True)


def test_what_is_measured_is_not_what_was_learned_from(shop):
    config = configured()
    tables = through_the_door(shop)
    split = split_at(tables, CUTOFF, config)
    assert all(snapshot.cutoff.date().isoformat() <= "2023-04-02" for snapshot in split.training)
    after = holdout_at(tables, split, config)
    assert after.split is split
    assert after.evaluated.cutoff == CUTOFF
    truncated = through_the_door(shop[shop["ordered_at"] < CUTOFF])
    before = holdout_at(truncated, split_at(truncated, CUTOFF, config), config)
    assert before.evaluated.cutoff == datetime(2023, 4, 2)
    assert all(snapshot.cutoff.date().isoformat() <= "2023-01-02" for snapshot in before.split.training)
    unseen = before.split.select(~before.unseen)
    assert not set(unseen.current.features.index) & set(before.evaluated.select(before.unseen).features.index)


def test_the_unseen_measurement_is_of_a_model_that_could_learn(shop):
    config = configured("churn=lightgbm")
    tables = through_the_door(shop)
    split = split_at(tables, CUTOFF, config)
    seen = split.select(~holdout_at(tables, split, config).unseen)
    features = seen.current.features
    model = fit_ensemble(
        seen.training, features, learnable(features, config.lenses), config.churn, seed=config.seed
    ).ensemble
    assert model.churn.members[0].rounds > 0


def test_contacts_who_never_bought_are_placed_but_not_valued(shop):
    refund = pd.DataFrame({"customer_id": ["r0"], "ordered_at": [pd.Timestamp("2023-05-01")], "amount": [-5.0]})
    visits = pd.DataFrame({"customer_id": ["v0"], "occurred_at": [pd.Timestamp("2023-06-20")], "event": ["view"]})
    config = configured()
    split = split_at(through_the_door(pd.concat([shop, refund]), visits), CUTOFF, config)
    said = fit_bundle(split, config, left_censored=False).assign(split.current.features).loc[["r0", "v0"]]
    assert said["flags"].str.startswith("never bought: no churn, no value").all()
    assert said[list(bundles.ABOUT_BUYERS)].isna().all(axis=None)
    assert said.drop(columns=list(bundles.ABOUT_BUYERS)).notna().all(axis=None)
    assert said.loc["v0", "journey_stage"] == "prospect"
    assert said["action"].to_dict() == {
        "r0": "leave_alone",
        "v0": "welcome",
    }  # not who sent all back
    assert said["flags"].str.contains("sent back nearly all").tolist() == [True, False]


def test_who_hardly_buys_again_is_not_valued_and_is_told_so(shop):
    """Fewer than 30 repeat customers, and the gate may act."""
    buyers = shop[shop["ordered_at"] < CUTOFF].groupby("customer_id")["ordered_at"]
    often = buyers.nunique()
    many = often.index[often > 1][25:]
    once = shop[~shop["customer_id"].isin(many) | (shop["ordered_at"] == shop["customer_id"].map(buyers.min()))]
    config = configured("churn=lightgbm")
    split = split_at(through_the_door(once), CUTOFF, config)
    bundle = fit_bundle(split, config, left_censored=False)
    said = bundle.assign(split.current.features)
    assert said["clv"].isna().all()
    assert said["p_order"].notna().all()
    assert said["flags"].str.contains("clv left empty: no value: 25 of").all()


def test_auto_takes_the_law_that_foretold_best(shop):
    config = configured("clv=auto", "clv.candidates=[mbg_nbd,bg_nbd]")
    split = split_at(through_the_door(shop), CUTOFF, config)
    first, second = law.rank_laws(split.training, config.clv)
    assert first.log_score <= second.log_score
    model = law.fit_clv(split.current.features, split.training, config.clv, config.horizon_days)
    assert model.settings.model == first.model
    assert model.candidates == (first, second)
    plain = law.fit_clv(split.current.features, split.training, configured().clv, config.horizon_days)
    assert plain.candidates == ()


def test_orders_value_and_p_order_come_from_one_law(trained):
    """One P(order) for all columns; the law is moved until it has that and the ensemble's orders."""
    bundle, features = trained
    assignments = bundle.assign(features)
    np.testing.assert_allclose(assignments["p_order"], 1 - assignments["churn_probability"], atol=1e-12)
    np.testing.assert_array_equal(assignments["journey_p_order"], assignments["p_order"])
    orders = bundle.forecast.ensemble.predict(*bundle.forecast.inputs(features))["orders"]
    at_least = np.maximum(orders, assignments["p_order"]) if bundle.forecast.churn_source == ENSEMBLE else orders
    agreed = np.isclose(assignments["expected_orders"], at_least, rtol=1e-4)
    assert agreed.mean() > 0.95
    inputs = bundle.forecast.law_inputs(features)
    by_law = pd.DataFrame(bundle.clv.predict(*inputs), index=features.index)
    columns = ["expected_orders_low", "median_orders", "expected_orders_high"]
    pd.testing.assert_frame_equal(assignments[columns], by_law[columns])
    np.testing.assert_allclose(assignments["p_order"], by_law["p_order"], atol=1e-6)
    assert (assignments["expected_orders_low"] <= assignments["median_orders"]).all()
    assert (assignments["median_orders"] <= assignments["expected_orders_high"]).all()
    outside = assignments["expected_orders"] > assignments["expected_orders_high"]
    assert assignments.loc[outside, "flags"].str.contains("expected orders lie").all()
    assert not assignments["flags"].str.contains("contradict").any()
    assert assignments["churn_reasons"].str.len().gt(10).all()


def test_a_horizon_longer_than_the_past_learns_on_a_shorter_window(shop):
    config = configured("horizon_days=500")
    split = split_at(through_the_door(shop), CUTOFF, config)
    assert split.window_days == 241  # half of the 483 days between 60 after the first order and the cutoff
    assert all(when.window_end(one.cutoff, one.horizon_days) <= CUTOFF for one in split.training)
    said = fit_bundle(split, config, left_censored=False).assign(split.current.features)
    shorter = fit_bundle(split_at(through_the_door(shop), CUTOFF, configured()), configured(), left_censored=False)
    at_90 = shorter.assign(split.current.features)
    assert said["expected_orders"].sum() > 1.5 * at_90["expected_orders"].sum()
    assert said["churn_probability"].mean() < at_90["churn_probability"].mean()


def test_a_subscription_log_is_learned_from_its_cancellations(shop):
    """Whoever cancels stops for that reason; the quiet with a running contract have not churned."""
    ends = shop.groupby("customer_id")["ordered_at"].agg(["min", "max"])
    left = ends[ends["max"] < "2023-10-01"]
    words = [(ends.index, ends["min"], "subscribed"), (left.index, left["max"] + pd.Timedelta(days=20), "cancelled")]
    events = pd.concat(
        [pd.DataFrame({"customer_id": who, "occurred_at": at.to_numpy(), "event": word}) for who, at, word in words]
    )
    config = configured("churn=contractual")
    split = split_at(through_the_door(shop, events), CUTOFF, config)
    bundle = fit_bundle(split, config, left_censored=False)
    said = bundle.assign(split.current.features)
    assert bundle.forecast.churn_source == "contract"
    assert said["churn_probability"].between(0, 1).all()
    assert not said["flags"].str.contains("contradict").any()
    with_orders_only = through_the_door(shop)
    with pytest.raises(ConfigError, match="churn.contractual needs events"):
        split_at(with_orders_only, CUTOFF, config)
