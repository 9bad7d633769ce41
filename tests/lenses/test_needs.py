"""Needs: pains by hand, and the dominant one against the usual."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime

import pandas as pd
import pytest

from conftest import through_the_door
from patronage import lenses
from patronage.lenses import needs

PAINS = ["financial_pains", "emotional_pains", "physical_pains"]


def test_pains_by_hand(rich_features):
    # Anna: a ticket about payment, reading reviews. Ben: a complaint about delivery.
    assert rich_features.loc["anna", PAINS].tolist() == [2.0, 0.5, 0.0]
    assert rich_features.loc["ben", PAINS].tolist() == [0.0, 0.0, 3.0]


@pytest.mark.slow
def test_categories_speak_too(rich, lens_settings):
    settings = deepcopy(lens_settings)
    settings.needs.pains.physical.categories = ["soap"]
    tables = through_the_door(rich.lines, rich.events, on_duplicate_rows="keep")
    found = lenses.features_at(tables, datetime(2024, 3, 1), settings, 7)
    assert found.loc["anna", "physical_pains"] == pytest.approx(
        settings.needs.line_weight
    )  # the other soap was sent back


def test_the_dominant_need_is_the_one_shown_most_against_the_usual():
    state = needs.NeedsState({"financial_pains": 0.8, "physical_pains": 0.2}, min_weight=2.0)
    rows = {
        "money": (8, 0, 1),
        "body": (2, 0, 3),
        "as everyone": (4, 0, 1.1),
        "silent": (1, 0, 0.5),
        "nothing": (None,) * 3,
    }
    features = pd.DataFrame.from_dict(rows, orient="index", columns=PAINS, dtype=float)
    assert dict(zip(features.index, needs.LENS.segments(features, state)["need_segment"], strict=True)) == {
        "money": "financial", "body": "physical", "as everyone": "physical", "silent": "unknown", "nothing": "unknown",
    }  # fmt: skip


def test_without_any_pain_at_fit_every_need_is_unknown():
    features = pd.DataFrame({name: [0.0, 0.0] for name in PAINS})
    state = needs.NeedsState({}, min_weight=0.0)
    assert needs.LENS.segments(features, state)["need_segment"].tolist() == ["unknown", "unknown"]
