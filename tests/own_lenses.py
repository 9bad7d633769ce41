"""Lenses of a user: one that is honest, and two that see the future."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from patronage.config import LensesConfig
from patronage.lenses import Feature, History, Labels, Lens


@dataclass(frozen=True)
class BigState:
    """The value from which on the largest order is big."""

    border: float


def _select(history: History, config: LensesConfig) -> str:
    return f"""
        WITH largest AS (
            SELECT customer_id, max(revenue) AS revenue FROM orders GROUP BY customer_id
        )
        SELECT customer_id, {history.money("revenue")} AS largest_order FROM largest"""


def _fit(features: pd.DataFrame, config: LensesConfig) -> BigState:
    return BigState(float(features["largest_order"].median()))


def _segments(features: pd.DataFrame, state: BigState) -> Labels:
    big = (features["largest_order"] >= state.border) & (features["n_orders"] > 1)
    return {"size_segment": np.where(big, "big", "small")}


HONEST = Lens(
    name="size",
    question="How large is the largest order?",
    source="a test",
    features={"largest_order": Feature("value of the largest order, in the currency", "big-ticket")},
    reads=("n_orders",),
    labels={"size_segment": {"big": "at or above the median, and ordered again", "small": "all others"}},
    select=_select,
    state=BigState,
    fit=_fit,
    segments=_segments,
)


def _from_the_table(history: History, config: LensesConfig) -> str:
    return "SELECT customer_id, count(*) * 1.0e0 AS n_lines_ever FROM transactions GROUP BY customer_id"


LEAKING = Lens(
    name="ever",
    question="How many lines did the customer ever buy?",
    source="a test",
    features={"n_lines_ever": Feature("lines of the whole log")},
    select=_from_the_table,
)


def _to_the_cutoff(history: History, config: LensesConfig) -> str:
    moment = history.engine.timestamp(history.cutoff)
    return f"SELECT customer_id, count(*) AS n_lines_so_far FROM transactions WHERE ordered_at <= {moment} GROUP BY 1"


LEAKING_AT_THE_CUTOFF = Lens(
    name="so_far",
    question="How many lines did the customer buy until and at the cutoff?",
    source="a test",
    features={"n_lines_so_far": Feature("lines", absent=0)},
    select=_to_the_cutoff,
)

TAKEN = replace(HONEST, name="rfm")
READS_NOTHING_KNOWN = replace(HONEST, reads=("mood",))
NO_LENS = "size"
