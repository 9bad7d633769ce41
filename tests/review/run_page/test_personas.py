"""The cards of the personas: what a label says alone."""

from __future__ import annotations

import pytest

from patronage import names as c
from patronage.review.run_page.personas import label_in_words


@pytest.mark.parametrize(
    ("column", "label", "words"),
    [
        ("profile_household_size", "3", "household size 3"),  # alone it would be a mere number
        ("profile_age", "55-64", "age 55-64"),
        (c.TOP_INTEREST, "beef", "top interest beef"),
        (c.STATUS_SEGMENT, "at_risk", "at risk"),
    ],
)
def test_a_label_is_understood_alone(column, label, words):
    assert label_in_words(column, label) == words
