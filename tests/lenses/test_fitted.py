"""What lenses learn, frozen: it depends on the population at fit alone, and comes back from JSON."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError

import pytest

from patronage import lenses
from patronage.lenses import rfm


@pytest.fixture
def learned(rich_features, lens_settings):
    return lenses.fit(rich_features, lens_settings)


def test_only_lenses_that_name_or_estimate_are_kept(learned):
    assert all(lens.segments or lens.estimates for lens in learned.lenses)


def test_a_lens_whose_features_are_missing_is_left_out(rich_features, lens_settings):
    fitted = lenses.fit(rich_features[[*rfm.LENS.features, *rfm.LENS.reads]], lens_settings)
    names = {lens.name for lens in fitted.lenses}
    assert "rfm" in names
    assert "occasion" not in names


@pytest.mark.slow
def test_states_are_frozen(learned):
    state = learned.states["rfm"]
    with pytest.raises(FrozenInstanceError):
        state.borders = {}


def test_json_holds_all_that_segments_need(learned, rich_features, lens_settings):
    again = lenses.FittedLenses.from_json(json.loads(json.dumps(learned.to_json())), lens_settings)
    assert again == learned
    assert lenses.segments(rich_features, again).equals(lenses.segments(rich_features, learned))


def test_a_customer_alone_has_the_labels_of_the_crowd(learned, rich_features):
    crowd = lenses.segments(rich_features, learned)
    alone = lenses.segments(rich_features.loc[["ben"]], learned)
    assert alone.equals(crowd.loc[["ben"]])


def test_chosen_lenses_stay_as_they_are(learned, rich_features):
    chosen = learned.select(["rfm", "value"])
    assert {lens.name for lens in chosen.lenses} == {"rfm", "value"}
    assert set(chosen.states) <= {"rfm", "value"}
    labels = lenses.segments(rich_features, chosen)
    assert labels.equals(lenses.segments(rich_features, learned)[list(labels)])
