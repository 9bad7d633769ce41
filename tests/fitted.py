"""A small shop's log as Parquet, and a bundle that was fitted on it and registered."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest

from conftest import through_the_door, with_store
from patronage.bundle import Bundle
from patronage.config import TrainConfig
from patronage.data import Tables
from patronage.data.daily_lines import daily_lines
from patronage.jobs.compose import settings
from patronage.models.reference import build_reference
from patronage.training.fit import fit_bundle
from patronage.training.origins import split_at

CUTOFF = datetime(2023, 7, 1)


class Shop(NamedTuple):
    log: Path
    bundle: Bundle
    features: pd.DataFrame
    config: TrainConfig


SETTINGS = [
    "data=cdnow",
    "cutoff=2023-07-01",
    "horizon_days=90",
    "personas.k=3",
    "personas.bootstraps=3",
    "churn.max_rounds=20",
    "journey.cadence_classes=1",
]


def fit_all(tables: Tables) -> tuple[Bundle, pd.DataFrame, TrainConfig]:
    """A bundle of all models, the features that it was fitted on, and its settings."""
    config = settings("train", SETTINGS)
    split = split_at(tables, CUTOFF, config)
    return fit_bundle(split, config, left_censored=False), split.current.features, config


@pytest.fixture(scope="session")
def fitted(shop, tmp_path_factory) -> Shop:
    tables = through_the_door(shop)
    bundle, features, config = fit_all(tables)
    days = daily_lines(tables, CUTOFF)
    reference = build_reference(features.join(bundle.assign(features)), tables.present, tables.events, days)
    log = tmp_path_factory.mktemp("shop") / "orders.parquet"
    shop.to_parquet(log, index=False, coerce_timestamps="us")  # Spark reads no nanoseconds
    return Shop(log, replace(bundle, reference=reference), features, config)


@pytest.fixture(scope="session")
def registered(fitted, tmp_path_factory, empty_store) -> str:
    """The address of the store that holds the bundle as models:/patronage/1, which is the champion."""
    from patronage import tracking
    from patronage.config import TrackingConfig

    project = with_store(tmp_path_factory.mktemp("store"), empty_store)
    config = TrackingConfig(uri=f"sqlite:///{project}/mlruns/mlflow.db", registered_model="patronage")
    store = tracking.open_store(config, project)
    record = tracking.RunRecord(kind="train", name="first", started_ms=0, config="", params={"data": "tables"})
    assigned = fitted.bundle.assign(fitted.features)
    tables = through_the_door(pd.read_parquet(fitted.log))
    tracking.log_training(store, record, tables, fitted.bundle, fitted.features, assigned)
    store.client.set_registered_model_alias("patronage", "champion", "1")
    return config.uri
