"""A comparison as one page that needs nothing else."""

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
from patronage.review.comparison import Comparison
from patronage.review.figures import png
from patronage.review.migration import JOINED, LEFT

MARKS = {
    "better": "good", "worse": "bad", "moved": "bad", "shifted": "odd", "no": "odd",
}  # fmt: skip
JOURNEYS = (
    (c.PERSONA, "Personas", "Pale ribbons stayed, strong ones moved. Where the candidate's personas are the same "
     "people as the baseline's, they are called the same."),
    (c.JOURNEY_STAGE, "Journey stages", "Where customers were on their journey, and where they are."),
    (c.VALUE_TIER, "Value tiers", "By cumulative share of revenue so far."),
    (c.RFM_SEGMENT, "RFM segments", "By recency, frequency and monetary value."),
)  # fmt: skip
DPI = 144  # for screens of two dots a point


def render(comparison: Comparison) -> str:
    """The whole report as HTML."""
    template = files("patronage.review").joinpath("comparison_page.html.j2").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    paired = comparison.tables["paired_differences.json"]
    how = next((note for note in comparison.notes if note.startswith("Metrics")), "")
    return environment.from_string(template).render(
        baseline=comparison.baseline,
        candidate=comparison.candidate,
        lines=comparison.lines,
        notes=comparison.notes,
        shown={name: _cells(frame) for name, frame in comparison.tables.items()},
        crossed={name: _cross(comparison.tables[f"{name}_moves.json"]) for name, _, _ in JOURNEYS},
        figures={name: _embedded(figure) for name, figure in comparison.figures.items()},
        journeys=JOURNEYS,
        marks=MARKS,
        paired_how="Losses (less is better) of the same customers under both models, with 95 % intervals of their "
        f"difference by paired bootstrap. {how}"
        if len(paired)
        else how,
        version=version("patronage"),
    )


def _embedded(figure: Figure) -> str:
    return base64.b64encode(png(figure, DPI)).decode()


def _cells(frame: pd.DataFrame) -> Mapping[str, Any]:
    """Columns with whether they hold numbers, and every cell as text."""
    numbers = {name: pd.api.types.is_numeric_dtype(frame[name]) for name in frame.columns}
    texts = [_texts(str(name), frame[name]) if numbers[name] else frame[name].astype(str) for name in frame.columns]
    return {
        "columns": [{"name": str(name).replace("_", " "), "number": numbers[name]} for name in frame.columns],
        "rows": list(zip(*texts, strict=True)),
    }


def _texts(name: str, values: pd.Series) -> list[str]:
    """Numbers as people write them: shares in percent, counts whole, money without cents."""
    if name in ("share", "moved") or name.startswith("missing_"):
        return [f"{100 * value:.1f} %" for value in values]
    if name.startswith((f"{c.CLV}_", f"{c.CLV} ")) or pd.api.types.is_integer_dtype(values):
        return ["–" if np.isnan(value) else f"{value:,.0f}" for value in values]
    return ["–" if np.isnan(value) else f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}" for value in values]


def _cross(moves: pd.DataFrame) -> Mapping[str, Any]:
    """A long table of moves as a square one; `joined` and `left` last."""
    labels = list(dict.fromkeys([*moves["from"], *moves["to"]]))
    square = moves.pivot_table(index="from", columns="to", values="customers", fill_value=0)
    rows = [label for label in labels if label in square.index and label != JOINED]
    columns = [label for label in labels if label in square.columns and label != LEFT]
    rows += [JOINED] if JOINED in square.index else []
    columns += [LEFT] if LEFT in square.columns else []
    cells = square.reindex(index=rows, columns=columns).astype(int)
    return {"columns": columns, "rows": list(zip(rows, cells.to_numpy().tolist(), strict=True))}
