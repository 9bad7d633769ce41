"""Figures as Vega-Lite specifications: plain dictionaries, so that the same run gives the same bytes.

A chart whose rows carry `group` follows the choice of the page: the row `everyone` is shown first, and the row of a
group when a reader chooses it.

References
----------
Okabe and Ito (2008): the palette, which readers with any colour vision tell apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

Spec = dict[str, Any]

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"  # a name; nothing is fetched
BLUE, ORANGE, GREEN, SKY, RED, GREY = "#0072b2", "#e69f00", "#009e73", "#56b4e9", "#d55e00", "#8a94a0"
PINK, OLIVE = "#cc79a7", "#b5a800"
EVERYONE = "everyone"
GROUP = "group"
LETTER, BESIDE = 7, 8  # pixels: of a digit, and between a bar and its number
DIGITS = 5  # of a number in a specification
MOST_DAYS = 14  # with a label on an axis
SHORT, MOST_SLANTED = 4, 8  # letters of names that stand upright over cells, and how many longer ones may lean


def specification(rows: pd.DataFrame, height: int, **parts: Any) -> Spec:
    """The frame of a figure that is as wide as its place; rows of a `group` follow the choice of the page."""
    spec: Spec = {"$schema": SCHEMA, "width": "container", "height": height, "data": {"values": records(rows)}}
    if GROUP in rows:
        spec["params"] = [{"name": GROUP, "value": EVERYONE}]
        spec["transform"] = [{"filter": f"datum.{GROUP} == {GROUP}"}]
    return spec | parts


def records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON can hold them: missing values as null, numbers rounded to a few digits."""

    def plain(value: Any) -> Any:
        if isinstance(value, str) or value is None:
            return value
        if pd.isna(value):
            return None
        return float(f"{float(value):.{DIGITS}g}") if float(value) % 1 else int(value)

    return [{str(name): plain(value) for name, value in row.items()} for row in rows.to_dict("records")]


def quantitative(field: str, title: str, *, percent: bool = False, zero: bool = True, **more: Any) -> Spec:
    """An axis of numbers."""
    axis = {"format": "%" if percent else ",~r", "grid": True, "tickCount": 5}
    scale = {"zero": zero, **more.pop("scale", {})}
    return {"field": field, "type": "quantitative", "title": title, "axis": axis, "scale": scale, **more}


def _names(field: str, order: Sequence[str] | None, title: str | None = None) -> Spec:
    axis = {"title": title, "grid": False, "ticks": False, "domain": False, "labelPadding": 12}
    return {"field": field, "type": "nominal", "sort": list(order) if order else None, "axis": axis}


def bars(rows: pd.DataFrame, name: str, value: str, title: str, *, percent: bool = False, colour: str = BLUE) -> Spec:
    """A horizontal bar per name, in the order of the rows, with its number at the end."""
    order = list(dict.fromkeys(rows[name]))
    y, x = _names(name, order), quantitative(value, title, percent=percent)
    if not rows[value].fillna(0).any():
        x["scale"]["domain"] = [0, 1]  # of an axis without an end nothing could be read
    text: Spec = {"field": value, "type": "quantitative", "format": ",.3~r"}
    whole = f"datum['{value}'] >= 1000 || datum['{value}'] % 1 == 0"  # as `html.number` writes it
    text["condition"] = {"test": whole, "field": value, "type": "quantitative", "format": ",.0f"}
    if percent:
        text = _share_text(value)
    layers = [
        {"mark": {"type": "bar", "color": colour, "cornerRadiusEnd": 2}, "encoding": {"x": x, "y": y}},
        {"mark": {"type": "text", "align": "left", "dx": 4}, "encoding": {"x": x, "y": y, "text": text}},
    ]
    longest = 5 if percent or rows.empty else max(5, *(len(f"{number:,.0f}") for number in rows[value].fillna(0)))
    padding = {"left": 5, "top": 5, "right": BESIDE + LETTER * longest, "bottom": 5}  # else a phone cuts the numbers
    return specification(rows, 24 * len(order) + 10, layer=layers, padding=padding)


