"""Figures of a CLV model: whether it follows the orders, whether its probabilities are right, and what it is worth."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from patronage import names as c
from patronage.evaluation.coverage import LEVELS, coverage
from patronage.evaluation.horizons import HorizonCheck
from patronage.labels import LabelledSnapshot
from patronage.models.btyd.clv import CLVModel
from patronage.models.btyd.spend import GammaGamma
from patronage.models.horizons import OrdersAhead
from patronage.names import Artifact, Metric
from patronage.review.figures import ACCENT, INK, MUTED, blank, in_currency, separate_thousands, set_title
from patronage.typing import Array

WEEK = 7
MOST = 7  # frequencies from here on share a bar
BINS = 20
GRID = 60


def of_model(clv: CLVModel, features: pd.DataFrame, currency: str = "") -> dict[str, Figure]:
    """The figures of a model and the buyers that it was fitted on."""
    buyers = features[features[c.N_ORDERS] > 0]
    figures = {Artifact.CLV_P_ALIVE_FIGURE: p_alive(clv, buyers)}
    if isinstance(clv.spend_law, GammaGamma):
        figures[Artifact.CLV_ORDER_VALUES_FIGURE] = order_values(clv.spend_law, buyers, currency)
    return figures


def of_measurement(
    ahead: OrdersAhead, evaluated: LabelledSnapshot, weekly: pd.Series, assignments: pd.DataFrame
) -> dict[str, Figure]:
    """
    The figures that need the orders after the cutoff: all of what is shipped.

    Parameters
    ----------
    ahead
        The orders of the evaluated customers who have bought, in the order of their rows, as predicted at the cutoff.
    weekly
        Repeat orders of the evaluated customers by the number of the week: the first after the cutoff is 0.
    assignments
        Of the evaluated customers.
    """
    buyers = evaluated.features[evaluated.features[c.N_ORDERS] > 0]
    labels = evaluated.labels.loc[buyers.index]
    figures = {
        Artifact.CLV_TRACKING_FIGURE: tracking(ahead, buyers, weekly),
        Artifact.CLV_BY_FREQUENCY_FIGURE: by_frequency(ahead, buyers, labels[c.ORDERS]),
        Artifact.CLV_COVERAGE_FIGURE: pit(ahead, labels[c.ORDERS]),
    }
    predicted = assignments.loc[buyers.index, c.EXPECTED_SPEND].dropna()
    if len(predicted):
        actual = labels.loc[predicted.index, c.SPEND]
        figures[Artifact.CLV_LORENZ_FIGURE] = lorenz(predicted, actual, evaluated.horizon_days)
    return figures


def tracking(ahead: OrdersAhead, buyers: pd.DataFrame, weekly: pd.Series) -> Figure:
    """Repeat orders of all customers known at the cutoff: cumulative from it on, and by week, also before it."""
    weeks = np.arange(weekly.index.min(), weekly.index.max() + 1)
    actual = weekly.reindex(weeks, fill_value=0).to_numpy(np.float64)
    predicted = np.diff(_expected_until(ahead, buyers, WEEK * np.append(weeks, weeks[-1] + 1)))
    after = weeks >= 0
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    ends = np.append(0, weeks[after] + 1)
    for values, colour, label in ((actual, MUTED, "actual"), (predicted, ACCENT, "predicted, as shipped")):
        left.plot(ends, np.append(0, np.cumsum(values[after])), color=colour, linewidth=1.6, label=label)
        right.plot(weeks + 1, values, color=colour, linewidth=1.6, label=label)
    right.axvline(0, color=INK, linewidth=0.8, linestyle=":")
    right.annotate("cutoff", (0, 1), xycoords=("data", "axes fraction"), xytext=(3, -10), color=INK, fontsize=8,
                   textcoords="offset points")  # fmt: skip
    for axes in (left, right):
        axes.set_ylim(bottom=0)
        separate_thousands(axes)
        axes.set_xlabel(f"weeks from the cutoff; {len(buyers):,} customers")
    set_title(left, _tracking_title(actual[after].sum(), predicted[after].sum()))
    set_title(right, f"By week; before the cutoff as {_law_name(ahead.clv)} fits it")
    left.set_ylabel("repeat orders since the cutoff")
    right.set_ylabel("repeat orders in the week")
    left.legend(frameon=False, loc="lower right")
    right.legend(frameon=False)
    return figure


def _tracking_title(actual: float, predicted: float) -> str:
    if not actual:
        return "No repeat order after the cutoff"
    error = 100 * (predicted / actual - 1)
    return f"Predicted orders are {abs(error):.0f}% too {'high' if error > 0 else 'low'} after the cutoff"


def _law_name(clv: CLVModel) -> str:
    return type(clv.law).TITLE


def _expected_until(ahead: OrdersAhead, buyers: pd.DataFrame, days: Array) -> Array:
    """Expected repeat orders of all customers up to each day from the cutoff.

    Before the cutoff that is the law's expectation for a customer of the same age without a history, on the clock of
    the calendar; after it, what is shipped.
    """
    ages, counts = np.unique(buyers[c.T].to_numpy(np.float64), return_counts=True)
    cutoff = float(buyers[c.OBSERVED_DAY].iloc[0]) + 1 if c.OBSERVED_DAY in buyers and len(buyers) else 0.0

    def fitted(day: float) -> float:
        """Up to a day at or before the cutoff."""
        reached = ahead.calendar.elapsed(cutoff - ages, np.maximum(cutoff + day, cutoff - ages))
        return float(ahead.clv.law.expected_orders(reached, 0, 0, 0) @ counts)

    after = [float(ahead.expected_orders(day).sum()) if day > 0 else 0.0 for day in days]
    return np.array([fitted(min(day, 0)) for day in days]) + np.array(after)


def by_frequency(ahead: OrdersAhead, buyers: pd.DataFrame, orders: pd.Series) -> Figure:
    """Mean actual and predicted orders in the horizon, of customers with the same number of repeat orders before."""
    group = buyers[c.FREQUENCY].clip(upper=MOST).astype(int)
    columns = {"actual": orders, "predicted": ahead.shipped[c.EXPECTED_ORDERS]}
    table = pd.DataFrame(columns, buyers.index).groupby(group).agg(["mean", "size"])
    means = table.xs("mean", axis=1, level=1)
    furthest = int((means["predicted"] - means["actual"]).abs().idxmax())
    error = means.loc[furthest, "predicted"] - means.loc[furthest, "actual"]
    more = "or more " if furthest == MOST else ""
    figure, axes = blank(f"Predictions are furthest off after {furthest} {more}repeat orders: {error:+.2f} orders")
    places = np.arange(len(means))
    axes.bar(places - 0.2, means["actual"], 0.4, color=MUTED, label="actual")
    axes.bar(places + 0.2, means["predicted"], 0.4, color=ACCENT, label="predicted, as shipped")
    sizes = table["actual", "size"]
    names = [f"{x}{'+' if x == MOST else ''}\n{n:,}" for x, n in zip(table.index, sizes, strict=True)]
    axes.set_xticks(places, names, fontsize=8)
    axes.set_xlabel(f"repeat orders before the cutoff; below, how many of the {len(buyers):,} customers")
    axes.set_ylabel(f"orders per customer in {ahead.clv.settings.horizon_days:g} days")
    axes.legend(frameon=False)
    return figure


def probability_over_time(check: HorizonCheck) -> Figure:
    """The share of customers who have ordered, by day from the cutoff: predicted and actual, by repeat orders."""
    gap = 100 * check.metrics[Metric.HORIZON_LARGEST_GAP]
    days = check.horizons["days"].tolist()
    figure, axes = blank(f"P(order) is off by {gap:.1f} points at most, over {days[0]} to {days[-1]} days", 7.4, 4.2)
    for (name, curve), colour in zip(check.curve.groupby("group", sort=False), (MUTED, ACCENT, INK), strict=False):
        axes.plot(curve["days"], 100 * curve["actual"], color=colour, linewidth=1.4, label=f"{name}: actual")
        axes.plot(curve["days"], 100 * curve["predicted"], color=colour, linewidth=1.4, linestyle="--",
                  label=f"{name}: predicted")  # fmt: skip
    axes.set_ylim(0, 100)
    axes.set_xlabel(f"days from the cutoff; {check.horizons['customers'].iloc[0]:,} customers")
    axes.set_ylabel("% of the customers who have ordered")
    axes.legend(frameon=False, fontsize=8, ncols=2)
    return figure


def p_alive(clv: CLVModel, buyers: pd.DataFrame) -> Figure:
    """P(alive) of a customer as old as the oldest, by repeat orders and days since the last order.

    It shows how the law reads a history; what is shipped knows more of a customer than these two numbers.
    """
    age = float(buyers[c.T].max())
    most = max(int(buyers[c.FREQUENCY].quantile(0.99)), 3)
    x = np.unique(np.linspace(1, most, GRID).round())
    since = np.linspace(0, age, GRID)
    probability = clv.law.p_alive(x[None, :], age - since[:, None], age)
    below = since[probability[:, -1] < 0.5]
    name = _law_name(clv)
    title = f"By {name} alone, P(alive) with {most} repeat orders is above 50% at any time"
    if len(below):
        title = f"By {name} alone, P(alive) with {most} repeat orders falls below 50% after {below[0]:,.0f} days"
    figure, axes = blank(title, 6.4, 4.4)
    mesh = axes.pcolormesh(x, since, probability, cmap="Blues", vmin=0, vmax=1, shading="nearest")
    levels = axes.contour(x, since, probability, levels=[0.25, 0.5, 0.75], colors=INK, linewidths=0.7)
    axes.clabel(levels, fontsize=8)
    axes.set_xlabel(f"repeat orders in {age:,.0f} days; fitted on {len(buyers):,} customers")
    axes.set_ylabel("days since the last order")
    bar = figure.colorbar(mesh, ax=axes, shrink=0.8)
    bar.set_label(f"P(alive) by {name} alone", fontsize=8)
    return figure


def pit(ahead: OrdersAhead, orders: pd.Series) -> Figure:
    """Where actual orders lie in their predicted distributions (PIT): flat is right, a U is too narrow intervals."""
    counts = orders.to_numpy(np.float64)
    survival = ahead.clv.survival(*ahead.inputs)
    low, high = (1 - survival(n, slice(None)) for n in (counts, counts + 1))
    edges = np.linspace(0, 1, BINS + 1)
    width = np.maximum(high - low, 1e-12)
    below = np.clip((edges[:, None] - low) / width, 0, 1).mean(axis=1)
    inside = {level: coverage(low, high, level) for level in LEVELS}
    held = ", ".join(f"{share:.0%} of {level:.0%}" for level, share in inside.items())
    figure, axes = blank(f"Central intervals hold {held} of the customers")
    axes.bar(edges[:-1], BINS * np.diff(below), 1 / BINS, align="edge", color=ACCENT, edgecolor="white")
    axes.axhline(1, color=INK, linewidth=0.8, linestyle=":")
    axes.set_xlabel(f"P(fewer orders than the actual ones), as shipped; {len(counts):,} customers")
    axes.set_ylabel("customers, 1 = a right model")
    return figure


def lorenz(predicted: pd.Series, actual: pd.Series, horizon_days: int) -> Figure:
    """The share of the actual spend that belongs to the customers with the highest predicted spend."""
    spend = actual.clip(lower=0).to_numpy(np.float64)
    share = np.arange(len(spend) + 1) / len(spend)
    curves = {
        name: np.append(0, np.cumsum(spend[np.argsort(order, kind="stable")])) / max(spend.sum(), 1e-12)
        for name, order in (("by actual spend", -spend), ("by predicted spend", -predicted.to_numpy()))
    }
    tenth = float(np.interp(0.1, share, curves["by predicted spend"]))
    figure, axes = blank(f"The first tenth by predicted spend brings {tenth:.0%} of the spend", 5.4, 4.6)
    for (name, curve), colour in zip(curves.items(), (MUTED, ACCENT), strict=True):
        axes.plot(100 * share, 100 * curve, color=colour, linewidth=1.6, label=name)
    axes.plot([10], [100 * tenth], "o", color=ACCENT, markersize=4)
    axes.plot([0, 100], [0, 100], color=MUTED, linewidth=1, linestyle=":")
    axes.set_xlabel(f"% of {len(spend):,} customers, highest spend first")
    axes.set_ylabel(f"% of the spend in {horizon_days} days")
    axes.legend(frameon=False, loc="lower right")
    return figure


def order_values(law: GammaGamma, buyers: pd.DataFrame, currency: str = "") -> Figure:
    """Mean order values of customers with repeat orders, and their distribution by Gamma-Gamma."""
    repeat = buyers[(buyers[c.FREQUENCY] > 0) & (buyers[c.MONETARY_VALUE] > 0)]
    top = float(repeat[c.MONETARY_VALUE].quantile(0.99))
    values = np.linspace(top / 400, top, 200)
    frequencies, counts = np.unique(repeat[c.FREQUENCY], return_counts=True)
    density = np.exp(law.log_likelihood(frequencies[:, None], values)).T @ counts / counts.sum()
    shown = repeat[c.MONETARY_VALUE][repeat[c.MONETARY_VALUE] <= top]
    heights, edges = np.histogram(shown, bins=40)
    actual = repeat[c.MONETARY_VALUE].median()
    figure, axes = blank(f"Median order value {actual:,.3g}; by Gamma-Gamma {_median(values, density):,.3g}")
    axes.bar(
        edges[:-1], heights / (len(repeat) * np.diff(edges)), np.diff(edges), align="edge", color=MUTED, label="actual"
    )
    axes.plot(values, density, color=ACCENT, linewidth=1.6, label="Gamma-Gamma")
    axes.set_xlim(0, top)
    axes.set_xlabel(
        f"{in_currency('mean value of a repeat order', currency)}; {len(repeat):,} customers, without the highest 1%"
    )
    axes.set_ylabel("density")
    axes.legend(frameon=False)
    return figure


def _median(values: Array, density: Array) -> float:
    """Where half of the density lies below."""
    below = np.cumsum(density)
    return float(values[np.searchsorted(below, below[-1] / 2)])
