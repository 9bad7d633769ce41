"""Figures of `patronage analyse`: one for each table."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from patronage.analyses.contract import Drawing
from patronage.review.figures import ACCENT, INK, MUTED, blank, set_title
from patronage.review.page.html import percent, words

MANY = 24  # rows or columns that a figure can still show
NAME, AXIS = 44, 56  # letters of a line beside and below a figure
BRIGHT_FROM = 0.6  # of the highest value: from here on text is white


def retention(by_month: pd.DataFrame) -> Figure:
    """The triangle of cohorts: a row per month of acquisition, empty where the time is not over."""
    table = by_month[by_month["month"] > 0].pivot_table("retention", "cohort", "month", aggfunc="first", dropna=False)
    table = table.dropna(how="all").iloc[-MANY:, :MANY]
    figure, axes = blank(retention_title(by_month), 1.5 + 0.5 * max(table.shape[1], 9), 2 + 0.3 * len(table))
    if not table.size:
        return _empty(figure, axes)
    _grid(axes, table, float(np.nanmax(table.to_numpy())), percent)
    axes.set_xlabel("months since the first order; cells: customers with an order in the month")
    axes.set_ylabel("month of the first order")
    return figure


def retention_title(by_month: pd.DataFrame) -> str:
    """How many come back in the first month that is over for any cohort."""
    known = by_month[(by_month["month"] > 0)].dropna(subset=["retention", "active"])
    if known.empty:
        return "No month after the first order is over"
    first = known[known["month"] == known["month"].min()]
    share = first["active"].sum() / max(first["customers"].sum(), 1)
    return f"{percent(share)} of the customers order again in month {first['month'].iloc[0]}"


def behaviours(table: pd.DataFrame) -> Figure:
    """Retention of the customers with a behaviour in their first days, and of those without, with 95% intervals."""
    names = list(dict.fromkeys(table["behaviour"]))
    figure = Figure(figsize=(5.2 * max(len(names), 1), 3.8), layout="constrained")
    for place, name in enumerate(names):
        axes = figure.add_subplot(1, len(names), place + 1)
        own = table[table["behaviour"] == name].dropna(subset=["retention"])
        set_title(axes, behaviour_title(own, name))
        for group, color in (("did", ACCENT), ("did not", MUTED)):
            rows = own[own["group"] == group]
            label = f"{group} ({rows['customers'].max():,.0f} customers)" if len(rows) else f"{group} (no customer)"
            axes.plot(rows["period"], rows["retention"], "o-", markersize=3, color=color, label=label)
            axes.fill_between(rows["period"], rows["low"], rows["high"], color=color, alpha=0.2, linewidth=0)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("period since the beginning")
        axes.set_ylabel("customers with an order in the period")
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.legend(frameon=False, fontsize=8)
    return figure


def behaviour_title(rows: pd.DataFrame, name: str) -> str:
    """The difference of retention in the last period that both groups have."""
    wide = rows.pivot_table("retention", "period", "group").reindex(columns=["did", "did not"]).dropna()
    if wide.empty:
        return f"{name}: no two groups to compare"
    difference = 100 * (wide["did"] - wide["did not"]).iloc[-1]
    return f"{name}: {difference:+.0f} points of retention in period {wide.index[-1]}"


def forest(drawing: Drawing) -> Figure:
    """Estimates (`label`, `value`) with their intervals (`low`, `high`), in colour where apart from the reference."""
    shown = drawing.frame.head(MANY // 2).iloc[::-1]
    figure, axes = blank("", 8.0, 1.4 + 0.3 * max(len(shown), 2) + 0.2 * _wrapped(drawing.title).count("\n"))
    figure.suptitle(_wrapped(drawing.title), x=0.01, ha="left", fontsize=10, color=INK)  # above the labels too
    if not len(shown):
        return _empty(figure, axes)
    places = np.arange(len(shown))
    errors = np.abs(shown[["low", "high"]].to_numpy(float).T - shown["value"].to_numpy(float))
    apart = ((shown["low"] > drawing.reference) | (shown["high"] < drawing.reference)).to_numpy()
    axes.axvline(drawing.reference, color=MUTED, linewidth=1)
    for mask, color in ((apart, ACCENT), (~apart, MUTED)):
        axes.errorbar(shown["value"][mask], places[mask], xerr=errors[:, mask], fmt="o", markersize=4, color=color)
    names = [textwrap.fill(words(str(label)), NAME) for label in shown["label"]]
    axes.set_yticks(places, names, fontsize=8)
    axes.set_xlabel(textwrap.fill(drawing.axis, AXIS))
    if drawing.axis.startswith("difference of the share") and "points" not in drawing.axis:
        axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    return figure


def lines(drawing: Drawing) -> Figure:
    """Shares (`value`) over `x` with their intervals, a panel per `group`."""
    frame = drawing.frame.dropna(subset=["value"])
    groups = list(dict.fromkeys(frame["group"])) if "group" in frame else []
    figure = Figure(figsize=(4.6 * max(len(groups), 1), 3.6), layout="constrained")
    figure.suptitle(_wrapped(drawing.title), x=0.01, ha="left", fontsize=10, color=INK)
    for place, name in enumerate(groups):
        axes = figure.add_subplot(1, len(groups), place + 1)
        rows = frame[frame["group"] == name]
        axes.plot(rows["x"], rows["value"], "o-", markersize=3, color=ACCENT)
        axes.fill_between(rows["x"].to_numpy(float), rows["low"].to_numpy(float), rows["high"].to_numpy(float),
                          color=ACCENT, alpha=0.2, linewidth=0)  # fmt: skip
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_xlabel(drawing.axis)
        axes.set_ylabel(f"customers: {words(name)}" if len(groups) > 1 else "customers")
    return figure


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(text, 90))


def movements(table: pd.DataFrame, order: list[str]) -> Figure:
    """Customers by tier before and after; those on the diagonal stayed."""
    counts, stayed = movements_of(table, order)
    figure, axes = blank(f"{stayed:.0%} of the customers stayed in their tier", 6.0, 4.6)
    roots = counts.map(np.sqrt)
    _grid(axes, counts, float(np.nanmax(roots.to_numpy())), "{:,.0f}".format, shade=roots)
    axes.set_xlabel("tier after; cells: customers")
    axes.set_ylabel("tier before")
    return figure


def movements_of(table: pd.DataFrame, order: list[str]) -> tuple[pd.DataFrame, float]:
    """Customers by tier before (rows) and after, in the order of the tiers; and the share of those who stayed."""
    counts = table.pivot_table("customers", "tier_before", "tier_after", aggfunc="sum")
    labels = [*order, "joined", "left"]
    counts = counts.reindex(index=[label for label in labels if label in counts.index])
    counts = counts[[label for label in labels if label in counts]]
    inner = counts.drop(index="joined", errors="ignore").drop(columns="left", errors="ignore").fillna(0)
    stayed = sum(inner.loc[tier, tier] for tier in inner.index if tier in inner) / max(inner.to_numpy().sum(), 1)
    return counts, float(stayed)


def pairs(table: pd.DataFrame, title: str) -> Figure:
    """The pairs with the highest lift, over all labels of the segment."""
    shown = table.nlargest(MANY // 2, "lift").iloc[::-1]
    figure, axes = blank(title, 8.5, 1.4 + 0.32 * max(len(shown), 1))
    if not len(shown):
        return _empty(figure, axes)
    names = [f"{row.segment}: {row.has} → {row.offer}" for row in shown.itertuples()]
    bars = axes.barh(names, shown["lift"], color=ACCENT)
    axes.bar_label(bars, [f" {n:,} candidates" for n in shown["candidates"]], fontsize=8, color=INK)
    axes.axvline(1, color=MUTED, linewidth=1)
    axes.tick_params(axis="y", labelsize=8)
    axes.set_xlabel("lift in the segment, 1 = no association")
    axes.margins(x=0.2)
    return figure


def agreement(drawing: Drawing) -> Figure:
    """How far the segments of two lenses agree."""
    table = drawing.frame
    size = 2.5 + 0.55 * len(table)
    figure, axes = blank(words(drawing.title), size, size - 0.5)
    _grid(axes, table, 1.0, "{:.2f}".format)
    axes.set_xticks(
        range(len(table)), [words(str(name)) for name in table.columns], rotation=40, ha="right", fontsize=8
    )
    axes.set_xlabel("adjusted mutual information, 0 = chance, 1 = the same")
    return figure


def shares(drawing: Drawing) -> Figure:
    """Shares (`value`) by `row` and `column`."""
    rows, columns = (list(dict.fromkeys(drawing.frame[name])) for name in ("row", "column"))
    table = drawing.frame.pivot_table("value", "row", "column", aggfunc="first").reindex(index=rows, columns=columns)
    figure, axes = blank(_wrapped(drawing.title), 2.5 + 1.1 * max(len(columns), 3), 1.6 + 0.4 * max(len(rows), 2))
    if not table.size:
        return _empty(figure, axes)
    _grid(axes, table, float(np.nanmax(table.to_numpy())), percent)
    axes.set_xlabel(drawing.axis)
    return figure


KINDS: Mapping[str, Callable[[Drawing], Figure]] = {
    "forest": forest,
    "lines": lines,
    "shares": shares,
    "triangle": lambda drawing: retention(drawing.frame),
    "behaviours": lambda drawing: behaviours(drawing.frame),
    "movements": lambda drawing: movements(drawing.frame, drawing.title.split(",")),
    "pairs": lambda drawing: pairs(drawing.frame, drawing.title),
    "agreement": agreement,
}


def draw(drawing: Drawing) -> Figure:
    """The figure of a drawing."""
    return KINDS[drawing.kind](drawing)


def _grid(
    axes: Axes, table: pd.DataFrame, high: float, shown: Callable[[float], str], shade: pd.DataFrame | None = None
) -> None:
    """A table as a heat map with its numbers; missing cells stay white and empty."""
    values = (table if shade is None else shade).to_numpy(float)
    axes.imshow(np.ma.masked_invalid(values), cmap="Blues", vmin=0, vmax=high, aspect="auto")
    axes.set_xticks(range(table.shape[1]), [words(str(name)) for name in table.columns], fontsize=8)
    axes.set_yticks(range(len(table)), [words(str(name)) for name in table.index], fontsize=8)
    for (row, column), value in np.ndenumerate(table.to_numpy(float)):
        if np.isfinite(value):
            color = "white" if values[row, column] > BRIGHT_FROM * high else INK
            axes.text(column, row, shown(value), ha="center", va="center", fontsize=7, color=color)


def _empty(figure: Figure, axes: Axes) -> Figure:
    axes.set_axis_off()
    axes.text(0.5, 0.5, "nothing to show", ha="center", va="center", color=MUTED)
    return figure
