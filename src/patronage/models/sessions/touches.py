"""A row per touchpoint: the path so far in this session, and what was known of the customer as it began."""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage.models.sessions.chance import Chance, Floats, Numbers, learn
from patronage.models.sessions.reading import Clicks

KINDS = 20  # of touchpoints that are told apart: the most frequent
OTHER = "other"
KNOWN = ("buying_share", "left_share", "orders_per_day", "days_since_visit", "days_since_order")
ARROW = " > "


def common(clicks: Clicks) -> tuple[str, ...]:
    """The kinds of touchpoints to tell apart, the most frequent first."""
    return tuple(clicks.touches["event"].value_counts().rename_axis("event").reset_index()
                 .sort_values(["count", "event"], ascending=[False, True])["event"].head(KINDS))  # fmt: skip


def touchpoints(clicks: Clicks, visits: pd.DataFrame, kinds: tuple[str, ...]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What may be known at each touchpoint, and what must not.

    Returns
    -------
    DataFrame
        The features: `position` in the session, `minutes` since its begin, `pause` in minutes since the touchpoint
        before, how often each kind of touchpoint came (`n_...`, this one included), the `last` kind and the one
        `before` (numbers in `kinds`), and what was known of the customer as the session began.
    DataFrame
        On the same index: `who`, `visit` (row of `visits`), `at`, and whether an order came `later` in the session.
    """
    touches = clicks.touches.merge(
        visits[["who", "session"]].assign(visit=visits.index), on=["who", "session"], how="left"
    ).sort_values(["visit", "at", "event"], ignore_index=True)
    visit, at = touches["visit"].to_numpy(), touches["at"].to_numpy(np.int64)
    first = np.append(True, visit[1:] != visit[:-1])[: len(visit)]
    begins = np.maximum.accumulate(np.where(first, np.arange(len(visit)), 0))
    code = pd.Index(kinds).get_indexer(pd.Index(touches["event"]))
    code = np.where(code < 0, len(kinds), code)
    features = {
        "position": np.arange(len(visit)) - begins + 1,
        "minutes": (at - at[begins]) / 60,
        "pause": np.where(first, np.nan, np.diff(at, prepend=0) / 60),
        "last": code,
        "before": np.where(first, -1, np.append(-1, code[:-1])[: len(code)]),
    }
    for number, kind in enumerate((*kinds, OTHER)):
        running = np.cumsum(code == number)
        features[f"n_{kind}"] = running - (running - (code == number))[begins]
    of_visit = visits.loc[visit]
    known = {name: of_visit[name].to_numpy(np.float64) for name in KNOWN}
    later = of_visit["bought_at"].to_numpy(np.int64) >= at
    truth = pd.DataFrame({"who": touches["who"], "visit": visit, "at": at, "later": later.astype(np.float64)})
    return pd.DataFrame(features | known).astype(np.float64), truth


def paths(features: pd.DataFrame, truth: pd.DataFrame, kinds: tuple[str, ...]) -> pd.Series:
    """Every path so far in words, such as "visit > view > add_to_cart"."""
    words = np.array([*kinds, OTHER], object)[features["last"].to_numpy(np.int64)]
    first = features["position"].to_numpy() == 1
    said: list[str] = []
    for word, begins in zip(words, first, strict=True):
        said.append(word if begins else said[-1] + ARROW + word)
    return pd.Series(said, truth.index, dtype=str)


def learn_orders(features: pd.DataFrame, later: Floats, who: Numbers, seed: int) -> Chance:
    """P(an order later in the session)."""
    return learn(features, later, who, "orders later in a session", seed)
