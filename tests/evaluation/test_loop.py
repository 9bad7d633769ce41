"""The loop in small: recommended as `score` does, contacted by lot, learned from the log as `effect` does."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

import patronage as pt
from patronage import lenses
from patronage import names as c
from patronage.data.simulated import simulate
from patronage.decisions.contact_state import contact_state
from patronage.decisions.next_action import next_actions
from patronage.evaluation import loop
from patronage.evaluation.loop import ARM, ASSUMED, GAIN, LEARNED, NOBODY, LoopSettings, close_loop, monthly
from patronage.models.effects.learned import LearnedEffects

QUICK = ["personas.k=3", "personas.allow_unstable=true", "personas.bootstraps=3", "churn=btyd", "origins.most=1"]
CUTOFFS = monthly(datetime(2023, 4, 1), 2)


@pytest.fixture(scope="module")
def closed():
    """A world of 500 customers, its bundle, and two months of the loop."""
    world = simulate(500, 3, days=600, events=False)
    log = pt.read(world.transactions, customers=world.customers, on_duplicate_rows="keep")
    bundle = pt.train(log, "2023-04-01", horizon_days=90, overrides=QUICK).bundle
    return bundle, close_loop(world, bundle, CUTOFFS, LoopSettings(rounds=10, folds=2))


@pytest.mark.slow
def test_each_month_values_every_policy_beside_nobody_contacted(closed):
    months = closed[1].months.set_index([c.CUTOFF, "policy"])
    assert months.index.get_level_values("policy").tolist() == [NOBODY, ASSUMED, LEARNED, GAIN] * 2
    assert (months.xs(GAIN, level="policy").iloc[0][["more", "low", "high", "by_lot"]] == 0).all()  # nothing is learned
    for cutoff in CUTOFFS:
        own = months.loc[cutoff]
        assert own.loc[ASSUMED, "earned"] - own.loc[NOBODY, "earned"] == pytest.approx(own.loc[ASSUMED, "more"])
        assert own.loc[GAIN, "more"] == pytest.approx(own.loc[LEARNED, "more"] - own.loc[ASSUMED, "more"])
        assert own.loc[ASSUMED, "lot_low"] <= own.loc[ASSUMED, "more"] <= own.loc[ASSUMED, "lot_high"]
    narrow, wide = (months.loc[(slice(None), ASSUMED), names] for names in (["low", "high"], ["lot_low", "lot_high"]))
    assert (np.ptp(narrow, axis=1) < np.ptp(wide, axis=1)).all()  # both answers tell more than one
    types = closed[1].types
    assert types["planted"].between(types["low"], types["high"]).mean() >= 0.75


@pytest.mark.slow
def test_the_contacts_of_the_log_are_what_was_recommended_and_drawn(closed):
    """The lot, read back from the log, has the probabilities of what the next actions recommend at that month."""
    bundle, done = closed
    cutoff, settings = CUTOFFS[0], LoopSettings()
    contacts = done.log.engine.frame("SELECT * FROM contacts").set_index(c.CUSTOMER_ID)
    first = contacts[contacts[c.CONTACTED_AT] == pd.Timestamp(cutoff)]
    plan = replace(
        bundle.actions, catalogue={ARM: replace(loop.ACTION, cost=settings.cost)}, holdout_share=0.0, order_margin=12.0
    )
    features = lenses.features_at(done.log, cutoff, bundle.lenses, bundle.period_days, bundle.lens_names)
    state = contact_state(done.log, cutoff, plan.days)
    actions = next_actions(bundle.assign(features), state, plan).frame.set_index(c.CUSTOMER_ID)
    chosen = (actions[c.ACTION] == ARM).reindex(first.index)
    stated = np.where(first[c.ARM] == ARM, first[c.PROPENSITY], 1 - first[c.PROPENSITY])
    np.testing.assert_allclose(stated, np.where(chosen, settings.recommended, settings.others))
    assert 0 < chosen.mean() < 1


@pytest.mark.slow
def test_what_is_learned_decides_the_next_recommendation(closed, tmp_path):
    """Kept and loaded as a training does it, effects take the place of the assumption, whichever way they point."""
    bundle, done = closed
    cutoff = CUTOFFS[1]
    features = lenses.features_at(done.log, cutoff, bundle.lenses, bundle.period_days, bundle.lens_names)
    plan = replace(bundle.actions, catalogue={ARM: replace(loop.ACTION, cost=1.0)}, holdout_share=0.0)
    past = [loop.month_of(done.log, bundle, features, cutoff, LoopSettings())]
    fitting = bundle.assign(features)[c.JOURNEY_STAGE].isin(loop.ACTION.conditions[c.JOURNEY_STAGE]).to_numpy()
    for sign in (1, -1):
        told = past[0].assign(outcome=past[0]["outcome"] + sign * 20.0 * (past[0][c.ARM] == ARM))
        loop.learn_of([told], LoopSettings(rounds=10, folds=2)).learned_.save(tmp_path / f"learned{sign}")
        effects = LearnedEffects.load(tmp_path / f"learned{sign}")
        learned = replace(bundle, actions=replace(plan, least=effects.least()), effects=effects)
        chosen = loop.recommended(done.log, learned, features, cutoff)
        np.testing.assert_array_equal(chosen, fitting if sign > 0 else np.zeros(len(fitting), bool))


def test_the_mean_over_worlds_has_an_interval_over_worlds():
    rows = [(GAIN, 1, np.nan, more, 0.1) for more in (10.0, 20.0, 30.0)]
    worlds = {
        number: pd.DataFrame([row], columns=["policy", c.CUTOFF, "earned", "more", "share"])
        for number, row in enumerate(rows)
    }
    (row,) = loop.over_worlds(worlds).itertuples()
    assert row.more == 20.0
    assert (row.low, row.high) == pytest.approx(
        (20 - 24.84, 20 + 24.84), abs=0.01
    )  # t of 2 degrees: 4.303 * 10 / sqrt(3)


def test_no_months_are_refused():
    with pytest.raises(pt.ConfigError, match="cutoffs: none"):
        close_loop(None, None, [], LoopSettings())
