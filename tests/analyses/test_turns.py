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
    assert "1 of them did so in the period before too" in beside.finding
    assert "the period before" not in alone.finding
