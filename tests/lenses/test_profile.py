"""Profile: what was declared passes through, under names that are frozen at fit."""

from __future__ import annotations

import pandas as pd

from patronage import lenses
from patronage.lenses import profile


def test_what_was_declared_becomes_columns(rich_features, lens_settings):
    learned = lenses.fit(rich_features, lens_settings)
    assert learned.states["profile"].attributes == ["acquisition_channel", "age", "region"]
    labels = lenses.segments(rich_features, learned).filter(like="profile_")
    assert labels.loc["anna"].to_dict() == {
        "profile_acquisition_channel": "social", "profile_age": "25-34", "profile_region": "north",
    }  # fmt: skip
    assert labels.loc["ben"].tolist() == ["unknown", "35-49", "a b c"]


def test_the_columns_are_those_of_the_fit(rich_features):
    labels = pd.DataFrame(profile.LENS.segments(rich_features, profile.ProfileState(["age", "income"])))
    assert labels.loc["anna"].to_dict() == {"profile_age": "25-34", "profile_income": "unknown"}
