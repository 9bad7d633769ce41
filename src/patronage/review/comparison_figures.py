"""Figures of two runs, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from patronage.review.figures import ACCENT, INK, MUTED
from patronage.review.migration import BEHAVIOUR, BOTH, JOINED, LEFT, MODEL, MOVED
from patronage.statistics import calibration_table

# Okabe and Ito (2008), told apart by the colour-blind too; then lighter tones of the same
PALETTE = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b5a800", "#6b7280")
SIDES = {"baseline": MUTED, "candidate": ACCENT}
WHYS = {
    BEHAVIOUR: "#0072b2", MODEL: "#d55e00", BOTH: "#cc79a7", MOVED: "#6b7280",
}  # fmt: skip
GAP = 0.02  # between blocks, of the height of all customers
THINNEST = 0.012  # a label needs this much height
WIDE = 0.045  # of a block


def _panel(title: str, width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", color=INK, fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def alluvial(moves: pd.DataFrame, order: Sequence[str], what: str) -> Figure:
    """Who was where in the baseline (left) and is where in the candidate (right); ribbons are as thick as many.

    Parameters
    ----------
    moves
        `from`, `to`, `customers`; `joined` and `left` stand below everything else.
    order
        The labels from top to bottom.
    """
    sides = (
        [*(one for one in order if one in set(moves["from"])), *([JOINED] if JOINED in set(moves["from"]) else [])],
        [*(one for one in order if one in set(moves["to"])), *([LEFT] if LEFT in set(moves["to"]) else [])],
    )
    figure, axes = _panel(f"{what.capitalize()}: baseline to candidate", 9, 0.55 * max(map(len, sides)) + 2)
    total = float(moves["customers"].sum())
    blocks = [
        _stack(moves.groupby(key)["customers"].sum() / total, names)
        for key, names in zip(("from", "to"), sides, strict=True)
    ]
    colour = {label: PALETTE[i % len(PALETTE)] for i, label in enumerate(order)} | {JOINED: "#c4cad2", LEFT: "#c4cad2"}
    starts, ends = ({label: top for label, (top, _) in side.items()} for side in blocks)
    ranked = moves.assign(
        i=moves["from"].map(sides[0].index), j=moves["to"].map(sides[1].index), height=moves["customers"] / total
    ).sort_values(["i", "j"])
    for move in ranked.to_dict("records"):
        start, end, height = starts[move["from"]], ends[move["to"]], move["height"]
        stays = move["from"] == move["to"]
        axes.add_patch(_ribbon(start, end, height, colour[move["from"]], 0.22 if stays else 0.6))
        starts[move["from"]], ends[move["to"]] = start - height, end - height
    for x, side, align in ((0.0, blocks[0], "right"), (1.0 - WIDE, blocks[1], "left")):
        for label, (top, height) in side.items():
            axes.add_patch(Rectangle((x, top - height), WIDE, height, facecolor=colour[label], linewidth=0, zorder=3))
            axes.text(
                -0.015 if align == "right" else 1.015,
                top - height / 2,
                f"{label.replace('_', ' ')}  {round(height * total):,}",
                ha=align, va="center", fontsize=8.5, color=INK,
            )  # fmt: skip
    lowest = min(top - height for side in blocks for top, height in side.values())
    axes.set_xlim(-0.62, 1.62)
    axes.set_ylim(lowest - 0.02, 1.02)
    axes.axis("off")
    return figure


def _stack(shares: pd.Series, names: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Top and height of each block, from 1 downwards; thin blocks stand far enough apart for their names."""
    placed, top = {}, 1.0
    for name in names:
        height = float(shares[name])
        placed[name] = (top, height)
        top -= max(height, THINNEST) + GAP
    return placed


def _ribbon(start: float, end: float, height: float, colour: str, alpha: float) -> PathPatch:
    x0, x1, middle = WIDE, 1 - WIDE, 0.5
    points = [
        (x0, start), (middle, start), (middle, end), (x1, end),
        (x1, end - height), (middle, end - height), (middle, start - height), (x0, start - height), (x0, start),
    ]  # fmt: skip
    curve = [Path.CURVE4] * 3
    codes = [Path.MOVETO, *curve, Path.LINETO, *curve, Path.CLOSEPOLY]
    return PathPatch(Path(points, codes), facecolor=colour, alpha=alpha, linewidth=0, zorder=2)


