"""Surrogate rules on clusters that are rules."""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage.models.personas.rules import surrogate_rules


def test_rules_reproduce_the_clusters_of_held_out_customers():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"orders": rng.uniform(0, 10, 2000), "value": rng.uniform(0, 10, 2000)})
    frame.loc[rng.uniform(size=2000) < 0.2, "value"] = np.nan
    labels = np.where(frame["orders"] > 5, np.where(frame["value"] > 3, 0, 1), 2)
    rules = surrogate_rules(frame, labels, seed=0)
    assert rules.fidelity > 0.99
    assert 0.4 < rules.usual < 0.6
    shown = dict(zip(rules.table["label"], rules.table["rule"], strict=True))
    assert shown[2].startswith("orders at most ")
    assert "value at most " in shown[1]
    assert "(or unknown)" in shown[1]
    assert "orders more than " in shown[0]
    assert "unknown" not in shown[0]
    large = surrogate_rules(frame.assign(orders=frame["orders"] * 1000), labels, seed=0)
    assert any("orders more than 5,0" in rule or "orders more than 4,9" in rule for rule in large.table["rule"])
    noise = surrogate_rules(frame, rng.integers(0, 3, 2000), seed=0)
    assert noise.fidelity < 0.45
