"""The sessions of one run: how good the forecasts within them are, and the carts that were abandoned lately."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from patronage.config import JourneyConfig
from patronage.data import Tables
from patronage.errors import FitError
from patronage.evaluation.intervals import Resampling
from patronage.evaluation.sessions import EVALUATED_DAYS, evaluate_carts, evaluate_sessions
from patronage.models import sessions
from patronage.models.sessions import PROBABILITY, SessionModel
from patronage.names import Artifact, Tag
from patronage.report import Report
from patronage.review.figures import ACCENT, INK, MUTED, blank

COLOURS = {"model": ACCENT, "counts": INK, "last_event": MUTED}
NAMES = {"model": "the path and the customer", "counts": "counts of touchpoints", "last_event": "the last touchpoint"}


def session_report(
    tables: Tables, cutoff: datetime, config: JourneyConfig, unseen_share: float, resampling: Resampling
) -> Report:
    """The report of the sessions; empty where the source has none."""
    clickstream = sessions.read_clickstream(tables, cutoff)
    if clickstream is None:
        return Report()

    def carts() -> Report:
        report, model = evaluate_carts(clickstream, config.cart_days, config.return_days, unseen_share, resampling)
        return report | Report(frames={Artifact.ABANDONED_CARTS: abandoned_carts(tables, cutoff, config, model)})

    report = _attempt(lambda: evaluate_sessions(clickstream, unseen_share, resampling), Tag.SESSIONS_VERDICT)
    if (by_length := report.tables.get(Artifact.SESSION_TOUCHPOINTS)) is not None:
        report |= Report(figures={Artifact.SESSION_TOUCHPOINTS_FIGURE: auc_by_touchpoints(by_length)})
    return report | _attempt(carts, Tag.CARTS_VERDICT)


def _attempt(task: Callable[[], Report], verdict: str) -> Report:
    """The report of a task; where there is too little data for it, a tag with the reason."""
    try:
        return task()
    except FitError as error:
        return Report(tags={verdict: f"not learned: {error}"})


def abandoned_carts(tables: Tables, cutoff: datetime, config: JourneyConfig, model: SessionModel) -> pd.DataFrame:
    """The carts of the last days whose customers have not ordered since, the most promising first.

    Returns
    -------
    DataFrame
        left_at, checkout
            When the cart was last touched, and whether the checkout was begun.
        p_return
            P(an order within `return_days`).
        expected_return
            `p_return` times the mean order of the customer, or before the first order, of all customers read.
    """
    clickstream = sessions.read_clickstream(tables, cutoff, carts_of_days=config.cart_days)
    if clickstream is None:
        raise ValueError("there are no sessions")
    table = sessions.session_table(clickstream)
    features, keys = sessions.open_carts(clickstream, table, config.cart_days)
    mean_order = clickstream.orders.groupby("customer")["paid"].mean()
    value = keys["customer"].map(mean_order).fillna(clickstream.orders["paid"].mean()).to_numpy(np.float64)
    p_return = model.predict(features)[PROBABILITY]
    left_at = table["cart_at"].to_numpy()[keys["session_row"]]
    frame = pd.DataFrame(
        {
            clickstream.customers.name: clickstream.customers.to_numpy()[keys["customer"]],
            "left_at": pd.Timestamp(cutoff) + pd.to_timedelta(left_at, unit="s"),
            "checkout": features["checkout"].to_numpy() > 0,
            "p_return": p_return,
            "expected_return": p_return * value,
        }
    )
    return frame.sort_values(
        ["expected_return", clickstream.customers.name], ascending=[False, True], ignore_index=True
    )


def auc_by_touchpoints(table: pd.DataFrame) -> Figure:
    """ROC-AUC of P(an order later in the session), by the number of touchpoints so far.

    Parameters
    ----------
    table
        A row per number of `touchpoints`, with its `sessions`; a column per forecast.
    """
    title = "Too few sessions to measure the forecast of an order"
    if len(table):
        last = table.iloc[-1]
        title = f"Order in the session: ROC-AUC {last['model']:.2f} after {last['touchpoints']:.0f} touchpoints"
    figure, axes = blank(title)
    axes.axhline(0.5, color=MUTED, linewidth=1, linestyle=":")
    if len(table):
        for name, colour in COLOURS.items():
            axes.plot(table["touchpoints"], table[name], "o-", color=colour, label=NAMES[name])
        axes.legend(frameon=False)
        names = [f"{place:g}\n{n:,}" for place, n in zip(table["touchpoints"], table["sessions"], strict=True)]
        axes.set_xticks(table["touchpoints"], names, fontsize=8)
    axes.set_xlabel(f"touchpoints so far, and sessions of unseen customers in the last {EVALUATED_DAYS} days")
    axes.set_ylabel("ROC-AUC; 0.5 = chance, 1 = perfect")
    return figure
