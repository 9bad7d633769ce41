"""Figures of one run, each a matplotlib Figure of its own: no global state, no screen needed."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import StrMethodFormatter

from patronage import names as c
from patronage.statistics import calibration_error, calibration_table, top_share
from patronage.typing import Array

LETTERS_AN_INCH, BESIDE = 12.5, 1.0  # of a title, which stands right of the names beside the axes; more are cut
INK, MUTED, ACCENT, PALE = "#1f2a37", "#9aa5b1", "#2563a8", "#c4cad2"


def blank(title: str, width: float = 6.4, height: float = 4.2) -> tuple[Figure, Axes]:
    """A figure with a title on the left, and its axes."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    set_title(axes, title)
    return figure, axes


def set_title(axes: Axes, title: str) -> None:
    """A title on the left, and no frame above and on the right."""
    inches = axes.figure.bbox.width / axes.figure.dpi - BESIDE
    letters = int(inches * LETTERS_AN_INCH)
    axes.set_title("\n".join(textwrap.wrap(title, letters)), loc="left", color=INK, fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)


def separate_thousands(axes: Axes) -> None:
    """Numbers beside the vertical axis as the rest of a page writes them."""
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.10g}"))


def png(figure: Figure, dpi: int) -> bytes:
    """The figure as a PNG file, drawn once: `savefig` draws twice."""
    figure.set_dpi(dpi)
    file = io.BytesIO()
    canvas: Any = FigureCanvasAgg(figure)  # without types
    canvas.print_png(file)
    return file.getvalue()


def titled(figure: Figure, dpi: int) -> tuple[str, bytes]:
    """The title of the figure, and its PNG without it, for a page that sets the title as its own heading.

    A figure of several panels keeps the title of each, and has none unless one stands above all.
    """
    titles = {text for axes in figure.axes for text in [axes.get_title(loc="left")] if text}
    title = figure.get_suptitle() or (titles.pop() if len(titles) == 1 else "")
    shown: list[Any] = [text for text in figure.findobj(Text) if title and text.get_text() == title]
    for text in shown:
        text.set_text("")
    picture = png(figure, dpi)
    for text in shown:
        text.set_text(title)
    return " ".join(title.split()), picture


def calibration(y_true: Array, y_pred: Array, baselines: Mapping[str, Array], event: str) -> Figure:
    """The actual share of an event against the predicted one, in tenths of the customers.

    Parameters
    ----------
    baselines
        The probabilities of each naive baseline, by its name.
    event
        In words: "churn in 90 days".
    """
    figure, axes = blank(f"Predicted {event} is off by {100 * calibration_error(y_true, y_pred):.1f} points on average")
    ends: list[float] = []
    for name, baseline in baselines.items():
        table = 100 * calibration_table(y_true, baseline)[["predicted", "actual"]]
        axes.plot(table["predicted"], table["actual"], "o-", color=MUTED, markersize=3, linewidth=0.8, label=name)
        ends += [table.min().min(), table.max().max()]
    table = 100 * calibration_table(y_true, y_pred)[["predicted", "actual"]]
    axes.plot(table["predicted"], table["actual"], "o-", color=ACCENT, label="model")
    ends += [table.min().min(), table.max().max()]
    line = [min(ends), max(ends)]  # where the base rate is small, so are the axes
    axes.plot(line, line, color=MUTED, linewidth=1, linestyle=":", zorder=0)
    axes.set_xlabel(f"predicted, % of customers; n = {len(y_true):,}")
    axes.set_ylabel("actual, % of customers")
    axes.legend(frameon=False)
    return figure


def in_currency(text: str, currency: str) -> str:
    """What an axis of amounts measures, in the currency that the log has by `data.currency`."""
    return f"{text}, {currency or 'in the currency of the log'}"


def value_by_decile(predicted: pd.Series, actual: pd.Series, horizon_days: int, currency: str = "") -> Figure:
    """Mean predicted and actual spend of the customers, in tenths of the predicted spend, highest first."""
    share = top_share(actual.to_numpy(float), predicted.to_numpy(float), 0.1)
    title = f"The top tenth by predicted spend brings {share:.0%} of the actual spend"
    figure, axes = blank("There was no spend in the horizon" if np.isnan(share) else title)
    ranks = predicted.rank(method="first", ascending=False)
    decile = np.ceil(10 * ranks / len(ranks)).astype(int)
    means = pd.DataFrame({"predicted": predicted, "actual": actual}).groupby(decile).mean()
    places = np.arange(len(means))
    axes.bar(places - 0.2, means["actual"], 0.4, color=MUTED, label="actual")
    axes.bar(places + 0.2, means["predicted"], 0.4, color=ACCENT, label="predicted")
    axes.set_xticks(places, [str(d) for d in means.index])
    axes.set_xlabel(f"tenth of {len(predicted):,} customers by predicted spend (1 = highest)")
    axes.set_ylabel(in_currency(f"spend per customer in {horizon_days} days", currency))
    axes.legend(frameon=False)
    return figure


def rfm_grid(scores: pd.Series) -> Figure:
    """Customers by recency and frequency score."""
    known = scores[scores != c.UNKNOWN]
    recency, frequency = known.str[0].astype(int), known.str[1].astype(int)
    high = float(((recency >= 4) & (frequency >= 4)).mean()) if len(known) else 0.0
    figure, axes = blank(f"{high:.0%} of the customers score 4 or 5 in recency and frequency", 5.4, 4.6)
    counts = pd.crosstab(recency, frequency).reindex(index=range(5, 0, -1), columns=range(1, 6), fill_value=0)
    axes.imshow(np.sqrt(counts), cmap="Blues", aspect="auto")
    axes.set_xticks(range(5), list("12345"))
    axes.set_yticks(range(5), list("54321"))
    axes.set_xlabel("frequency score (5 = most orders)")
    axes.set_ylabel("recency score (5 = most recent order)")
    for (row, column), value in np.ndenumerate(counts.to_numpy()):
        color = "white" if value > counts.to_numpy().max() / 3 else INK
        axes.text(column, row, f"{value:,}", ha="center", va="center", fontsize=9, color=color)
    return figure


def stage_counts(stages: pd.Series, order: tuple[str, ...]) -> Figure:
    """How many customers are at each stage of the journey."""
    counts = stages.value_counts().reindex(list(order), fill_value=0)
    largest, share = str(counts.idxmax()), counts.max() / max(counts.sum(), 1)
    figure, axes = blank(f"The largest journey stage is {largest.replace('_', ' ')}: {share:.0%} of the customers")
    bars = axes.bar([name.replace("_", " ") for name in counts.index], counts.to_numpy(), color=ACCENT)
    axes.bar_label(bars, [f"{count:,}" for count in counts], fontsize=8, color=INK)
    axes.tick_params(axis="x", rotation=20)
    separate_thousands(axes)
    axes.set_ylabel("customers")
    return figure
