"""Figures of `patronage analyse` that a page draws itself, at its own width and in its own colours, light or dark."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from patronage.analyses.contract import Drawing
from patronage.review.analysis_figures import behaviour_title, movements_of, retention_title
from patronage.review.page import charts
from patronage.review.page.blocks import Chart
from patronage.review.page.html import percent, words

MANY = 12  # names that a figure shows
MOST_COHORTS, MOST_BEHAVIOURS = 24, 3  # rows or columns of months; behaviours, of two lines each
BELOW = "The numbers are below."
SHARE = re.compile(r"^(difference of the )?share\b")  # how an axis of shares begins


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
    percent = SHARE.search(drawing.axis) is not None and "points" not in drawing.axis
    spec = charts.intervals(
        rows, "label", "low", "value", "high", drawing.axis, percent=percent, zero=False, reference=drawing.reference
    )
    left = f"; the first {len(rows)} of {len(drawing.frame):,}" if len(drawing.frame) > len(rows) else ""
    return Chart(words(drawing.title), spec, f"Bars are 95% intervals{left}; the numbers are below.")


def _lines(drawing: Drawing) -> Chart:
    """Shares (`value`) over `x` with their intervals, a line per `group`."""
    rows = drawing.frame.dropna(subset=["value"])[["group", "x", "value", "low", "high"]]
    rows = rows.rename(columns={"group": "what"}).assign(what=rows["group"].map(lambda name: words(str(name))))
    spec = charts.lines(rows, "x", "value", "what", drawing.axis, "% of customers", percent=True, band=("low", "high"))
    spec["layer"][0]["encoding"]["x"]["axis"]["format"] = spec["layer"][1]["encoding"]["x"]["axis"]["format"] = ",~r"
    return Chart(words(drawing.title), spec, "Bands are 95% intervals; the numbers are below.")


def _pairs(drawing: Drawing) -> Chart:
    """The pairs with the highest lift, over all labels of the segment."""
    rows = drawing.frame.nlargest(MANY, "lift")
    named = pd.DataFrame({
        "pair": [words(f"{row.segment}: {row.has} → {row.offer}") for row in rows.itertuples()], "lift": rows["lift"],
    })  # fmt: skip
    spec = charts.bars(named.drop_duplicates("pair"), "pair", "lift", "lift in the segment; 1 is no association")
    return Chart(words(drawing.title), spec, "The pairs of the highest lift; the candidates of each are below.")


def _shares(drawing: Drawing) -> Chart:
    """Shares (`value`) by `row` and `column`."""
    rows = drawing.frame[["row", "column", "value"]].dropna(subset=["value"])
    return _grid(rows, words(drawing.title), (drawing.axis, ""), "Cells are shares; the numbers are below.")


def _triangle(drawing: Drawing) -> Chart:
    """Retention by month of the first order, empty where the time is not over."""
    rows = drawing.frame[drawing.frame["month"] > 0].dropna(subset=["retention"])
    last = sorted(set(rows["cohort"]))[-MOST_COHORTS:]
    rows = rows[rows["cohort"].isin(last) & (rows["month"] <= MOST_COHORTS)].sort_values(["cohort", "month"])
    named = pd.DataFrame({"row": rows["cohort"], "column": rows["month"], "value": rows["retention"]})
    told = "Cells are the share of the customers with an order in the month; empty where it is not over. "
    return _grid(named, retention_title(drawing.frame), ("months since the first order", "first order"), told + BELOW)


def _movements(drawing: Drawing) -> Chart:
    """Customers by tier before and after; the title holds the tiers in their order."""
    table, stayed = movements_of(drawing.frame, drawing.title.split(","))
    rows = table.rename_axis("row").reset_index().melt("row", var_name="column", value_name="value")
    rows = rows.dropna(subset=["value"]).assign(shade=np.sqrt(rows["value"]))
    title = f"{percent(stayed)} of the customers stayed in their tier"
    return _grid(rows, title, ("tier after", "tier before"), f"Cells are customers. {BELOW}", ",.0f", list(table))


def _agreement(drawing: Drawing) -> Chart:
    """How far the segments of two lenses agree."""
    rows = drawing.frame.rename_axis("row").reset_index().melt("row", var_name="column", value_name="value")
    told = f"Adjusted mutual information: 0 is chance, 1 the same. {BELOW}"
    return _grid(rows, words(drawing.title), ("", ""), told, ".2f")


def _grid(
    rows: pd.DataFrame, title: str, titles: tuple[str, str], told: str, form: str = "%", columns: Sequence[str] = ()
) -> Chart:
    """Cells by `row` and `column` (`value`, and `shade` where that is not the value)."""
    named = rows.assign(**{name: rows[name].map(lambda label: words(str(label))) for name in ("row", "column")})
    orders = (
        [words(str(name)) for name in columns] or list(dict.fromkeys(named["column"])),
        list(dict.fromkeys(named["row"])),
    )
    shade = "shade" if "shade" in rows else ""
    return Chart(title, charts.cells(named, "column", "row", "value", orders, titles, form=form, shade=shade), told)


def _behaviours(drawing: Drawing) -> Chart:
    """Retention of the customers with a behaviour in their first days, and of those without."""
    rows = drawing.frame.dropna(subset=["retention"])
    rows = rows[rows["behaviour"].isin(list(dict.fromkeys(rows["behaviour"]))[:MOST_BEHAVIOURS])]
    sizes = rows.groupby(["behaviour", "group"])["customers"].transform("max")
    what = [
        f"{words(str(row.behaviour))}: {row.group} ({size:,.0f})"
        for row, size in zip(rows.itertuples(), sizes, strict=True)
    ]
    named = rows.assign(what=what)[["what", "period", "retention", "low", "high"]]
    spec = charts.lines(
        named, "period", "retention", "what", "periods since the beginning", "% with an order", percent=True,
        band=("low", "high"),
    )  # fmt: skip
    spec["layer"][0]["encoding"]["x"]["axis"]["format"] = spec["layer"][1]["encoding"]["x"]["axis"]["format"] = ",~r"
    title = "; ".join(behaviour_title(rows[rows["behaviour"] == name], words(str(name))) for name in
                      dict.fromkeys(rows["behaviour"]))  # fmt: skip
    return Chart(title, spec, f"In brackets the customers of each line; bands are 95% intervals. {BELOW}")


KINDS: Mapping[str, Callable[[Drawing], Chart]] = {
    "forest": _forest,
    "lines": _lines,
    "pairs": _pairs,
    "shares": _shares,
    "triangle": _triangle,
    "movements": _movements,
    "agreement": _agreement,
    "behaviours": _behaviours,
}
