"""Figures of a backtest."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from patronage.review.figures import ACCENT, INK, MUTED

SHIPPED, ENSEMBLE = "shipped", "ensemble"
STYLES = {SHIPPED: (ACCENT, "-", 2.2), ENSEMBLE: (ACCENT, ":", 1.4)}


def over_origins(rows: pd.DataFrame, metric: str) -> Figure:
    """One metric of every model, origin by origin.

    Parameters
    ----------
    rows
        Of one holdout and metric: origin, model, value.
    """
    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(f"{metric} at each origin, everyone, later time", loc="left", color=INK, fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    wide = rows.set_index(["origin", "model"])["value"].unstack()  # noqa: PD010
    moments = pd.to_datetime(wide.index)
    for name in wide:
        color, line, width = STYLES.get(str(name), (MUTED, "-", 1.0))
        axes.plot(moments, wide[name], line, color=color, linewidth=width, marker="o", markersize=3)
    # Labels that would lie on each other are moved apart, in the order of their values.
    last = wide.iloc[-1].dropna().sort_values()
    low, high = axes.get_ylim()
    place = float("-inf")
    for name, value in last.items():
        place = max(float(value), place + (high - low) / 28)
        color = STYLES.get(str(name), (INK, "-", 1.0))[0]
        axes.annotate(
            str(name), (1.01, place), xycoords=("axes fraction", "data"), fontsize=7, color=color, va="center"
        )
    axes.set_xticks(moments, labels=wide.index, rotation=20)
    return figure
