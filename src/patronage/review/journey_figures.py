"""Figures of the journey: where customers are, how they moved, and how long they stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch

from patronage.models.journey import STAGES
from patronage.models.journey.stages import AT_RISK, CHURNED, FIRST_TIME, LOYAL, NON_USER, PROSPECT, REGULAR
from patronage.review.figures import ACCENT, INK, MUTED, blank
from patronage.review.page.html import percent

# Column and height; columns without customers are closed up.
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
LARGEST, SMALLEST = 0.62, 0.06  # radii; a circle of a hundredth of the largest one's customers is not smaller
ROOM = 0.24  # the radius from which on a share fits inside its circle
MIN_SHARE = 0.01  # smaller flows are not drawn
THINNEST, WIDEST = 1.5, 9.0  # points
Colour = tuple[float, float, float]
UNKNOWN_COLOUR: Colour = (0.91, 0.92, 0.94)


def journey_map(
    stages: pd.DataFrame, flows: pd.DataFrame, period_days: int, periods: int, longest_days: float
) -> Figure:
    """Stages as circles (area: customers, colour: length of the stay), and the moves between them as arrows.

    Parameters
    ----------
    stages
        A row per stage: `stage`, `customers`, `share`, `shown_periods`.
    flows
        `from`, `to`, `customers`, `share` over the last `periods`, of the customers known before them.
    longest_days
        The longest history: a longer stay is extrapolated, and shown as longer than it.
    """
    table = stages.set_index("stage")
    days = (table["shown_periods"] * period_days).clip(upper=longest_days)
    colour = _colours(days.to_numpy(float))
    circles = _circles(table, set(flows["from"]) | set(flows["to"]))
    xs, ys = [circle.x for circle in circles.values()], [circle.y for circle in circles.values()]
    figure = Figure(figsize=(1.25 * (max(xs) - min(xs)) + 3.2, 1.3 * (max(ys) - min(ys)) + 3.0), layout="constrained")
    axes = figure.add_subplot()
    for stage, circle in circles.items():
        _draw_circle(axes, stage, circle, table.loc[stage], _stay(days[stage], longest_days), colour(days[stage]))
    moves = flows[(flows["from"] != flows["to"]) & (flows["share"] >= MIN_SHARE)]
    for move in moves[moves["customers"] >= MIN_SHARE / 10 * flows["customers"].sum()].to_dict("records"):
        width = max(THINNEST, WIDEST * float(np.sqrt(move["customers"] / moves["customers"].max())))
        _draw_arrow(axes, circles[move["from"]], circles[move["to"]], move["share"], width)
    axes.set_aspect("equal")
    axes.set_xlim(min(xs) - 0.95, max(xs) + 0.95)
    axes.set_ylim(min(ys) - 1.25, max(ys) + 1.2)
    axes.axis("off")
    figure.suptitle(_title(flows, periods * period_days), x=0.02, ha="left", color=INK, fontsize=12)
    figure.supxlabel(
        "Arrows: share of the customers of a stage that left it.\nCircles: customers now; darker: longer stays.",
        fontsize=8, color=MUTED,
    )  # fmt: skip
    return figure


def _title(flows: pd.DataFrame, days: int) -> str:
    """The share of the customers that changed their stage."""
    moved = flows.loc[flows["from"] != flows["to"], "customers"].sum()
    if not len(flows):
        return "No customer has a history to move in"
    return f"{moved / max(flows['customers'].sum(), 1):.0%} of the customers changed their stage in {days} days"


class StageCircle(NamedTuple):
    """Where a stage is drawn, and how large."""

    x: float
    y: float
    radius: float


def _circles(table: pd.DataFrame, reached: set[str]) -> dict[str, StageCircle]:
    """A circle for every stage with customers now or in the flows; columns of empty stages are closed up."""
    places = {STAGES[k]: at for k, at in PLACES.items() if table.loc[STAGES[k], "customers"] or STAGES[k] in reached}
    columns = sorted({column for column, _ in places.values()})
    largest = table["share"].max()
    return {
        stage: StageCircle(APART * columns.index(column), height, _radius(table.loc[stage, "share"], largest))
        for stage, (column, height) in places.items()
    }


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


def _radius(share: float, largest: float) -> float:
    return max(SMALLEST, LARGEST * float(np.sqrt(share / max(largest, 1e-12))))


def _draw_circle(axes: Axes, stage: str, circle: StageCircle, facts: pd.Series, stay: str, colour: Colour) -> None:
    x, y, radius = circle
    axes.add_patch(Circle((x, y), radius, facecolor=colour, edgecolor=INK, linewidth=0.8, zorder=3))
    centred: dict[str, Any] = {"ha": "center", "color": INK, "zorder": 4}
    share = percent(facts["share"])
    if radius >= ROOM:
        axes.text(x, y, share, **centred | {"color": _ink_on(colour)}, va="center", fontsize=10)
    counts = f"{int(facts['customers']):,}" if radius >= ROOM else f"{share} · {int(facts['customers']):,}"
    name = f"{stage.replace('_', ' ')}\n{counts}" + (f" · stay {stay}" if stay else "")
    above = y > 1.0
    place = y + (radius + 0.08 if above else -radius - 0.08)
    axes.text(x, place, name, **centred, va="bottom" if above else "top", fontsize=9)


def _draw_arrow(axes: Axes, start: StageCircle, end: StageCircle, share: float, width: float) -> None:
    """From circle to circle, a little to the left of the straight line, so that both directions can be seen."""
    start_point, end_point = np.array(start[:2]), np.array(end[:2])
    way = (end_point - start_point) / np.linalg.norm(end_point - start_point)
    left = np.array([-way[1], way[0]])
    tail = start_point + way * (start.radius + 0.03) + 0.13 * left
    head = end_point - way * (end.radius + 0.05) + 0.13 * left
    style = f"simple,tail_width={width},head_width={width + 6},head_length={width / 2 + 6}"
    axes.add_patch(
        FancyArrowPatch(
            tail, head, arrowstyle=style, linewidth=0, color=ACCENT, alpha=0.45, zorder=2, shrinkA=0, shrinkB=0
        )
    )
    x, y = tail + 0.36 * (head - tail) + left * (0.13 + 0.008 * width)
    axes.text(
        x, y, percent(share), fontsize=8, color=INK, ha="center", va="center", zorder=5,
        bbox={"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.85},
    )  # fmt: skip


def stuck_map(stuck: pd.DataFrame, period_days: int, longest_days: float, by: str, customers: int) -> Figure:
    """How long each group stays in each stage, in days; empty where no customer of the group was.

    Parameters
    ----------
    stuck
        A row per group, a column per stage: mean stay in periods.
    longest_days
        The longest history: a longer stay is extrapolated, and shown as longer than it.
    customers
        How many there are in all groups.
    """
    days = (stuck.dropna(axis=1, how="all") * period_days).clip(upper=longest_days)
    values = days.to_numpy(float)
    figure, axes = blank(_longest_stay(days, by, longest_days), 1.25 * days.shape[1] + 4.2, 0.45 * len(days) + 1.7)
    colour = _colours(values.ravel())
    axes.imshow([[colour(value) for value in row] for row in values], aspect="auto")
    axes.set_xticks(range(days.shape[1]), [stage.replace("_", " ") for stage in days.columns], fontsize=9)
    axes.set_yticks(range(len(days)), list(map(str, days.index)), fontsize=9)
    axes.set_xlabel(f"stage; cells: mean stay in days; {customers:,} customers")
    axes.set_ylabel(by)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for (row, column), value in np.ndenumerate(values):
        text = _stay(value, longest_days).removesuffix(" days") or "–"
        axes.text(column, row, text, ha="center", va="center", fontsize=9, color=_ink_on(colour(value)))
    return figure


def _longest_stay(days: pd.DataFrame, by: str, longest_days: float) -> str:
    """Where customers of which group stay longest, of the stages between the first order and churn."""
    active = days[[STAGES[k] for k in (FIRST_TIME, REGULAR, LOYAL, AT_RISK) if STAGES[k] in days]]
    finite = active.where(np.isfinite(active)).melt(ignore_index=False, var_name="stage").dropna()
    if finite.empty:
        return f"Stays by {by}"
    stay = finite["value"].to_numpy()
    place = int(stay.argmax())
    stage = str(finite["stage"].iloc[place]).replace("_", " ")
    return f"The longest stay is {_stay(stay[place], longest_days)} in {stage}: {finite.index[place]}"


def stage_mix(mix: pd.DataFrame, periods: int, period_days: int, customers: int) -> Figure:
    """Shares of the customers by stage: before, predicted from there, and actual.

    Parameters
    ----------
    mix
        A row per stage: `before`, `predicted`, `realised`.
    customers
        How many there are in all stages: unseen ones.
    """
    error = float((mix["predicted"] - mix["realised"]).abs().sum() / 2)
    title = f"{error:.0%} of the customers are in another stage than predicted {periods * period_days} days before"
    figure, axes = blank(title, 7.6)
    shown = mix[(mix > 0.0005).any(axis=1)].rename(columns={"realised": "actual"})
    places = np.arange(len(shown))
    for name, shift, colour in (("before", -0.27, "#d7dce2"), ("predicted", 0.0, ACCENT), ("actual", 0.27, INK)):
        bars = axes.bar(places + shift, 100 * shown[name], 0.25, color=colour, label=name)
        axes.bar_label(bars, [f"{100 * value:.0f}" for value in shown[name]], fontsize=8, color=INK)
    axes.set_xticks(places, [str(stage).replace("_", " ") for stage in shown.index])
    axes.set_xlabel(f"stage; {customers:,} customers who were not learned from")
    axes.set_ylabel("% of customers")
    axes.legend(frameon=False)
    return figure
