"""Figures of the hybrid and of what is decided by it."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from patronage.config import LensesConfig
from patronage.decisions.offer import ProfitCurve
from patronage.lenses import of
from patronage.review.figures import ACCENT, INK, MUTED

BY_BTYD = "BTYD's expectations"


def importance_by_lens(importance: pd.DataFrame, config: LensesConfig) -> Figure:
    """Share of the gain that the features of each lens bring to each answer, mean over the members that boost.

    Parameters
    ----------
    importance
        As `Hybrid.importance` gives it: a row a feature, a column an answer and member.
    config
        Of the lenses.
    """
    lens_of = {name: lens.name for lens in of(config) for name in lens.described(config)}
    lenses = [lens_of.get(str(name), BY_BTYD) for name in importance.index]
    shares = importance.groupby(lenses).sum()
    answers = list(dict.fromkeys(str(column).split()[0] for column in shares))
    means = pd.DataFrame({one: shares.filter(regex=f"^{one} ").mean(axis=1) for one in answers}, index=shares.index)
    means = means.loc[means.mean(axis=1).sort_values().index] if answers else means
    figure = Figure(figsize=(7.2, 0.35 * len(means) + 1.8), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title("What the trees learn from, by lens", loc="left", color=INK, fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    height = 0.8 / max(len(answers), 1)
    for position, (name, color) in enumerate(zip(answers, (ACCENT, MUTED, INK), strict=False)):
        places = [place - 0.4 + (position + 0.5) * height for place in range(len(means))]
        axes.barh(places, means[name], height, color=color, label=name)
    axes.set_yticks(range(len(means)), [str(name) for name in means.index], fontsize=8)
    axes.set_xlabel("share of the gain")
    if answers:
        axes.legend(frameon=False, fontsize=8, loc="lower right")
    return figure


def profit_by_share(expected: ProfitCurve, realised: ProfitCurve, customers: int) -> Figure:
    """Profit of contacting ever more customers, the most profitable first: what was expected, and what it had been."""
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title("Profit over the share contacted", loc="left", color=INK, fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    axes.axhline(0, color=MUTED, linewidth=0.8)
    axes.plot(realised.share, customers * realised.profit, color=MUTED, label="with who churned in truth")
    axes.plot(expected.share, customers * expected.profit, color=ACCENT, label="expected")
    axes.axvline(expected.best_share, color=ACCENT, linewidth=0.8, linestyle=":")
    axes.set_xlabel(f"share contacted (expected best: {expected.best_share:.0%})")
    axes.set_ylabel("profit in the currency of the data")
    axes.legend(frameon=False)
    return figure
