"""Figures of what contacts changed: what their titles say, and which rows they show."""

from __future__ import annotations

import pandas as pd

from patronage.names import Artifact
from patronage.review.analysis_charts import charts_of
from patronage.review.effect_figures import effect_drawings

POLICIES = pd.DataFrame(
    {"policy": ["by effect", "treat none", "treat all: mail"], "profit_per_1000": [19.3, 0.0, -55.5],
     "low": [9.4, 0.0, -70.3], "high": [29.2, 0.0, -40.7], "share": [0.31, 0.0, 1.0]}
)  # fmt: skip
LABELS = pd.DataFrame(
    {"labels": ["stage", "stage", "tier"], "label": ["young", "old", "gold"], "arm": "mail",
     "customers": 900, "effect": [0.4, -0.3, 0.01], "low": [0.3, -0.4, -0.1], "high": [0.5, -0.2, 0.12],
     "p_adjusted": [0.0, 0.001, 0.8], "finding": ["gains", "is harmed", "no effect found"]}
)  # fmt: skip
DAYS = pd.DataFrame(
    {"arm": ["mail", "sms"] * 2, "from_day": [0, 0, 3, 3], "until_day": [3, 3, 7, 7], "effect": [0.2, 0.1, 0.0, 0.0],
     "low": [0.1, -0.1, -0.1, -0.1], "high": [0.3, 0.3, 0.1, 0.1], "p_adjusted": [0.001, 0.4, 0.9, 0.9]}
)  # fmt: skip


def test_titles_tell_what_is_sure():
    drawn = effect_drawings(
        {Artifact.EFFECT_POLICIES: POLICIES, Artifact.EFFECTS_BY_LABEL: LABELS, Artifact.EFFECTS_BY_DAYS: DAYS}
    )
    assert drawn["effect_policies"].title == (
        "1 of 3 policies surely pays, most 'by effect' with 31% of the customers contacted"
    )
    assert drawn["effects_by_label"].title == "1 of 3 groups surely gain, 1 is harmed"
    assert drawn["effects_by_days"].title == "An effect is seen in 1 of 4 spans of days since the contact"
    assert drawn["effects_by_label"].frame["label"].tolist() == ["stage: young", "tier: gold", "stage: old"]
    assert "days 3 to 7, sms" in drawn["effects_by_days"].frame["label"].tolist()
    assert set(charts_of(drawn)) == set(drawn)


def test_a_null_is_told_as_a_null():
    drawn = effect_drawings({Artifact.EFFECT_POLICIES: POLICIES.assign(low=-80.0)})
    assert drawn["effect_policies"].title == "No policy surely earns more than contacting nobody"


def test_only_tables_of_the_run_are_drawn():
    assert effect_drawings({}) == {}
