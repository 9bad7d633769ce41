"""The voice of the planted shop: tea in the north comes back."""

from __future__ import annotations

import pandas as pd

from patronage.analyses import voice
from patronage.config import VoiceConfig


def test_the_bad_product_of_one_region_leads(planted):
    table = voice.run(planted, VoiceConfig()).tables["voice"]
    both = table[table["by"] == "category in location"].set_index("label")
    assert both["value"].idxmax() == "tea in north"
    assert both.loc["tea in north", "stands_out"] == "above"
    assert both.loc["jam in south", "stands_out"] != "above"
    assert 0.3 < both.loc["tea in north", "value"] < 0.5


def test_a_handful_does_not_lead():
    frame = pd.DataFrame({"label": ["tiny", "large", "usual"], "k": [2, 60, 300], "n": [2, 200, 3000]})
    table = voice._judged("returns", "product", frame, shares=True, most=10).set_index("label")
    assert table.loc["large", "stands_out"] == "above"
    assert table.loc["tiny", "value"] < 1
