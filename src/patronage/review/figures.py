"""Figures of one run, each a matplotlib Figure of its own: no global state, no screen needed."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from patronage import names as c
from patronage.statistics import calibration_table

INK, MUTED, ACCENT = "#1f2a37", "#9aa5b1", "#2563a8"


def blank(title: str, width: float = 6.4, height: float = 4.2) -> tuple[Figure, Axes]:
    """A figure with a title on the left, and its axes."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", color=INK, fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def png(figure: Figure, dpi: int) -> bytes:
    """The bytes that `savefig` writes, which draws twice: first for a layout that drawing brings anyway."""
    figure.set_dpi(dpi)
    file = io.BytesIO()
    canvas: Any = FigureCanvasAgg(figure)  # without types
    canvas.print_png(file)
    return file.getvalue()


def calibration(happened: np.ndarray, said: np.ndarray, baselines: dict[str, np.ndarray], what: str) -> Figure:
    """What was said against what happened, in tenths of the customers; the diagonal is honest."""
    figure, axes = blank(f"Calibration: {what}")
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=":")
    for name, other in baselines.items():
        table = calibration_table(happened, other)
        axes.plot(table["predicted"], table["actual"], "o-", color=MUTED, markersize=3, linewidth=0.8)
        axes.annotate(name, (table["predicted"].iloc[-1], table["actual"].iloc[-1]), color=MUTED, fontsize=8)
    table = calibration_table(happened, said)
    axes.plot(table["predicted"], table["actual"], "o-", color=ACCENT, label="model")
    axes.set_xlabel("said")
    axes.set_ylabel("happened")
    axes.legend(frameon=False)
    return figure


def value_by_decile(expected: pd.Series, spent: pd.Series, horizon_days: int) -> Figure:
    """Mean expected and realised spend of the customers, from the tenth expected to spend most to the least."""
    figure, axes = blank(f"Spend in the {horizon_days} days after the cutoff, by decile of expectation")
    ranks = expected.rank(method="first", ascending=False)
    decile = np.ceil(10 * ranks / len(ranks)).astype(int)
    means = pd.DataFrame({"expected": expected, "realised": spent}).groupby(decile).mean()
    places = np.arange(len(means))
    axes.bar(places - 0.2, means["realised"], 0.4, color=MUTED, label="realised")
    axes.bar(places + 0.2, means["expected"], 0.4, color=ACCENT, label="expected")
    axes.set_xticks(places, [str(d) for d in means.index])
    axes.set_xlabel("decile of expected spend (1 = highest)")
    axes.set_ylabel("mean spend per customer")
    axes.legend(frameon=False)
    return figure


def rfm_grid(scores: pd.Series) -> Figure:
    """Customers by recency and frequency score."""
    figure, axes = blank("Customers by RFM recency and frequency score", 5.4, 4.6)
    known = scores[scores != c.UNKNOWN]
    counts = pd.crosstab(known.str[0].astype(int), known.str[1].astype(int))
    counts = counts.reindex(index=range(5, 0, -1), columns=range(1, 6), fill_value=0)
    axes.imshow(np.sqrt(counts), cmap="Blues", aspect="auto")
    axes.set_xticks(range(5), list("12345"))
    axes.set_yticks(range(5), list("54321"))
    axes.set_xlabel("frequency score (5 = most frequent)")
    axes.set_ylabel("recency score (5 = most recent)")
    for (row, column), value in np.ndenumerate(counts.to_numpy()):
        color = "white" if value > counts.to_numpy().max() / 3 else INK
        axes.text(column, row, f"{value:,}", ha="center", va="center", fontsize=9, color=color)
    return figure


def stage_counts(stages: pd.Series, order: tuple[str, ...]) -> Figure:
    """How many customers are at each stage of the journey."""
    figure, axes = blank("Customers by journey stage")
    counts = stages.value_counts().reindex(list(order), fill_value=0)
    bars = axes.bar(counts.index, counts.to_numpy(), color=ACCENT)
    axes.bar_label(bars, [f"{count:,}" for count in counts], fontsize=8, color=INK)
    axes.tick_params(axis="x", rotation=20)
    axes.set_ylabel("customers")
    return figure
