"""Which rows of a table of estimates differ from what chance gives: false discoveries are controlled over the table."""

from __future__ import annotations

import pandas as pd

from patronage.statistics import false_discovery
from patronage.typing import Array

LEVEL = 0.05
MORE, LESS, CHANCE = "more", "less", "no more than chance"


def with_verdicts(table: pd.DataFrame, p_values: Array, reference: float = 0.0) -> pd.DataFrame:
    """The table with `p_value_adjusted` and `verdict`, of its column `value` beside a reference.

    An interval tells nothing of how many rows were looked at: of twenty, one leaves out the reference by chance.
    """
    adjusted = false_discovery(p_values)
    verdict = pd.Series(CHANCE, table.index)
    verdict[(adjusted < LEVEL) & (table["value"] > reference).to_numpy()] = MORE
    verdict[(adjusted < LEVEL) & (table["value"] < reference).to_numpy()] = LESS
    return table.assign(p_value_adjusted=adjusted, verdict=verdict)