def _share_text(field: str) -> Spec:
    """A share as `html.percent` writes it: what is there is not shown as 0%."""
    channel = {"field": field, "type": "quantitative"}
    conditions = [
        {"test": f"datum['{field}'] > 0 && datum['{field}'] < 0.0005", "value": "<0.1%"},
        {"test": f"datum['{field}'] > 0 && datum['{field}'] < 0.0995", **channel, "format": ".1%"},
    ]
    return {"condition": conditions, **channel, "format": ".0%"}


def paired_bars(rows: pd.DataFrame, name: str, value: str, series: str, title: str, *, percent: bool = False) -> Spec:
    """Two or three bars per name, one for each series."""
    order, parts = list(dict.fromkeys(rows[name])), list(dict.fromkeys(rows[series]))
    colour = {
        "field": series, "type": "nominal", "sort": parts, "legend": {"title": None, "orient": "top"},
        "scale": {"domain": parts, "range": [BLUE, ORANGE, GREEN][: len(parts)]},
    }  # fmt: skip
    encoding = {
        "y": _names(name, order),
        "yOffset": {"field": series, "sort": parts},
        "x": quantitative(value, title, percent=percent),
        "color": colour,
        "tooltip": tooltips({name: "", series: "", value: ".1%" if percent else ",.4~r"}),
    }
    mark = {"type": "bar", "cornerRadiusEnd": 2}
    return specification(rows, (14 * len(parts) + 12) * len(order), mark=mark, encoding=encoding)


def stacked_bars(
    rows: pd.DataFrame, name: str, value: str, series: str, title: str, colours: Mapping[str, str]
) -> Spec:
    """A bar of shares per name, in a part for each series that occurs, of its own colour."""
    parts = [part for part in colours if rows.loc[rows[series] == part, value].any()]
    colour = {
        "field": series, "type": "nominal", "sort": parts, "legend": {"title": None, "orient": "top"},
        "scale": {"domain": parts, "range": [colours[part] for part in parts]},
    }  # fmt: skip
    order = list(dict.fromkeys(rows[name]))
    encoding = {
        "y": _names(name, order),
        "x": quantitative(value, title, percent=True),
        "color": colour,
        "tooltip": tooltips({name: "", series: "", value: ".1%"}),
    }
    return specification(rows, 30 * len(order) + 10, mark={"type": "bar"}, encoding=encoding)


def histogram(rows: pd.DataFrame, low: str, high: str, value: str, title_x: str, title_y: str) -> Spec:
    """Bars over ranges of a share that lies between 0 and 1."""
    axis = {"format": "%", "values": [tenth / 10 for tenth in range(11)]}
    x = {"field": low, "type": "quantitative", "title": title_x, "bin": "binned", "axis": axis}
    encoding = {
        "x": x,
        "x2": {"field": high},
        "y": quantitative(value, title_y),
        "tooltip": tooltips({low: ".0%", high: ".0%", value: ",.0f"}),
    }
    return specification(rows, 200, mark={"type": "bar", "color": BLUE}, encoding=encoding)


def intervals(
    rows: pd.DataFrame,
    name: str,
    low: str,
    mid: str,
    high: str,
    title: str,
    *,
    actual: str = "",
    percent: bool = False,
    zero: bool = True,
    reference: float | None = None,
    row: int = 30,
) -> Spec:
    """A value with its interval per name, beside the actual one where there is one.

    Parameters
    ----------
    reference
        A value that all are held against: a dotted line from top to bottom.
    row
        Height of a row, in pixels.
    """
    order = list(dict.fromkeys(rows[name]))
    y, shown = _names(name, order), ".1%" if percent else ",.4~r"
    x = quantitative(low, title, percent=percent, zero=zero)
    fields = {name: "", low: shown, mid: shown, high: shown} | ({actual: shown} if actual else {})
    layers: list[Spec] = [
        {"mark": {"type": "rule", "strokeWidth": 6, "opacity": 0.35, "color": BLUE},
         "encoding": {"y": y, "x": x, "x2": {"field": high}, "tooltip": tooltips(fields)}},
        {"mark": {"type": "point", "filled": True, "size": 70, "color": BLUE},
         "encoding": {"y": y, "x": quantitative(mid, title, percent=percent, zero=zero), "tooltip": tooltips(fields)}},
    ]  # fmt: skip
    if actual:
        mark = {"type": "point", "shape": "diamond", "filled": True, "size": 100, "color": ORANGE}
        x = quantitative(actual, title, percent=percent, zero=zero)
        layers.append({"mark": mark, "encoding": {"y": y, "x": x, "tooltip": tooltips(fields)}})
    if reference is not None:
        at = {"values": records(pd.DataFrame({"at": [reference]}))}
        mark = {"type": "rule", "color": GREY, "strokeDash": [4, 4]}
        layers.append({"data": at, "mark": mark, "encoding": {"x": {"field": "at", "type": "quantitative"}}})
    return specification(rows, row * len(order) + 10, layer=layers)


