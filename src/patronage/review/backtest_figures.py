"""Figures of a backtest."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from patronage.evaluation.backtest import ENSEMBLE, SHIPPED
from patronage.names import Metric
from patronage.review.figures import ACCENT, INK, MUTED, blank, in_currency

UNITS = {  # by the last part of a metric's name
    "log_loss": "nats per customer",
    "roc_auc": "0.5 = chance, 1 = perfect",
    "gini": "0 = chance, 1 = perfect",
    "rmse": "orders per customer",
}
MEASURES = {"log_loss": "log-loss", "roc_auc": "ROC-AUC", "rmse": "RMSE", "gini": "Gini"}
STYLES = {SHIPPED: (ACCENT, "-", 2.2), ENSEMBLE: (ACCENT, ":", 1.4)}


def axis_title(metric: str, currency: str = "", *, more_is_better: bool) -> str:
    """The unit of a metric, and which way is better."""
    unit = UNITS.get(metric.rpartition("/")[2], plain(metric))
    if metric == Metric.BACKTEST_SPEND_RMSE:
        unit = in_currency("per customer", currency)
    return f"{unit}; {'more' if more_is_better else 'less'} is better"


def plain(metric: str) -> str:
    """The name of a metric as words, as the field writes them."""
    words = metric.replace("/", " ")
    for measure, name in MEASURES.items():
        words = words.replace(measure, name)
    return words.replace("_", " ")


def customers_of(later: pd.DataFrame) -> str:
    """How many customers the rows of a holdout are of, over its origins; empty where the rows do not tell."""
    counts = later.loc[later["metric"] == Metric.BACKTEST_CUSTOMERS, "value"]
    if counts.empty:
        return ""
    fewest, most = f"{counts.min():,.0f}", f"{counts.max():,.0f}"
    return f"n = {fewest}" if fewest == most else f"n = {fewest} to {most} by origin"


def over_origins(rows: pd.DataFrame, unit: str, n: str = "", *, more_is_better: bool = False) -> Figure:
    """One metric of every model, origin by origin.

    Parameters
    ----------
    rows
        Of one holdout and metric: origin, model, value.
    unit
        As of `axis_title`.
    n
        As of `customers_of`.
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
    axes.set_xlabel(f"origin; customers seen in training, later time{f'; {n}' if n else ''}")
    axes.set_ylabel(unit)
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
