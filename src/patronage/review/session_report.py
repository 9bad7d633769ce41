"""What a run says of sessions: how good the forecasts within them are, and who left a cart standing lately."""

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
from patronage.report import Report
from patronage.review.figures import ACCENT, INK, MUTED, blank
from patronage.review.journey_report import JourneyReport

COLOURS = {"model": ACCENT, "counts": INK, "last_event": MUTED}
NAMES = {"model": "the path, and who walks it", "counts": "counts of touchpoints", "last_event": "the last touchpoint"}


def session_report(
    tables: Tables, cutoff: datetime, config: JourneyConfig, unseen_share: float, resampling: Resampling
) -> JourneyReport:
    """Everything that a run tells of sessions; nothing where the source knows none."""
    clickstream = sessions.read_clickstream(tables, cutoff)
    if clickstream is None:
        return JourneyReport()
    tags: dict[str, str] = {}

    def attempt(room: str, task: Callable[[], Report]) -> Report:
        try:
            return task()
        except FitError as error:
            tags[f"{room}.verdict"] = f"not learned: {error}"
            return Report()

    frames: dict[str, pd.DataFrame] = {}

    def carts() -> Report:
        report, model = evaluate_carts(clickstream, config.cart_days, config.return_days, unseen_share, resampling)
        frames["abandoned_carts.parquet"] = standing_carts(tables, cutoff, config, model)
        return report

    found = attempt("sessions", lambda: evaluate_sessions(clickstream, unseen_share, resampling)) | attempt(
        "carts", carts
    )
    by_length = found.tables.get("session_touchpoints.json")
    drawn = {} if by_length is None else {"session_touchpoints.png": by_touchpoints(by_length)}
    return JourneyReport(dict(found.metrics), dict(found.tables), drawn, tags, frames)


def standing_carts(tables: Tables, cutoff: datetime, config: JourneyConfig, model: SessionModel) -> pd.DataFrame:
    """Who left a cart in the last days and has not ordered since, the most promising first.

    Returns
    -------
    DataFrame
        left_at, checkout
            When the cart was last touched, and whether the checkout was begun.
        p_return
            P(an order within `return_days`).
        expected_return
            That times the mean order of the customer, or, before her first, of all these customers.
    """
    clickstream = sessions.read_clickstream(tables, cutoff, carts_of_days=config.cart_days)
    if clickstream is None:
        raise ValueError("there are no sessions")
    table = sessions.session_table(clickstream)
    features, keys = sessions.open_carts(clickstream, table, config.cart_days)
    own = clickstream.orders.groupby("customer")["paid"].mean()
    usual = keys["customer"].map(own).fillna(clickstream.orders["paid"].mean()).to_numpy(np.float64)
    likely = model.predict(features)[PROBABILITY]
    left = table["cart_at"].to_numpy()[keys["session_row"]]
    frame = pd.DataFrame(
        {
            clickstream.customers.name: clickstream.customers.to_numpy()[keys["customer"]],
            "left_at": pd.Timestamp(cutoff) + pd.to_timedelta(left, unit="s"),
            "checkout": features["checkout"].to_numpy() > 0,
            "p_return": likely,
            "expected_return": likely * usual,
        }
    )
    return frame.sort_values(
        ["expected_return", clickstream.customers.name], ascending=[False, True], ignore_index=True
    )


def by_touchpoints(table: pd.DataFrame) -> Figure:
    """AUC of P(an order later in the session) by the number of touchpoints seen."""
    figure, axes = blank("Who will order in this session? AUC by touchpoints seen so far")
    for name, colour in COLOURS.items():
        axes.plot(table["touchpoints"], table[name], "o-", color=colour, label=NAMES[name])
    axes.axhline(0.5, color=MUTED, linewidth=1, linestyle=":")
    axes.set_xticks(table["touchpoints"])
    axes.set_xlabel("touchpoints")
    axes.set_ylabel("ROC-AUC")
    axes.legend(frameon=False)
    figure.supxlabel(
        f"sessions of the last {EVALUATED_DAYS} days, of customers not learned from", fontsize=8, color=MUTED
    )
    return figure