def calibration(
    rows: pd.DataFrame, predicted: str, actual: str, low: str, high: str, title_x: str, title_y: str
) -> Spec:
    """Actual share against the predicted one, with an interval per tenth; the line is where both are equal."""
    top = float(rows[[predicted, actual, high]].max().max())
    bottom = float(rows[[predicted, actual, low]].min().min())
    domain = {"scale": {"domain": [bottom, top], "nice": True}}
    x = quantitative(predicted, title_x, percent=True, zero=False, **domain)
    y = quantitative(actual, title_y, percent=True, zero=False, **domain)
    tips = tooltips({predicted: ".1%", actual: ".1%", "customers": ",.0f"})
    line = pd.DataFrame({"at": [bottom, top]})
    layers = [
        {"data": {"values": records(line)}, "mark": {"type": "line", "color": GREY, "strokeDash": [4, 4]},
         "encoding": {"x": {"field": "at", "type": "quantitative"}, "y": {"field": "at", "type": "quantitative"}}},
        {"mark": {"type": "rule", "color": BLUE, "opacity": 0.4, "strokeWidth": 4},
         "encoding": {"x": x, "y": y | {"field": low}, "y2": {"field": high}}},
        {"mark": {"type": "point", "filled": True, "size": 70, "color": BLUE},
         "encoding": {"x": x, "y": y, "tooltip": tips}},
    ]  # fmt: skip
    return specification(rows, 260, layer=layers)


def lines(
    rows: pd.DataFrame,
    x: str,
    y: str,
    series: str,
    title_x: str,
    title_y: str,
    *,
    percent: bool = False,
    band: tuple[str, str] | None = None,
) -> Spec:
    """A line per series, with its interval between the two columns of `band`."""
    parts = list(dict.fromkeys(rows[series]))
    colour = {
        "field": series, "type": "nominal", "sort": parts,
        "legend": {"title": None, "orient": "top", "symbolOpacity": 1},  # a band is pale, its symbol is not
        "scale": {"domain": parts, "range": [BLUE, ORANGE, GREEN, RED, SKY, GREY][: len(parts)]},
    }  # fmt: skip
    encoding = {
        "x": quantitative(x, title_x, percent=percent),
        "y": quantitative(y, title_y, percent=percent),
        "color": colour,
        "tooltip": tooltips({series: "", x: ".1%" if percent else ",.4~r", y: ".1%" if percent else ",.4~r"}),
    }
    mark: Spec = {"type": "line", "strokeWidth": 2.5}
    if band is None:
        return specification(rows, 240, mark=mark, encoding=encoding)
    low, high = band
    ends = {"y": quantitative(low, title_y, percent=percent), "y2": {"field": high}}
    layers = [
        {"mark": {"type": "area", "opacity": 0.2}, "encoding": {"x": encoding["x"], "color": colour, **ends}},
        {"mark": {**mark, "point": True}, "encoding": encoding},
    ]
    return specification(rows, 240, layer=layers)


