"""A run with targets: an event with a planted rate of each customer, and a category."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import patronage as pt
from patronage.errors import ConfigError, DataError

QUICK = ["personas.k=3", "personas.allow_unstable=true", "personas.bootstraps=3", "churn.max_rounds=30",
         "evaluation.bootstraps=20", "journey.cadence_classes=1"]  # fmt: skip
DAYS = 60


@pytest.fixture(scope="module")
def log(shop):
    """Half the customers upgrade often, half hardly; `late` comes after the cutoff."""
    rng = np.random.default_rng(3)
    first = shop.groupby("customer_id")["ordered_at"].min()
    rows = []
    for number, (customer, began) in enumerate(first.items()):
        day = rng.exponential(30 if number % 4 < 2 else 600)
        while (moment := began + pd.Timedelta(days=day)) < pd.Timestamp("2023-12-20"):
            rows.append((customer, moment.floor("s"), "upgrade"))
            day += rng.exponential(30 if number % 4 < 2 else 600)
    rows.append(("c000", pd.Timestamp("2023-11-01"), "late"))
    events = pd.DataFrame(rows, columns=["customer_id", "occurred_at", "event"])
    category = np.where(shop["amount"] > 40, "Wine", "Bread")
    return pt.read(shop.assign(category=category), events=events)


@pytest.fixture(scope="module")
def run(log):
    return pt.train(log, "2023-07-01", DAYS, target=["event:upgrade", "category:Bread"], overrides=QUICK)


@pytest.mark.slow
def test_the_planted_target_is_found_calibrated_and_beats_its_baselines(run):
    p, often = run.assignments["p_event_upgrade"], np.arange(len(run.assignments)) % 4 < 2
    assert abs(p[often].mean() - (1 - np.exp(-DAYS / 30))) < 0.07
    assert abs(p[~often].mean() - (1 - np.exp(-DAYS / 600))) < 0.07
    lines = run.scorecard().set_index("model")
    assert lines.loc["event_upgrade", "verdict"] == "better than"
    assert run.metrics["event_upgrade/ece"] < 0.08
    assert "event_upgrade/unseen/roc_auc" in run.metrics
    assert run.assignments["category_bread_reasons"].str.len().gt(0).all()


@pytest.mark.slow
def test_saved_and_scored_it_is_the_same(run, log, tmp_path):
    run.bundle.save(tmp_path)
    scored = pt.score(tmp_path, log, "2023-07-01")
    pd.testing.assert_frame_equal(scored.drop(columns="cutoff"), run.assignments)


@pytest.mark.slow
def test_a_name_that_the_log_does_not_hold_gives_the_nearest(log):
    with pytest.raises(ConfigError, match=r"target=event:Upgrad: the log holds no event of that name; the nearest are "
                                          r"upgrade"):  # fmt: skip
        pt.outcomes(log, "2023-07-01", DAYS, target="event:Upgrad")
    with pytest.raises(ConfigError, match=r"target=brand:x needs transactions.brand, which the log lacks"):
        pt.outcomes(log, "2023-07-01", DAYS, target="brand:x")


@pytest.mark.slow
def test_what_nobody_did_in_the_windows_is_refused_before_anything_is_fitted(log):
    with pytest.raises(DataError, match=r"target=event:late: no customer did it in the windows"):
        pt.train(log, "2023-07-01", DAYS, target="event:late")
