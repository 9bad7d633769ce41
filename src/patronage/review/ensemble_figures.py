"""Figures of the ensemble, and of the decisions that follow from it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from patronage import names as c
from patronage.config import LensesConfig
from patronage.decisions.retention import ProfitCurve
from patronage.lenses import of
from patronage.review.figures import ACCENT, INK, MUTED, blank, in_currency, separate_thousands

BTYD = "BTYD expectations"


def importance_by_lens(importance: pd.DataFrame, config: LensesConfig) -> Figure:
    """The share of the gain that the features of each lens bring to each target, as the mean over the members.

    Parameters
    ----------
    importance
        `Ensemble.importance`: a row per feature, a column per target and member.
    config
        Of the lenses.
    """
    lens_of = {name: lens.name for lens in of(config) for name in lens.described(config)}
    lenses = [lens_of.get(str(name), BTYD) for name in importance.index]
    shares = importance.groupby(lenses).sum()
    targets = list(dict.fromkeys(str(column).split()[0] for column in shares))
    means = pd.DataFrame(
        {target: 100 * shares.filter(regex=f"^{target} ").mean(axis=1) for target in targets}, index=shares.index
    )
    means = means.loc[means.mean(axis=1).sort_values().index] if targets else means
    title = f"The trees use {means.index[-1]} most" if len(means) and targets else "No tree was fitted"
    figure, axes = blank(title, 7.2, 0.35 * len(means) + 1.8)
    height = 0.8 / max(len(targets), 1)
    for position, (name, color) in enumerate(zip(targets, (ACCENT, MUTED, INK), strict=False)):
        places = [place - 0.4 + (position + 0.5) * height for place in range(len(means))]
        axes.barh(places, means[name], height, color=color, label=name)
    axes.set_yticks(range(len(means)), [str(name) for name in means.index], fontsize=8)
    axes.set_xlabel("% of the gain")
    axes.set_ylabel("lens")
    if not targets:
        axes.set_axis_off()
    else:
        axes.legend(frameon=False, fontsize=8, loc="lower right")
    return figure


def profit_by_share(expected: ProfitCurve, actual: ProfitCurve, customers: int, currency: str = "") -> Figure:
    """Profit of contacting a growing share of the customers, highest expected profit first.

    Parameters
    ----------
    expected, actual
        As predicted, and with the actual churn.
    """
    best = float(expected.best_share)
    place = int(np.argmax(expected.profit))
    promised, realised = (customers * float(curve.profit[place]) for curve in (expected, actual))
    figure, axes = blank(
        f"Contacting {best:.0%} promised {promised:,.0f}; {realised:,.0f} came with the actual churn"
        if best
        else "No contact pays"
    )
    axes.axhline(0, color=MUTED, linewidth=0.8)
    axes.plot(100 * actual.share, customers * actual.profit, color=MUTED, label="with the actual churn")
    axes.plot(100 * expected.share, customers * expected.profit, color=ACCENT, label="with the predicted churn")
    separate_thousands(axes)
    axes.axvline(100 * best, color=ACCENT, linewidth=0.8, linestyle=":")
    axes.set_xlabel(f"% of {customers:,} customers contacted, highest expected profit first")
    axes.set_ylabel(in_currency(c.PROFIT, currency))
    axes.legend(frameon=False)
    return figure
