"""A log whose truth is known, for the lenses to recover."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd
import pytest

from patronage import columns as c
from patronage import data
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
