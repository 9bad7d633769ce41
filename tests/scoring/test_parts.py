"""Shares of the customers say the same as the whole, bit by bit."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from conftest import BY_HAND, through_the_door
from patronage import lenses
from patronage.data import simulated
from patronage.lenses import Part

CUTOFF = datetime(2024, 3, 1)


@pytest.mark.slow
def test_the_parts_of_ten_rows_are_the_whole(lens_settings):
    tables = through_the_door(BY_HAND)
    whole = lenses.features_at(tables, CUTOFF, lens_settings, 7)
    parts = [lenses.features_at(tables, CUTOFF, lens_settings, 7, part=Part(n, 3)) for n in range(3)]
    some = [part for part in parts if len(part)]
    pd.testing.assert_frame_equal(pd.concat(some).sort_index(), whole, check_exact=True)


@pytest.mark.parametrize("entity", ["customer", "account"])
@pytest.mark.slow
def test_every_lens_is_per_customer(lens_settings, entity):
    """A lens whose SELECT looked at other customers would break scoring in passes, and leak who else is scored."""
    made = simulated.simulate(300, 0, account_share=0.3)
    tables = through_the_door(made.transactions, made.events, made.customers, on_duplicate_rows="keep", entity=entity)
    cutoff = datetime(2023, 6, 1)
    whole = lenses.features_at(tables, cutoff, lens_settings, 7)
    parts = [lenses.features_at(tables, cutoff, lens_settings, 7, part=Part(n, 4)) for n in range(4)]
    assert all(len(part) > 20 for part in parts)
    pd.testing.assert_frame_equal(pd.concat(parts).sort_index(), whole, check_exact=True)
