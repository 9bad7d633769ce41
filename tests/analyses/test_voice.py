"""The voice of the planted shop: tea in the north comes back."""

from __future__ import annotations

import pandas as pd

from patronage.analyses import voice
from patronage.analyses.contract import Result
from patronage.analyses.pooling import COLUMNS, judged
from patronage.config import VoiceConfig


def test_the_bad_product_of_one_region_leads(planted):
    table = voice.run(planted, VoiceConfig()).tables["voice"]
    both = table[table["by"] == "category in location"].set_index("label")
    assert both["value"].idxmax() == "tea in north"
    assert both.loc["tea in north", "stands_out"] == "above"
    assert both.loc["jam in south", "stands_out"] != "above"
    assert 0.3 < both.loc["tea in north", "value"] < 0.5


def test_the_finding_tells_of_the_tickets_and_of_the_groups():
    """What stands out takes not the place of what was told of the tickets, and alone titles its figure."""
    result = Result("tickets: 3 of 9 not solved")
    groups = pd.DataFrame(
        [("returns", "category", "tea", 9, 0.4, 0.3, 0.5, "above", 0.1, 0.4, 0.0)], columns=COLUMNS
    )  # fmt: skip
    voice._groups(result, groups)
    told = "1 of 1 groups stand out; first returns by category, tea: 0.4 [0.3, 0.5] beside 0.1"
    assert result.finding == f"tickets: 3 of 9 not solved; {told}"
    assert result.drawings["voice"].title == told


def test_shares_are_told_in_percent_and_answers_in_points():
    rows = [(voice.RETURNED, "category", "tea", 9, 0.0848, 0.07, 0.1, "above", 0.0155, 0.09, 0.0)]
    result = Result()
    voice._groups(result, pd.DataFrame(rows, columns=COLUMNS))
    assert result.finding.endswith("returned lines by category, tea: 8.5% [7.0%, 10.0%] beside 1.6%")
    voice._groups(other := Result(), pd.DataFrame(rows, columns=COLUMNS).assign(voice="rating", value=3.25))
    assert "rating by category, tea: 3.25 [" in other.finding


def test_a_handful_does_not_lead():
    frame = pd.DataFrame({"label": ["tiny", "large", "usual"], "k": [2, 60, 300], "n": [2, 200, 3000]})
    table = judged("returns", "product", frame, shares=True, most=10).set_index("label")
    assert table.loc["large", "stands_out"] == "above"
    assert table.loc["tiny", "value"] < 1


def test_of_groups_as_large_as_each_other_the_first_by_name_are_kept_in_whatever_order_they_come():
    frame = pd.DataFrame({"label": list("dbca"), "k": [30, 10, 20, 15], "n": [100.0] * 4})
    both = [judged("returns", "product", rows, shares=True, most=3) for rows in (frame, frame[::-1])]
    assert both[0]["label"].tolist() == ["a", "b", "c"]
    pd.testing.assert_frame_equal(*both)
