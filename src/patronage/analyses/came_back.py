"""Who came back after a silence: do they stay, as those who were never silent do, or leave again?

Customers are told apart by two spans of `since_days`: who was silent before the first of them and ordered in it came
back, who had ordered before and in it stayed. What both did in the second span is the outcome, which stands on neither
side of the comparison.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.analyses.contract import Analysis, Drawing, Result, View
from patronage.errors import DataError
from patronage.statistics import mean_differences, wilson_interval

RETURNED, STAYED, SILENT = "came back", "never silent", "still silent"
LEAST = 30


def run(view: View, settings: object) -> Result:
    """How many of those who came back ordered again in the time after, beside those who were never silent."""
    if view.earlier is None or view.before is None:
        raise DataError(f"the log does not reach {2 * view.since_days} days back from the cutoff; lower movement_days")
    days = {
        name: population.features[c.DAYS_SINCE_LAST_ORDER]
        for name, population in (("earlier", view.earlier), ("before", view.before), ("now", view.now))
    }
    earlier = days["earlier"].dropna()
    ordered, again = (days[name].reindex(earlier.index) <= view.since_days for name in ("before", "now"))
    group = pd.Series(
        np.select([ordered & (earlier > view.since_days), ordered, earlier > view.since_days],
                  [RETURNED, STAYED, SILENT], ""), earlier.index)  # fmt: skip
    table = again.groupby(group[group != ""]).agg(customers="size", ordered_again="sum")
    table = table.reindex([RETURNED, STAYED, SILENT], fill_value=0).rename_axis("group").reset_index()
    numbers = table["customers"].to_numpy()
    if min(numbers[:2]) < LEAST:
        raise DataError(f"{numbers[0]} customers came back, {numbers[1]} were never silent; expected {LEAST} of each")
    low, high = wilson_interval(table["ordered_again"].to_numpy(float), table["customers"].to_numpy(float))
    share = table["ordered_again"] / table["customers"].where(table["customers"] > 0)
    table = table.assign(ordered_again_share=share, low=low, high=high)
    known = group.isin([RETURNED, STAYED])
    inside = (group[known] == RETURNED).to_numpy(np.float64)[:, None]
    difference = mean_differences(again[known].to_numpy(np.float64), inside)
    returned, stayed = table["ordered_again_share"].iloc[0], table["ordered_again_share"].iloc[1]
    result = Result(
        f"{table['customers'].iloc[0]:,} customers came back after more than {view.since_days} days without an order; "
        f"{returned:.0%} of them ordered again in the next {view.since_days} days, beside {stayed:.0%} of those who "
        f"were never silent, {100 * difference.value[0]:+.0f} points [{100 * difference.low[0]:+.0f}, "
        f"{100 * difference.high[0]:+.0f}]"
    )
    shown = table.rename(columns={"group": "label", "ordered_again_share": "value"}).dropna(subset=["value"])
    axis = f"share with an order in the next {view.since_days} days, with 95% interval"
    result.add("came_back", table, Drawing("forest", shown, result.finding, axis, float(stayed)))
    return result


ANALYSIS = Analysis("came_back", "Do those who came back after a silence stay?", run)
