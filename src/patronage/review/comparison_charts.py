"""The figures of a comparison that fit any screen and both themes; the ribbons are drawn by `comparison_figures`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.review.comparison_figures import (
    BLOCK,
    REASONS,
    flow_blocks,
    flow_colours,
    lorenz_curve,
    ribbon_ends,
)
from patronage.review.metric_words import loss_in_words
from patronage.review.migration import JOINED, LEFT
from patronage.review.page import charts
from patronage.review.page.charts import Spec
from patronage.review.page.html import words
from patronage.review.page.ribbons import ribbons
from patronage.review.training_run import TrainingRun
from patronage.statistics import calibration_table
from patronage.typing import Array

POINTS = 101  # of a curve
LEAST_BOUND = 0.01  # of the axis of differences
MOST_FEATURES = 15
FLOW_POINTS = 11  # of the edge of a ribbon


def reasons(moved: pd.DataFrame, topics: Mapping[str, str]) -> Spec:
    """Who has another label, by label and reason, one bar per label."""
    rows = moved[moved["reason"].isin(REASONS)].assign(label=lambda rows: rows["column"].map(topics))
    title = "of the customers in both runs; moved back: with the same label again"
    return charts.stacked_bars(rows[["label", "reason", "share"]], "label", "share", "reason", title, REASONS)


def losses(paired: pd.DataFrame) -> Spec:
    """The difference of each loss as a share of the baseline's, with its interval; left of zero is better."""
    scale = paired["baseline"].clip(lower=1e-12)
    rows = pd.DataFrame(
        {
            "loss": paired["metric"].map(loss_in_words),
            **{name: paired[name] / scale for name in ("low", "difference", "high")},
        }
    )
    title = "change of the baseline's loss (less is better)"
    spec = charts.intervals(rows, "loss", "low", "difference", "high", title, percent=True, zero=False, reference=0.0)
    bound = max(LEAST_BOUND, 1.1 * float(rows[["low", "high"]].abs().max().max()))  # equal losses: an axis all the same
    for layer in spec["layer"]:
        layer["encoding"]["x"]["scale"] = {"domain": [-bound, bound]}
    return spec


def reliability(runs: Mapping[str, TrainingRun]) -> Spec | None:
    """Actual churn against predicted, in tenths of the customers that each run was measured on; None without any."""
    parts = []
    for side, run in runs.items():
        if run.evaluation is not None:
            known = run.evaluation[[c.CHURNED, c.CHURN_PROBABILITY]].dropna()
            table = calibration_table(known[c.CHURNED].to_numpy(float), known[c.CHURN_PROBABILITY].to_numpy(float))
            parts.append(table[["predicted", "actual"]].assign(run=f"{side}, n = {len(known):,}"))
    if not parts:
        return None
    return charts.lines(pd.concat(parts), "predicted", "actual", "run", "predicted", "actual", percent=True)


def spread(runs: Mapping[str, TrainingRun]) -> Spec:
    """The share of the CLV that the customers of least CLV hold, of each run."""
    parts = []
    for side, run in runs.items():
        curve = lorenz_curve(run.assignments[c.CLV].fillna(0.0).to_numpy())
        places: Array = np.linspace(0, 1, min(POINTS, len(curve)))
        rows = {"of_customers": places, "of_clv": np.interp(places, np.linspace(0, 1, len(curve)), curve)}
        parts.append(pd.DataFrame(rows).assign(run=f"{side}, n = {len(curve) - 1:,}"))
    title = "of the customers, least CLV first"
    return charts.lines(pd.concat(parts), "of_customers", "of_clv", "run", title, "of the CLV", percent=True)


def drift(table: pd.DataFrame) -> Spec:
    """How far the features that moved most did."""
    rows = table.head(MOST_FEATURES).assign(feature=lambda rows: rows["feature"].str.replace("_", " "))
    title = "population stability index (PSI): above 0.1 shifted, above 0.25 moved"
    return charts.bars(rows[["feature", "psi"]], "feature", "psi", title)


def flows(moves: pd.DataFrame) -> Spec:
    """Flows of customers from the labels of the baseline to those of the candidate, for any width.

    Parameters
    ----------
    moves
        As of `comparison_figures.alluvial`, either end in the order of the labels.
    """
    order = _merged(*(list(dict.fromkeys(moves[end])) for end in ("from", "to")))
    total = float(moves["customers"].sum())
    sides, named = flow_blocks(moves, order), {label: words(str(label)) for label in flow_colours(order)}
    places: Array = np.linspace(0, 1, FLOW_POINTS)
    bend = places**2 * (3 - 2 * places)
    rows = []
    for flow, (start, end, top, bottom, height) in enumerate(ribbon_ends(moves, *sides)):
        if not height > 0:
            continue
        edge = top + (bottom - top) * bend
        ends = pd.DataFrame({"x": BLOCK + (1 - 2 * BLOCK) * places, "top": edge, "bottom": edge - height})
        rows.append(ends.assign(flow=flow, **{"from": named[start], "to": named[end]}, customers=height * total))
    blocks = pd.DataFrame(
        [
            (x, x + BLOCK, top, top - height, at, top - height / 2, named[label], round(height * total), side)
            for side, x, at, stack in (("left", 0.0, 0.0, sides[0]), ("right", 1 - BLOCK, 1.0, sides[1]))
            for label, (top, height) in stack.items()
        ],
        columns=["x", "x2", "top", "bottom", "at", "middle", "label", "customers", "side"],
    )
    blocks["name"] = blocks["label"] + "  " + blocks["customers"].map("{:,}".format)
    present = set(blocks["label"])
    colours = {named[label]: colour for label, colour in flow_colours(order).items() if named[label] in present}
    shown = moves.assign(**{end: moves[end].astype(str).map(named) for end in ("from", "to")})
    return ribbons(pd.concat(rows), blocks, shown, colours, ("baseline", "candidate"))


def _merged(first: Sequence[str], second: Sequence[str]) -> list[str]:
    """The labels of both sides in one order, without those who joined or left."""
    merged = list(first)
    for place, label in enumerate(second):
        if label not in merged:
            after = next((merged.index(each) for each in second[place + 1 :] if each in merged), len(merged))
            merged.insert(after, label)
    return [label for label in merged if label not in (JOINED, LEFT)]
