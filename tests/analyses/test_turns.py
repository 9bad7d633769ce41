"""What customers did before they turned is held against the period before, where there is one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from patronage.analyses import turns
from patronage.analyses.contract import Population
from patronage.config import TurnsConfig, TurnTarget

TARGETS = TurnsConfig(targets={"heavy": TurnTarget(column="usage_segment", became=["heavy"])}, shuffles=0)


@pytest.fixture(scope="module")
def view(planted):
    """Customers with a rating become heavy; those with many visits do so, too, but not in the period before."""
    rng = np.random.default_rng(0)
    ids = planted.now.features.index

    def population(heavy):
        numbers = {f"noise_{k}": rng.normal(size=len(ids)) for k in range(12)}
        visits = rng.normal(size=len(ids))
        features = pd.DataFrame({"visits": visits, "rating": heavy * 1.0, "n_orders": 1.0, **numbers}, index=ids)
        label = np.where(rng.random(len(ids)) < 0.15, "heavy", "light")
        return Population(features, pd.DataFrame({"usage_segment": label, "value_tier": "gold"}, index=ids))

    before, earlier = population(rng.random(len(ids)) < 0.4), population(rng.random(len(ids)) < 0.4)

    def after(of, effect):
        p = 0.2 + 0.4 * of.features["rating"] + effect * (of.features["visits"] > 0)
        return np.where(rng.random(len(ids)) < p, "heavy", "light")

    before.segments["usage_segment"] = after(earlier, -0.1)
    now = Population(before.features, pd.DataFrame({"usage_segment": after(before, 0.3)}, index=ids))
    return replace(planted, now=now, before=before, earlier=earlier)


def test_what_another_period_shows_too_is_found_and_the_contrary_is_not(view):
    beside, alone = turns.run(view, TARGETS), turns.run(replace(view, earlier=None), TARGETS)
    table, of_one = (result.tables["turns_heavy"].set_index("family") for result in (beside, alone))
    assert of_one.loc[["rating", "visits"], "verdict"].eq("found").all()
    assert table.loc["rating", "verdict"] == "found"
    assert table.loc["visits", "verdict"] != "found"
    assert table.loc["rating", "earlier_low"] > 0
    assert of_one["earlier_effect"].isna().all()
    assert "in the period before it holds, too" in beside.finding
    assert "in this period only, and not counted: 1 more rule" in beside.finding
    labels = beside.drawings["turns_heavy"].frame["label"]
    assert labels.str.endswith("not clear in the time before").sum() == 1
    assert labels.str.contains("rating").sum() == 1
    assert "in the period before" not in alone.finding
    assert alone.finding.endswith(
        "the log has no period before to hold these rules against: another one may show others"
    )


def test_what_repeats_how_good_a_customer_is_explains_nothing(planted):
    """Customers become heavy at a middling recency alone: no straight line, and nothing beside it."""
    rng = np.random.default_rng(1)
    ids = pd.Index([f"c{k}" for k in range(6000)], name="customer_id")
    recency = rng.exponential(60, len(ids))
    features = pd.DataFrame(
        {
            "days_since_last_order": recency,
            "n_orders": rng.poisson(3, len(ids)) + 1.0,
            "net_revenue": rng.lognormal(4, 1, len(ids)),
            "silence": recency * rng.lognormal(0, 0.1, len(ids)),
            "rating": rng.random(len(ids)) < 0.3,
        },
        index=ids,
    ).astype(float)
    p = 0.1 + 0.5 * np.exp(-((np.log(recency / 45) / 0.8) ** 2)) + 0.2 * features["rating"]
    light, heavy = (
        pd.DataFrame({"usage_segment": label, "value_tier": "gold"}, index=ids)
        for label in ("light", np.where(rng.random(len(ids)) < p, "heavy", "light"))
    )
    own = replace(planted, before=Population(features, light), now=Population(features, heavy), earlier=None)
    table = turns.run(own, TARGETS).tables["turns_heavy"].set_index("family")
    assert table.loc["rating", "verdict"] == "found"
    assert table.loc["silence", "verdict"] == "no more than chance"
    assert table["effect"].abs().max() < 1
