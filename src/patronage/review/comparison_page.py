"""The comparison of two runs as one HTML page that needs nothing else."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment, StrictUndefined
from matplotlib.figure import Figure

from patronage import names as c
from patronage.names import Artifact
from patronage.review.comparison import Comparison
from patronage.review.figures import png
from patronage.review.migration import JOINED, LEFT

TEMPLATE = "comparison_page.html.j2"
MARKS = {
    "better": "good", "worse": "bad", "moved": "bad", "shifted": "odd", "no": "odd",
}  # fmt: skip
LABELS = (
    (c.PERSONA, "Personas", "Pale ribbons are customers who stayed, strong ones customers who moved. A persona of the "
     "candidate has the name of the baseline's persona that it was matched to."),
    (c.JOURNEY_STAGE, "Journey stages", "The stage of each customer in the baseline and in the candidate."),
    (c.VALUE_TIER, "Value tiers", "By cumulative share of revenue so far."),
    (c.RFM_SEGMENT, "RFM segments", "By recency, frequency and monetary value."),
)  # fmt: skip
DPI = 144  # for screens of two dots a point


def render(comparison: Comparison) -> str:
    """The whole page as HTML."""
    template = files("patronage.review").joinpath(TEMPLATE).read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    tables, figures = comparison.report.tables, comparison.report.figures
    return environment.from_string(template).render(
        baseline=comparison.baseline,
        candidate=comparison.candidate,
        summary=comparison.summary,
        messages=comparison.report.messages,
        artifact=Artifact,
        tables={name: _cells(frame) for name, frame in tables.items()},
        pivots={column: _pivot(tables[Artifact.moves_of(column)]) for column, _, _ in LABELS},
        figures={name: _embedded(figure) for name, figure in figures.items()},
        labels=LABELS,
        marks=MARKS,
        paired=_paired_lead(comparison),
        version=version("patronage"),
    )


def _paired_lead(comparison: Comparison) -> str:
    """What the table of paired losses shows, and why it is empty where it is."""
    how = next((message for message in comparison.report.messages if message.startswith("Metrics")), "")
    if comparison.report.tables[Artifact.PAIRED_DIFFERENCES].empty:
        return how
    return (
        "Losses (less is better) of both models on the same customers, with 95 % intervals of their difference by "
        f"paired bootstrap. {how}"
    )


def _embedded(figure: Figure) -> str:
    return base64.b64encode(png(figure, DPI)).decode()


def _cells(frame: pd.DataFrame) -> Mapping[str, Any]:
    """Columns with whether they hold numbers, and every cell as text."""
    numeric = {name: pd.api.types.is_numeric_dtype(frame[name]) for name in frame.columns}
    texts = [_texts(str(name), frame[name]) if numeric[name] else frame[name].astype(str) for name in frame.columns]
    return {
        "columns": [{"name": str(name).replace("_", " "), "number": numeric[name]} for name in frame.columns],
        "rows": list(zip(*texts, strict=True)),
    }


def _texts(name: str, values: pd.Series) -> list[str]:
    """Numbers as text: shares in percent, counts whole, money without cents."""
    if name in ("share", "moved") or name.startswith("missing_"):
        return [f"{100 * value:.1f} %" for value in values]
    if name.startswith((f"{c.CLV}_", f"{c.CLV} ")) or pd.api.types.is_integer_dtype(values):
        return ["–" if np.isnan(value) else f"{value:,.0f}" for value in values]
    return ["–" if np.isnan(value) else f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}" for value in values]


def _pivot(moves: pd.DataFrame) -> Mapping[str, Any]:
    """A long table of moves as a square one; `joined` and `left` last."""
    labels = list(dict.fromkeys([*moves["from"], *moves["to"]]))
    square = moves.pivot_table(index="from", columns="to", values="customers", fill_value=0)
    rows = [label for label in labels if label in square.index and label != JOINED]
    columns = [label for label in labels if label in square.columns and label != LEFT]
    rows += [JOINED] if JOINED in square.index else []
    columns += [LEFT] if LEFT in square.columns else []
    cells = square.reindex(index=rows, columns=columns).astype(int)
    return {"columns": columns, "rows": list(zip(rows, cells.to_numpy().tolist(), strict=True))}
