"""The journey of one run, drawn: where customers are, how they got there, and where they stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch

from patronage.models.journey import STAGES
from patronage.models.journey.stages import AT_RISK, CHURNED, FIRST_TIME, LOYAL, NON_USER, PROSPECT, REGULAR
from patronage.review.figures import ACCENT, INK, MUTED

# Column and height; columns without anybody are closed up.
PLACES = {
    NON_USER: (0, 0.0),
    PROSPECT: (0, 2.2),
    FIRST_TIME: (1, 1.1),
    REGULAR: (2, 2.2),
    LOYAL: (3, 2.2),
    AT_RISK: (2, 0.0),
    CHURNED: (3, 0.0),
}
APART = 2.4
LARGEST, SMALLEST = 0.62, 0.26  # radii
SEEN = 0.01  # flows of fewer of those who leave or stay are not drawn
THINNEST, WIDEST = 1.5, 9.0  # points
Colour = tuple[float, float, float]
UNKNOWN_COLOUR: Colour = (0.91, 0.92, 0.94)


def journey_map(
    stages: pd.DataFrame, flows: pd.DataFrame, period_days: int, periods: int, longest_days: float
) -> Figure:
    """Stages as circles (area: customers now, colour: how long they stay), and who moved between them.

    Parameters
    ----------
    stages
        A row per stage: `stage`, `customers`, `share`, `shown_periods`.
    flows
        `from`, `to`, `customers`, `share` over the last `periods`, of those known before them.
    longest_days
        The longest history: a longer stay is extrapolated, and only said to be longer.
    """
    known = stages.set_index("stage")
    reached = set(flows["from"]) | set(flows["to"])
    shown = {STAGES[k]: at for k, at in PLACES.items() if known.loc[STAGES[k], "customers"] or STAGES[k] in reached}
    columns = sorted({column for column, _ in shown.values()})
    drawn = {stage: (APART * columns.index(column), height) for stage, (column, height) in shown.items()}
    radius = {stage: _radius(known.loc[stage, "share"], known["share"].max()) for stage in drawn}
    days = (known["shown_periods"] * period_days).clip(upper=longest_days)
    colours = _colours(days.to_numpy(float))
    xs, ys = zip(*drawn.values(), strict=True)
    figure = Figure(figsize=(1.25 * (max(xs) - min(xs)) + 3.2, 1.3 * (max(ys) - min(ys)) + 3.0), layout="constrained")
    figure.suptitle(
        f"Where customers are, and how they moved in the last {periods * period_days} days",
        x=0.02, ha="left", color=INK, fontsize=12,
    )  # fmt: skip
    axes = figure.add_subplot()
    for stage, place in drawn.items():
        _circle(
            axes, stage, place, radius[stage], known.loc[stage], _stay(days[stage], longest_days), colours(days[stage])
        )
    moves = flows[(flows["from"] != flows["to"]) & (flows["share"] >= SEEN)]
    for move in moves[moves["customers"] >= SEEN / 10 * flows["customers"].sum()].itertuples(index=False):
        width = max(THINNEST, WIDEST * float(np.sqrt(move.customers / moves["customers"].max())))
        _arrow(axes, (drawn[move[0]], radius[move[0]]), (drawn[move[1]], radius[move[1]]), move.share, width)
    axes.set_aspect("equal")
    axes.set_xlim(min(xs) - 0.95, max(xs) + 0.95)
    axes.set_ylim(min(ys) - 1.25, max(ys) + 1.2)
    axes.axis("off")
    figure.supxlabel(
        "Arrows: share of those who were in the stage before. Circles: customers now; darker: they stay longer.",
        fontsize=8, color=MUTED,
    )  # fmt: skip
    return figure


def _stay(days: float, longest_days: float) -> str:
    if not np.isfinite(days):
        return ""
    return f"over {longest_days:,.0f} days" if days >= longest_days else f"{days:,.0f} days"


def _colours(days: np.ndarray) -> Callable[[float], Colour]:
    """Days to a colour, light for short stays, on a logarithmic scale; grey where nothing is known."""
    known = days[np.isfinite(days)]
    low = max(float(known.min(initial=np.inf)), 1.0) if len(known) else 1.0
    norm = LogNorm(vmin=low, vmax=max(float(known.max(initial=0)), 1.5 * low))
    palette = colormaps["YlOrRd"]

    def colour(value: float) -> Colour:
        if not np.isfinite(value):
            return UNKNOWN_COLOUR
        red, green, blue, _ = palette(0.85 * float(norm(max(value, low))))
        return float(red), float(green), float(blue)

    return colour


def _ink_on(colour: Colour) -> str:
    return "white" if float(np.dot(colour, [0.3, 0.59, 0.11])) < 0.5 else INK


def _share(share: float) -> str:
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"


def _radius(share: float, largest: float) -> float:
    return max(SMALLEST, LARGEST * float(np.sqrt(share / max(largest, 1e-12))))


def _circle(
    axes: Axes, stage: str, place: tuple[float, float], radius: float, facts: pd.Series, stay: str, colour: Colour
) -> None:
    axes.add_patch(Circle(place, radius, facecolor=colour, edgecolor=INK, linewidth=0.8, zorder=3))
    x, y = place
    centred: dict[str, Any] = {"ha": "center", "color": INK, "zorder": 4}
    axes.text(x, y, _share(facts["share"]), **centred | {"color": _ink_on(colour)}, va="center", fontsize=10)
    name = f"{stage.replace('_', ' ')}\n{int(facts['customers']):,}" + (f" · stay {stay}" if stay else "")
    above = y > 1.0
    axes.text(
        x, y + (radius + 0.08 if above else -radius - 0.08), name, **centred,
        va="bottom" if above else "top", fontsize=9,
    )  # fmt: skip


def _arrow(
    axes: Axes,
    start: tuple[tuple[float, float], float],
    end: tuple[tuple[float, float], float],
    share: float,
    width: float,
) -> None:
    """From circle to circle, a little to the left of the straight line: there and back do not lie on each other."""
    (from_, from_radius), (to, to_radius) = (np.array(start[0]), start[1]), (np.array(end[0]), end[1])
    way = (to - from_) / np.linalg.norm(to - from_)
    aside = np.array([-way[1], way[0]])
    tail, head = from_ + way * (from_radius + 0.03) + 0.13 * aside, to - way * (to_radius + 0.05) + 0.13 * aside
    style = f"simple,tail_width={width},head_width={width + 6},head_length={width / 2 + 6}"
    axes.add_patch(
        FancyArrowPatch(
            tail, head, arrowstyle=style, linewidth=0, color=ACCENT, alpha=0.45, zorder=2, shrinkA=0, shrinkB=0
        )
    )
    x, y = tail + 0.36 * (head - tail) + aside * (0.13 + 0.008 * width)
    axes.text(
        x, y, f"{share:.0%}", fontsize=8, color=INK, ha="center", va="center", zorder=5,
        bbox={"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.85},
    )  # fmt: skip


def stuck_map(stuck: pd.DataFrame, period_days: int, longest_days: float, by: str) -> Figure:
    """How long each group stays in each stage, in days; nothing where nobody came.

    Parameters
    ----------
    stuck
        A row per group, a column per stage: mean stay in periods.
    longest_days
        The longest history: a longer stay is extrapolated, and only said to be longer.
    """
    days = (stuck.dropna(axis=1, how="all") * period_days).clip(upper=longest_days)
    figure = Figure(figsize=(1.25 * days.shape[1] + 4.2, 0.45 * len(days) + 1.5), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(f"Mean stay in each stage by {by}, days", loc="left", color=INK, fontsize=11)
    values = days.to_numpy(float)
    colour = _colours(values.ravel())
    axes.imshow([[colour(value) for value in row] for row in values], aspect="auto")
    axes.set_xticks(range(days.shape[1]), [stage.replace("_", " ") for stage in days.columns], fontsize=9)
    axes.set_yticks(range(len(days)), list(map(str, days.index)), fontsize=9)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for (row, column), value in np.ndenumerate(values):
        text = _stay(value, longest_days).removesuffix(" days") or "–"
        axes.text(column, row, text, ha="center", va="center", fontsize=9, color=_ink_on(colour(value)))
    return figure


def stage_mix(mix: pd.DataFrame, periods: int) -> Figure:
    """Shares of the customers by stage: before, as foretold from there, and as it came.

    Parameters
    ----------
    mix
        A row per stage: `before`, `predicted`, `realised`.
    """
    figure = Figure(figsize=(7.6, 4.2), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(f"Stages foretold {periods} periods ahead, and what came", loc="left", color=INK, fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    shown = mix[(mix > 0.0005).any(axis=1)]
    places = np.arange(len(shown))
    for name, shift, colour in (("before", -0.27, "#d7dce2"), ("predicted", 0.0, ACCENT), ("realised", 0.27, INK)):
        bars = axes.bar(places + shift, 100 * shown[name], 0.25, color=colour, label=name)
        axes.bar_label(bars, [f"{100 * value:.0f}" for value in shown[name]], fontsize=8, color=INK)
    axes.set_xticks(places, [str(stage).replace("_", " ") for stage in shown.index])
    axes.set_ylabel("% of customers")
    axes.legend(frameon=False)
    return figure
