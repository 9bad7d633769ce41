"""The loop runs in small: a lot each month, effects learned of it, both policies measured beside what was planted."""

from __future__ import annotations

from datetime import datetime

import pytest

import patronage as pt
from patronage.data.simulated import simulate
from patronage.evaluation.loop import LoopSettings, close_loop, monthly

QUICK = ["personas.k=3", "personas.allow_unstable=true", "personas.bootstraps=3", "churn=btyd", "origins.most=1"]


@pytest.mark.slow
def test_two_months_in_small():
    world = simulate(500, 3, days=600, events=False)
    log = pt.read(world.transactions, customers=world.customers, on_duplicate_rows="keep")
    bundle = pt.train(log, "2023-04-01", horizon_days=90, overrides=QUICK).bundle
    loop = close_loop(world, bundle, monthly(datetime(2023, 4, 1), 2), LoopSettings(rounds=10, folds=2))
    months = loop.months.set_index(["cutoff", "policy"])
    assert months.index.get_level_values("policy").tolist() == ["assumed", "learned", "gain"] * 2
    first = months.loc["2023-04-01"]
    assert (first.loc["gain", ["profit", "low", "high", "planted"]] == 0).all()  # nothing is learned yet
    assert ((months["low"] <= months["planted"]) & (months["planted"] <= months["high"])).sum() >= 4
    assert (loop.types["low"] <= loop.types["high"]).all()
    assert loop.effects.learned_.arms == ("control", "offer")
