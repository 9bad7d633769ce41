"""Figures of `patronage analyse`: one for each table."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from patronage.review.figures import ACCENT, INK, MUTED, blank

MANY = 24  # rows or columns that a figure can still show


def retention(by_month: pd.DataFrame) -> Figure:
    """The triangle of cohorts: a row per month of acquisition, empty where the time is not over."""
    table = by_month[by_month["month"] > 0].pivot_table("retention", "cohort", "month", aggfunc="first", dropna=False)
    table = table.dropna(how="all").iloc[-MANY:, :MANY]
    figure, axes = blank(
        "Customers with an order, by months since the first", 1.5 + 0.5 * max(table.shape[1], 9), 2 + 0.3 * len(table)
    )
    if not table.size:
        return _nothing(figure, axes)
    _grid(axes, table, "Blues", 0, float(np.nanmax(table.to_numpy())), "{:.0%}", bright_from=0.6)
    axes.set_xlabel("months since the first order")
    axes.set_ylabel("month of the first order")
    return figure


def behaviours(table: pd.DataFrame) -> Figure:
    """Retention of those who did something in their first days beside those who did not, with 95 % intervals."""
    names = list(dict.fromkeys(table["behaviour"]))
    figure = Figure(figsize=(5.2 * max(len(names), 1), 3.8), layout="constrained")
    for place, name in enumerate(names):
        axes = figure.add_subplot(1, len(names), place + 1)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_title(name, loc="left", color=INK, fontsize=11)
        for group, color in (("did", ACCENT), ("did not", MUTED)):
            mine = table[(table["behaviour"] == name) & (table["group"] == group)].dropna(subset=["retention"])
            label = f"{group} ({mine['customers'].max():,.0f})" if len(mine) else f"{group} (nobody)"
            axes.plot(mine["period"], mine["retention"], "o-", markersize=3, color=color, label=label)
            axes.fill_between(mine["period"], mine["low"], mine["high"], color=color, alpha=0.2, linewidth=0)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("period since the beginning")
        axes.set_ylabel("share with an order in it")
        axes.legend(frameon=False, fontsize=8)
    return figure


def forest(table: pd.DataFrame, survey: str, explained: float) -> Figure:
    """Effects of the strongest drivers with their intervals."""
    shown = table.head(MANY // 2).iloc[::-1]
    figure, axes = blank(f"What goes with {survey} ({explained:.0%} explained on others)", 7.5, 1.4 + 0.3 * len(shown))
    places = np.arange(len(shown))
    errors = np.abs(shown[["low", "high"]].to_numpy().T - shown["effect"].to_numpy())
    sure = (shown["low"] > 0) | (shown["high"] < 0)
    axes.axvline(0, color=MUTED, linewidth=1)
    for mask, color in ((sure.to_numpy(), ACCENT), (~sure.to_numpy(), MUTED)):
        axes.errorbar(shown["effect"][mask], places[mask], xerr=errors[:, mask], fmt="o", markersize=4, color=color)
    axes.set_yticks(places, shown["driver"], fontsize=8)
    axes.set_xlabel("points of the answer per standard deviation, with 95 % interval")
    return figure


def movements(table: pd.DataFrame, order: list[str]) -> Figure:
    """Customers by tier before and after; the diagonal stayed."""
    counts = table.pivot_table("customers", "tier_before", "tier_after", aggfunc="sum")
    places = [*order, "joined", "left"]
    counts = counts.reindex(index=[p for p in places if p in counts.index])
    counts = counts[[p for p in places if p in counts]]
    figure, axes = blank("Customers by tier, before and after", 6.0, 4.6)
    roots = counts.map(np.sqrt)
    _grid(axes, counts, "Blues", 0, float(np.nanmax(roots.to_numpy())), "{:,.0f}", bright_from=0.6, shade=roots)
    axes.set_xlabel("after")
    axes.set_ylabel("before")
    return figure


def pairs(table: pd.DataFrame, what: str) -> Figure:
    """The pairs of highest lift, over all labels of the segment."""
    shown = table.nlargest(MANY // 2, "lift").iloc[::-1]
    figure, axes = blank(what, 8.5, 1.4 + 0.32 * max(len(shown), 1))
    if not len(shown):
        return _nothing(figure, axes)
    names = [f"{row.segment}: {row.has} → {row.offer}" for row in shown.itertuples()]
    bars = axes.barh(names, shown["lift"], color=ACCENT)
    axes.bar_label(bars, [f" {n:,} candidates" for n in shown["candidates"]], fontsize=8, color=INK)
    axes.axvline(1, color=MUTED, linewidth=1)
    axes.tick_params(axis="y", labelsize=8)
    axes.set_xlabel("lift inside the segment")
    axes.margins(x=0.2)
    return figure


def agreement(table: pd.DataFrame) -> Figure:
    """Which lenses say the same."""
    size = 2.5 + 0.55 * len(table)
    figure, axes = blank("Adjusted mutual information of the segments", size, size - 0.5)
    _grid(axes, table, "Blues", 0, 1, "{:.2f}", bright_from=0.6)
    axes.set_xticks(range(len(table)), list(table.columns), rotation=40, ha="right", fontsize=8)
    return figure


def _grid(
    axes: Axes,
    table: pd.DataFrame,
    colors: str,
    low: float,
    high: float,
    form: str,
    *,
    bright_from: float,
    shade: pd.DataFrame | None = None,
) -> None:
    """A table as a heat map with its numbers; missing cells stay white and empty."""
    values = (table if shade is None else shade).to_numpy(float)
    axes.imshow(np.ma.masked_invalid(values), cmap=colors, vmin=low, vmax=high, aspect="auto")
    axes.set_xticks(range(table.shape[1]), [str(name) for name in table.columns], fontsize=8)
    axes.set_yticks(range(len(table)), [str(name) for name in table.index], fontsize=8)
    for (row, column), value in np.ndenumerate(table.to_numpy(float)):
        if np.isfinite(value):
            color = "white" if values[row, column] > low + bright_from * (high - low) else INK
            axes.text(column, row, form.format(value), ha="center", va="center", fontsize=7, color=color)


def _nothing(figure: Figure, axes: Axes) -> Figure:
    axes.set_axis_off()
    axes.text(0.5, 0.5, "nothing to show", ha="center", va="center", color=MUTED)
    return figure
