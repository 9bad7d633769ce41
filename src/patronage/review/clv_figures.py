"""Figures of a CLV model: does it follow the orders, does it call likely what happens, and what is it worth."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from patronage import names as c
from patronage.evaluation.coverage import LEVELS, coverage
from patronage.labels import LabelledSnapshot
from patronage.models.btyd.clv import CLVModel
from patronage.models.btyd.spend import GammaGamma
from patronage.review.figures import ACCENT, INK, MUTED, blank

WEEK = 7
MOST = 7  # frequencies from here on share a bar
BINS = 20
GRID = 60


def of_model(clv: CLVModel, features: pd.DataFrame) -> dict[str, Figure]:
    """What can be drawn of a model and the buyers that it was fitted on."""
    buyers = features[features[c.N_ORDERS] > 0]
    drawn = {"clv_p_alive.png": p_alive(clv, buyers)}
    if isinstance(clv.spend_law, GammaGamma):
        drawn["clv_order_values.png"] = order_values(clv.spend_law, buyers)
    return drawn


def of_measurement(clv: CLVModel, judged: LabelledSnapshot, weekly: pd.Series, said: pd.DataFrame) -> dict[str, Figure]:
    """
    What can be drawn where it is known what came after the cutoff.

    Parameters
    ----------
    clv
        As fitted at the cutoff of `judged`.
    judged
        With labels.
    weekly
        Repeat orders of the judged by the number of the week: the first after the cutoff is 0.
    said
        The assignments of the judged.
    """
    if judged.labels is None:
        return {}
    buyers = judged.features[judged.features[c.N_ORDERS] > 0]
    labels = judged.labels.loc[buyers.index]
    drawn = {
        "clv_tracking.png": tracking(clv, buyers, weekly),
        "clv_by_frequency.png": by_frequency(clv, buyers, labels[c.ORDERS]),
        "clv_coverage.png": pit(clv, buyers, labels[c.ORDERS]),
    }
    expected = said.loc[buyers.index, c.EXPECTED_SPEND].dropna()
    if len(expected):
        drawn["clv_lorenz.png"] = lorenz(expected, labels.loc[expected.index, c.SPEND], judged.horizon_days)
    return drawn


def tracking(clv: CLVModel, buyers: pd.DataFrame, weekly: pd.Series) -> Figure:
    """Repeat orders of all customers known at the cutoff, cumulative and by week: the model's and those that came."""
    weeks = np.arange(weekly.index.min(), weekly.index.max() + 1)
    came = weekly.reindex(weeks, fill_value=0).to_numpy(np.float64)
    expected = np.diff(_by_now(clv, buyers, WEEK * np.append(weeks, weeks[-1] + 1)))
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    shapes = {"cumulative": (np.cumsum(came), np.cumsum(expected)), "by week": (came, expected)}
    for number, (what, (seen, said)) in enumerate(shapes.items()):
        axes = figure.add_subplot(1, 2, number + 1)
        axes.set_title(f"Repeat orders, {what}", loc="left", color=INK, fontsize=11)
        axes.spines[["top", "right"]].set_visible(False)
        axes.plot(weeks + 1, seen, color=MUTED, linewidth=1.6, label="came")
        axes.plot(weeks + 1, said, color=ACCENT, linewidth=1.6, label=clv.settings.model)
        axes.axvline(0, color=INK, linewidth=0.8, linestyle=":")
        axes.annotate("cutoff", (0, 1), xycoords=("data", "axes fraction"), xytext=(3, -10), color=INK, fontsize=8,
                      textcoords="offset points")  # fmt: skip
        axes.set_ylim(bottom=0)
        axes.set_xlabel("weeks from the cutoff")
        axes.legend(frameon=False, loc="lower right" if what == "cumulative" else "best")
    return figure


def _by_now(clv: CLVModel, buyers: pd.DataFrame, days: np.ndarray) -> np.ndarray:
    """Expected repeat orders of all up to each day from the cutoff: as of strangers before it, of the known after."""
    x, t_x, age = (buyers[name].to_numpy(np.float64) for name in (c.FREQUENCY, c.RECENCY, c.T))
    ages, many = np.unique(age, return_counts=True)
    past = [float(clv.law.expected_orders(np.maximum(ages + min(day, 0), 0), 0, 0, 0) @ many) for day in days]
    ahead = [float(clv.law.expected_orders(day, x, t_x, age).sum()) if day > 0 else 0.0 for day in days]
    return np.array(past) + np.array(ahead)


def by_frequency(clv: CLVModel, buyers: pd.DataFrame, orders: pd.Series) -> Figure:
    """Mean orders in the horizon of customers alike in their repeat orders so far."""
    figure, axes = blank(f"Orders in the {clv.settings.horizon_days:g} days after the cutoff, by repeat orders before")
    group = buyers[c.FREQUENCY].clip(upper=MOST).astype(int)
    expected = clv.predict(buyers)[c.EXPECTED_ORDERS]
    table = pd.DataFrame({"came": orders, "expected": expected}, buyers.index).groupby(group).agg(["mean", "size"])
    places = np.arange(len(table))
    axes.bar(places - 0.2, table["came", "mean"], 0.4, color=MUTED, label="came")
    axes.bar(places + 0.2, table["expected", "mean"], 0.4, color=ACCENT, label=clv.settings.model)
    names = [f"{x}{'+' if x == MOST else ''}\n{n:,}" for x, n in zip(table.index, table["came", "size"], strict=True)]
    axes.set_xticks(places, names, fontsize=8)
    axes.set_xlabel("repeat orders before the cutoff, and how many customers have them")
    axes.set_ylabel("mean orders per customer")
    axes.legend(frameon=False)
    return figure


