"""Customers with a known truth, made up from a seed. The data card is conf/data/simulated.yaml.

`kinds` says in numbers who exists; `customers` draws them; `orders` says when they buy, `lines` what; `browsing`,
`activity` and `voice` what else they do; `stages` where they are on their journey; `block` puts it together and
`writing` puts it on disk.
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

from patronage.config import DataConfig
from patronage.config.places import project_root
from patronage.data.contract import CUSTOMERS, EVENTS, TRANSACTIONS, VOCABULARY
from patronage.data.source import SourceTable
from patronage.engine import Engine
from patronage.errors import DataError
from patronage.simulation.settings import SimulatedConfig, read
from patronage.simulation.writing import whole, write

__all__ = ["Simulated", "SimulatedConfig", "read_tables", "cache", "read", "simulate", "write"]


WORTH_TELLING = 100_000  # customers; fewer take seconds


@dataclass(frozen=True)
class Simulated:
    """The three tables as frames, and the truth behind them: `truth` a row per customer, `truth_stages` per stay."""

    transactions: pd.DataFrame
    events: pd.DataFrame
    customers: pd.DataFrame
    truth: pd.DataFrame
    truth_stages: pd.DataFrame


def simulate(customers: int, seed: int, **settings: Any) -> Simulated:
    """A few customers in memory.

    Parameters
    ----------
    settings
        Further keys of `SimulatedConfig`. With `occasion_share=0`, `offers_per_year=0`, `fading_days=0` and
        `return_share=0` what is left is Pareto/NBD (Poisson for half of the customers, regular for the others).
    """
    config = SimulatedConfig(customers=customers, seed=seed, **settings)
    config.check()
    return Simulated(**{name: _frame(table) for name, table in whole(config).items()})


def _frame(table: pa.Table) -> pd.DataFrame:
    """Labels as plain text."""
    plain = [pa.field(each.name, getattr(each.type, "value_type", each.type)) for each in table.schema]
    return table.cast(pa.schema(plain)).to_pandas()


def read_tables(engine: Engine, config: DataConfig) -> dict[str, SourceTable]:
    """The tables, from the cache; they are made on first use. The truth beside them is left alone."""
    settings = read(config.simulated)
    folder = cache(settings)
    if not folder.is_dir():
        try:
            write(settings, folder, said=_tell if settings.customers >= WORTH_TELLING else None)
        except (DataError, OSError):
            if not folder.is_dir():  # else another process has just made the same
                raise
    brought = {}
    for name in (TRANSACTIONS.name, EVENTS.name, CUSTOMERS.name):
        path = folder / f"{name}.parquet"
        if path.is_file():
            attributes = tuple(config.customers.attributes) if name == CUSTOMERS.name else ()
            brought[name] = SourceTable(engine.parquet([str(path)]), {}, attributes=attributes)
    return brought


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def cache(settings: SimulatedConfig) -> Path:
    """Where these settings' tables are kept: another version of this code keeps its own."""
    digest = hashlib.sha256(json.dumps([asdict(settings), VOCABULARY, np.__version__]).encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return project_root() / "mlruns" / "simulated" / digest.hexdigest()[:16]
