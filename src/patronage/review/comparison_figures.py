"""Figures of a comparison of two runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from patronage.review.figures import ACCENT, INK, MUTED, PALE, blank
from patronage.review.metric_words import loss_in_words
from patronage.review.migration import BACK, BEHAVIOUR, BOTH, JOINED, LEFT, MODEL, MOVED
from patronage.review.page.html import percent
from patronage.review.paired_losses import BETTER, UNCLEAR, WORSE
from patronage.statistics import calibration_error, calibration_table
from patronage.typing import Array

# Okabe and Ito (2008): colour-blind readers can tell these apart too
PALETTE = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b5a800", "#6b7280")
MORE = ("#882255", "#44aa99", "#6a5acd", "#999933", "#8b5a2b", "#117733")  # Tol (2021), for many labels at once
SIDES = {"baseline": (MUTED, "--"), "candidate": (ACCENT, "-")}
REASONS = {
    BEHAVIOUR: "#0072b2", MODEL: "#d55e00", BOTH: "#cc79a7", BACK: "#e8d3df", MOVED: "#6b7280",
}  # fmt: skip
VERDICTS = {BETTER: PALETTE[2], WORSE: PALETTE[5], UNCLEAR: MUTED}
DRIFT = {"stable": PALE, "shifted": PALETTE[1], "moved": PALETTE[5]}
BORDERS = {0.1: "shifted", 0.25: "moved"}  # of the PSI
GAP = 0.02  # between blocks, as a share of the height of all customers
THINNEST = 0.012  # the height that a label needs
BLOCK = 0.045  # width

Places = dict[str, tuple[float, float]]  # top and height of each block


def alluvial(moves: pd.DataFrame, order: Sequence[str], topic: str) -> Figure:
    """Flows of customers from the labels of the baseline (left) to those of the candidate (right).

    Parameters
    ----------
    moves
        `from`, `to`, `customers`; `joined` and `left` stand below everything else.
    order
        The labels from top to bottom.
    """
    total = float(moves["customers"].sum())
    places = flow_blocks(moves, order)
    shared = moves[(moves["from"] != JOINED) & (moves["to"] != LEFT)]
    stayed = shared.loc[shared["from"] == shared["to"], "customers"].sum() / max(shared["customers"].sum(), 1)
    figure, axes = blank(
        f"{stayed:.0%} of the customers in both runs keep their {topic.removesuffix('s')}",
        9,
        0.55 * max(map(len, places)) + 2,
    )
    left, right = places
    colours = flow_colours(order)
    for start, end, top, bottom, height in ribbon_ends(moves, left, right):
        axes.add_patch(_ribbon(top, bottom, height, colours[start], 0.22 if start == end else 0.6))
    _blocks(axes, left, total, colours, x=0.0, text_x=-0.015, align="right")
    _blocks(axes, right, total, colours, x=1.0 - BLOCK, text_x=1.015, align="left")
    lowest = min(top - height for side in (left, right) for top, height in side.values())
    for x, side in ((BLOCK / 2, "baseline"), (1 - BLOCK / 2, "candidate")):
        axes.text(x, lowest - 0.05, f"{side}, customers", ha="center", va="top", fontsize=8.5, color=MUTED)
    axes.set_xlim(-0.62, 1.62)
    axes.set_ylim(lowest - 0.1, 1.02)
    axes.axis("off")
    return figure


def flow_colours(order: Sequence[str]) -> dict[str, str]:
    """The colour of each label; who joined or left is pale."""
    inks = PALETTE + MORE
    return {label: inks[i % len(inks)] for i, label in enumerate(order)} | dict.fromkeys((JOINED, LEFT), PALE)


def flow_blocks(moves: pd.DataFrame, order: Sequence[str]) -> tuple[Places, Places]:
    """Where the blocks of the baseline (left) and of the candidate stand; heights are shares of all customers."""
    total = float(moves["customers"].sum())
    starts = [*(label for label in order if label in set(moves["from"])), *_present(moves["from"], JOINED)]
    ends = [*(label for label in order if label in set(moves["to"])), *_present(moves["to"], LEFT)]
    left = _stack(moves.groupby("from")["customers"].sum() / total, starts)
    return left, _stack(moves.groupby("to")["customers"].sum() / total, ends)


def _present(labels: pd.Series, label: str) -> list[str]:
    return [label] if label in set(labels) else []


def _stack(shares: pd.Series, names: Sequence[str]) -> Places:
    """Top and height of each block, from 1 downwards; thin blocks stand far enough apart for their names."""
    places, top = {}, 1.0
    for name in names:
        height = float(shares[name])
        places[name] = (top, height)
        top -= max(height, THINNEST) + GAP
    return places


def ribbon_ends(moves: pd.DataFrame, left: Places, right: Places) -> list[tuple[str, str, float, float, float]]:
    """Of each move its labels, the top of its ribbon on the left and on the right, and its height."""
    starts, ends = ({label: top for label, (top, _) in side.items()} for side in (left, right))
    total, rows = float(moves["customers"].sum()), []
    ranked = moves.assign(i=moves["from"].map(list(left).index), j=moves["to"].map(list(right).index))
    for move in ranked.sort_values(["i", "j"]).to_dict("records"):
        height = move["customers"] / total
        rows.append((move["from"], move["to"], starts[move["from"]], ends[move["to"]], height))
        starts[move["from"]] -= height
        ends[move["to"]] -= height
    return rows


def _ribbon(start: float, end: float, height: float, colour: str, alpha: float) -> PathPatch:
    x0, x1, middle = BLOCK, 1 - BLOCK, 0.5
    points = [
        (x0, start), (middle, start), (middle, end), (x1, end),
        (x1, end - height), (middle, end - height), (middle, start - height), (x0, start - height), (x0, start),
    ]  # fmt: skip
    curve = [Path.CURVE4] * 3
    codes = [Path.MOVETO, *curve, Path.LINETO, *curve, Path.CLOSEPOLY]
    return PathPatch(Path(points, codes), facecolor=colour, alpha=alpha, linewidth=0, zorder=2)


def _blocks(
    axes: Axes, places: Places, total: float, colours: Mapping[str, str], *, x: float, text_x: float, align: str
) -> None:
    for label, (top, height) in places.items():
        axes.add_patch(Rectangle((x, top - height), BLOCK, height, facecolor=colours[label], linewidth=0, zorder=3))
        text = f"{label.replace('_', ' ')}  {round(height * total):,}"
        axes.text(text_x, top - height / 2, text, ha=align, va="center", fontsize=8.5, color=INK)


def migration(by_reason: Mapping[str, pd.DataFrame]) -> Figure:
    """Share of the customers of both runs that moved, by reason, for each labelling; and of those put back, pale.

    Parameters
    ----------
    by_reason
        `migration.migration_by_reason` by topic.
    """
    reasons = [reason for reason in REASONS if any(reason in set(table["reason"]) for table in by_reason.values())]
    shares = pd.DataFrame(
        {
            topic: table.set_index("reason")["share"].reindex(reasons, fill_value=0.0)
            for topic, table in by_reason.items()
        }
    )
    moved = shares.drop(BACK, errors="ignore")
    title = "No customer moved"
    if moved.to_numpy().any():
        topic = str(moved.sum().idxmax())
        title = (
            f"Of all labels, {topic} changed most ({percent(moved[topic].sum())}), most often: {moved[topic].idxmax()}"
        )
    figure, axes = blank(title, 9, 0.6 * len(by_reason) + 1.8)
    left = np.zeros(len(by_reason))
    widest = max(100 * float(shares.sum().max()), 1e-9)
    for reason in reasons:
        widths = 100 * shares.loc[reason].to_numpy()
        bars = axes.barh(list(by_reason), widths, left=left, color=REASONS[reason], label=reason, height=0.55)
        texts = [f"{value:.1f}" if value >= 0.08 * widest else "" for value in widths]
        light = sum(to_rgb(REASONS[reason])) > 1.5
        axes.bar_label(bars, texts, label_type="center", fontsize=8, color=INK if light else "white")
        left += widths
    for place, whole in enumerate(left):  # the number is that of the moves; the pale bar is none
        own = 100 * float(moved.iloc[:, place].sum())
        axes.annotate(f" {own:.1f}%", (whole, place), va="center", fontsize=9, color=INK)
    axes.set_xlim(0, max(1.12 * left.max(), 1.0))
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("% of the customers in both runs with another label; moved back: with the same label again")
    figure.legend(frameon=False, ncols=len(reasons), loc="outside lower center", fontsize=9)
    return figure


def drift(table: pd.DataFrame, most: int = 15) -> Figure:
    """The features that shifted most over the customers, with the borders of a shift and of a move."""
    shown = table.head(most).iloc[::-1]
    moved = int((table["verdict"] == "moved").sum())
    figure, axes = blank(f"{moved} of {len(table)} features moved (PSI above 0.25)", 6.4, 0.28 * len(shown) + 1.6)
    axes.barh(
        shown["feature"].str.replace("_", " "),
        shown["psi"],
        color=[DRIFT[verdict] for verdict in shown["verdict"]],
        height=0.7,
    )
    for border, name in BORDERS.items():
        axes.axvline(border, color=DRIFT[name], linewidth=1.2, linestyle=":", label=f"beyond {border:g}: {name}")
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    axes.set_xlim(0, max(0.3, 1.05 * float(shown["psi"].max()) if len(shown) else 0.3))
    axes.set_xlabel("population stability index (PSI): 0 is the same distribution")
    axes.tick_params(axis="y", labelsize=8, length=0)
    return figure


def lorenz(clv: Mapping[str, Array]) -> Figure:
    """How unequally CLV is spread: the share of it that belongs to the customers of least CLV, per run."""
    curves = {side: lorenz_curve(values) for side, values in clv.items()}
    ginis = {side: 1 - 2 * float(np.trapezoid(curve, dx=1 / max(len(curve) - 1, 1))) for side, curve in curves.items()}
    text = " and ".join(f"{gini:.2f}" for gini in ginis.values())
    figure, axes = blank(f"CLV is spread with a Gini index of {text}", 4.8, 4.2)
    axes.plot([0, 100], [0, 100], color=MUTED, linewidth=1, linestyle=":")
    for side, curve in curves.items():
        customers = len(curve) - 1
        places = np.unique(np.linspace(0, customers, 401).astype(int))
        colour, line = SIDES[side]
        axes.plot(
            100 * places / max(customers, 1), 100 * curve[places], line, color=colour, linewidth=2,
            label=f"{side}, Gini {ginis[side]:.3f}, n = {customers:,}",
        )  # fmt: skip
    axes.set_xlabel("% of customers, least CLV first")
    axes.set_ylabel("% of CLV")
    axes.legend(frameon=False, fontsize=9)
    return figure


def lorenz_curve(values: Array) -> Array:
    """Cumulative share, from the least value on, beginning with 0."""
    ordered = np.sort(np.maximum(values, 0.0))
    return np.concatenate([[0.0], np.cumsum(ordered) / max(float(ordered.sum()), 1e-12)])


def reliability(churn: Mapping[str, tuple[Array, Array]]) -> Figure:
    """Actual churn against predicted churn, in tenths of the customers that each run was evaluated on.

    Parameters
    ----------
    churn
        Per run the actual churn (0 or 1) and the predicted probability.
    """
    errors = " and ".join(f"{100 * calibration_error(*pair):.1f}" for pair in churn.values())
    figure, axes = blank(f"Predicted churn is off by {errors} points", 4.8, 4.2)
    ends: list[float] = []
    for side, (y_true, y_pred) in churn.items():
        table = 100 * calibration_table(y_true, y_pred)[["predicted", "actual"]]
        ends += [table.min().min(), table.max().max()]
        colour, line = SIDES[side]
        axes.plot(table["predicted"], table["actual"], line, marker="o", color=colour, markersize=4,
                  label=f"{side}, n = {len(y_true):,}")  # fmt: skip
    equal = [min(ends), max(ends)]  # where the base rate is small, so are the axes
    axes.plot(equal, equal, color=MUTED, linewidth=1, linestyle=":", zorder=0)
    axes.set_xlabel("predicted, % of customers")
    axes.set_ylabel("actual, % of customers")
    axes.legend(frameon=False, fontsize=9)
    return figure


def paired_differences(paired: pd.DataFrame) -> Figure:
    """The difference of each loss, in percent of the baseline's, with its interval; left of zero is better."""
    counts = paired["verdict"].value_counts()
    better, worse = counts.get(BETTER, 0), counts.get(WORSE, 0)
    title = f"The candidate is better in {better} and worse in {worse} of {len(paired)} losses"
    figure, axes = blank(title, 6.4, 0.36 * len(paired) + 1.6)
    scale = 100 / np.maximum(paired["baseline"].to_numpy(float), 1e-12)
    middle, low, high = (paired[name].to_numpy(float) * scale for name in ("difference", "low", "high"))
    axes.axvline(0, color=INK, linewidth=0.8)
    for place, verdict in enumerate(paired["verdict"]):
        axes.plot([low[place], high[place]], [place, place], color=VERDICTS[verdict], linewidth=3, alpha=0.6)
        axes.plot(middle[place], place, "o", color=VERDICTS[verdict], markersize=6)
    axes.set_yticks(range(len(paired)), [loss_in_words(metric) for metric in paired["metric"]], fontsize=9)
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    bound = max(1.0, 1.1 * float(np.abs([low, high]).max()))
    axes.set_xlim(-bound, bound)
    axes.set_xlabel("% of the baseline's loss, with 95% interval (less is better)")
    axes.spines["left"].set_visible(False)
    return figure