def p_alive(clv: CLVModel, buyers: pd.DataFrame) -> Figure:
    """P(alive) of the oldest customer, had they ordered so often and so recently."""
    figure, axes = blank("P(alive) by repeat orders and days since the last", 6.0, 4.4)
    age = float(buyers[c.T].max())
    most = max(int(buyers[c.FREQUENCY].quantile(0.99)), 3)
    x = np.unique(np.linspace(1, most, GRID).round())
    since = np.linspace(0, age, GRID)
    shown = clv.law.p_alive(x[None, :], age - since[:, None], age)
    mesh = axes.pcolormesh(x, since, shown, cmap="Blues", vmin=0, vmax=1, shading="nearest")
    levels = axes.contour(x, since, shown, levels=[0.25, 0.5, 0.75], colors=INK, linewidths=0.7)
    axes.clabel(levels, fontsize=8)
    axes.set_xlabel(f"repeat orders in {age:g} days")
    axes.set_ylabel("days since the last order")
    figure.colorbar(mesh, ax=axes, shrink=0.8)
    return figure


def pit(clv: CLVModel, buyers: pd.DataFrame, orders: pd.Series) -> Figure:
    """How often orders fell where in their own foretold distribution: flat is honest, a U says too short intervals."""
    counts = orders.to_numpy(np.float64)
    survival = clv.survival(buyers)
    low, high = (1 - survival(n, slice(None)) for n in (counts, counts + 1))
    edges = np.linspace(0, 1, BINS + 1)
    width = np.maximum(high - low, 1e-12)
    below = np.clip((edges[:, None] - low) / width, 0, 1).mean(axis=1)
    figure, axes = blank("Where orders fell in their foretold distribution (PIT)")
    axes.bar(edges[:-1], BINS * np.diff(below), 1 / BINS, align="edge", color=ACCENT, edgecolor="white")
    axes.axhline(1, color=INK, linewidth=0.8, linestyle=":")
    inside = ", ".join(f"{coverage(low, high, level):.0%} in {level:.0%}" for level in LEVELS)
    axes.set_xlabel(f"P(fewer orders than came)\ncentral intervals hold: {inside}")
    axes.set_ylabel("customers, as a multiple of a fair share")
    return figure


def lorenz(expected: pd.Series, spent: pd.Series, horizon_days: int) -> Figure:
    """Which share of what was spent the customers bring who were expected to spend most."""
    figure, axes = blank(f"Share of the spend in {horizon_days} days brought by the best", 5.4, 4.6)
    paid = spent.clip(lower=0).to_numpy(np.float64)
    share = np.arange(len(paid) + 1) / len(paid)
    for name, by, colour in (("in hindsight", -paid, MUTED), ("by expected spend", -expected.to_numpy(), ACCENT)):
        brought = np.append(0, np.cumsum(paid[np.argsort(by, kind="stable")])) / max(paid.sum(), 1e-12)
        axes.plot(share, brought, color=colour, linewidth=1.6, label=name)
        if colour == ACCENT:
            tenth = float(np.interp(0.1, share, brought))
            axes.plot([0.1], [tenth], "o", color=ACCENT, markersize=4)
            axes.annotate(f"the first tenth brings {tenth:.0%}", (0.1, tenth), xytext=(8, -4), color=INK, fontsize=8,
                          textcoords="offset points")  # fmt: skip
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=":")
    axes.set_xlabel("share of the customers, the best first")
    axes.set_ylabel("share of what they spent")
    axes.legend(frameon=False, loc="lower right")
    return figure


def order_values(law: GammaGamma, buyers: pd.DataFrame) -> Figure:
    """Mean order values of customers with repeat orders, and how Gamma-Gamma has them."""
    figure, axes = blank("Mean order value of customers with repeat orders")
    again = buyers[(buyers[c.FREQUENCY] > 0) & (buyers[c.MONETARY_VALUE] > 0)]
    top = float(again[c.MONETARY_VALUE].quantile(0.99))
    values = np.linspace(top / 400, top, 200)
    times, many = np.unique(again[c.FREQUENCY], return_counts=True)
    density = np.exp(law.log_likelihood(times[:, None], values)).T @ many / many.sum()
    shown = again[c.MONETARY_VALUE][again[c.MONETARY_VALUE] <= top]
    heights, edges = np.histogram(shown, bins=40)
    axes.bar(
        edges[:-1], heights / (len(again) * np.diff(edges)), np.diff(edges), align="edge", color=MUTED, label="seen"
    )
    axes.plot(values, density, color=ACCENT, linewidth=1.6, label="Gamma-Gamma")
    axes.set_xlim(0, top)
    axes.set_xlabel("mean value of a repeat order (the highest hundredth is left out)")
    axes.set_ylabel("density")
    axes.legend(frameon=False)
    return figure
