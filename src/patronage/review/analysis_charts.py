"""Figures of `patronage analyse` that a page draws itself, at its own width and in its own colours, light or dark."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from patronage.analyses.contract import Drawing
from patronage.review.page import charts
from patronage.review.page.blocks import Chart
from patronage.review.page.html import words

MANY = 12  # names that a figure shows
PER_SHARE = "difference of the share"  # how an axis of shares begins


def charts_of(drawings: Mapping[str, Drawing]) -> dict[str, Chart]:
    """By name, the figures of a kind that a page can draw; the others stay pictures."""
    return {
        name: KINDS[drawing.kind](drawing)
        for name, drawing in drawings.items()
        if drawing.kind in KINDS and len(drawing.frame)
    }


def _forest(drawing: Drawing) -> Chart:
    """Estimates (`label`, `value`) with their intervals (`low`, `high`)."""
    rows = drawing.frame.head(MANY)[["label", "low", "value", "high"]]
    rows = rows.assign(label=[words(str(label)) for label in rows["label"]]).drop_duplicates("label")
    percent = drawing.axis.startswith(PER_SHARE) and "points" not in drawing.axis
    spec = charts.intervals(
        rows, "label", "low", "value", "high", drawing.axis, percent=percent, zero=False, reference=drawing.reference
    )
    left = f"; the first {len(rows)} of {len(drawing.frame):,}" if len(drawing.frame) > len(rows) else ""
    return Chart(drawing.title, spec, f"Bars are 95% intervals{left}; the numbers are below.")


def _lines(drawing: Drawing) -> Chart:
    """Shares (`value`) over `x` with their intervals, a line per `group`."""
    rows = drawing.frame.dropna(subset=["value"])[["group", "x", "value", "low", "high"]]
    rows = rows.rename(columns={"group": "what"}).assign(what=rows["group"].map(lambda name: words(str(name))))
    spec = charts.lines(rows, "x", "value", "what", drawing.axis, "% of customers", percent=True, band=("low", "high"))
    spec["layer"][0]["encoding"]["x"]["axis"]["format"] = spec["layer"][1]["encoding"]["x"]["axis"]["format"] = ",~r"
    return Chart(drawing.title, spec, "Bands are 95% intervals; the numbers are below.")


def _pairs(drawing: Drawing) -> Chart:
    """The pairs with the highest lift, over all labels of the segment."""
    rows = drawing.frame.nlargest(MANY, "lift")
    named = pd.DataFrame({
        "pair": [words(f"{row.segment}: {row.has} → {row.offer}") for row in rows.itertuples()], "lift": rows["lift"],
    })  # fmt: skip
    spec = charts.bars(named.drop_duplicates("pair"), "pair", "lift", "lift in the segment; 1 is no association")
    return Chart(drawing.title, spec, "The pairs of the highest lift; the candidates of each are below.")


KINDS: Mapping[str, Callable[[Drawing], Chart]] = {"forest": _forest, "lines": _lines, "pairs": _pairs}