def migration(splits: Mapping[str, pd.DataFrame]) -> Figure:
    """Share of the customers of both runs who moved, by reason, for each answer."""
    figure, axes = _panel("Who moved, and why: % of the customers in both runs", 9, 0.6 * len(splits) + 1.6)
    left = np.zeros(len(splits))
    kinds = [why for why in WHYS if any(why in set(split["why"]) for split in splits.values())]
    for why in kinds:
        shares = np.array([100 * float(split.loc[split["why"] == why, "share"].sum()) for split in splits.values()])
        bars = axes.barh(list(splits), shares, left=left, color=WHYS[why], label=why, height=0.55)
        texts = [f"{value:.1f}" if value >= 0.08 * max(left.max() + shares.max(), 1e-9) else "" for value in shares]
        light = sum(to_rgb(WHYS[why])) > 1.5
        axes.bar_label(bars, texts, label_type="center", fontsize=8, color=INK if light else "white")
        left += shares
    for place, whole in enumerate(left):
        axes.annotate(f" {whole:.1f} %", (whole, place), va="center", fontsize=9, color=INK)
    axes.set_xlim(0, max(1.12 * left.max(), 1.0))
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.legend(frameon=False, ncols=len(kinds), loc="upper center", bbox_to_anchor=(0.5, -0.12), fontsize=9)
    return figure


def drift(table: pd.DataFrame, most: int = 15) -> Figure:
    """The features that moved furthest over the population; beyond .1 a shift, beyond .25 a move."""
    shown = table.head(most).iloc[::-1]
    figure, axes = _panel("Drift of features (population stability index)", 6.4, 0.28 * len(shown) + 1.4)
    colours = [{"stable": "#c4cad2", "shifted": PALETTE[1], "moved": PALETTE[5]}[one] for one in shown["verdict"]]
    axes.barh(shown["feature"], shown["psi"], color=colours, height=0.7)
    for border in (0.1, 0.25):
        axes.axvline(border, color=MUTED, linewidth=0.8, linestyle=":")
    axes.set_xlim(0, max(0.3, 1.05 * float(shown["psi"].max()) if len(shown) else 0.3))
    axes.tick_params(axis="y", labelsize=8, length=0)
    return figure


def lorenz(values: Mapping[str, np.ndarray]) -> Figure:
    """How unequally value is spread: share of the CLV held by the poorest share of the customers, per run."""
    figure, axes = _panel("Lorenz curves of CLV", 4.8, 4.2)
    axes.plot([0, 100], [0, 100], color=MUTED, linewidth=1, linestyle=":")
    for side, worth in values.items():
        ordered = np.sort(np.maximum(worth, 0.0))
        total = max(float(ordered.sum()), 1e-12)
        curve = np.concatenate([[0.0], np.cumsum(ordered) / total])
        gini = 1 - 2 * float(np.trapezoid(curve, dx=1 / max(len(ordered), 1)))
        places = np.unique(np.linspace(0, len(ordered), 401).astype(int))
        axes.plot(
            100 * places / max(len(ordered), 1), 100 * curve[places], color=SIDES[side], linewidth=2,
            label=f"{side}, Gini {gini:.3f}", linestyle="--" if side == "baseline" else "-",
        )  # fmt: skip
    axes.set_xlabel("% of customers, from the least worth")
    axes.set_ylabel("% of expected value")
    axes.legend(frameon=False, fontsize=9)
    return figure


def reliability(judged: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Figure:
    """Churn as said and as it came, in tenths of the customers each run was measured on.

    Parameters
    ----------
    judged
        Per run what happened (0 or 1) and what was said.
    """
    figure, axes = _panel("Reliability of churn", 4.8, 4.2)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=":")
    for side, (happened, said) in judged.items():
        table = calibration_table(happened, said)
        axes.plot(
            table["predicted"], table["actual"], marker="o", color=SIDES[side], markersize=4, label=side,
            linestyle="--" if side == "baseline" else "-",
        )  # fmt: skip
    axes.set_xlabel("said")
    axes.set_ylabel("happened")
    axes.legend(frameon=False, fontsize=9)
    return figure


def differences(paired: pd.DataFrame) -> Figure:
    """Each loss of the candidate, in percent of the baseline's, with its interval; left of zero is better."""
    figure, axes = _panel("Candidate's loss beside the baseline's, % (95 % interval)", 6.4, 0.36 * len(paired) + 1.4)
    scale = 100 / np.maximum(paired["baseline"].to_numpy(float), 1e-12)
    middle, low, high = (paired[name].to_numpy(float) * scale for name in ("difference", "low", "high"))
    colours = {"better": PALETTE[2], "worse": PALETTE[5], "no clear difference": MUTED}
    axes.axvline(0, color=INK, linewidth=0.8)
    for place, verdict in enumerate(paired["verdict"]):
        axes.plot([low[place], high[place]], [place, place], color=colours[verdict], linewidth=3, alpha=0.6)
        axes.plot(middle[place], place, "o", color=colours[verdict], markersize=6)
    axes.set_yticks(range(len(paired)), paired["metric"], fontsize=9)
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    bound = max(1.0, 1.1 * float(np.abs([low, high]).max()))
    axes.set_xlim(-bound, bound)
    axes.spines["left"].set_visible(False)
    return figure
