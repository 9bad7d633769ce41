"""The most and the least satisfied: what sets them apart, and of which products and places they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from patronage import lenses
from patronage import names as c
from patronage.analyses.contract import Result, View
from patronage.analyses.pooling import FEWEST_ROWS, as_one_family, judged
from patronage.statistics import mean_differences


def extremes(result: Result, view: View) -> None:
    """What sets the most and the least satisfied apart from the others, in standard deviations of each feature."""
    features, segments = view.now.features, view.now.segments
    if c.SATISFACTION_SEGMENT not in segments:
        return
    frames = []
    names = list(lenses.numeric(features))
    numbers = features[names]
    scaled = (numbers - numbers.mean()) / numbers.std().replace(0.0, np.nan)
    labels = segments[c.SATISFACTION_SEGMENT]
    for label, members in labels[labels != c.UNKNOWN].groupby(labels):
        if len(members) < FEWEST_ROWS or len(members) == len(labels):
            continue
        inside = labels.index.isin(members.index).astype(np.float64)[:, None]
        for name in names:
            known = scaled[name].notna().to_numpy()
            estimate = mean_differences(scaled[name].to_numpy()[known], inside[known])
            frames.append(
                (label, name, view.meanings.get(name, ""), estimate.value[0], estimate.low[0], estimate.high[0])
            )
    table = pd.DataFrame(frames, columns=["label", "feature", "what", "value", "low", "high"]).dropna()
    if len(table):
        best = (
            table.reindex(table["value"].abs().sort_values(ascending=False).index).groupby("label", sort=True).head(8)
        )
        result.add("satisfaction_extremes", best.sort_values("label", kind="stable", ignore_index=True))


def extremes_by(result: Result, view: View, columns: Sequence[str], most: int) -> None:
    """How many of the customers of each category and place are among the most and the least satisfied."""
    if c.SATISFACTION_SEGMENT not in view.now.segments:
        return
    labels, tables = view.now.segments[c.SATISFACTION_SEGMENT], []
    known = labels[labels != c.UNKNOWN]
    for by in [name for name in (c.CATEGORY, c.LOCATION) if name in columns]:
        rows = view.history.frame(
            f"SELECT DISTINCT customer_id, {by} AS label FROM order_lines WHERE amount > 0 AND {by} IS NOT NULL"
        )
        rows = rows[rows[c.CUSTOMER_ID].isin(known.index)]
        for extreme in sorted(set(known)):
            hits = (rows[c.CUSTOMER_ID].map(known) == extreme).astype(float)
            counts = hits.groupby(rows["label"]).agg(k="sum", n="size").reset_index()
            tables.append(judged(f"satisfaction: {extreme}", by, counts, shares=True, most=most))
    if tables and len(table := pd.concat(tables)):
        result.add("satisfaction_by", as_one_family(table))
