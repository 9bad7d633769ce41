"""A list is as long as asked, and leaves a share alone by lot."""

from __future__ import annotations

import pandas as pd

from patronage.analyses.lists import ready
from patronage.config import ListsConfig


def test_a_list_has_its_size_and_a_holdout_that_a_seed_repeats():
    customers = pd.DataFrame({"customer_id": [f"c{n}" for n in range(2000)], "reason": "new"})
    first, again = (ready(customers, ListsConfig(size=1000, holdout=0.2), 3) for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
    assert len(first) == 1000
    assert 0.15 < (first["group"] == "holdout").mean() < 0.25
    assert ready(customers.head(0), ListsConfig(), 0).empty
