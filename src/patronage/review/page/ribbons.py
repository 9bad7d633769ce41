"""Flows between two sides as ribbons, for any width: a desk has the names beside the blocks, a phone in a legend."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from patronage.review.page import charts

DESK, PHONE = 1000, 320  # pixels of a figure
NARROW = 860  # below it names do not fit beside the blocks


def ribbons(
    ribbon: pd.DataFrame, block: pd.DataFrame, moves: pd.DataFrame, colours: Mapping[str, str], ends: tuple[str, str]
) -> charts.Spec:
    """Flows from blocks on the left to blocks on the right.

    Where the figure is narrow, names stand in a legend and only numbers beside the blocks.

    Parameters
    ----------
    ribbon
        Points of each `flow`: `x` from 0 to 1, `top`, `bottom`, and its `from`, `to` and `customers`.
    block
        `x`, `x2`, `top`, `bottom`, `at` (of its text), `label`, `customers`, `name` (with the number) and `side`.
    moves
        What is drawn, for a reader without scripts.
    ends
        What stands below the blocks of either side.
    """
    lowest = float(block["bottom"].min()) - 0.07
    longest = charts.LETTER * max((len(name) for name in block["name"]), default=0)
    room = longest / max(DESK - 2 * longest, longest)  # beside the blocks, as a share of the way between them
    y: charts.Spec = {"field": "top", "type": "quantitative", "axis": None}
    y["scale"] = {"domain": [lowest, 1.0], "zero": False}
    scale = {"domain": list(colours), "range": list(colours.values())}
    below = [
        {"x": at, "y": lowest, "text": text, "side": side}
        for at, text, side in ((0.0, ends[0], "left"), (1.0, ends[1], "right"))
    ]

    def layers(edge: float, text: str, *, legend: bool) -> list[charts.Spec]:
        x: charts.Spec = {"type": "quantitative", "axis": None, "scale": {"domain": [-edge, 1 + edge], "nice": False}}
        keys = {"title": None, "orient": "top", "symbolOpacity": 1} if legend else None
        colour: charts.Spec = {"type": "nominal", "scale": scale, "legend": keys}
        stays = {"condition": {"test": "datum.from == datum.to", "value": 0.3}, "value": 0.65}
        at: charts.Spec = {"x": {**x, "field": "at"}, "y": {**y, "field": "middle"}}
        area = {
            "data": {"name": "ribbons"}, "mark": {"type": "area", "interpolate": "monotone", "line": False},
            "encoding": {"x": {**x, "field": "x"}, "y": y, "y2": {"field": "bottom"}, "detail": {"field": "flow"},
                         "color": {**colour, "field": "from"}, "opacity": stays,
                         "tooltip": charts.tooltips({"from": "", "to": "", "customers": ",.0f"})},
        }  # fmt: skip
        rect = {
            "data": {"name": "blocks"}, "mark": "rect",
            "encoding": {"x": {**x, "field": "x"}, "x2": {"field": "x2"}, "y": y, "y2": {"field": "bottom"},
                         "color": {**colour, "field": "label"},
                         "tooltip": charts.tooltips({"label": "", "customers": ",.0f"})},
        }  # fmt: skip
        texts: list[charts.Spec] = [
            {"data": {"name": "blocks"}, "transform": [{"filter": f"datum.side == '{side}'"}],
             "mark": {"type": "text", "align": align, "dx": dx}, "encoding": {**at, "text": {"field": text}}}
            for side, align, dx in (("left", "right", -5), ("right", "left", 5))
        ]  # fmt: skip
        feet: list[charts.Spec] = [
            {"data": {"values": below}, "transform": [{"filter": f"datum.side == '{side}'"}],
             "mark": {"type": "text", "align": side, "baseline": "bottom", "fontStyle": "italic"},
             "encoding": {"x": {**x, "field": "x"}, "y": {**y, "field": "y"}, "text": {"field": "text"}}}
            for side in ("left", "right")
        ]  # fmt: skip
        return [area, rect, *texts, *feet]

    named = block.assign(number=[f"{customers:,.0f}" for customers in block["customers"]])
    beside = charts.LETTER * max((len(number) for number in named["number"]), default=1) + charts.BESIDE
    slim = beside / max(PHONE - 2 * beside, 1)
    height = 44 * int(block.groupby("side").size().max()) + 40
    return charts.specification(
        moves, height, layer=layers(room, "name", legend=False),
        datasets={"ribbons": charts.records(ribbon), "blocks": charts.records(named)},
        usermeta={"below": NARROW, "narrow": {"layer": layers(slim, "number", legend=True)}},
    )  # fmt: skip
