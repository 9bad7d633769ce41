"""A log whose truth is known, for the lenses to recover; and a way to ask the lenses about a few rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

import pandas as pd
import pytest

from conftest import through_the_door
from fitted import fitted  # noqa: F401
from patronage import data, lenses
from patronage import names as c
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

RICH_KINDS = {"age": "demographic", "region": "geographic"}


class Planted(NamedTuple):
    """The log, and the truth by customer: only tests read it."""

    tables: Tables
    truth: pd.DataFrame


@pytest.fixture(scope="session", name="simulated")
def _simulated(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    """2022 and 2023 of 3,000 customers."""
    config = DataConfig(
        name="simulated",
        source="simulated",
        on_duplicate_rows="keep",
        customers=CustomersConfig(attributes=KINDS),
        simulated=SETTINGS,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATRONAGE_ROOT", str(tmp_path_factory.mktemp("simulated")))
        tables = data.load(DuckDB(threads=2), config)
        truth = pd.read_parquet(simulated.cache_folder(simulated.read_settings(SETTINGS)) / "truth.parquet")
    return Planted(tables, truth.astype({c.CUSTOMER_ID: str}).set_index(c.CUSTOMER_ID).sort_index())


@pytest.fixture
def ask(lens_settings) -> Callable[..., tuple[pd.DataFrame, pd.DataFrame]]:
    """Features and segments on 2024-03-01 of rows `(who, moment, amount, ...)` and `(who, moment, event, ...)`."""

    def ask(orders, events=(), order_columns=(), event_columns=(), customers=None):
        log = pd.DataFrame(orders, columns=["customer_id", "ordered_at", "amount", *order_columns])
        acts = pd.DataFrame(events, columns=["customer_id", "occurred_at", "event", *event_columns])
        tables = through_the_door(log, acts if len(acts) else None, customers, on_duplicate_rows="keep")
        features = lenses.features_at(tables, datetime(2024, 3, 1), lens_settings, 7)
        return features, lenses.segments(features, lenses.fit(features, lens_settings))

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
    labels = lenses.segments(features, lenses.fit(features, lens_settings))
    return Recovered(features, labels, simulated.truth.loc[features.index])


class Log(NamedTuple):
    """The rows of a small log."""

    lines: pd.DataFrame
    events: pd.DataFrame
    people: pd.DataFrame


# Anna: three orders, tea and soap; the last soap is sent back, so four lines stand. Ben: one order. The last line
# lies after the cutoff.
LINES = pd.DataFrame(
    [
        ("anna", "a1", "2024-01-10 10:00", 10.00, 2, 0.00, None, 4.00, "tea-1", "tea", "yes"),
        ("anna", "a1", "2024-01-10 10:00", 6.00, 1, 2.00, None, 3.00, "soap-1", "soap", "no"),
        ("anna", "a2", "2024-01-20 10:00", 8.00, 2, 2.00, "SAVE", 4.00, "tea-1", "tea", "yes"),
        ("anna", "a3", "2024-02-20 10:00", 12.00, 2, 0.00, None, 6.00, "tea-2", "tea", "no"),
        ("anna", "a3", "2024-02-20 10:00", 8.00, 1, 0.00, None, 3.00, "soap-1", "soap", "no"),
        ("anna", "a4", "2024-02-25 10:00", -8.00, -1, 0.00, None, 0.00, "soap-1", "soap", "no"),
        ("ben", "b1", "2024-02-01 10:00", 5.00, 1, 0.00, None, None, "tea-1", "tea", "yes"),
        ("anna", "a5", "2024-03-01 00:00", 99.00, 9, 9.00, "SAVE", 9.00, "gin-1", "gin", "yes"),
    ],
    columns=["customer_id", "order_id", "ordered_at", "amount", "quantity", "discount", "coupon", "cost",
             "product_id", "category", "private_label"],
).astype({"ordered_at": "datetime64[us]"})  # fmt: skip

# Anna looks 4 days before a2 and twice on the day of a3; her cart of 1 February is left, that of 28 February may yet
# be bought. Two of her offers came before the cutoff, one was taken. Ben only complains.
EVENTS = pd.DataFrame(
    [
        ("anna", "2024-01-16 10:00", "view", "tea"),
        ("anna", "2024-01-16 10:05", "content_viewed", "Reviews"),
        ("anna", "2024-02-01 10:00", "add_to_cart", "soap"),
        ("anna", "2024-02-20 09:00", "view", "soap"),
        ("anna", "2024-02-20 09:10", "search", "tea"),
        ("anna", "2024-02-10 09:00", "offer_received", "offer 1"),
        ("anna", "2024-02-15 09:00", "offer_received", "offer 2"),
        ("anna", "2024-02-20 10:00", "offer_redeemed", "offer 2"),
        ("anna", "2024-02-24 10:00", "return_requested", None),
        ("anna", "2024-02-24 11:00", "ticket_opened", "payment"),
        ("anna", "2024-02-28 10:00", "add_to_cart", "tea"),
        ("ben", "2024-02-03 10:00", "complaint", "delivery"),
        ("anna", "2024-03-01 00:00", "complaint", "delivery"),
    ],
    columns=["customer_id", "occurred_at", "event", "subject"],
).astype({"occurred_at": "datetime64[us]"})

PEOPLE = pd.DataFrame(
    [("anna", "social", "25-34", "north"), ("ben", None, "35-49", "a\tb\nc")],
    columns=["customer_id", "acquisition_channel", "age", "region"],
)


@pytest.fixture(scope="session")
def rich() -> Log:
    """A log with every column and a few events that can be worked out by hand, for a cutoff of 2024-03-01."""
    return Log(LINES, EVENTS, PEOPLE)


@pytest.fixture(scope="session")
def _rich_features(rich: Log, lens_settings) -> pd.DataFrame:
    tables = through_the_door(*rich, attributes=tuple(RICH_KINDS), on_duplicate_rows="keep")
    return lenses.features_at(replace(tables, attributes=RICH_KINDS), datetime(2024, 3, 1), lens_settings, 7)


@pytest.fixture
def rich_features(_rich_features: pd.DataFrame) -> pd.DataFrame:
    """Its features; a copy, for a test to change."""
    return _rich_features.copy()


@pytest.fixture(scope="session")
def simulated_customers(simulated: Planted, lens_settings) -> pd.DataFrame:
    """Features and segments of the simulated customers at the end of 2023, joined to their truth."""
    features = lenses.features_at(simulated.tables, datetime(2024, 1, 1), lens_settings, 7)
    labels = lenses.segments(features, lenses.fit(features, lens_settings))
    return features.join(labels).join(simulated.truth)
