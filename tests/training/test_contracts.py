"""A whole run on a simulated subscription log of monthly and yearly plans."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import patronage as pt
from subscriptions import simulate

CUTOFF, DAYS = pd.Timestamp("2023-03-01"), 90
QUICK = ["churn=contractual", "personas.k=2", "personas.allow_unstable=true", "personas.bootstraps=3",
         "churn.max_rounds=30", "journey.cadence_classes=1", "evaluation.bootstraps=20"]  # fmt: skip

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world():
    return simulate(900, 1)


@pytest.fixture(scope="module")
def run(world):
    never = pd.DataFrame(
        {"customer_id": [f"never{k}" for k in range(30)], "occurred_at": CUTOFF, "event": "subscribed"}
    )
    never["occurred_at"] -= pd.to_timedelta(np.arange(30), unit="D")  # contracts of customers who never ordered
    log = pt.read(world.orders, events=pd.concat([world.events, never], ignore_index=True))
    return pt.train(log, str(CUTOFF.date()), DAYS, overrides=QUICK)


def test_the_risk_follows_the_rhythm_of_the_plan(run, world):
    truth = world.truth.reindex(run.assignments.index)
    running = (truth["start"] < CUTOFF) & ~(truth["end"] < CUTOFF)
    p, left = run.assignments["churn_probability"], truth["end"].between(CUTOFF, CUTOFF + pd.Timedelta(days=DAYS))
    starts = truth["start"].fillna(CUTOFF)
    anniversary = starts.apply(lambda start: start + pd.DateOffset(years=CUTOFF.year - start.year))
    due = anniversary.between(CUTOFF, CUTOFF + pd.Timedelta(days=DAYS)) & (truth["start"] < CUTOFF)
    yearly = running & (truth["plan"] == "yearly")
    assert p[yearly & ~due].quantile(0.95) < 0.02
    for group in (yearly & due, running & (truth["plan"] == "monthly")):
        error = np.sqrt(p[group].mean() * (1 - p[group].mean()) / group.sum())
        assert abs(p[group].mean() - left[group].mean()) < 3 * error
    lines = run.scorecard().set_index("model")
    assert lines.loc["churn", "value"] < lines.loc["churn", "baseline_value"]
    assert "churn/baseline_tenure/log_loss" in run.metrics


def test_months_and_value_only_of_contracts_that_run(run, world):
    truth = world.truth.reindex(run.assignments.index)
    running = ((truth["start"] < CUTOFF) & ~(truth["end"] < CUTOFF)).to_numpy()
    shown = run.assignments
    assert (shown["expected_remaining_months"].notna() == running).all()
    assert shown.loc[running, "clv"].between(shown.loc[running, "clv_low"], shown.loc[running, "clv_high"]).mean() > 0.9
    ended = truth["end"] < CUTOFF
    assert shown.loc[ended, "flags"].str.contains("no contract runs").all()
    assert shown.loc[shown.index.str.startswith("x"), "clv"].isna().all()  # never paid
    never = shown[shown.index.str.startswith("never")]
    assert len(never) == 29
    assert never["churn_probability"].isna().all()
    assert never["flags"].str.contains("never bought").all()


def test_saved_it_assigns_the_same(run, tmp_path):
    run.bundle.save(tmp_path)
    loaded = pt.Bundle.load(tmp_path)
    pd.testing.assert_frame_equal(loaded.assign(run.features), run.assignments)
