"""Fixtures of customers for BTYD models: CDNOW's 1/10 sample, as shipped with lifetimes, and simulated ones."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from patronage import names as columns
from patronage.models.btyd.bg_nbd import MbgNbd
from patronage.models.btyd.pareto_nbd import ParetoNbd


@pytest.fixture(scope="session")
def cdnow_summary() -> pd.DataFrame:
    """
    2,357 customers over 39 weeks, to 1997-09-30 (Fader, Hardie, Lee 2005), in days.

    From the log, as the summary beside it is rounded to .01 weeks and cents, which moves the estimates' last digits.
    """
    package = importlib.util.find_spec("lifetimes")  # its datasets module cannot be imported without pkg_resources
    path = Path(package.origin).parent / "datasets" / "CDNOW_sample.txt"
    log = pd.read_csv(
        path, sep=r"\s+", header=None, names=["master", "id", "date", "cds", "amount"], dtype={"date": str}
    )
    log["date"] = pd.to_datetime(log["date"], format="%Y%m%d")
    end = pd.Timestamp("1997-09-30")
    days = log[log["date"] <= end].groupby(["id", "date"], as_index=False)["amount"].sum()
    first = days.groupby("id")["date"].transform("min")
    repeats = days[days["date"] > first].groupby("id")
    born = days.groupby("id")["date"].min()
    summary = pd.DataFrame(
        {
            columns.FREQUENCY: repeats.size(),
            columns.RECENCY: (repeats["date"].max() - born).dt.days,
            columns.T: (end - born).dt.days,
            columns.MONETARY_VALUE: repeats["amount"].mean(),
            columns.FIRST_ORDER_VALUE: days[days["date"] == first].groupby("id")["amount"].sum(),
        }
    )
    return summary.fillna({columns.FREQUENCY: 0, columns.RECENCY: 0}).rename_axis(columns.CUSTOMER_ID)


class SimulatedCustomers(NamedTuple):
    x: np.ndarray
    t_x: np.ndarray
    alive: np.ndarray
    later: np.ndarray  # orders in the horizon after T


def _simulate(
    law, size: int, T: float, horizon: float, rng: np.random.Generator, multiplier: float | np.ndarray = 1.0
) -> SimulatedCustomers:
    """Orders over (0, T] and the horizon after it; given their number, the moments of Poisson orders are uniform."""
    rate = rng.gamma(law.r, 1 / law.alpha, size)
    if isinstance(law, ParetoNbd):
        lifetime = rng.exponential(1 / rng.gamma(law.s, 1 / law.beta, size))
        active = np.minimum(lifetime, T)
        x = rng.poisson(rate * active)
        t_x = np.where(x > 0, active * rng.beta(np.maximum(x, 1), 1), 0)
        later = rng.poisson(rate * multiplier * (np.clip(lifetime, T, T + horizon) - T))
        return SimulatedCustomers(x, t_x, lifetime > T, later)
    last = rng.geometric(rng.beta(law.a, law.b, size)) - isinstance(law, MbgNbd)  # the last order
    past, future = rng.poisson(rate * T), rng.poisson(rate * multiplier * horizon)
    x = np.minimum(past, last)
    t_x = np.where(x > 0, T * rng.beta(np.maximum(x, 1), past + 1 - x), 0)  # the x-th of `past` uniform moments
    return SimulatedCustomers(x, t_x, past < last, np.where(past < last, np.minimum(future, last - past), 0))


@pytest.fixture(scope="session")
def simulate():
    """Simulate customers by the assumptions of a law, not by its formulas."""
    return _simulate
