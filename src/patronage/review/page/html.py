"""A page as HTML: one file that needs nothing else, in MLflow's sandboxed frame as on its own."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from patronage.review.page.blocks import Chart, Page, Section, Table
from patronage.review.page.charts import EVERYONE

TEMPLATE = "page.html.j2"
SCRIPTS = ("vega.min.js", "vega-lite.min.js", "vega-embed.min.js")
ABSENT = "–"
LEAST = 0.0001  # smaller numbers are no better to read with all their zeros
JOINED = re.compile(r"(?<=[a-z0-9])_(?=[a-z0-9])")
MOST_DECIMALS = 6  # of a difference
SHORT = re.compile(r"\b(ami|ari|btyd|clv|psi|rfm)\b")  # written in capitals
TYPED = re.compile(r"[=/`{}\[\]]|\.\w")  # of a word that a reader types again, such as a setting or a file


def render(page: Page) -> str:
    """The whole page. What it holds is escaped; only our own template, script and SVG are not."""
    here = files("patronage.review.page")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"cells": _cells, "spec": _spec, "base64": _base64, "numbers": _numbers}
    drawn = any(_charts(section.blocks) for section in page.sections)
    template = environment.from_string(here.joinpath(TEMPLATE).read_text(encoding="utf-8"))
    return template.render(
        page=page,
        everyone=EVERYONE,
        style=Markup(here.joinpath("page.css").read_text(encoding="utf-8")),
        script=Markup(here.joinpath("page.js").read_text(encoding="utf-8")),
        libraries=_libraries() if drawn else (),
        version=version("patronage"),
    )


@cache
def _libraries() -> tuple[Markup, ...]:
    folder = files("patronage.review.page").joinpath("vendor")
    return tuple(Markup(folder.joinpath(name).read_text(encoding="utf-8")) for name in SCRIPTS)


def _charts(blocks: Any) -> bool:
    return any(isinstance(block, Chart) or (block.kind == "more" and _charts(block.blocks)) for block in blocks)


def _spec(chart: Chart) -> Markup:
    """The specification as JSON that cannot end its script element."""
    return htmlsafe_json_dumps(dict(chart.spec))


def _base64(picture: bytes) -> str:
    return base64.b64encode(picture).decode()


def _numbers(chart: Chart) -> Table:
    """The numbers of a chart, for a reader without scripts."""
    values = chart.spec.get("data", {}).get("values", [])
    return Table(pd.DataFrame(values[:40]))


def _cells(table: Table) -> Mapping[str, Any]:
    """Columns with whether they hold numbers; of each cell the text, what sorts it, and its mark."""
    frame = table.frame
    numeric = {name: pd.api.types.is_numeric_dtype(frame[name]) for name in frame.columns}
    columns = []
    for name in frame.columns:
        if numeric[name]:
            shown = [number(value, table.formats.get(str(name), "")) for value in frame[name]]
            keys = ["" if pd.isna(value) else f"{float(value):.6g}" for value in frame[name]]
        else:
            shown = [ABSENT if value is None or value is np.nan else str(value) for value in frame[name]]
            keys = shown
        marks = [table.marks.get(text, "") for text in shown]
        if not numeric[name] and name not in table.verbatim:
            keys = shown = [words(text) for text in shown]
        columns.append(list(zip(shown, keys, marks, strict=True)))
    rows = list(zip(*columns, strict=True)) if columns else []
    return {
        "columns": [{"name": words(str(name)), "number": numeric[name]} for name in frame.columns],
        "rows": rows[: table.most],
        "more": max(len(rows) - table.most, 0),
    }


def words(text: str) -> str:
    """Labels and columns in a text as words: at_risk is "at risk", and clv is "CLV"."""
    return SHORT.sub(lambda name: name[0].upper(), JOINED.sub(" ", text))


def sentence(text: str) -> str:
    """The same of a whole sentence, where settings, files and columns of tables stay as they are typed."""
    return " ".join(word if TYPED.search(word) else words(word) for word in text.split(" "))


def number(value: float, shown: str = "") -> str:
    """A number as a reader wants it: separators, and at most three digits that matter."""
    if pd.isna(value):
        return ABSENT
    if np.isinf(value):
        return "no end"
    if shown:
        text = format(value, shown)
        if text.strip("-0.,%"):
            return text
        return percent(value) if shown.endswith("%") else text.removeprefix("-")
    if float(value).is_integer() or abs(value) >= 1000:
        return f"{value:,.0f}"
    if 0 < abs(value) < LEAST:
        return f"below {LEAST}" if value > 0 else f"above -{LEAST}"
    return f"{value:,.3g}" if abs(value) >= 0.001 or value == 0 else f"{value:.1g}"


def signed(*values: float) -> list[str]:
    """Differences that are read side by side: their signs, and two digits of the largest for all of them."""
    largest = max((abs(value) for value in values if np.isfinite(value)), default=0.0)
    decimals = min(max(1 - int(np.floor(np.log10(largest))), 0), MOST_DECIMALS) if largest else 0
    shown = [f"{value:+,.{decimals}f}" for value in values]
    return [text if text.strip("+-0.,") else "0" for text in shown]


def percent(share: float) -> str:
    """A share; one decimal below 10%, and nothing that is there is shown as 0%."""
    if not np.isfinite(share):
        return "unknown"
    if 0 < abs(share) < 0.0005:
        return "<0.1%" if share > 0 else ">-0.1%"
    return f"{share:.1%}" if 0 < abs(share) < 0.0995 else f"{share:.0%}"


def sections_of(*sections: Section | None) -> tuple[Section, ...]:
    """The sections that there are."""
    return tuple(section for section in sections if section is not None)
