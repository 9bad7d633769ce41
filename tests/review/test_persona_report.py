"""What a run tells of its personas, on features made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from conftest import through_the_door
from patronage.jobs.compose import settings
from patronage.names import Tag
from patronage.review.persona_report import persona_report
from patronage.training.fit import fit_bundle
from patronage.training.origins import split_at

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fitted_personas(shop):
    given = ["data=cdnow", "cutoff=2023-07-01", "horizon_days=90", "personas.bootstraps=4", "churn=lightgbm"]
    config = settings("train", given)
    split = split_at(through_the_door(shop), datetime(2023, 7, 1), config)
    bundle = fit_bundle(split, config, left_censored=False)
    features = split.current.features
    return bundle, features, bundle.assign(features), config


def report(fitted_personas, bundle=None, former=None, origin="fresh: no champion yet"):
    fitted, features, assignments, config = fitted_personas
    return persona_report(bundle or fitted, features, assignments, config.personas, config.seed, former, origin)


def test_each_persona_is_a_row_that_adds_up_to_everyone(fitted_personas):
    _, features, assignments, _ = fitted_personas
    table = report(fitted_personas).tables["personas.json"]
    assert table["customers"].sum() == len(features)
    assert table[["share", "revenue_share", "clv_share"]].sum().to_numpy() == pytest.approx(1)
    assert table["persona"].is_unique
    first = assignments["persona_id"] == table["persona_id"].iloc[0]
    assert table["churn_probability"].iloc[0] == pytest.approx(assignments.loc[first, "churn_probability"].mean())
    stage = assignments.loc[first, "journey_stage"].value_counts(normalize=True)
    assert table["journey_stage"].iloc[0] == f"{stage.index[0]} {stage.iloc[0]:.0%}"


def test_profiles_segments_and_typical_customers_cover_every_persona(fitted_personas):
    bundle, features, assignments, _ = fitted_personas
    tables = report(fitted_personas).tables
    profile = tables["persona_profile.json"]
    one = profile[(profile["persona_id"] == 0) & (profile["feature"] == "n_orders")].iloc[0]
    assert one["median"] == features.loc[assignments["persona_id"] == 0, "n_orders"].median()
    assert set(tables["persona_segments.json"]["persona_id"]) == set(bundle.personas.ids)
    typical = tables["persona_typical.json"]
    assert typical["persona_id"].value_counts().eq(3).all()
    assert typical["persona_probability"].mean() > assignments["persona_probability"].mean()
    assert set(tables["persona_rules.json"]["persona"]) <= set(bundle.personas.names)
    assert len(tables["persona_choice.json"]) == 6


def test_unstable_personas_and_left_out_features_are_named(fitted_personas):
    bundle, *_ = fitted_personas
    personas = bundle.personas
    shaky = replace(personas.choice.taken, against="bootstrap ARI 0.10, expected 0.85")
    preparation = replace(personas.preparation, left_out=("coupon_share",))
    odd = replace(personas, choice=replace(personas.choice, grid=(shaky,)), preparation=preparation)
    found = report(fitted_personas, replace(bundle, personas=odd))
    assert found.tags["personas.stable"] == "no: bootstrap ARI 0.10, expected 0.85"
    assert "NO STABLE PERSONAS in this data" in found.messages[-1]
    assert found.tags["personas.left_out"] == "coupon_share"
    assert found.tables["persona_features.json"]["feature"].iloc[-1] == "coupon_share"


def test_the_matching_with_the_champion_is_reported(fitted_personas):
    bundle, features, _, config = fitted_personas
    from patronage import lenses
    from patronage.training.personas import fit_personas

    again = fit_personas(
        features,
        config.personas,
        seed=config.seed,
        descriptions=lenses.described(config.lenses),
        former=bundle.personas,
    )
    found = report(
        fitted_personas, replace(bundle, personas=again), bundle.personas, "carried on from the champion, version 7"
    )
    assert found.tags[Tag.PERSONAS_FORMER] == f"carried on from the champion, version 7: {again.k} kept"
    assert found.metrics["personas/moved_by_refit"] < 0.02
    assert (found.metrics["personas/kept"], found.metrics["personas/new"]) == (again.k, 0)
    assert found.tables["persona_matching.json"]["verdict"].eq("kept").all()
    assert len(found.tables["persona_matching_costs.json"]) == again.k**2
