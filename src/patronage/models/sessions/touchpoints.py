"""A row per touchpoint: the path so far in its session, and the customer's history as the session began."""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage.models.sessions.clickstream import Clickstream
from patronage.models.sessions.session_model import Integers, SessionModel, fit_session_model
from patronage.typing import Array

MOST_NAMES = 20  # of events that are told apart: the most frequent
OTHER = "other"
HISTORY = ("buying_share", "left_share", "orders_per_day", "days_since_visit", "days_since_order")
ARROW = " > "


def frequent_events(clickstream: Clickstream) -> tuple[str, ...]:
    """The events to tell apart, the most frequent first."""
    return tuple(clickstream.touchpoints["event"].value_counts().rename_axis("event").reset_index()
                 .sort_values(["count", "event"], ascending=[False, True])["event"].head(MOST_NAMES))  # fmt: skip


def touchpoint_features(
    clickstream: Clickstream, sessions: pd.DataFrame, events: tuple[str, ...]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The features of each touchpoint, and its outcome.

    Returns
    -------
    DataFrame
        The features: `position` in the session, `minutes` since its begin, `pause` in minutes since the touchpoint
        before, the counts of each event so far (`n_...`, this one included), the `last` event and the one `before`
        it (numbers in `events`), and the customer's `HISTORY` as the session began.
    DataFrame
        On the same index: `customer`, `session_row` (of `sessions`), `at`, and whether an order followed in the
        session (`ordered_later`).
    """
    rows = clickstream.touchpoints.merge(
        sessions[["customer", "session"]].assign(session_row=sessions.index), on=["customer", "session"], how="left"
    ).sort_values(["session_row", "at", "event"], ignore_index=True)
    session, at = rows["session_row"].to_numpy(), rows["at"].to_numpy(np.int64)
    first = np.append(True, session[1:] != session[:-1])[: len(session)]
    begins = np.maximum.accumulate(np.where(first, np.arange(len(session)), 0))
    code = pd.Index(events).get_indexer(pd.Index(rows["event"]))
    code = np.where(code < 0, len(events), code)
    features = {
        "position": np.arange(len(session)) - begins + 1,
        "minutes": (at - at[begins]) / 60,
        "pause": np.where(first, np.nan, np.diff(at, prepend=0) / 60),
        "last": code,
        "before": np.where(first, -1, np.append(-1, code[:-1])[: len(code)]),
    }
    for number, event in enumerate((*events, OTHER)):
        running = np.cumsum(code == number)
        features[f"n_{event}"] = running - (running - (code == number))[begins]
    of_session = sessions.loc[session]
    history = {name: of_session[name].to_numpy(np.float64) for name in HISTORY}
    ordered = (of_session["bought_at"].to_numpy(np.int64) >= at).astype(np.float64)
    keys = {"customer": rows["customer"], "session_row": session, "at": at, "ordered_later": ordered}
    return pd.DataFrame(features | history).astype(np.float64), pd.DataFrame(keys)


def path_names(features: pd.DataFrame, keys: pd.DataFrame, events: tuple[str, ...]) -> pd.Series:
    """Every path so far in words, such as "visit > view > add_to_cart"."""
    words = np.array([*events, OTHER], object)[features["last"].to_numpy(np.int64)]
    first = features["position"].to_numpy() == 1
    paths: list[str] = []
    for word, begins in zip(words, first, strict=True):
        paths.append(word if begins else paths[-1] + ARROW + word)
    return pd.Series(paths, keys.index, dtype=str)


def fit_order_model(features: pd.DataFrame, y_true: Array, customers: Integers, seed: int) -> SessionModel:
    """P(an order later in the session)."""
    return fit_session_model(features, y_true, customers, "an order later in the session", seed)
