"""A log whose truth is known, for the lenses to recover; and a way to ask the lenses about a few rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

import pandas as pd
import pytest

from conftest import through_the_door
from patronage import columns as c
from patronage import data, lenses
from patronage.config import CustomersConfig, DataConfig
from patronage.data import Tables, simulated
from patronage.engine import DuckDB

SETTINGS = {"customers": 3_000, "seed": 5}
KINDS = {
    "age": "demographic",
    "income": "demographic",
    "region": "geographic",
    "lifestyle": "psychographic",
    "industry": "firmographic",
    "company_size": "firmographic",
}


class Planted(NamedTuple):
    """The log, and the truth by customer: only tests read it."""

    tables: Tables
    truth: pd.DataFrame


@pytest.fixture(scope="session", name="simulated")
def _simulated(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    """2022 and 2023 of 3,000 customers."""
    config = DataConfig(
        name="simulated", on_duplicate_rows="keep", customers=CustomersConfig(attributes=KINDS), simulated=SETTINGS
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATRONAGE_ROOT", str(tmp_path_factory.mktemp("simulated")))
        tables = data.load(DuckDB(threads=2), config)
        truth = pd.read_parquet(simulated.cache(simulated.read(SETTINGS)) / "truth.parquet")
    return Planted(tables, truth.astype({c.CUSTOMER_ID: str}).set_index(c.CUSTOMER_ID).sort_index())


@pytest.fixture
def ask(lens_settings) -> Callable[..., tuple[pd.DataFrame, pd.DataFrame]]:
    """Features and segments on 2024-03-01 of rows `(who, moment, amount, ...)` and `(who, moment, event, ...)`."""

    def ask(orders, events=(), order_columns=(), event_columns=(), customers=None):
        log = pd.DataFrame(orders, columns=["customer_id", "ordered_at", "amount", *order_columns])
        acts = pd.DataFrame(events, columns=["customer_id", "occurred_at", "event", *event_columns])
        tables = through_the_door(log, acts if len(acts) else None, customers, on_duplicate_rows="keep")
        features = lenses.features_at(tables, datetime(2024, 3, 1), lens_settings, 7)
        return features, lenses.segments(features, lenses.learn(features, lens_settings))

    return ask


class Recovered(NamedTuple):
    """What the lenses say of the simulated log at its end, and the truth of the same customers."""

    features: pd.DataFrame
    segments: pd.DataFrame
    truth: pd.DataFrame

    def balanced_accuracy(self, truth: pd.Series, said: pd.Series, among: pd.Series) -> float:
        """Mean recall over the true kinds of these customers; `unknown` is never right."""
        return float((truth == said)[among].groupby(truth[among]).mean().mean())


@pytest.fixture(scope="session")
def recovered(simulated, lens_settings) -> Recovered:
    features = lenses.features_at(simulated.tables, datetime(2024, 1, 1), lens_settings, 7)
    labels = lenses.segments(features, lenses.learn(features, lens_settings))
    return Recovered(features, labels, simulated.truth.loc[features.index])
