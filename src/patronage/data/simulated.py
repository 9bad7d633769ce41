"""The source `simulated`: customers whose truth is known. The data card is conf/data/simulated.yaml.

How they are simulated stands in `patronage.simulation`; this file gives the tables to the door, from a cache, or as
frames in memory. The truth never goes through the door.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from patronage import simulation
from patronage.config import DataConfig
from patronage.config.places import project_root
from patronage.data.contract import CUSTOMERS, EVENTS, TRANSACTIONS, VOCABULARY
from patronage.data.source import SourceTable
from patronage.engine import Engine
from patronage.errors import DataError
from patronage.simulation.answers import answer, coming_orders, planted_effect
from patronage.simulation.settings import SimulatedConfig, read_settings
from patronage.simulation.writing import simulate_blocks, write

__all__ = [
    "Simulated",
    "SimulatedConfig",
    "answer",
    "cache_folder",
    "coming_orders",
    "planted_effect",
    "read_settings",
    "read_tables",
    "simulate",
    "write",
]  # fmt: skip

REPORTED_FROM = 100_000  # customers; fewer take seconds and need no progress
SIMULATOR = Path(simulation.__file__).parent  # the code whose version the cache's name contains


@dataclass(frozen=True)
class Simulated:
    """The three tables as frames, and the truth behind them: `truth` a row per customer, `truth_stages` per stay."""

    transactions: pd.DataFrame
    events: pd.DataFrame
    customers: pd.DataFrame
    truth: pd.DataFrame
    truth_stages: pd.DataFrame


def simulate(customers: int, seed: int, **settings: Any) -> Simulated:
    """Simulate a few customers in memory.

    Parameters
    ----------
    settings
        Further keys of `SimulatedConfig`. With `occasion_share=0`, `offers_per_year=0`, `fading_days=0` and
        `return_share=0` what is left is Pareto/NBD (Poisson for half of the customers, regular for the others).

    Raises
    ------
    ConfigError
        A setting is out of range.
    """
    config = SimulatedConfig(customers=customers, seed=seed, **settings)
    config.check()
    return Simulated(**{name: _frame(table) for name, table in simulate_blocks(config).items()})


def _frame(table: pa.Table) -> pd.DataFrame:
    """The table with its labels as plain text."""
    plain = [pa.field(column.name, getattr(column.type, "value_type", column.type)) for column in table.schema]
    return table.cast(pa.schema(plain)).to_pandas()


def read_tables(engine: Engine, config: DataConfig) -> dict[str, SourceTable]:
    """Read the tables from the cache, which is written on first use. The truth stays outside the engine."""
    settings = read_settings(config.simulated)
    folder = cache_folder(settings)
    if not folder.is_dir():
        try:
            write(settings, folder, on_progress=_report if settings.customers >= REPORTED_FROM else None)
        except (DataError, OSError):
            if not folder.is_dir():  # else another process has just written the same tables
                raise
    tables = {}
    for name in (TRANSACTIONS.name, EVENTS.name, CUSTOMERS.name):
        path = folder / f"{name}.parquet"
        if path.is_file():
            attributes = tuple(config.customers.attributes) if name == CUSTOMERS.name else ()
            tables[name] = SourceTable(engine.parquet([str(path)]), {}, attributes=attributes)
    return tables


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def cache_folder(settings: SimulatedConfig, simulator: Path = SIMULATOR) -> Path:
    """Name the folder of these settings' tables under mlruns/simulated/.

    Parameters
    ----------
    simulator
        The folder of the simulator's code: another version of it has another cache.
    """
    digest = hashlib.sha256(json.dumps([asdict(settings), VOCABULARY, np.__version__]).encode())
    for source in sorted(simulator.glob("*.py")):
        digest.update(source.read_bytes())
    return project_root() / "mlruns" / "simulated" / digest.hexdigest()[:16]
