"""Figures of the personas: what sets each apart, and why there are so many."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from patronage.review.figures import ACCENT, INK, MUTED, blank, set_title
from patronage.review.page.html import words

BOUND = 2.0  # standard deviations, of the colours
SILHOUETTE, BIC = "silhouette", "bic"
CRITERIA = {SILHOUETTE: "silhouette (more is better)", BIC: "BIC (less is better)"}


def persona_profile(profile: pd.DataFrame) -> Figure:
    """How far the mean of each persona lies from that of all customers.

    Parameters
    ----------
    profile
        A row per persona (named by its index), a column per feature, in standard deviations.
    """
    persona, feature = np.unravel_index(np.abs(profile.to_numpy()).argmax(), profile.shape)
    name = str(profile.index[persona]).split(": ", 1)[-1]
    features = [words(str(column)) for column in profile.columns]
    title = f"{name} is set apart most, by {features[feature]} ({profile.iloc[persona, feature]:+.1f} sd)"
    figure, axes = blank(title, max(9.0, 3 + 1.1 * profile.shape[1]), 0.6 * len(profile) + 2)
    image = axes.imshow(profile.clip(-BOUND, BOUND), cmap="RdBu_r", vmin=-BOUND, vmax=BOUND, aspect="auto")
    axes.set_xticks(range(profile.shape[1]), features, rotation=30, ha="right", fontsize=8)
    axes.set_yticks(range(len(profile)), profile.index, fontsize=8)
    for (row, column), value in np.ndenumerate(profile.to_numpy()):
        color = "white" if abs(value) > 1.2 else INK
        axes.text(column, row, f"{value:+.1f}", ha="center", va="center", fontsize=8, color=color)
    bar = figure.colorbar(image, ax=axes, shrink=0.8)
    bar.set_label("distance from the mean of all, in standard deviations (sd)", fontsize=8)
    return figure


def persona_choice(grid: pd.DataFrame, stable_ari: float, stable_jaccard: float) -> Figure:
    """Each k: how well refits agree, how well the weakest persona is recovered, and what the personas tell.

    Without an earlier origin to be told of, the right half holds the criterion.

    Parameters
    ----------
    grid
        `PersonaChoice.table`: a row for each k.
    """
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    taken = grid.loc[grid["taken"].astype(bool)].iloc[0]
    _stability(left, grid, stable_ari, stable_jaccard)
    set_title(left, f"{taken['k']:.0f} personas are {'not stable' if taken['against'] else 'stable'} when refitted")
    (_criterion if grid["tells"].isna().all() else _told)(right, grid, taken)
    for axes in (left, right):
        axes.set_xticks(list(grid["k"]))
        axes.set_xlabel("personas")
    return figure


def _told(axes: Axes, grid: pd.DataFrame, taken: pd.Series) -> None:
    """Shares of later behaviour, with the standard error: other numbers within it tell as much."""
    axes.errorbar(grid["k"], grid["tells"], grid["tells_error"], color=MUTED, marker="o", capsize=3, label="how much")
    if grid["tells_goods"].notna().any():
        axes.errorbar(
            grid["k"], grid["tells_goods"], grid["tells_goods_error"],
            color=MUTED, marker="s", linestyle="--", capsize=3, label="which goods",
        )  # fmt: skip
        axes.plot([taken["k"]], [taken["tells_goods"]], "s", color=ACCENT, markersize=9, zorder=3)
    axes.plot([taken["k"]], [taken["tells"]], "o", color=ACCENT, markersize=9, zorder=3, label="taken")
    axes.set_ylim(
        min(0.0, (grid["tells"] - grid["tells_error"]).min()),
        1.4 * max(np.nanmax(grid[["tells", "tells_goods"]].to_numpy(float)), 0.01),
    )
    axes.set_ylabel("share told of what is bought later,\nwith its standard error")
    axes.legend(frameon=False, loc="upper left", ncols=3, fontsize=8)
    shares = [f"{max(taken['tells'], 0.0):.0%} of how much"]  # less than nothing is nothing told
    if not np.isnan(taken["tells_goods"]):
        shares.append(f"{max(taken['tells_goods'], 0.0):.0%} of which goods")
    set_title(axes, f"{taken['k']:.0f} tell {', '.join(shares)}")


def _criterion(axes: Axes, grid: pd.DataFrame, taken: pd.Series) -> None:
    criterion = SILHOUETTE if grid["bic"].isna().all() else BIC
    axes.plot(grid["k"], grid[criterion], color=MUTED, marker="o")
    axes.plot([taken["k"]], [taken[criterion]], "o", color=ACCENT, markersize=9, zorder=3, label="taken")
    axes.set_ylabel(CRITERIA[criterion])
    axes.legend(frameon=False)
    best = grid.loc[grid[criterion].idxmin() if criterion == BIC else grid[criterion].idxmax(), "k"]
    set_title(axes, f"{best} personas have the best {criterion if criterion == SILHOUETTE else 'BIC'}")


def _stability(axes: Axes, grid: pd.DataFrame, stable_ari: float, stable_jaccard: float) -> None:
    """Agreement of refits with its interval, and the least Jaccard index; dotted lines are the borders."""
    interval = 1.96 * grid["ari_error"]
    axes.errorbar(grid["k"], grid["ari"], interval, color=ACCENT, marker="o", capsize=3, label="bootstrap ARI, 95%")
    axes.plot(grid["k"], grid["jaccard"], color=MUTED, marker="s", label="least Jaccard index")
    axes.axhline(stable_ari, color=ACCENT, linewidth=0.8, linestyle=":")
    axes.axhline(stable_jaccard, color=MUTED, linewidth=0.8, linestyle=":")
    axes.set_ylim(0, 1.05)
    axes.set_ylabel("agreement of refits, 0 to 1")
    axes.legend(frameon=False, loc="lower left")