def over_time(rows: pd.DataFrame, day: str, series: str, value: str, title: str, *, percent: bool = False) -> Spec:
    """A line per series over days that are written as YYYY-MM-DD; shares begin at zero."""
    parts = list(dict.fromkeys(rows[series]))
    colour = {
        "field": series, "type": "nominal", "sort": parts,
        "legend": {"title": None, "orient": "top"},
        "scale": {"domain": parts, "range": [BLUE, ORANGE, GREEN, RED, SKY, GREY, PINK, OLIVE]},
    }  # fmt: skip
    days = sorted(set(rows[day]))[:: 1 + rows[day].nunique() // MOST_DAYS]
    axis = {"format": "%Y-%m-%d", "labelAngle": -30, "values": [_utc(text) for text in days]}
    encoding = {
        "x": {"field": day, "type": "temporal", "title": None, "axis": axis, "scale": {"type": "utc"}},
        "y": quantitative(value, title, percent=percent, zero=percent),
        "color": colour,
        "tooltip": tooltips({day: "", series: "", value: ".1%" if percent else ",.4~r"}),
    }
    return specification(rows, 220, mark={"type": "line", "point": True, "strokeWidth": 2.5}, encoding=encoding)


def _utc(day: str) -> Spec:
    year, month, date = (int(part) for part in day.split("-"))
    return {"year": year, "month": month, "date": date, "utc": True}


def heat(rows: pd.DataFrame, x: str, y: str, share: str, order: Sequence[str], title_x: str, title_y: str) -> Spec:
    """A square per pair of names, darker the larger the share of the row."""
    return cells(rows, x, y, share, (order, order), (title_x, title_y), darkest=1.0, row=34)


def cells(
    rows: pd.DataFrame,
    x: str,
    y: str,
    value: str,
    orders: tuple[Sequence[str], Sequence[str]],
    titles: tuple[str, str],
    *,
    form: str = "%",
    shade: str = "",
    darkest: float | None = None,
    row: int = 24,
) -> Spec:
    """A cell per pair of names, darker the larger its value; where cells are too narrow a page draws no numbers.

    Parameters
    ----------
    orders, titles
        Of the columns and of the rows.
    form
        Of the numbers; "%" is a share.
    shade
        The column that darkens a cell, if it is not the value.
    darkest
        The value of the darkest cell; None: the highest.
    """
    shade = shade or value
    top = darkest or float(rows[shade].max() if len(rows) else 1.0) or 1.0
    longest = max((len(str(name)) for name in orders[0]), default=0)
    angle = 0 if longest <= SHORT else -90 if len(orders[0]) > MOST_SLANTED else -30
    axis = {"labelAngle": angle, "orient": "top", "labelLimit": 0, "labelOverlap": True}
    across = {"field": x, "type": "nominal", "sort": list(orders[0]), "title": titles[0], "axis": axis}
    down = {"field": y, "type": "nominal", "sort": list(orders[1]), "title": titles[1]}
    colour = {
        "field": shade, "type": "quantitative", "legend": None, "scale": {"scheme": "blues", "domain": [0, top]},
    }  # fmt: skip
    ink = {"condition": {"test": f"datum['{shade}'] > {0.55 * top:g}", "value": "white"}, "value": "#1f2a37"}
    text = _share_text(value) if form == "%" else {"field": value, "type": "quantitative", "format": form}
    tips = tooltips({y: "", x: "", value: ".1%" if form == "%" else form})
    layers = [
        {"mark": "rect", "encoding": {"x": across, "y": down, "color": colour, "tooltip": tips}},
        {"mark": {"type": "text", "fontSize": 11},
         "encoding": {"x": across, "y": down, "text": text, "color": ink, "tooltip": tips}},
    ]  # fmt: skip
    return specification(rows, row * len(orders[1]) + 20, layer=layers, usermeta={"cells": len(orders[0])})


def tooltips(formats: Mapping[str, str]) -> list[Spec]:
    """What is shown of a mark under the pointer."""
    return [
        {"field": field, "type": "quantitative", "format": shown, "title": field.replace("_", " ")}
        if shown
        else {"field": field, "type": "nominal", "title": field.replace("_", " ")}
        for field, shown in formats.items()
    ]
