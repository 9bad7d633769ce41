"""One lens alone works: what it reads of other lenses is made with it, and no other segments are."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pandas as pd
import pytest

from conftest import through_the_door
from patronage import lenses
from patronage.config import LensesConfig
from patronage.errors import ConfigError, DataError

CUTOFF = datetime(2024, 3, 1)
BUILT_IN = [  # those that wait for settings of a training have tests of their own
    lens
    for lens in lenses.of(LensesConfig())
    if lens.name != "account" and (lens.ready is None or lens.ready(LensesConfig()))
]


@pytest.fixture(scope="module")
def rich_tables(rich):
    tables = through_the_door(*rich, attributes=("age", "region"), on_duplicate_rows="keep")
    return replace(tables, attributes={"age": "demographic", "region": "geographic"})


@pytest.mark.slow
@pytest.mark.parametrize("lens", BUILT_IN, ids=lambda lens: lens.name)
def test_a_lens_alone_gives_what_it_gives_among_all(lens, rich_tables, rich_features, lens_settings):
    alone = lenses.features_at(rich_tables, CUTOFF, lens_settings, 7, [lens.name])
    assert set(alone) == {*lens.features, *lens.reads}
    pd.testing.assert_frame_equal(alone, rich_features[list(alone)])
    segments = lenses.segments(alone, lenses.fit(alone, lens_settings))
    assert all(any(name.startswith(label.split("<")[0]) for label in lens.labels) for name in segments)
    every = lenses.segments(rich_features, lenses.fit(rich_features, lens_settings))
    for name in segments:
        assert segments[name].equals(every[name]), name


def test_what_a_lens_reads_is_left_out_where_its_lens_is_not_supported(by_hand, lens_settings):
    alone = lenses.features_at(by_hand, CUTOFF, lens_settings, 7, ["value"])
    assert "loyalty_mind" not in alone
    labels = lenses.segments(alone, lenses.fit(alone, lens_settings))
    assert set(labels["royal"]) == {"unknown"}


def test_a_lens_that_does_not_exist_or_lacks_its_data_is_refused(by_hand, lens_settings):
    with pytest.raises(ConfigError, match="no lens mood; expected one of rfm, usage"):
        lenses.features_at(by_hand, CUTOFF, lens_settings, 7, ["mood"])
    with pytest.raises(DataError, match=r"the needs lens needs events.subject or transactions.category"):
        lenses.features_at(by_hand, CUTOFF, lens_settings, 7, ["needs"])
