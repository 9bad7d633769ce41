"""Figures of a backtest."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from patronage.evaluation.backtest import ENSEMBLE, SHIPPED
from patronage.review.figures import ACCENT, INK, MUTED, blank

STYLES = {SHIPPED: (ACCENT, "-", 2.2), ENSEMBLE: (ACCENT, ":", 1.4)}


def over_origins(rows: pd.DataFrame, metric: str, *, more_is_better: bool = False) -> Figure:
    """One metric of every model, origin by origin.

    Parameters
    ----------
    rows
        Of one holdout and metric: origin, model, value.
    """
    wide = rows.set_index(["origin", "model"])["value"].unstack()  # noqa: PD010
    best = wide.idxmax(axis=1) if more_is_better else wide.idxmin(axis=1)
    figure, axes = blank(f"{SHIPPED} is best at {int((best == SHIPPED).sum())} of {len(wide)} origins", 7.2)
    moments = pd.to_datetime(wide.index)
    for name in wide:
        color, line, width = STYLES.get(str(name), (MUTED, "-", 1.0))
        axes.plot(moments, wide[name], line, color=color, linewidth=width, marker="o", markersize=3)
    _label_lines(axes, wide.iloc[-1])
    axes.set_xticks(moments, labels=wide.index, rotation=20)
    axes.set_xlabel("origin (customers seen in training, later time)")
    axes.set_ylabel(f"{metric} ({'more' if more_is_better else 'less'} is better)")
    return figure


def _label_lines(axes: Axes, last: pd.Series) -> None:
    """The names of the models at the ends of their lines; names that would overlap are moved apart."""
    low, high = axes.get_ylim()
    place = float("-inf")
    for name, value in last.dropna().sort_values().items():
        place = max(float(value), place + (high - low) / 28)
        color = STYLES.get(str(name), (INK, "-", 1.0))[0]
        axes.annotate(
            str(name), (1.01, place), xycoords=("axes fraction", "data"), fontsize=7, color=color, va="center"
        )
