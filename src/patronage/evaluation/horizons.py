"""Whether P(order) holds at every horizon within that of the training, and the next order comes when expected."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from patronage import names as c
from patronage import statistics
from patronage.models.horizons import NEXT_ORDER_LEVELS, OrdersAhead
from patronage.names import Metric
from patronage.typing import Array

USUAL = (7, 14, 30, 60, 90, 180)  # horizons, in days, that are checked where they lie within that of the training
LIGHT, HEAVY = "ordered once", "5 and more repeat orders"
GROUPS = ((LIGHT, 0, 0), ("1 to 4 repeat orders", 1, 4), (HEAVY, 5, np.inf))  # by repeat orders, both ends included


class HorizonCheck(NamedTuple):
    """P(order) at several horizons, and the time to the next order, beside what came.

    Attributes
    ----------
    horizons
        A row per horizon: `days`, `customers`, the `predicted` and the `actual` share who ordered, `ece`, `log_loss`.
    next_order
        A row per probability of `next_order_days`: the `customers` whose day lies within the window, and which share of
        them had ordered by then, `predicted` and `actual`.
    curve
        A row per group of customers and day: the `predicted` and the `actual` share who had ordered.
    """

    horizons: pd.DataFrame
    next_order: pd.DataFrame
    curve: pd.DataFrame

    @property
    def metrics(self) -> dict[str, float]:
        """The largest distance of a predicted share from the actual one, over the horizons."""
        gaps = (self.horizons["predicted"] - self.horizons["actual"]).abs()
        return {Metric.HORIZON_LARGEST_GAP: float(gaps.max())}


def check_horizons(ahead: OrdersAhead, frequency: Array, first_day: Array, window_days: int) -> HorizonCheck:
    """Hold the forecast of some customers against the day of their first order after the cutoff.

    Parameters
    ----------
    frequency
        (N,) their repeat orders before the cutoff.
    first_day
        (N,) by which day each had ordered, from 1 on; missing for those who did not in the window.
    """
    horizons = sorted({days for days in USUAL if days < window_days} | {window_days})
    rows = []
    for days in horizons:
        ordered = (first_day <= days).astype(np.float64)
        p_order = ahead.p_order(days)
        rows.append(
            {
                "days": days,
                "customers": len(ordered),
                "predicted": float(p_order.mean()),
                "actual": float(ordered.mean()),
                "ece": statistics.calibration_error(ordered, p_order),
                "log_loss": float(statistics.log_loss(ordered, p_order)),
            }
        )
    return HorizonCheck(
        pd.DataFrame(rows), _next_order(ahead, first_day, window_days), _curve(ahead, frequency, first_day, window_days)
    )


def _next_order(ahead: OrdersAhead, first_day: Array, window_days: int) -> pd.DataFrame:
    rows = []
    for level in NEXT_ORDER_LEVELS:
        day = ahead.days_until(level)
        inside = day <= window_days
        p_order = ahead.p_order(np.where(inside, day, 1.0))[inside]
        rows.append(
            {
                "column": c.next_order_days(level),
                "customers": int(inside.sum()),
                "predicted": float(p_order.mean()) if inside.any() else np.nan,
                "actual": float((first_day[inside] <= day[inside]).mean()) if inside.any() else np.nan,
            }
        )
    return pd.DataFrame(rows)


def _curve(ahead: OrdersAhead, frequency: Array, first_day: Array, window_days: int) -> pd.DataFrame:
    days = np.unique(np.linspace(1, window_days, 40).round())
    masks = {name: (frequency >= low) & (frequency <= high) for name, low, high in GROUPS}
    rows = []
    for day in days:
        p_order, ordered = ahead.p_order(day), first_day <= day
        rows += [
            {"group": name, "days": day, "predicted": p_order[mask].mean(), "actual": ordered[mask].mean()}
            for name, mask in masks.items()
            if mask.any()
        ]
    return pd.DataFrame(rows, columns=["group", "days", "predicted", "actual"])
