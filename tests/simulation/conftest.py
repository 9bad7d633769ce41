"""One simulated log for all tests of the simulator, and the same log without anything but Pareto/NBD."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from patronage import names as c
from patronage.data.simulated import Simulated, simulate


@pytest.fixture(scope="package")
def log() -> Simulated:
    """730 days of 6,000 customers, from 2022-01-01 on."""
    return simulate(6000, 0)


@pytest.fixture(scope="package")
def truth(log) -> pd.DataFrame:
    return log.truth.set_index(c.CUSTOMER_ID)


@pytest.fixture(scope="package")
def purchases(log) -> pd.DataFrame:
    """The purchase lines, with the truth of their customers."""
    lines = log.transactions
    return lines[lines[c.AMOUNT] > 0].merge(log.truth, on=c.CUSTOMER_ID)


@pytest.fixture(scope="package")
def per_order(log, truth):
    """A function: the number of events of one kind per order, by a column of the truth."""
    n_orders = log.transactions.groupby(c.CUSTOMER_ID)[c.ORDER_ID].nunique()

    def rate(event: str, by: str) -> pd.Series:
        n_events = log.events.loc[log.events[c.EVENT] == event, c.CUSTOMER_ID].value_counts()
        types = truth.loc[n_orders.index, by]
        return n_events.reindex(n_orders.index, fill_value=0).groupby(types).sum() / n_orders.groupby(types).sum()

    return rate


@pytest.fixture(scope="package")
def pure_settings() -> dict[str, Any]:
    """The settings with which customers follow Pareto/NBD and nothing else."""
    return {"occasion_share": 0.0, "offers_per_year": 0, "fading_days": 0.0, "return_share": 0.0, "events": False}


@pytest.fixture(scope="package")
def pure(pure_settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """12,000 customers of these settings: the truth of each buyer with the number of orders, and a row per order."""
    simulated = simulate(12_000, 0, **pure_settings)
    lines = simulated.transactions[simulated.transactions[c.AMOUNT] > 0]
    orders = lines.groupby([c.CUSTOMER_ID, c.ORDER_ID], sort=False).agg(
        value=(c.AMOUNT, "sum"), at=(c.ORDERED_AT, "min")
    )
    customers = simulated.truth.set_index(c.CUSTOMER_ID)
    customers["orders"] = orders.groupby(level=0).size()
    return customers.dropna(subset="orders"), orders.reset_index(level=1)
