"""Figures of what contacts changed: estimates with their 95% intervals, as values that a page draws."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

import pandas as pd

from patronage import names as c
from patronage.analyses.contract import Drawing
from patronage.evaluation.effects import FALSE_DISCOVERIES, GAINS, HARMS
from patronage.names import Artifact

CHANGE = "change of the outcome's value per customer, with 95% interval; 0 is no effect"
MOST = 12  # labels of a figure


def effect_drawings(tables: Mapping[str, pd.DataFrame]) -> dict[str, Drawing]:
    """Figures by the name of their table, of those tables that the run has.

    Parameters
    ----------
    tables
        Of `effect_report`.
    """
    makers = {
        Artifact.EFFECT_POLICIES: _policies,
        Artifact.EFFECTS_BY_LABEL: _by_label,
        Artifact.EFFECTS_BY_DAYS: _by_days,
    }
    return {PurePath(name).stem: draw(tables[name]) for name, draw in makers.items() if name in tables}


def _policies(table: pd.DataFrame) -> Drawing:
    sure = table[table["low"] > 0]
    rows = table.rename(columns={"policy": "label", "profit_per_1000": "value"})
    best = "No policy surely earns more than contacting nobody"
    if len(sure):
        row = sure.loc[sure["profit_per_1000"].idxmax()]
        paying = f"{len(sure)} of {len(table)} policies surely {'pays' if len(sure) == 1 else 'pay'}"
        best = f"{paying}, most {row['policy']!r} with {row['share']:.0%} of the customers contacted"
    axis = "profit per 1,000 customers beside contacting nobody, with 95% interval"
    return Drawing("forest", rows, best, axis)


def _by_label(table: pd.DataFrame) -> Drawing:
    """The labels that are found to gain or to be harmed first, then those farthest from no effect."""
    gain, harm = (int((table["finding"] == finding).sum()) for finding in (GAINS, HARMS))
    rows = table.assign(
        label=_with_arm(table["labels"] + ": " + table["label"], table),
        value=table["effect"],
        clear=(table["effect"] / (table["high"] - table["low"])).abs(),
    )
    rows = rows.sort_values(["p_adjusted", "clear"], ascending=[True, False]).head(MOST)
    title = f"{gain} of {len(table)} groups surely gain, {harm} {'is' if harm == 1 else 'are'} harmed"
    return Drawing("forest", rows.sort_values("value", ascending=False), title, CHANGE)


def _by_days(table: pd.DataFrame) -> Drawing:
    sure = int((table["p_adjusted"] < FALSE_DISCOVERIES).sum())
    spans = [f"days {begin:g} to {end:g}" for begin, end in table[["from_day", "until_day"]].to_numpy()]
    rows = table.assign(
        label=_with_arm(pd.Series(spans, table.index), table),
        value=table["effect"],
    )
    return Drawing(
        "forest", rows, f"An effect is seen in {sure} of {len(table)} spans of days since the contact", CHANGE
    )


def _with_arm(labels: pd.Series, table: pd.DataFrame) -> pd.Series:
    """The labels, with the arm of each row where there are several."""
    return labels + ", " + table[c.ARM] if table[c.ARM].nunique() > 1 else labels
