"""Who came back, beside who was never silent, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.analyses import came_back
from patronage.analyses.contract import Population, View
from patronage.errors import DataError

IDS = pd.Index([f"c{number:03d}" for number in range(300)], name="customer_id")


def population(days: np.ndarray) -> Population:
    return Population(pd.DataFrame({"days_since_last_order": days}, index=IDS), pd.DataFrame(index=IDS))


def view(again: np.ndarray) -> View:
    """A hundred were silent and came back, a hundred were never silent, fifty still are, fifty had never ordered."""
    kind = np.repeat(["back", "stayed", "silent", "new"], [100, 100, 50, 50])
    earlier = np.select([kind == "stayed", kind == "new"], [20.0, np.nan], 200.0)
    before = np.where(kind == "silent", 291.0, 30.0)
    now = np.where(again, 10.0, before + 91)
    return View(None, population(now), population(before), 91, 0, earlier=population(earlier))


def test_those_who_came_back_stand_beside_those_who_stayed():
    again = np.concatenate([np.arange(100) < 40, np.arange(100) < 80, np.arange(50) < 5, np.ones(50, bool)])
    result = came_back.run(view(again), None)
    table = result.tables["came_back"].set_index("group")
    assert table["customers"].to_dict() == {"came back": 100, "never silent": 100, "still silent": 50}
    assert table["ordered_again_share"].tolist() == pytest.approx([0.4, 0.8, 0.1])
    assert (table["low"] < table["ordered_again_share"]).all()
    assert "100 customers came back after more than 91 days" in result.finding
    assert "40% of them ordered again in the next 91 days, beside 80%" in result.finding
    assert "never silent, -40 points [-" in result.finding


def test_a_log_that_does_not_reach_back_far_enough_is_told():
    with pytest.raises(DataError, match="does not reach 182 days back"):
        came_back.run(View(None, population(np.zeros(300)), None, 91, 0), None)


def test_too_few_who_came_back_are_told():
    everybody = population(np.full(300, 5.0))
    with pytest.raises(DataError, match="0 customers came back"):
        came_back.run(View(None, everybody, everybody, 91, 0, earlier=everybody), None)
