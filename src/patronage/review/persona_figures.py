"""Figures of the personas: who they are, and why there are so many."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from patronage.review.figures import ACCENT, INK, MUTED, blank


def persona_profile(profile: pd.DataFrame) -> Figure:
    """How far each persona's mean lies from everyone's, in standard deviations.

    Parameters
    ----------
    profile
        A row per persona (named by its index), a column per feature, in standard deviations.
    """
    width = max(9.0, 3 + 1.1 * profile.shape[1])
    figure, axes = blank(
        "Personas: distance from everyone's mean, in standard deviations", width, 0.6 * len(profile) + 2
    )
    bound = 2.0
    image = axes.imshow(profile.clip(-bound, bound), cmap="RdBu_r", vmin=-bound, vmax=bound, aspect="auto")
    axes.set_xticks(range(profile.shape[1]), profile.columns, rotation=30, ha="right", fontsize=8)
    axes.set_yticks(range(len(profile)), profile.index, fontsize=8)
    for (row, column), value in np.ndenumerate(profile.to_numpy()):
        color = "white" if abs(value) > 1.2 else INK
        axes.text(column, row, f"{value:+.1f}", ha="center", va="center", fontsize=8, color=color)
    figure.colorbar(image, ax=axes, shrink=0.8)
    return figure


def persona_choice(grid: pd.DataFrame, stable_ari: float, stable_jaccard: float) -> Figure:
    """Each k: how well refits agree, how well the weakest persona is found again, and the criterion.

    Parameters
    ----------
    grid
        `Choice.table`: a row for each k.
    """
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    ks, taken = grid["k"], grid["taken"]
    left.set_title("How many personas? Found again when refitted", loc="left", color=INK, fontsize=11)
    left.errorbar(ks, grid["ari"], 1.96 * grid["ari_error"], color=ACCENT, marker="o", capsize=3, label="bootstrap ARI")
    left.plot(ks, grid["jaccard"], color=MUTED, marker="s", label="least Jaccard")
    left.axhline(stable_ari, color=ACCENT, linewidth=0.8, linestyle=":")
    left.axhline(stable_jaccard, color=MUTED, linewidth=0.8, linestyle=":")
    left.set_ylim(0, 1.05)
    left.legend(frameon=False, loc="lower left")
    criterion = "silhouette" if grid["bic"].isna().all() else "bic"
    right.set_title({"silhouette": "Silhouette (more is better)", "bic": "BIC (less is better)"}[criterion],
                    loc="left", color=INK, fontsize=11)  # fmt: skip
    right.plot(ks, grid[criterion], color=MUTED, marker="o")
    right.plot(ks[taken], grid.loc[taken, criterion], "o", color=ACCENT, markersize=9, label="taken")
    right.legend(frameon=False)
    for axes in (left, right):
        axes.set_xticks(list(ks))
        axes.set_xlabel("personas")
        axes.spines[["top", "right"]].set_visible(False)
    return figure
